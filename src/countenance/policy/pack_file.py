# SPDX-License-Identifier: Apache-2.0
"""One law file: its parts, and reading it from TOML with every line checked.

The schema stands in `policy.schema`, the format in docs/formats/pack.md; `policy.pack` chooses and merges.
"""

from __future__ import annotations

import hashlib
import re
import tomllib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date
from types import MappingProxyType
from typing import Literal, TypeVar, cast

from countenance.errors import BadInput, BadPack
from countenance.model.place import UNKNOWN, place
from countenance.policy.schema import SCHEMA, SECTIONS, Value

Fact = bool | int | str
"""A fact of a case; what a case does not state is as the law wants it."""


@dataclass(frozen=True)
class Applies:
    """Where a law file applies: codes such as `US-IL`, states of a country as `US-*`, everywhere as `*`.

    Attributes:
        residency: of the subject, now or at any time.
        places: where a photo was taken, or where client or operator are.
        unknown_residency: whether it also applies where nobody has said.
        overlay: added to the files that apply anyway, in whose place it never stands.
        declared: applies wherever the operator has declared that it binds it, and nowhere else.
    """

    residency: tuple[str, ...]
    places: tuple[str, ...]
    unknown_residency: bool
    overlay: bool = False
    declared: bool = False


@dataclass(frozen=True)
class Case:
    """A test case that a law file brings along.

    Attributes:
        name: unique in its file.
        facts: what differs from a request that is lawful in every respect.
        expect: the decision.
        rule: id of the rule that denies, such as `consent.order`; empty for a permit.
    """

    name: str
    facts: Mapping[str, Fact]
    expect: Literal["permit", "deny"]
    rule: str


@dataclass(frozen=True)
class Pack:
    """One law file.

    Attributes:
        id: name of the file without `.toml`.
        version: year, month and number, such as `2026.07.1`.
        reviewer: counsel who read it; `unreviewed` until one has.
        reviewed_on: when it was last compared with its sources.
        effective_from: first day of the law it implements; applying it earlier is only stricter.
        history: whether past residency counts: `none`, `5y` or `all`.
        authorities: the statutes and decisions it implements.
        applies: where it applies.
        values: what it sets, by `section.key`; what it leaves out is the core's.
        cites: citation by `section.key`, or by section for its other keys; every value has one.
        cases: its own test cases.
        sha256: of the file's bytes, in hex.
    """

    id: str
    version: str
    reviewer: str
    reviewed_on: date
    effective_from: date
    history: str
    authorities: tuple[str, ...]
    applies: Applies
    values: Mapping[str, Value]
    cites: Mapping[str, str]
    cases: tuple[Case, ...]
    sha256: str

    def cite(self, key: str) -> str:
        """Return the citation of a value that this file sets."""
        return self.cites.get(key) or self.cites[key.partition(".")[0]]


def load(text: str, name: str) -> Pack:
    """Return the law file that this text holds.

    Args:
        text: the file's text, line ends as stored.
        name: the file's name, for messages.

    Raises:
        BadPack: not TOML, an unknown section or key, a wrong type, a value without a citation, or one that
            loosens the core; the message starts with `name:line:`.
    """
    try:
        raw = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        found = re.search(r"line (\d+)", str(error))
        line = found[1] if found else str(text.count("\n") + 1)
        raise BadPack(f"{name}:{line}: {error}") from error
    return _Reader(text, name, raw).pack()


class _Reader:
    """Turns parsed TOML into a `Pack`, and knows the line of every key."""

    def __init__(self, text: str, name: str, raw: Mapping[str, object]) -> None:
        self._text = text
        self._name = name
        self._raw = raw

    def pack(self) -> Pack:
        for table in self._raw:
            if table not in SECTIONS | {"pack", "applies", "cites", "case"}:
                raise self._bad(f"no section is called {table!r}", table)
        head = self._table("pack", _HEAD)
        values = self._values()
        return Pack(
            id=self._get(head, "pack", "id", str),
            version=self._get(head, "pack", "version", str),
            reviewer=self._get(head, "pack", "reviewer", str),
            reviewed_on=self._get(head, "pack", "reviewed_on", date),
            effective_from=self._get(head, "pack", "effective_from", date),
            history=self._history(head),
            authorities=self._words(head, "pack", "cites"),
            applies=self._applies(),
            values=MappingProxyType(values),
            cites=MappingProxyType(self._cites(values)),
            cases=self._cases(),
            sha256=hashlib.sha256(self._text.encode()).hexdigest(),
        )

    def _history(self, head: Mapping[str, object]) -> str:
        history = self._get(head, "pack", "history", str)
        if history not in ("none", "5y", "all"):
            raise self._bad("history is none, 5y or all", "pack", "history")
        return history

    def _applies(self) -> Applies:
        table = self._table("applies", _APPLIES)
        patterns = {key: self._words(table, "applies", key) for key in _APPLIES[:3]}
        overlay, declared = self._flag(table, "overlay"), self._flag(table, "declared")
        if declared and (any(patterns.values()) or not overlay):
            raise self._bad("a declared file is an overlay and names no place", "applies", "declared")
        for key, words in patterns.items():
            for word in words:
                self._check_pattern(word, key)
        unknown = table.get("unknown_residency", "ignore")
        if unknown not in ("apply", "ignore"):
            raise self._bad("unknown_residency is apply or ignore", "applies", "unknown_residency")
        return Applies(
            residency=patterns["residency"],
            places=tuple(dict.fromkeys(patterns["capture_place"] + patterns["client_place"])),
            unknown_residency=unknown == "apply",
            overlay=overlay,
            declared=declared,
        )

    def _flag(self, table: Mapping[str, object], key: str) -> bool:
        value = table.get(key, False)
        if not isinstance(value, bool):
            raise self._bad(f"{key} is true or false", "applies", key)
        return value

    def _check_pattern(self, word: str, key: str) -> None:
        try:
            fits = word == "*" or place(word.removesuffix("-*")) == word.removesuffix("-*") != UNKNOWN
        except BadInput:
            fits = False
        if not fits:
            raise self._bad(f"{word!r} is no place: write US-IL, DE, US-* or *", "applies", key)

    def _values(self) -> dict[str, Value]:
        values: dict[str, Value] = {}
        for section in SECTIONS & self._raw.keys():
            keys = [name.partition(".")[2] for name in SCHEMA if name.startswith(f"{section}.")]
            for key, raw in self._table(section, keys).items():
                name = f"{section}.{key}"
                try:
                    values[name] = SCHEMA[name].check(raw)
                except ValueError as error:
                    raise self._bad(f"{name} {error}", section, key) from error
        return {name: values[name] for name in SCHEMA if name in values}

    def _cites(self, values: Mapping[str, Value]) -> dict[str, str]:
        table = self._table("cites", [*SCHEMA, *SECTIONS])
        cites = {key: self._get(table, "cites", key, str) for key in table}
        for name in values:
            section, _, key = name.partition(".")
            if not cites.get(name) and not cites.get(section):
                raise self._bad(f"{name} has no citation under [cites]", section, key)
        return cites

    def _cases(self) -> tuple[Case, ...]:
        tables = self._raw.get("case", [])
        if not isinstance(tables, list) or not all(isinstance(table, dict) for table in tables):
            raise self._bad("cases are written as [[case]]", "case")
        cases = tuple(self._case(number, table) for number, table in enumerate(tables))
        if len({case.name for case in cases}) < len(cases):
            raise self._bad("two cases have the same name", "case")
        return cases

    def _case(self, number: int, table: Mapping[str, object]) -> Case:
        facts, expect, rule = table.get("facts"), table.get("expect"), table.get("rule", "")
        name = table.get("name")
        plain = isinstance(facts, dict) and all(isinstance(fact, bool | int | str) for fact in facts.values())
        if not (
            table.keys() <= {"name", "facts", "expect", "rule"}
            and isinstance(name, str)
            and plain
            and expect in ("permit", "deny")
            and isinstance(rule, str)
            and (rule != "") == (expect == "deny")
        ):
            raise self._bad(
                f"case {number + 1} needs a name, facts = {{ .. }} of flags, numbers or words, expect = "
                '"permit" or "deny", and a rule exactly where it denies',
                "case",
                occurrence=number,
            )
        return Case(
            name,
            MappingProxyType(cast(dict[str, Fact], facts)),
            expect,
            rule,
        )

    def _table(self, name: str, keys: Iterable[str]) -> Mapping[str, object]:
        table = self._raw.get(name)
        if not isinstance(table, dict):
            raise self._bad(f"needs a section [{name}]", name)
        for key in table:
            if key not in keys:
                raise self._bad(f"[{name}] has no key {key!r}", name, key)
        return table

    def _get(self, table: Mapping[str, object], name: str, key: str, kind: type[_Kind]) -> _Kind:
        value = table.get(key)
        if type(value) is not kind or value == "":
            raise self._bad(f"[{name}] needs {key}: {_KINDS[kind]}", name, key)
        return value

    def _words(self, table: Mapping[str, object], name: str, key: str) -> tuple[str, ...]:
        value = table.get(key)
        if not isinstance(value, list) or not all(isinstance(word, str) for word in value):
            raise self._bad(f"[{name}] needs {key}: a list of words", name, key)
        return tuple(value)

    def _bad(self, message: str, table: str, key: str = "", occurrence: int = 0) -> BadPack:
        return BadPack(f"{self._name}:{self._line(table, key, occurrence)}: {message}")

    def _line(self, table: str, key: str, occurrence: int) -> int:
        """Return the line of a key, else of its table, else 1."""
        current, at, seen = "", 1, -1
        for number, line in enumerate(self._text.splitlines(), start=1):
            if header := re.match(r"\s*\[+\s*([\w.\"-]+)", line):
                current = header[1].strip('"')
                if current == table:
                    seen += 1
                    at = number if seen <= occurrence else at
            elif key and current == table and re.match(rf"""\s*["']?{re.escape(key)}["']?\s*=""", line):
                return number
        return at


_HEAD = ("id", "version", "reviewer", "reviewed_on", "effective_from", "history", "cites")
_APPLIES = ("residency", "capture_place", "client_place", "unknown_residency", "overlay", "declared")
_KINDS = {str: "a text in quotes", date: "a date such as 2026-07-01"}
_Kind = TypeVar("_Kind", str, date)
