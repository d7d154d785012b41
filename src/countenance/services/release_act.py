# SPDX-License-Identifier: Apache-2.0
"""What a person is asked to agree to, the notice of it, and the evidence of the act of signing."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from countenance import canonical
from countenance.clock import to_text
from countenance.errors import InvalidRelease
from countenance.ids import ClientId, NoticeId, SubjectId
from countenance.model.consent import Release
from countenance.model.purpose import ClientKind, Purpose
from countenance.model.signing import STROKE_BOX, Act
from countenance.model.subject import AgeBand, Subject
from countenance.policy.pack import Law


@dataclass(frozen=True)
class ReleaseTerms:
    """What a subject is asked to agree to.

    Attributes:
        purposes: at least one, of the closed vocabulary.
        clients, kinds: who may search; at least one of either.
        term_days: how long it lasts, in days from the signature.
    """

    purposes: frozenset[Purpose]
    clients: frozenset[ClientId]
    kinds: frozenset[ClientKind]
    term_days: int | None


@dataclass(frozen=True)
class Draft:
    """A notice, delivered and not signed yet; `Subjects.sign` makes it a release."""

    subject: SubjectId
    notice: NoticeId
    text: str
    terms: ReleaseTerms
    policy_sha256: str
    fields: tuple[str, ...]
    separate: tuple[str, ...]

    def kept(self) -> canonical.Value:
        """Return it as it is kept between reading and signing; its text is the notice's."""
        return {
            "notice": self.notice,
            "purposes": sorted(self.terms.purposes),
            "clients": sorted(self.terms.clients),
            "kinds": sorted(self.terms.kinds),
            "term_days": self.terms.term_days,
            "policy": self.policy_sha256,
            "fields": list(self.fields),
            "separate": list(self.separate),
        }

    @classmethod
    def of_kept(cls, subject: SubjectId, held: Mapping[str, Any], text: str) -> Draft:
        """Return the draft that was kept so."""
        terms = ReleaseTerms(
            frozenset(Purpose(word) for word in held["purposes"]),
            frozenset(ClientId(client) for client in held["clients"]),
            frozenset(ClientKind(word) for word in held["kinds"]),
            held["term_days"],
        )
        fields, separate = tuple(held["fields"]), tuple(held["separate"])
        return cls(subject, NoticeId(held["notice"]), text, terms, held["policy"], fields, separate)


def wrong_signer(subject: Subject, signer: str) -> InvalidRelease | None:
    """Return what is wrong with the name under a release, or None."""
    if not signer.strip():
        return InvalidRelease(("signature",), "the release is not signed: type the signer's name (--signer)")
    if subject.age_band is not AgeBand.MINOR:
        return None
    if subject.representative is None or signer.strip().casefold() != subject.representative.casefold():
        return InvalidRelease(
            ("signature",),
            "a minor's release is signed by the representative recorded with `subject add --minor-rep`",
        )
    return None


def incomplete(person: Subject, draft: Draft, act: Act) -> InvalidRelease | None:
    """Return what the act of signing lacks on this screen."""
    lacks = {word: f"the statement [{word}]" for word in draft.separate if word not in (act.agreed or frozenset())}
    if person.age_band is AgeBand.MINOR and act.relation is None:
        lacks["relation"] = "what gives you the right to sign for the child"
    if not lacks:
        return None
    return InvalidRelease(tuple(lacks), f"tick each by itself, or do not sign; it lacks {'; '.join(lacks.values())}")


def evidence(release: Release, draft: Draft, law: Law, act: Act) -> canonical.Value:
    """Return what proves the act of signing: who signed which bytes, how, when, under which law."""
    return {
        "schema": "countenance-release-1",
        "release": release.id,
        "subject": release.subject,
        "notice": {
            "id": draft.notice,
            "sha256": canonical.digest(draft.text),
            "fields": list(draft.fields),
        },
        "policy_sha256": draft.policy_sha256,
        "law": {"digest": law.digest, "packs": {pack.id: pack.sha256 for pack in law.packs}},
        "scope": {
            "purposes": sorted(release.scope.purposes),
            "clients": sorted(release.scope.clients),
            "kinds": sorted(release.scope.kinds),
        },
        "term_end": to_text(release.term_end),
        "signature": {
            "kind": "electronic signature",
            "method": act.method.value,
            "signer": act.signer.strip(),
            "role": "representative" if release.signer_is_representative else "subject",
            "signed_at": to_text(release.signed_at),
            "intent": act.method.intent,
            "signed_text_sha256": canonical.digest(draft.text),
            **_details(act),
        },
    }


def _details(act: Act) -> dict[str, canonical.Value]:
    """Return what was ticked, drawn and stated beside the signature."""
    found: dict[str, canonical.Value] = {}
    if act.agreed is not None:
        found["statements"] = sorted(act.agreed)
    if act.relation is not None:
        found["relation"] = act.relation.value
    if act.strokes:
        found["drawing"] = {
            "box": list(STROKE_BOX),
            "strokes": [[list(point) for point in stroke] for stroke in act.strokes],
        }
    return found
