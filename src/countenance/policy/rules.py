# SPDX-License-Identifier: Apache-2.0
"""Rules: small frozen objects, tried in order; the first that is not met denies. No rules at all deny too."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Generic, TypeVar

from countenance.policy.pack import Law
from countenance.policy.permit import Deny

Facts_contra = TypeVar("Facts_contra", contravariant=True)


@dataclass(frozen=True)
class Rule(Generic[Facts_contra]):
    """One condition.

    Attributes:
        id: stable, such as `consent.order`; stands in the log, the code and the tests.
        key: the key of the law file that is behind it, for the citation.
        unmet: returns what is missing, or None where the rule is met.
        fact: what it looks at, in a few words; ids, codes and moments only.
        remedy: what would make it lawful, in half a sentence.
    """

    id: str
    key: str
    unmet: Callable[[Facts_contra, Law], str | None]
    fact: Callable[[Facts_contra], str]
    remedy: str


@dataclass(frozen=True)
class Weighed:
    """What one rule says of one request; all of them together are the explanation of a decision.

    Attributes:
        missing: what is missing; None where the rule is met.
        citation: the law files whose value prevailed, each with the law it cites.
    """

    rule_id: str
    key: str
    fact: str
    missing: str | None
    remedy: str
    citation: str


_Asked = TypeVar("_Asked")


def weigh(rules: Sequence[Rule[_Asked]], facts: _Asked, law: Law) -> tuple[Weighed, ...]:
    """Return what every rule says, in the order in which a decision tries them."""
    return tuple(
        Weighed(rule.id, rule.key, rule.fact(facts), rule.unmet(facts, law), rule.remedy, law.cite(rule.key))
        for rule in rules
    )


def first_denial(rules: Sequence[Rule[_Asked]], facts: _Asked, law: Law) -> Deny | None:
    """Return the first denial, or None where every rule is met; an empty list of rules denies."""
    if not rules:
        return Deny("core.no_rule", "no rule allows this; only what a rule allows is done", "core")
    for rule in rules:
        missing = rule.unmet(facts, law)
        if missing is not None:
            return Deny(rule.id, f"{missing}; {rule.remedy}", law.cite(rule.key))
    return None
