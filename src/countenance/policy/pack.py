# SPDX-License-Identifier: Apache-2.0
"""Law files chosen by place and merged into the law of one decision; the strictest wins."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cache
from importlib import resources
from types import MappingProxyType
from typing import TypeVar

from countenance import canonical
from countenance.errors import BadPack
from countenance.model.place import UNKNOWN
from countenance.policy.pack_file import Pack, load
from countenance.policy.schema import CORE, SCHEMA, Value, merge

__all__ = ["Law", "Pack", "law_for", "load", "merge", "shipped"]

_Scalar = TypeVar("_Scalar", bool, int, float, str)


@dataclass(frozen=True)
class Law:
    """The law that holds for one decision: the core joined with its packs, the strictest winning.

    Asking for a key that the schema lacks is a `KeyError`; with the wrong accessor, a `RuntimeError`.

    Attributes:
        packs: the law files in it, by id.
        values: a value for every key of the schema.
        digest: canonical digest of the packs' ids and digests.
    """

    packs: tuple[Pack, ...]
    values: Mapping[str, Value]
    digest: str

    @classmethod
    def of(cls, packs: Iterable[Pack]) -> Law:
        """Return the law that these packs make together."""
        ordered = tuple(sorted(packs, key=lambda pack: pack.id))
        values = dict(CORE)
        for pack in ordered:
            values.update((name, SCHEMA[name].join(values[name], value)) for name, value in pack.values.items())
        digest = canonical.digest([[pack.id, pack.sha256] for pack in ordered])
        return cls(ordered, MappingProxyType(values), digest)

    def flag(self, key: str) -> bool:
        """Return a value that is true or false."""
        return self._scalar(key, bool)

    def number(self, key: str) -> int:
        """Return a whole number, in the unit that the key's name ends with."""
        return self._scalar(key, int)

    def fraction(self, key: str) -> float:
        """Return a fraction in (0, 1]."""
        return self._scalar(key, float)

    def choice(self, key: str) -> str:
        """Return one word of an ordered list."""
        return self._scalar(key, str)

    def items(self, key: str) -> tuple[str, ...]:
        """Return a set of words, in vocabulary order."""
        value = self.values[key]
        if not isinstance(value, tuple):
            raise RuntimeError(f"{key} is no set of words")
        return value

    def cite(self, key: str) -> str:
        """Return the packs whose value prevailed, each with its citation: `us-il-bipa: 740 ILCS 14/15(b)(3)`.

        Where no pack sets the key, or none is as strict as the core, the core itself is named.
        """
        setters = [pack for pack in self.packs if key in pack.values]
        prevailing = [pack for pack in setters if pack.values[key] == self.values[key]]
        if not prevailing and isinstance(self.values[key], tuple):
            prevailing = setters  # a set made of several packs' words
        named = [f"{pack.id}: {pack.cite(key)}" for pack in prevailing]
        return "; ".join(named) or "core: Countenance's own rule, which no law file loosens"

    def _scalar(self, key: str, kind: type[_Scalar]) -> _Scalar:
        value = self.values[key]
        if type(value) is not kind:
            raise RuntimeError(f"{key} is no {kind.__name__}")
        return value


@cache
def shipped() -> Mapping[str, Pack]:
    """Return the law files of this program, by id.

    Raises:
        BadPack: an installed file was changed into something that does not load.
    """
    files = sorted(resources.files(__package__).joinpath("packs").iterdir(), key=lambda file: file.name)
    packs = [load(file.read_bytes().decode(), file.name) for file in files if file.name.endswith(".toml")]
    return MappingProxyType({pack.id: pack for pack in packs})


def differences(a: Pack, b: Pack) -> dict[str, tuple[Value, Value, str]]:
    """Return the keys in which the laws of two packs alone differ: both values, and which is stricter.

    The third item is `a`, `b`, or `neither` where each asks for something that the other does not.
    """
    first, second = Law.of([a]).values, Law.of([b]).values
    found = {}
    for name, key in SCHEMA.items():
        one, other = first[name], second[name]
        joined = key.join(one, other)
        if one != other:
            found[name] = (one, other, "a" if joined == one else "b" if joined == other else "neither")
    return found


def law_for(
    packs: Iterable[Pack],
    *,
    residency: Iterable[str] | None,
    places: Iterable[str],
    recent: Iterable[str] = (),
    past: Iterable[str] = (),
    declared: Iterable[str] = (),
) -> Law:
    """Return the law for a subject and the places around a photo or a search.

    For each residency and place the packs that name it most exactly apply: `US-IL` before `US-*` before
    `*`. A place that only `*` covers thus meets the strictest file, as does `unknown`. Overlays are added
    wherever they name the place at all.

    Args:
        packs: to choose from, as `shipped().values()`.
        residency: every code that the subject lives in; none is the same as `unknown`. None where no person is
            concerned.
        recent: former homes, left less than five years ago: of packs whose `history` is `5y` or `all`.
        past: former homes, left before: of packs whose `history` is `all`.
        places: where the photo was taken, where client and operator are; `unknown` adds the strictest.
        declared: ids of the packs that the operator declared to be bound by.

    Raises:
        BadPack: no pack covers one of them: nothing may be decided without law.
    """
    known = tuple(packs)
    chosen = {pack.id: pack for pack in known if pack.applies.declared and pack.id in set(declared)}
    for attribute, codes, histories in (
        ("residency", set() if residency is None else set(residency) or {UNKNOWN}, _ANY),
        ("residency", set(recent), ("5y", "all")),
        ("residency", set(past), ("all",)),
        ("places", set(places), _ANY),
    ):
        for code in codes:
            found = _covering(known, attribute, code)
            if not found:
                raise BadPack(f"no law file covers {code}; add one or keep default-strict")
            chosen.update((pack.id, pack) for pack in found if pack.history in histories)
    return Law.of(chosen.values())


_ANY = ("none", "5y", "all")


def _covering(packs: tuple[Pack, ...], attribute: str, code: str) -> list[Pack]:
    """Return the packs for one place: those that name it most exactly, and the overlays that name it; or none."""
    if code == UNKNOWN:
        return [pack for pack in packs if pack.applies.unknown_residency]
    patterns = _patterns(code)
    naming = [(pack, set(patterns) & set(getattr(pack.applies, attribute))) for pack in packs]
    for pattern in patterns:
        found = [pack for pack, named in naming if pattern in named and not pack.applies.overlay]
        if found:
            return found + [pack for pack, named in naming if named and pack.applies.overlay]
    return []


def _patterns(code: str) -> list[str]:
    """Return how files may name a place, most exact first: `US-NY-NYC`, `US-NY`, `US-*`, `US`, `*`."""
    country, *parts = code.split("-")
    exact = ["-".join((country, *parts[:count])) for count in range(len(parts), 0, -1)]
    return [*exact, *([f"{country}-*"] if parts else []), country, "*"]
