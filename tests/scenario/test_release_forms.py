# SPDX-License-Identifier: Apache-2.0
"""A signed release leaves in three forms; two of them prove the act of signing to anybody, with no server."""

from __future__ import annotations

import json
import uuid

import pytest
from world import World

from countenance.errors import BadInput, BadSignature, Contradiction, Malformed
from countenance.ids import ReleaseId
from countenance.ledger import consent_record, document
from countenance.ledger.checkpoint import Trust
from countenance.ledger.note import parse_key
from countenance.ledger.release import ReleaseExport
from countenance.ledger.verify import verify_release
from countenance.model.consent import ConsentStatus
from countenance.model.event import EventTag
from countenance.services.journal import ReleaseForm

# What the survey of the standard lists as mandatory, by member; the process's own members are listed below.
HEADER = {"@context", "@id", "@type", "dct:conformsTo", "dct:hasVersion", "dct:identifier", "dct:created"}
PARTS = {"dpv:hasDataSubject", "dpv:hasProcess", "dpv:hasDataController", "dpv:hasConsentStatus"}
PROCESS = {
    "dpv:hasNotice", "dpv:hasPurpose", "dpv:hasPersonalData", "dpv:hasProcessing", "dpv:hasLegalBasis",
    "dpv:hasStorageCondition", "dpv:hasJurisdiction", "dpv:hasApplicableLaw", "dpv:hasRecipient", "dpv:hasRight",
    "dpv:hasConsentControl",
}  # fmt: skip
KANTARA = {
    "version", "jurisdiction", "consentTimestamp", "collectionMethod", "consentReceiptID", "publicKey", "language",
    "piiPrincipalId", "piiControllers", "policyUrl", "services", "sensitive", "spiCat",
}  # fmt: skip


@pytest.fixture
def signed(world: World) -> ReleaseId:
    """Ada's release, for one client and one kind of client."""
    return world.sign(world.person("Ada", "unknown").id, clients=[world.client()]).id


def trust(world: World) -> Trust:
    return Trust((parse_key(world.engine.journal.verifier_key()),))


@pytest.mark.parametrize("form", [ReleaseForm.COUNTENANCE, ReleaseForm.ISO27560])
def test_t04_a_signed_release_verifies_offline(world: World, signed: ReleaseId, form: ReleaseForm) -> None:
    """Exported and read again with the public key alone: signature, hash of the text and act of intent hold."""
    data, key = world.engine.journal.export_release(signed, form), trust(world)
    proved = verify_release(data, key).release
    assert "NOTICE ABOUT YOUR FACE DATA" in (proved.notice_text or "")
    assert proved.text("signature", "signed_text_sha256") == proved.text("notice", "sha256")
    assert "in order to sign it" in proved.text("signature", "intent")
    with pytest.raises(BadSignature):
        verify_release(data.replace(b"in order to sign it", b"for no reason at al"), key)
    with pytest.raises(BadSignature):
        verify_release(data.replace(b"NOTICE ABOUT", b"NOTICE UNDER"), key)
    # Though the service itself signed another text beside the evidence, it is not what the person signed.
    body = {**document.read(data).body, "notice_text": "NOTICE UNDER"}
    with world.engine._records.read() as work:
        again = document.write(body, [world.engine.journal.signer(work)], document.read(data).proof)
    with pytest.raises(Contradiction, match="not the one that was signed"):
        verify_release(again, key)


def test_t04_an_act_without_intent_proves_nothing(world: World, signed: ReleaseId) -> None:
    """Signed by the right key all the same, evidence that names no intent is refused."""
    body = document.read(world.engine.journal.export_release(signed)).body
    evidence = dict(body["evidence"])  # type: ignore[arg-type,call-overload]
    evidence["signature"] = {**evidence["signature"], "intent": " "}
    with pytest.raises(Malformed, match="intent is empty"):
        ReleaseExport(evidence, bytes(32)).check_act()


def test_the_iso_record_has_every_field(world: World, signed: ReleaseId) -> None:
    """Header, processing, parties and events of ISO/IEC TS 27560, each with a value, in defined words."""
    told = json.loads(world.engine.journal.export_release(signed, ReleaseForm.ISO27560))
    assert set(told) >= HEADER | PARTS
    (process,) = told["dpv:hasProcess"]
    assert set(process) >= PROCESS
    assert all(process[name] for name in PROCESS)
    assert [one["@type"] for one in told["dpv:hasConsentStatus"]] == ["dpv:ConsentRequested", "dpv:ConsentGiven"]
    assert "#record-eu-gdpr" in " ".join(told["dct:conformsTo"])
    prefixes = {word.split(":")[0] for word in json.dumps(told).split('"') if word.startswith(("dpv:", "dct:", "pd:"))}
    assert prefixes <= set(told["@context"])
    assert process["dpv:hasRecipient"][0]["schema:name"] == "Shop"


def test_every_state_has_a_word_in_dpv() -> None:
    """No state of ours is lost in the export, and only given ones are told as given."""
    assert {DPV for state, DPV in consent_record.DPV_STATES.items() if DPV.endswith("Given")} == {"dpv:ConsentGiven"}
    core = {"requested", "refused", "given", "expired", "withdrawn", "revoked", "invalidated"}
    assert core <= {state.value for state in consent_record.DPV_STATES}
    assert core <= {state.value for state in ConsentStatus}


def test_what_became_of_it_is_told(world: World, signed: ReleaseId) -> None:
    """A withdrawn release says so, a second one of the same person is a renewed one, an old one has expired."""
    journal = world.engine.journal

    def states(release: ReleaseId) -> list[str]:
        told = json.loads(journal.export_release(release, ReleaseForm.ISO27560))
        return [one["@type"] for one in told["dpv:hasConsentStatus"]]

    ada = world.engine.subjects.everyone()[0].id
    second = world.sign(ada, days=10).id
    assert states(second)[-1] == "dpv:RenewedConsentGiven"
    world.clock.tick(days=11)
    assert states(second)[-1] == "dpv:ConsentExpired"
    world.engine.subjects.withdraw(ada)
    assert states(signed)[-1] == "dpv:ConsentWithdrawn"


def test_the_kantara_receipt_has_every_field(world: World, signed: ReleaseId) -> None:
    """Version, a UUID of version 4, explicit consent, a sensitive category: the fields of Consent Receipt 1.1."""
    told = json.loads(world.engine.journal.export_release(signed, ReleaseForm.KANTARA))
    assert set(told) == KANTARA
    assert (told["version"], told["sensitive"], told["spiCat"]) == ("KI-CR-v1.1.0", True, ["Biometric"])
    assert uuid.UUID(told["consentReceiptID"]).version == 4
    (purpose,) = told["services"][0]["purposes"]
    assert (purpose["consentType"], purpose["thirdPartyName"]) == ("EXPLICIT", "Shop")


def test_a_release_that_a_court_finds_void_permits_nothing(world: World) -> None:
    """Invalidated by an order, it stops the next search, survives a restart, is told in the record, and is final."""
    client, ada = world.client(), world.person("Ada", "unknown").id
    release = world.sign(ada).id
    world.enrol(world.source(), ada, 1)
    assert world.found(client, 1) == {ada}
    with pytest.raises(BadInput, match="no free text"):
        world.engine.subjects.invalidate(release, order="the court said so")
    world.engine.subjects.invalidate(release, order="ord_7k2m0q9x4t8b5c1d")
    assert world.found(client, 1) == set()
    world.reopen()
    assert world.found(client, 1) == set()
    assert world.engine.subjects.show(ada).subject.frozen_at is not None
    told = json.loads(world.engine.journal.export_release(release, ReleaseForm.ISO27560))
    assert told["dpv:hasConsentStatus"][-1]["@type"] == "dpv:ConsentInvalidated"
    with pytest.raises(BadInput, match="invalidated"):
        world.engine.subjects.invalidate(release, order="ord_7k2m0q9x4t8b5c1d")
    (event,) = world.log(EventTag.RELEASE_INVALIDATED)
    assert event.payload == {"release": release, "order": "ord_7k2m0q9x4t8b5c1d"}
