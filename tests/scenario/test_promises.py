# SPDX-License-Identifier: Apache-2.0
"""The promises of the design, each as a story of that name."""

from __future__ import annotations

import re
import stat
from contextlib import closing

import pytest
from fake_pack import blurred, face, photo, png
from world import DELIVERY, OPERATOR, PRESENT, World

from countenance.clock import to_text
from countenance.errors import InvalidRelease, Refused
from countenance.model.event import EventTag
from countenance.model.purpose import ClientKind, Purpose
from countenance.model.search import ProbeBasis
from countenance.services.release_act import ReleaseTerms
from countenance.services.search import Request


def test_no_release_no_faceprint(world: World) -> None:
    """Policy, notice, signed release, faceprint: until the last of them exists nobody is encoded."""
    source, ada = world.source(), world.person("Ada")
    picture = world.photo(1, 2)
    summary, _ = world.ingest(source, picture, manifest=[(picture, ada.id, 0)])
    assert (summary.references, summary.bystanders, dict(summary.skipped)) == (0, 1, {"consent.live": 1})
    assert world.encoder.crops == 0
    assert world.rows()["reference"] == 0
    (denied,) = world.log(EventTag.FACE_DENIED, ada.id)
    assert denied.payload["rule"] == "consent.live"

    world.sign(ada.id)
    summary, _ = world.ingest(source, picture, manifest=[(picture, ada.id, 0)])
    assert (summary.references, world.encoder.crops) == (1, 1)
    moments = [
        world.log(tag)[0].at for tag in (EventTag.POLICY_PUBLISHED, EventTag.NOTICE_DELIVERED,
                                         EventTag.RELEASE_SIGNED, EventTag.FACE_ENCODED)
    ]  # fmt: skip
    assert moments == sorted(moments)
    assert world.engine.doctor.problems() == []


def test_a_real_nobody(world: World) -> None:
    """A stranger is nobody, by a threshold that rises with the gallery; candidates carry score and chance."""
    source, client = world.source(), world.client()
    thresholds = []
    for seed in range(8):
        subject = world.person(f"Person {seed}")
        world.sign(subject.id)
        world.enrol(source, subject.id, seed)
        thresholds.append(world.search(client, 500).threshold)
    assert [t.gallery for t in thresholds] == list(range(1, 9))
    values = [t.value for t in thresholds]
    assert values == sorted(values)  # rounded as anybody is told them, two next to each other may be equal
    assert values[0] < values[-1]

    nobody = world.search(client, 500)
    assert nobody.candidates == ()
    assert (nobody.threshold.fpir, nobody.threshold.evaluation) == (0.01, "drawn")
    assert world.log(EventTag.SEARCH_ANSWERED)[-1].payload["outcome"] == "nobody"

    (candidate,) = world.search(client, 3).candidates
    assert candidate.rank == 1
    assert candidate.score > candidate.threshold
    assert 0 <= candidate.chance_candidates.value < 0.01


def test_a_stricter_law_asks_for_a_higher_score(world: World) -> None:
    """Where a law file sets a lower FPIR, references of its people need a higher score than others."""
    source, client = world.source(), world.client()
    for seed, residency in ((1, "US-TX"), (2, "unknown")):
        subject = world.person(f"Person {seed}", residency)
        world.sign(subject.id)
        world.enrol(source, subject.id, seed)
    (baseline,), (strict,) = world.search(client, 1).candidates, world.search(client, 2).candidates
    assert strict.threshold > baseline.threshold


def test_every_search_has_an_owner(world: World) -> None:
    """Client, operator, purpose, basis, threshold, gallery and outcome are stored before the answer leaves."""
    source, client, ada = world.source(), world.client(), world.person("Ada")
    world.sign(ada.id)
    world.enrol(source, ada.id, 1)
    result = world.search(client, 1)
    entry = world.log()[-1]
    assert entry.tag is EventTag.SEARCH_ANSWERED
    assert entry.payload == {
        "search": result.id,
        "client": client,
        "purpose": "photo_delivery",
        "probe_basis": "subject_present",
        "mode": "identify",
        "threshold": f"{result.threshold.value:.6f}",
        "fpir": "0.01",
        "gallery": 1,
        "outcome": "found",
        "encoder": world.encoder.digest,
        "started": entry.payload["started"],
        "ended": to_text(entry.at),
        "candidates": 1,
        "without_ground": 0,
    }
    (finding,) = world.engine.subjects.show(ada.id).findings
    assert (finding.search, finding.client, finding.client_name) == (result.id, client, "Shop")
    assert OPERATOR.encode() not in world.bytes_on_disk()


def test_a_search_that_cannot_be_logged_is_not_answered(world: World) -> None:
    """Where the log cannot be written, there is no answer."""
    source, client, ada = world.source(), world.client(), world.person("Ada")
    world.sign(ada.id)
    world.enrol(source, ada.id, 1)
    with closing(world.raw()) as records:
        records.execute(
            "CREATE TRIGGER full_log BEFORE INSERT ON event WHEN NEW.tag = 'client:search:answered' "
            "BEGIN SELECT RAISE(ABORT, 'the log is full'); END"
        )
    before = world.state()
    with pytest.raises(Exception, match="the log is full"):
        world.search(client, 1)
    assert world.state() == before


@pytest.mark.parametrize(
    ("purpose", "basis", "rule"),
    [
        (Purpose.ARCHIVE_SEARCH, PRESENT, "client.purpose"),
        (DELIVERY, ProbeBasis.ATTESTED, "probe.basis"),
    ],
)
def test_a_search_without_ground_is_refused_and_logged(
    world: World, purpose: Purpose, basis: ProbeBasis, rule: str
) -> None:
    """A purpose the client was not vetted for, or a basis the law refuses, ends before the encoder."""
    client = world.client()
    before = world.state()
    with pytest.raises(Refused) as refusal:
        world.engine.searches.search(png(photo(face(1))), Request(client, purpose, basis, OPERATOR))
    assert refusal.value.rule_id == rule
    assert world.log()[-1].tag is EventTag.SEARCH_REFUSED
    assert world.log()[-1].payload["rule"] == rule
    assert (world.state(), world.encoder.crops) == (before, 0)


@pytest.mark.parametrize("kind", [ClientKind.INDIVIDUAL, ClientKind.TRIAL, ClientKind.UNVETTED])
def test_a_client_of_a_denied_kind_is_not_taken_on(world: World, kind: ClientKind) -> None:
    """An individual, a trial account or an unvetted client cannot be registered; the refusal is logged."""
    before = world.state()
    with pytest.raises(Refused) as refusal:
        world.client(kind=kind)
    assert refusal.value.rule_id == "client.kind"
    assert world.log()[-1].tag is EventTag.CLIENT_REFUSED
    assert world.state() == before


def test_stop_is_immediate(world: World) -> None:
    """A withdrawal is in force in the very next search and photo, and after a restart."""
    source, client, ada = world.source(), world.client(), world.person("Ada")
    world.sign(ada.id)
    world.enrol(source, ada.id, 1)
    assert world.found(client, 1) == {ada.id}
    world.engine.subjects.withdraw(ada.id)
    assert world.search(client, 1).gallery == 0
    assert world.found(client, 1) == set()
    crops = world.encoder.crops
    picture = world.photo(1)
    summary, _ = world.ingest(source, picture, manifest=[(picture, ada.id)])
    assert dict(summary.skipped) == {"subject.frozen": 1}
    assert world.encoder.crops == crops
    world.reopen()
    assert world.found(client, 1) == set()
    assert world.engine.subjects.show(ada.id).subject.frozen_at is not None


def test_a_release_ends_by_itself(world: World) -> None:
    """A release that runs out stops the searches at that moment, in a running program."""
    source, client, ada = world.source(), world.client(), world.person("Ada")
    world.sign(ada.id, days=2)
    world.enrol(source, ada.id, 1)
    world.clock.tick(days=1)
    assert world.found(client, 1) == {ada.id}
    world.clock.tick(days=1)
    assert world.found(client, 1) == set()
    assert world.engine.doctor.problems() == []


def test_a_stolen_disk_is_noise(world: World) -> None:
    """No label, signature, client name, path, permission, vector or preview stands in any file in plain."""
    source = world.engine.register.add_source("Springball 1987", basis="letter of Prof. Quux").id
    client = world.client("Photo Zanzibar")
    ada = world.person("Adalbertine Unmistakable")
    terms = ReleaseTerms(frozenset({DELIVERY}), frozenset(), frozenset({ClientKind.PHOTOGRAPHER}), 300)
    draft = world.engine.subjects.deliver_notice(ada.id, terms)
    world.engine.subjects.sign(draft, signer="Adalbertine U. Signature")
    (path,) = world.enrol(source, ada.id, 1)
    world.search(client, 1)
    disk = world.bytes_on_disk()
    plain = ["Springball", "Quux", "Zanzibar", "Adalbertine", "Unmistakable", "Signature", str(path.parent), OPERATOR]
    assert [word for word in plain if word.encode() in disk] == []
    assert all(vector.tobytes()[:16] not in disk for vector in world.encoder.vectors)
    assert b"JFIF" not in disk  # stands at the beginning of every preview
    assert b"Example Museum" in disk  # control: the operator is public, and found by the same search
    for file in world.data.iterdir():
        private = stat.S_IMODE(file.stat().st_mode) & 0o077 == 0
        assert private or file.name == "policy.txt"


def test_law_is_data(world: World) -> None:
    """The law follows from where a person lives; its file and citation stand in releases and refusals."""
    for residency, packs in (("US-IL", "us-il-bipa"), ("US-NV", "us-baseline"), ("JP", "default-strict")):
        world.sign(world.person(f"Of {residency}", residency).id)
        signed = world.log(EventTag.RELEASE_SIGNED)[-1].payload
        assert signed["packs"] == [packs]
        assert re.fullmatch("[0-9a-f]{64}", signed["law"])
    ada = world.person("Ada", "unknown")
    terms = ReleaseTerms(frozenset({DELIVERY}), frozenset(), frozenset({ClientKind.PHOTOGRAPHER}), 400)
    with pytest.raises(InvalidRelease, match="1 to 365 days under default-strict") as refusal:
        world.engine.subjects.deliver_notice(ada.id, terms)
    assert refusal.value.missing == ("n3",)


def test_nothing_fails_silently(world: World) -> None:
    """Each file and each face left out has a reason code, and one bad photo never ends a batch."""
    source, ada, bo = world.source(), world.person("Ada"), world.person("Bo")
    world.sign(ada.id)
    good = [world.photo(1, name="1.png"), world.photo(2, name="2.png"), world.photo(1, name="9.png")]
    soft = world.photo(blurred(1), name="3.png")
    none = world.photo(name="4.png")
    (world.photos / "5.png").write_bytes(b"")
    (world.photos / "6.png").write_bytes(good[0].read_bytes()[:200])
    (world.photos / "7.jpg").write_text("no image at all")
    claims = [(good[0], ada.id), (good[1], bo.id), (good[2], ada.id), (soft, ada.id)]
    summary, outcomes = world.ingest(source, world.photos, manifest=claims)
    reasons = {o.path.name: o.reason or [f.reason for f in o.faces] for o in outcomes}
    assert reasons == {
        "1.png": [None],
        "2.png": ["consent.live"],
        "3.png": ["blurred"],
        "4.png": [],
        "5.png": "empty",
        "6.png": "truncated",
        "7.jpg": "not_an_image",
        "9.png": [None],
    }
    assert "at least" in next(f.detail for o in outcomes for f in o.faces if f.reason == "blurred")
    assert none.name in reasons
    assert (summary.references, summary.photos, sum(summary.skipped.values())) == (2, 8, 5)
    assert len(world.log(EventTag.PHOTO_SKIPPED)) == 3
    assert len(world.log(EventTag.FACE_DENIED)) == 2


def test_a_face_that_cannot_be_encoded_ends_no_batch(world: World) -> None:
    """Where the encoder gives no vector for one face, its photo is left out with a reason, the rest is ingested."""
    source, ada = world.source(), world.person("Ada")
    world.sign(ada.id)
    first, odd, last = world.photo(1), world.photo(1), world.photo(1)
    align = world.encoder.align
    bad = odd.read_bytes()

    def flat(image, found):
        crop = align(image, found)
        return crop * 0 + 128 if png(image) == bad else crop

    world.encoder.align = flat
    summary, outcomes = world.ingest(source, first, odd, last, manifest=[(p, ada.id) for p in (first, odd, last)])
    assert (summary.references, dict(summary.skipped)) == (2, {"encoding_failed": 1})
    assert [o.reason for o in outcomes] == [None, "encoding_failed", None]
    assert world.engine.doctor.problems() == []
