# SPDX-License-Identifier: Apache-2.0
"""Which law applies to whom."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from functools import cache

from countenance.model.place import UNKNOWN
from countenance.model.source import Source
from countenance.model.subject import Subject
from countenance.policy.pack import Law, Pack, law_for


class LawBook:
    """The law files of this installation; answers are remembered, law files do not change while it runs."""

    def __init__(self, packs: Mapping[str, Pack]) -> None:
        @cache
        def find(residency: frozenset[str], places: frozenset[str]) -> Law:
            return law_for(packs.values(), residency=residency, places=places)

        self._find = find

    def of_subject(self, subject: Subject, sources: Iterable[Source] = ()) -> Law:
        """Return the law of a subject's residency and of the places where the photos were taken."""
        return self._find(frozenset(subject.residency), _places(sources))

    def of_bystander(self, sources: Iterable[Source]) -> Law:
        """Return the law of a person of whom nothing is known: the strictest."""
        return self._find(frozenset({UNKNOWN}), _places(sources))

    def of_probe(self) -> Law:
        """Return the law of the person in a probe, of whom nothing is known: the strictest."""
        return self._find(frozenset({UNKNOWN}), frozenset())


def _places(sources: Iterable[Source]) -> frozenset[str]:
    return frozenset(source.capture_place for source in sources if source.capture_place is not None)
