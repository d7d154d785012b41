# SPDX-License-Identifier: Apache-2.0
"""A release in the forms that others read: an ISO/IEC TS 27560 consent record, and a Kantara consent receipt.

Source: ISO/IEC TS 27560:2023 in the profile of W3C DPV (guides/consent-27560); Kantara Consent Receipt 1.1. The text of
the ISO standard itself was not at hand; docs/formats/release.md lists field by field what stands for what.
"""

from __future__ import annotations

import hashlib
import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from countenance.canonical import Value
from countenance.clock import to_text
from countenance.model.consent import ConsentStatus, Release, ReleaseEvent

DPV_STATES = {
    ConsentStatus.REQUESTED: "dpv:ConsentRequested",
    ConsentStatus.REFUSED: "dpv:ConsentRefused",
    ConsentStatus.GIVEN: "dpv:ConsentGiven",
    ConsentStatus.EXPIRED: "dpv:ConsentExpired",
    ConsentStatus.WITHDRAWN: "dpv:ConsentWithdrawn",
    ConsentStatus.REVOKED: "dpv:ConsentRevoked",
    ConsentStatus.INVALIDATED: "dpv:ConsentInvalidated",
    ConsentStatus.NEEDS_RENEWAL: "dpv:ConsentInvalidated",  # by a stricter law, until it is renewed
}
"""Our states in DPV's words; a state that is not here is told as `dpv:ConsentUnknown`, which authorises nothing."""

_CONTEXT: dict[str, Value] = {
    "dct": "http://purl.org/dc/terms/",
    "dpv": "https://w3id.org/dpv#",
    "eu-gdpr": "https://w3id.org/dpv/legal/eu/gdpr#",
    "pd": "https://w3id.org/dpv/pd#",
    "schema": "https://schema.org/",
    "xsd": "http://www.w3.org/2001/XMLSchema#",
}
_PROFILE = "https://w3id.org/dpv/schema/dpv-27560#record"
_GDPR = ("eu-gdpr", "uk-gdpr", "default-strict")
_RIGHTS = ("access", "rectification", "erasure", "withdrawal of consent", "portability", "complaint")


@dataclass(frozen=True)
class RecordFacts:
    """What a record tells beside the release itself.

    Attributes:
        now: when it is written: states that follow from the term are as of then.
        controller, contact: who collects, and where questions go.
        policy_url: where the public policy is.
        residency: where the person lives, as stated.
        packs: ids of the law files that the release was checked against.
        recipients: id and name or kind of each.
        notice_sha256: of the text that was signed.
        method, intent: of the act of signing, in words.
        renews: an earlier release of this person, or None.
        public_key: of the log that proves it, as one line.
    """

    now: datetime
    controller: str
    contact: str
    policy_url: str
    residency: Sequence[str]
    packs: Sequence[str]
    recipients: Sequence[tuple[str, str]]
    notice_sha256: str
    method: str
    intent: str
    renews: str | None
    public_key: str


def iso27560(release: Release, facts: RecordFacts) -> dict[str, Value]:
    """Return the release as a JSON-LD consent record: header, processing, parties, events."""
    strict = any(pack in _GDPR for pack in facts.packs)
    profiles: list[Value] = [_PROFILE, f"{_PROFILE}-eu-gdpr"] if strict else [_PROFILE]
    return {
        "@context": _CONTEXT,
        "@id": f"urn:countenance:{release.id}",
        "@type": "dpv:ConsentRecord",
        "dct:conformsTo": profiles,
        "dct:hasVersion": "ISO/IEC TS 27560:2023",
        "dct:identifier": release.id,
        "dct:created": to_text(release.signed_at),
        "dpv:hasDataSubject": {"@id": f"urn:countenance:{release.subject}", "@type": "dpv:DataSubject"},
        "dpv:hasProcess": [_process(release, facts)],
        "dpv:hasDataController": _controller(facts),
        "dpv:hasConsentStatus": _events(release, facts),
    }


def _process(release: Release, facts: RecordFacts) -> dict[str, Value]:
    purposes: list[Value] = [
        {"@id": f"urn:countenance:purpose:{one}", "@type": "dpv:Purpose", "dct:description": one.description}
        for one in sorted(release.scope.purposes)
    ]
    recipients: list[Value] = [
        {"@id": f"urn:countenance:{one}", "@type": "dpv:ThirdParty", "schema:name": name}
        for one, name in facts.recipients
    ]
    return {
        "@type": "dpv:Process",
        "dpv:hasNotice": {
            "@id": f"urn:countenance:{release.notice}",
            "@type": "dpv:ConsentNotice",
            "dct:issued": to_text(release.delivered_at),
            "dct:language": "en",
            "dct:identifier": f"sha256:{facts.notice_sha256}",
            "dct:isPartOf": facts.policy_url,
        },
        "dpv:hasPurpose": purposes,
        "dpv:hasPersonalData": [
            {"@type": "pd:FacialPrint", "dct:description": "A faceprint, computed from photos; special category."},
            {"@type": "pd:Picture", "dct:description": "Where photos that show the person lie, and small previews."},
        ],
        "dpv:hasProcessing": ["dpv:Collect", "dpv:Store", "dpv:Match", "dpv:Erase"],
        "dpv:hasLegalBasis": ["dpv:ExplicitlyExpressedConsent", "eu-gdpr:A9-2-a"],
        "dpv:hasStorageCondition": {
            "dpv:hasLocation": f"On {facts.controller}'s own machine; not transferred.",
            "dpv:hasDuration": {"schema:endDate": to_text(release.term_end)},
        },
        "dpv:hasJurisdiction": list(facts.residency),
        "dpv:hasApplicableLaw": list(facts.packs),
        "dpv:hasRecipient": recipients,
        "dpv:hasRight": list(_RIGHTS),
        "dpv:hasConsentControl": {
            "@type": "dpv:WithdrawConsent",
            "dct:description": f"Tell {facts.controller} in any way: {facts.contact}. No reason, no photo is needed.",
        },
    }


def _controller(facts: RecordFacts) -> dict[str, Value]:
    return {
        "@id": "urn:countenance:controller",
        "@type": "dpv:DataController",
        "schema:name": facts.controller,
        "schema:address": facts.contact,
        "dpv:hasContact": facts.contact,
    }


def _events(release: Release, facts: RecordFacts) -> list[Value]:
    """Return what happened, oldest first; that the term is over is an event that nobody recorded."""
    events = list(release.events)
    if release.status(facts.now) is ConsentStatus.EXPIRED:
        events.append(ReleaseEvent(ConsentStatus.EXPIRED, release.term_end))
    return [_event(release, facts, event) for event in events]


def _event(release: Release, facts: RecordFacts, event: ReleaseEvent) -> dict[str, Value]:
    given = event.status is ConsentStatus.GIVEN
    state = DPV_STATES.get(event.status, "dpv:ConsentUnknown")
    told: dict[str, Value] = {
        "@type": "dpv:RenewedConsentGiven" if given and facts.renews else state,
        "dpv:isIndicatedAtTime": to_text(event.at),
        "dpv:hasDuration": {"schema:endDate": to_text(release.term_end)},
        "dpv:isIndicatedBy": f"urn:countenance:{release.subject}",
    }
    if given:
        signer = "the recorded representative" if release.signer_is_representative else "the person"
        told["dpv:hasIndicationMethod"] = f"{facts.method}: {facts.intent}; signed by {signer}"
        told["dpv:hasPolicy"] = f"sha256:{facts.notice_sha256}"
        if facts.renews:
            told["dct:replaces"] = f"urn:countenance:{facts.renews}"
    return told


def kantara(release: Release, facts: RecordFacts) -> dict[str, Value]:
    """Return the release as a Kantara consent receipt; an export for others, which proves nothing by itself."""
    names = ", ".join(name for _, name in facts.recipients)
    purposes: list[Value] = [
        {
            "purpose": one.description,
            "purposeCategory": [one.value],
            "consentType": "EXPLICIT",
            "piiCategory": ["Biometric"],
            "primaryPurpose": True,
            "termination": to_text(release.term_end),
            "thirdPartyDisclosure": True,
            "thirdPartyName": names,
        }
        for one in sorted(release.scope.purposes)
    ]
    digest = hashlib.sha256(f"consent receipt of {release.id}".encode()).digest()
    return {
        "version": "KI-CR-v1.1.0",
        "jurisdiction": ", ".join(facts.residency),
        "consentTimestamp": int(release.signed_at.timestamp()),
        "collectionMethod": facts.intent,
        "consentReceiptID": str(uuid.UUID(bytes=digest[:16], version=4)),
        "publicKey": facts.public_key,
        "language": "en",
        "piiPrincipalId": release.subject,
        "piiControllers": [{"piiController": facts.controller, "contact": facts.contact, "address": facts.contact}],
        "policyUrl": facts.policy_url,
        "services": [{"service": "Face search among people who signed a release", "purposes": purposes}],
        "sensitive": True,
        "spiCat": ["Biometric"],
    }
