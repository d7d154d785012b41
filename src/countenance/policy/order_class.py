# SPDX-License-Identifier: Apache-2.0
"""The class of an order file: conditions over facts that somebody declared or this program recorded, and no others."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date

from countenance.errors import BadInput, BadOrder
from countenance.ids import ClientId, SourceId, SubjectId
from countenance.model.order import (
    AllOf,
    AnyOf,
    ClassDef,
    ClassKind,
    Enrolled,
    FromSource,
    MadeBy,
    Not,
    OfAge,
    Persons,
    Predicate,
    ReleasedFor,
    Residency,
    ShownTo,
    Signed,
    Unknown,
    When,
)
from countenance.model.place import UNKNOWN, place
from countenance.model.purpose import Purpose
from countenance.model.subject import AgeBand
from countenance.policy.order_text import Path, Source, Table

_CLASS = ("kind", "unknown", "as_of", "new_release_after", "where")
_RESIDENCY = ("places", "when", "from", "until", "min_days")
_WINDOW = ("from", "until")
_DEPTH = 8  # classes of real orders nest once or twice
_NEEDS = {
    ClassKind.PERSON: "subjects",
    ClassKind.RESIDENTS: "residency",
    ClassKind.SOURCE: "sources",
    ClassKind.CLIENT: "shown_to",
    ClassKind.PURPOSE: "purposes",
    ClassKind.TIME_WINDOW: "enrolled",
    ClassKind.MODEL: "encoder",
}


def read_class(source: Source) -> ClassDef:
    """Return the class that a file defines.

    Raises:
        BadOrder: it is missing, or over an attribute that nobody declares.
    """
    here: Path = ("class",)
    table = source.table(source.root, "class", here, _CLASS)
    kind = source.choice(table, here, "kind", ClassKind)
    where = table.get("where", {})
    if not isinstance(where, dict):
        raise source.bad("[class.where] holds the conditions", here, "where")
    needed = _NEEDS.get(kind)
    if needed is None and where:
        raise source.bad("a class of the kind all has no conditions", (*here, "where"))
    if needed is not None and not _speaks_of(where, needed):
        raise source.bad(f"a class of the kind {kind} needs the condition {needed} under [class.where]", here, "kind")
    return ClassDef(
        kind=kind,
        where=_all(source, where, (*here, "where"), 0),
        unknown=source.choice(table, here, "unknown", Unknown, Unknown.MEMBER),
        as_of=source.day(table, here, "as_of"),
        new_release_after=source.moment(table, here, "new_release_after"),
    )


def _speaks_of(where: object, key: str) -> bool:
    if isinstance(where, list):
        return any(_speaks_of(one, key) for one in where)
    return isinstance(where, dict) and (key in where or any(_speaks_of(one, key) for one in where.values()))


def _all(source: Source, table: Table, here: Path, depth: int) -> Predicate:
    """Return the predicate of a table: all of its keys hold."""
    if depth > _DEPTH:
        raise source.bad(f"conditions nest more than {_DEPTH} deep", here)
    parts: list[Predicate] = []
    for key in table:
        if key in ("any", "all"):
            inner = tuple(_all(source, one, here, depth + 1) for one in _list(source, table, here, key))
            parts.append(AnyOf(inner) if key == "any" else AllOf(inner))
        elif key == "not":
            parts.append(Not(_all(source, _inner(source, table, here, key), here, depth + 1)))
        elif key in _ATOMS:
            parts.append(_ATOMS[key](source, table, here, key))
        else:
            raise _undeclared(source, here, key)
    return parts[0] if len(parts) == 1 else AllOf(tuple(parts))


def _undeclared(source: Source, here: Path, key: str) -> BadOrder:
    known = ", ".join((*_ATOMS, "any", "all", "not"))
    return source.bad(
        f"{key!r} is nothing that anybody declared or this program recorded, and nothing is inferred from a face; "
        f"a class may ask for {known}",
        here,
        key,
    )


def _list(source: Source, table: Table, here: Path, key: str) -> list[Table]:
    value = table[key]
    if not isinstance(value, list) or not value or not all(isinstance(one, dict) and one for one in value):
        raise source.bad(f"{key} is a list of conditions in braces", here, key)
    return value


def _inner(source: Source, table: Table, here: Path, key: str) -> Table:
    value = table[key]
    if not isinstance(value, dict) or not value:
        raise source.bad(f"{key} holds conditions in braces", here, key)
    return value


def _residency(source: Source, table: Table, here: Path, key: str) -> Residency:
    inside, there = _inner(source, table, here, key), (*here, key)
    source.only(inside, there, _RESIDENCY)
    places = []
    for code in source.words(inside, there, "places", needed=True):
        try:
            places.append(place(code))
        except BadInput as error:
            raise source.wrap(error, there, "places") from error
    if UNKNOWN in places:
        raise source.bad("unknown is no place; `unknown` of [class] says what becomes of such people", there, "places")
    start, end = _window(source, inside, there)
    return Residency(
        places=tuple(dict.fromkeys(places)),
        when=source.choice(inside, there, "when", When),
        start=start,
        end=end,
        min_days=source.number(inside, there, "min_days") or 0,
    )


def _window(source: Source, table: Table, here: Path) -> tuple[date | None, date | None]:
    start, end = source.day(table, here, "from"), source.day(table, here, "until")
    if start is not None and end is not None and end < start:
        raise source.bad("until lies before from", here, "until")
    return start, end


def _dated(make: Callable[[date | None, date | None], Predicate]) -> Callable[[Source, Table, Path, str], Predicate]:
    def read(source: Source, table: Table, here: Path, key: str) -> Predicate:
        inside, there = _inner(source, table, here, key), (*here, key)
        source.only(inside, there, _WINDOW)
        start, end = _window(source, inside, there)
        return make(start, end)

    return read


def _encoder(source: Source, table: Table, here: Path, key: str) -> MadeBy:
    return MadeBy(source.text(table, here, key))


def _age_band(source: Source, table: Table, here: Path, key: str) -> OfAge:
    return OfAge(source.choice(table, here, key, AgeBand))


_ATOMS: dict[str, Callable[[Source, Table, Path, str], Predicate]] = {
    "residency": _residency,
    "subjects": lambda s, t, h, k: Persons(tuple(map(SubjectId, s.words(t, h, k, needed=True)))),
    "sources": lambda s, t, h, k: FromSource(tuple(map(SourceId, s.words(t, h, k, needed=True)))),
    "shown_to": lambda s, t, h, k: ShownTo(tuple(map(ClientId, s.words(t, h, k, needed=True)))),
    "purposes": lambda s, t, h, k: ReleasedFor(s.each(t, h, k, Purpose)),
    "signed": _dated(Signed),
    "enrolled": _dated(Enrolled),
    "encoder": _encoder,
    "age_band": _age_band,
}
