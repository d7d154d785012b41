# SPDX-License-Identifier: Apache-2.0
"""Rules: small frozen objects, tried in order; the first that is not met denies. No rules at all deny too."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Generic, TypeVar

from countenance.policy.pack import Law
from countenance.policy.permit import Deny

Facts = TypeVar("Facts")


@dataclass(frozen=True)
class Rule(Generic[Facts]):
    """One condition.

    Attributes:
        id: stable, such as `consent.order`; stands in the log, the code and the tests.
        key: the key of the law file that is behind it, for the citation.
        unmet: returns what is missing and what would make it lawful, or None where the rule is met.
    """

    id: str
    key: str
    unmet: Callable[[Facts, Law], str | None]


def first_denial(rules: Sequence[Rule[Facts]], facts: Facts, law: Law) -> Deny | None:
    """Return the first denial, or None where every rule is met; an empty list of rules denies."""
    if not rules:
        return Deny("core.no_rule", "no rule allows this", "core")
    for rule in rules:
        reason = rule.unmet(facts, law)
        if reason is not None:
            return Deny(rule.id, reason, law.cite(rule.key))
    return None
