# SPDX-License-Identifier: Apache-2.0
"""Which law applies to whom."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime
from functools import cache, lru_cache

from countenance import canonical
from countenance.model.civil import earliest_date, years_later
from countenance.model.client import Client
from countenance.model.place import UNKNOWN
from countenance.model.residency import homes, left
from countenance.model.source import Source
from countenance.model.subject import Subject
from countenance.policy.pack import Law, Pack, law_for
from countenance.policy.schema import SCHEMA

_RECENT_YEARS = 5  # what a law file means by a history of `5y`


class LawBook:
    """The law files of this installation; answers are remembered until the files are replaced.

    Attributes:
        packs: every law file, by id.
        declared: ids of the files that the operator declared to be bound by.
        number: how often the files were replaced; what was derived from the law of another number is old.
    """

    def __init__(self, packs: Mapping[str, Pack], declared: Iterable[str] = ()) -> None:
        self.number = -1
        self.replace(packs, declared)

    def replace(self, packs: Mapping[str, Pack], declared: Iterable[str]) -> None:
        """Use these law files from now on; what was remembered is forgotten."""
        bound = frozenset(declared)
        dated = any(pack.history == "5y" for pack in packs.values())

        @cache
        def find(
            now: frozenset[str] | None, recent: frozenset[str], past: frozenset[str], places: frozenset[str]
        ) -> Law:
            return law_for(packs.values(), residency=now, recent=recent, past=past, places=places, declared=bound)

        @lru_cache(maxsize=1 << 16)  # many people, few histories
        def of(residency: tuple[str, ...], hour: datetime | None, places: frozenset[str]) -> Law:
            now, recent, past = _periods(residency, hour)
            return find(now, recent, past, places)

        self.packs = packs
        self.declared = bound
        self.number += 1
        self._find = find
        self._of = of
        self._dated = dated

    @property
    def digest(self) -> str:
        """Digest of every law file and of what was declared."""
        files = [[pack.id, pack.sha256] for _, pack in sorted(self.packs.items())]
        return canonical.digest([files, sorted(self.declared)])

    def of_subject(self, subject: Subject, sources: Iterable[Source] = (), now: datetime | None = None) -> Law:
        """Return the law of a subject's residency and of the places where the photos were taken.

        Args:
            now: the moment that is decided at; by default every former home counts as one left just now.
        """
        hour = now.replace(minute=0, second=0, microsecond=0) if now is not None and self._dated else None
        return self._of(subject.residency, hour, _places(sources))

    def of_bystander(self, sources: Iterable[Source]) -> Law:
        """Return the law of a person of whom nothing is known: the strictest."""
        return self._find(frozenset({UNKNOWN}), frozenset(), frozenset(), _places(sources))

    def of_client(self, client: Client) -> Law:
        """Return the law of the place where a client uses what it finds: the strictest where nobody stated it."""
        return self._find(None, frozenset(), frozenset(), frozenset({client.place or UNKNOWN}))

    def of_probe(self) -> Law:
        """Return the law of the person in a probe, of whom nothing is known: the strictest."""
        return self._find(frozenset({UNKNOWN}), frozenset(), frozenset(), frozenset())

    def widest(self, law: Law, key: str) -> tuple[str, ...]:
        """Return the words of a set that this law asks for or the strictest does.

        What a person is told is that wide: photos may come from another place than the home, and homes change.
        """
        strictest = self.of_bystander(()).items(key)
        return tuple(word for word in SCHEMA[key].words if word in strictest or word in law.items(key))


def _periods(residency: tuple[str, ...], now: datetime | None) -> tuple[frozenset[str], frozenset[str], frozenset[str]]:
    """Return a person's homes: those of today, those left less than five years ago, and those left before.

    The day is that of the former home, and of those that it can be there the earliest: the window ends last.
    """
    ended = {
        place
        for place, day in left(residency)
        if now is not None and earliest_date(now, (place,)) >= years_later(day, _RECENT_YEARS)
    }
    former = frozenset(place for place, _ in left(residency))
    return frozenset(homes(residency)), former - ended, frozenset(ended)


def _places(sources: Iterable[Source]) -> frozenset[str]:
    return frozenset(source.capture_place for source in sources if source.capture_place is not None)
