# SPDX-License-Identifier: Apache-2.0
"""What a law file may say: every key with its type, its merge operator and its core value.

The core is what no law file can loosen; a key that a file leaves out keeps its core value. It holds the
product's own floor: no template leaves, no sale, no untargeted scraping, no attribute inference, nothing
kept of other faces, only signed releases with an end, freeze before destruction, a public policy first.

Source: the schema and the values of the project's survey of law; docs/formats/pack.md explains each part.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Literal

from countenance.model.client import Attestation
from countenance.model.purpose import ClientKind

Value = bool | int | float | str | tuple[str, ...]
"""A flag, a whole number, a fraction, one word of an ordered list, or a set of words in vocabulary order."""

Operator = Literal["and", "or", "min", "max", "enum", "union", "intersect"]

NOTICE_FIELDS = tuple(f"n{number}" for number in range(1, 14))
"""The codes of what a notice can tell, in the order in which it tells them."""


@dataclass(frozen=True)
class Key:
    """One key of a law file.

    Attributes:
        operator: how two law files combine; always towards the stricter.
        core: the weakest value allowed; its Python type is the type of the key.
        words: for `enum` every word, strictest first; for sets the vocabulary, in its stated order.
        keeps: words that a file must not leave out of an `intersect` set.
    """

    operator: Operator
    core: Value
    words: tuple[str, ...] = ()
    keeps: tuple[str, ...] = ()

    def join(self, a: Value, b: Value) -> Value:
        """Return the stricter of two values, or for sets the one that is as strict as both."""
        if isinstance(a, tuple) and isinstance(b, tuple):
            both = any if self.operator == "union" else all
            return tuple(word for word in self.words if both((word in a, word in b)))
        if isinstance(a, str) and isinstance(b, str):
            return min(a, b, key=self.words.index)
        if isinstance(a, str | tuple) or isinstance(b, str | tuple):
            raise RuntimeError("two values of different types cannot be merged")
        return min(a, b) if self.operator in ("and", "min") else max(a, b)

    def check(self, raw: object) -> Value:
        """Return a value as read from TOML in its one form: numbers as the key's type, sets in order.

        Raises:
            ValueError: wrong type, a word that nobody knows, or looser than the core; says what is allowed.
        """
        value = self._typed(raw)
        if isinstance(value, tuple):
            # A set of duties loosens nothing: the words of the core are joined to it when laws merge.
            missing = [word for word in self.keeps if word not in value]
            if missing:
                raise ValueError(f"must keep {', '.join(missing)}")
        elif self.join(self.core, value) != value:
            raise ValueError(f"{raw!r} is looser than the core, which is {self.core!r}")
        return value

    def _typed(self, raw: object) -> Value:
        if isinstance(self.core, tuple):
            if not isinstance(raw, list) or not all(isinstance(word, str) for word in raw):
                raise ValueError("must be a list of words")
            self._known(raw)
            return tuple(word for word in self.words if word in raw)
        if isinstance(self.core, str):
            if not isinstance(raw, str):
                raise ValueError("must be a word in quotes")
            self._known([raw])
            return raw
        if isinstance(self.core, bool):
            if not isinstance(raw, bool):
                raise ValueError("must be true or false")
            return raw
        if isinstance(self.core, float):
            if not isinstance(raw, float) or not 0 < raw <= 1:
                raise ValueError("must be a fraction above 0.0 and up to 1.0")
            return raw
        if isinstance(raw, bool) or not isinstance(raw, int) or raw < 0:
            raise ValueError("must be a whole number, 0 or more")
        return raw

    def _known(self, words: list[str]) -> None:
        strange = [word for word in words if word not in self.words]
        if strange:
            raise ValueError(f"does not know {', '.join(strange)}; it knows {', '.join(self.words)}")


def _enum(order: str, core: str) -> Key:
    return Key("enum", core, tuple(order.split("<")))


def _union(words: str, core: str = "") -> Key:
    return Key("union", tuple(core.split()), tuple(words.split()))


_DUTIES = (
    "written signed informed affirmative explicit specific_purpose fixed_term withdrawable freely_given "
    "appropriate_purpose"
)
_GROUNDS = (
    "consent_named_recipient financial_transaction requested_service processor law statute "
    "warrant_or_subpoena warrant litigation death_or_disappearance legal_obligation"
)
_HOLDS = "warrant subpoena court_order regulator litigation_anticipated"

SCHEMA: Mapping[str, Key] = MappingProxyType(
    {
        "basis.require": _union(_DUTIES, "signed fixed_term"),
        "basis.public_availability_is_consent": Key("and", False),
        "basis.untargeted_scraping": _enum("deny<ask<allow", "deny"),
        "basis.targeted_fetch_requires": _union("subject_id release_id robots_ok tdm_ok", "subject_id release_id"),
        "basis.minors": _enum("deny<rep_only<allow", "rep_only"),
        "basis.legal_rep_may_sign": Key("and", True),
        "basis.non_biometric_alternative_required": Key("or", False),
        "consent.form": _enum("esign_explicit<esign<affirmative<notice", "affirmative"),
        "consent.separate_for": _union("disclosure sale new_purpose each_purpose photo_retention evaluation"),
        "consent.max_age_days": Key("min", 1826),
        "consent.withdrawal_ease": _enum("same_channel<any_channel", "any_channel"),
        "consent.conditionality_forbidden": Key("or", False),
        "notice.fields": _union(" ".join(NOTICE_FIELDS), "n1 n2"),
        "notice.before_capture": Key("or", True),
        "notice.languages": _enum("subject<operator", "operator"),
        "notice.policy_public_before_possession": Key("or", True),
        "retention.after_purpose_days": Key("min", 365),
        "retention.after_last_interaction_days": Key("min", 1095),
        "retention.hard_term_days": Key("min", 1826),
        "retention.review_every_days": Key("min", 365),
        "retention.after_review_unneeded_days": Key("min", 45),
        "retention.evidence_days": Key("max", 1826),
        "processing.probe_mode": _enum("deny<subject_present<attested_basis<transient_open", "attested_basis"),
        "processing.probe_ram_only": Key("or", True),
        "processing.probe_retention_seconds": Key("min", 0),
        "processing.store_nonmatch_template": Key("and", False),
        "processing.other_faces_in_photo": _enum("never_template", "never_template"),
        "processing.transient_match": _enum("deny<counsel_opt_in<allow", "allow"),
        "processing.attribute_inference": _enum("deny", "deny"),
        "processing.training_use": _enum("deny<separate_release", "separate_release"),
        "disclosure.template": _enum("never", "never"),
        "disclosure.sale": Key("and", False),
        "disclosure.profit_from_template": Key("and", False),
        "disclosure.match_result_grounds": Key(
            "intersect", tuple(_GROUNDS.split()), tuple(_GROUNDS.split()), ("consent_named_recipient",)
        ),
        "disclosure.law_enforcement": _enum(
            "deny<warrant_or_judicial_authorisation<subpoena_or_statutory_demand<written_request",
            "subpoena_or_statutory_demand",
        ),
        "disclosure.authorisation_within_hours": Key("min", 48),
        "disclosure.public_site": _enum("deny<allow", "allow"),
        "disclosure.public_site_attests": _union(" ".join(Attestation)),
        "disclosure.client_kinds_denied": _union(" ".join(ClientKind), "individual trial unvetted"),
        "disclosure.human_confirmations": Key("max", 1),
        "disclosure.sole_basis_for_adverse_decision": Key("and", False),
        "destruction.request_ack_days": Key("min", 30),
        "destruction.request_deadline_days": Key("min", 45),
        "destruction.freeze_on_request_minutes": Key("min", 60),
        "destruction.backup_deadline_days": Key("min", 180),
        "destruction.repeat_every_days": Key("min", 365),
        "destruction.recipients_notice": Key("or", False),
        "destruction.recipient_confirmation_days": Key("min", 60),
        "destruction.derived_work_product": Key("or", True),
        "destruction.access_request_first": Key("or", False),
        "destruction.verification_level": Key("max", 2),
        "destruction.certificate": Key("or", True),
        "destruction.unknown_residency_in_class_order": _enum("member<resolve_first<exclude", "member"),
        "destruction.hold_bases_recognised": Key("intersect", tuple(_HOLDS.split()), tuple(_HOLDS.split())),
        "destruction.other_hold": _enum("counsel_conflict<recognise", "counsel_conflict"),
        "breach.regulator_hours": Key("min", 720),
        "breach.individuals_hours": Key("min", 1440),
        "breach.subject_threshold": Key("min", 500),
        "assessment.dpia_before_first_enrol": Key("or", False),
        "assessment.authority_filing_days_before": Key("max", 0),
        "assessment.accuracy_test_every_days": Key("min", 365),
        "assessment.demographic_report": Key("or", False),
        "assessment.fpir_max": Key("min", 0.01),
        "assessment.quality_gate": Key("or", True),
        "audit.query_log_min_days": Key("max", 183),
        "audit.query_log_max_days": Key("min", 1826),
        "audit.public_client_register": Key("or", False),
        "audit.transparency_log": Key("or", True),
        "audit.dual_control": _union("destroy hold order policy"),
        "exempt.government_contractor": _enum("never<per_purpose_with_contract_ref", "per_purpose_with_contract_ref"),
    }
)
"""Every key of a law file, as `section.key`."""

CORE: Mapping[str, Value] = MappingProxyType({name: key.core for name, key in SCHEMA.items()})
"""The value of every key where no law file says anything."""

SECTIONS = frozenset(name.partition(".")[0] for name in SCHEMA)


def merge(a: Mapping[str, Value], b: Mapping[str, Value]) -> dict[str, Value]:
    """Return the values of two law files as one: for each key the stricter.

    Commutative, associative, idempotent and monotone; a key that only one of them has keeps its value.
    """
    joined = {name: SCHEMA[name].join(a[name], b[name]) for name in a.keys() & b.keys()}
    return {**a, **b, **joined}
