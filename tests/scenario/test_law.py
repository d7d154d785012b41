# SPDX-License-Identifier: Apache-2.0
"""Acceptance tests drawn from real remedies, by their numbers."""

from __future__ import annotations

from contextlib import closing
from dataclasses import replace
from datetime import timedelta

import pytest
from fake_pack import face, photo, png
from world import DELIVERY, OPERATOR, PRESENT, World

from countenance.clock import to_text
from countenance.errors import BadInput, InvalidRelease, Refused
from countenance.ids import ReleaseId
from countenance.model.event import EventTag
from countenance.model.purpose import ClientKind, Purpose, parse_purpose
from countenance.model.search import ProbeBasis
from countenance.model.source import FaceState
from countenance.policy.pack import law_for, shipped
from countenance.services.release_act import ReleaseTerms
from countenance.services.search import Request
from countenance.store import subjects as subject_rows


def test_t01_a_release_signed_after_the_faceprint_is_refused(world: World) -> None:
    """A release that is dated after the moment of encoding permits nothing: `consent.order`, logged, nothing stored."""
    source, ada = world.source(), world.person("Ada")
    signed = world.sign(ada.id)
    with world.engine._records.write() as work:
        later = replace(signed, id=ReleaseId("rel_later"), signed_at=work.now + timedelta(hours=2))
        policy = subject_rows.current_policy(work)
        assert policy is not None
        subject_rows.add_release(work, later, policy.sha256, {"dated": "after the faceprint"})
    picture = world.photo(1)
    before = world.state()
    summary, _ = world.ingest(source, picture, manifest=[(picture, ada.id)])
    assert dict(summary.skipped) == {"consent.order": 1}
    assert world.encoder.crops == 0
    after = world.state()
    assert (after.rows["reference"], after.gallery) == (0, before.gallery)
    (denied,) = world.log(EventTag.FACE_DENIED, ada.id)
    assert denied.payload["rule"] == "consent.order"
    with world.engine._records.read() as work:
        disk = world.bytes_on_disk()
        assert work.keyring.key(ada.id) not in disk
    assert world.encoder.vectors == []


def test_t02_without_a_public_policy_nothing_is_enrolled(world: World) -> None:
    """Without a published retention policy no release and no faceprint comes about; doctor names 15(a)."""
    source, client, ada = world.source(), world.client(), world.person("Ada")
    with closing(world.raw()) as records:
        records.execute("DELETE FROM policy")
        records.commit()
    picture = world.photo(1)
    before = world.state()
    with pytest.raises(InvalidRelease) as lacking:
        world.sign(ada.id)
    assert "n9" in lacking.value.missing
    with pytest.raises(Refused, match=r"740 ILCS 14/15\(a\)") as refusal:
        world.ingest(source, picture, manifest=[(picture, ada.id)])
    assert refusal.value.rule_id == "policy.public"
    assert world.log()[-1].tag is EventTag.INGEST_DENIED
    with pytest.raises(Refused, match=r"740 ILCS 14/15\(a\)"):
        world.search(client, 1)
    assert world.log()[-1].payload["rule"] == "policy.public"
    assert (world.state(), world.encoder.crops) == (before, 0)
    assert any("740 ILCS 14/15(a)" in problem for problem in world.engine.doctor.problems())


def test_t03_a_release_without_term_or_purpose_is_invalid(world: World) -> None:
    """A release without term, purpose or recipient is refused with the notice fields it lacks; "other" is none."""
    ada = world.person("Ada")
    before = world.state()
    everything = ReleaseTerms(frozenset(), frozenset(), frozenset(), None)
    with pytest.raises(InvalidRelease, match=r"n2: .*; n3: .*; n5: ") as refusal:
        world.engine.subjects.deliver_notice(ada.id, everything)
    assert refusal.value.missing == ("n2", "n3", "n5")
    for days in (0, -1, 100_000):
        terms = ReleaseTerms(frozenset({DELIVERY}), frozenset(), frozenset({ClientKind.PHOTOGRAPHER}), days)
        with pytest.raises(InvalidRelease) as refusal:
            world.engine.subjects.deliver_notice(ada.id, terms)
        assert refusal.value.missing == ("n3",)
    with pytest.raises(BadInput, match="'other' is no purpose"):
        parse_purpose("other")
    assert world.state() == before
    refused = world.log(EventTag.RELEASE_REFUSED, ada.id)
    assert [event.payload["missing"] for event in refused] == [["n2", "n3", "n5"], ["n3"], ["n3"], ["n3"]]


def test_t03_an_unsigned_notice_is_no_release(world: World) -> None:
    """A delivered notice without a signature, or a minor's signed by somebody else, makes no release."""
    from countenance.model.subject import AgeBand

    child = world.engine.subjects.add("Kim", residency=["US-IL"], age_band=AgeBand.MINOR, representative="Eve Example")
    terms = ReleaseTerms(frozenset({DELIVERY}), frozenset(), frozenset({ClientKind.PHOTOGRAPHER}), 300)
    draft = world.engine.subjects.deliver_notice(child.id, terms)
    before = world.state()
    for signer in ("", " ", "Kim", "Eve"):
        with pytest.raises(InvalidRelease, match="sign") as refusal:
            world.engine.subjects.sign(draft, signer=signer)
        assert refusal.value.missing == ("signature",)
    assert world.state() == before
    signed = world.engine.subjects.sign(draft, signer="eve example")
    assert signed.signer_is_representative


def test_t06_in_a_group_photo_only_the_released_person_is_encoded(world: World) -> None:
    """Of five faces with one release exactly one crop reaches the encoder; the others are counted."""
    source, ada = world.source(), world.person("Ada")
    world.sign(ada.id)
    picture = world.photo(11, 12, 1, 13, 14)
    summary, _ = world.ingest(source, picture, manifest=[(picture, ada.id, 2)])
    assert (summary.faces, summary.references, summary.bystanders) == (5, 1, 4)
    assert world.encoder.crops == 1
    assert world.rows()["reference"] == 1
    assert len(world.faces(FaceState.BYSTANDER)) == 4


def test_t08_a_client_outside_the_release_finds_nobody(world: World) -> None:
    """A client that no release names gets the very answer of a search for a stranger, in value and in shape."""
    source, named, other = world.source(), world.client("Named"), world.client("Other", ClientKind.ARCHIVE)
    ada = world.person("Ada")
    world.sign(ada.id, clients=[named])
    world.enrol(source, ada.id, 1)
    assert world.found(named, 1) == {ada.id}
    match, stranger = world.search(other, 1), world.search(other, 500)
    assert match.candidates == stranger.candidates == ()
    assert (match.threshold, match.gallery) == (stranger.threshold, stranger.gallery)
    assert match.gallery == 0
    entries = [entry.payload for entry in world.log(EventTag.SEARCH_ANSWERED)[-2:]]
    for entry in entries:
        del entry["search"], entry["started"], entry["ended"]
    assert entries[0] == entries[1]
    assert world.engine.subjects.show(ada.id).findings[0].client == named


def test_t08_a_purpose_outside_the_release_finds_nobody(world: World) -> None:
    """A client with two vetted purposes finds a person only for the one that the release names."""
    source = world.source()
    client = world.client(purposes=[DELIVERY, Purpose.ARCHIVE_SEARCH])
    ada = world.person("Ada")
    world.sign(ada.id, clients=[client])
    world.enrol(source, ada.id, 1)
    assert world.found(client, 1, Purpose.ARCHIVE_SEARCH) == set()
    assert world.found(client, 1) == {ada.id}


def test_t09_a_probe_needs_the_person_who_asks_for_it(world: World) -> None:
    """On a client's word alone nobody is encoded; with the person present the probe leaves nothing behind."""
    client = world.client()
    probe = png(photo(face(77)))
    before = world.state()
    with pytest.raises(Refused, match="must be present") as refusal:
        world.engine.searches.search(probe, Request(client, DELIVERY, ProbeBasis.ATTESTED, OPERATOR))
    assert refusal.value.rule_id == "probe.basis"
    assert world.log()[-1].tag is EventTag.SEARCH_REFUSED
    assert (world.state(), world.encoder.crops) == (before, 0)

    result = world.engine.searches.search(probe, Request(client, DELIVERY, PRESENT, OPERATOR))
    assert result.candidates == ()
    assert world.encoder.crops == 1
    after = world.state()
    assert (after.keys, after.gallery) == (before.keys, before.gallery)
    assert {name: n - before.rows[name] for name, n in after.rows.items() if n != before.rows[name]} == {"search": 1}
    (vector,) = world.encoder.vectors
    assert vector.tobytes()[:16] not in world.bytes_on_disk()


def test_t11_unknown_residency_meets_the_strictest_law(world: World) -> None:
    """The law of unknown residency is default-strict, to the byte; the release says which law it was."""
    strict = shipped()["default-strict"]
    law = law_for(shipped().values(), residency=["unknown"], places=[])
    assert [pack.sha256 for pack in law.packs] == [strict.sha256]
    assert {key: law.values[key] for key in strict.values} == dict(strict.values)
    person = world.engine.subjects.add("Bo", residency=[])
    assert person.residency == ("unknown",)
    world.sign(person.id)
    assert world.log(EventTag.RELEASE_SIGNED)[-1].payload["packs"] == ["default-strict"]


def test_where_a_photo_was_taken_counts(world: World) -> None:
    """A photo from a place without a law file of its own meets the strictest one: its minors are never encoded."""
    from countenance.model.subject import AgeBand

    child = world.engine.subjects.add("Kim", residency=["US-TX"], age_band=AgeBand.MINOR, representative="Eve Example")
    terms = ReleaseTerms(frozenset({DELIVERY}), frozenset(), frozenset({ClientKind.PHOTOGRAPHER}), 300)
    world.engine.subjects.sign(world.engine.subjects.deliver_notice(child.id, terms), signer="Eve Example")
    paths = [world.photo(1), world.photo(1)]
    reasons = []
    for path, place in zip(paths, ("US-TX", "JP"), strict=True):
        summary, _ = world.ingest(world.source(place=place), path, manifest=[(path, child.id)])
        reasons.append(dict(summary.skipped) or summary.references)
    assert reasons == [1, {"consent.minor": 1}]


def test_the_evidence_of_a_release_can_be_read_back(world: World) -> None:
    """Who signed which text, how, when and under which law stays with the release, sealed."""
    from countenance.store import subjects as rows

    ada = world.person("Ada")
    release = world.sign(ada.id)
    with world.engine._records.read() as work:
        record = rows.release_record(work, ada.id, release.id)
    assert isinstance(record, dict)
    assert record["signature"]["signer"] == "N. N."
    assert record["signature"]["signed_at"] == to_text(release.signed_at)
    assert record["policy_sha256"] == world.engine.policy_sha256
    assert set(record["law"]["packs"]) == {"us-il-bipa"}
