# SPDX-License-Identifier: Apache-2.0
"""Calibration: on whom it may be measured, what is kept of it, and what becomes of it when somebody is destroyed."""

from __future__ import annotations

from pathlib import Path

import pytest
from fake_pack import TAIL, face, photo, png
from world import DELIVERY, World

from countenance.errors import BadDataset, BadInput, Refused
from countenance.ids import SourceId, SubjectId
from countenance.model.event import EventTag
from countenance.model.purpose import ClientKind, Purpose
from countenance.model.threshold import Threshold
from countenance.services import calibration
from countenance.services.release_act import ReleaseTerms
from countenance.services.tails import tail_in_use
from countenance.vision import impostors

BASIS, COUNSEL = "permission of the publisher for all people shown", "memo of counsel of 2026-03-01"
FEW = 8


@pytest.fixture(autouse=True)
def _small(monkeypatch: pytest.MonkeyPatch) -> None:
    """So few people are enough here, and the measurement is short."""
    monkeypatch.setattr(calibration, "FEWEST", FEW)
    monkeypatch.setattr(impostors, "_RESAMPLINGS", 2)


def data_set(folder: Path, people: int) -> Path:
    for number in range(people):
        (folder / f"person {number}").mkdir(parents=True)
        for variant in (1, 2):
            (folder / f"person {number}" / f"{variant}.png").write_bytes(png(photo(face(1000 + number, variant))))
    return folder


def evaluation_release(world: World, subject: SubjectId, *purposes: Purpose) -> None:
    kinds = frozenset() if purposes == (Purpose.EVALUATION,) else frozenset({ClientKind.PHOTOGRAPHER})
    terms = ReleaseTerms(frozenset(purposes), frozenset(), kinds, 300)
    world.engine.subjects.sign(world.engine.subjects.deliver_notice(subject, terms), signer="N. N.")


def in_use(world: World) -> str:
    with world.engine._records.read() as work:
        return tail_in_use(work, TAIL.encoder).evaluation


def enrolled(world: World, count: int, *purposes: Purpose, residency: str = "US-NY") -> list[SubjectId]:
    people = []
    for number in range(count):
        subject = world.person(f"P{number}", residency).id
        evaluation_release(world, subject, *purposes)
        world.enrol(world.source(), subject, number + 1)
        people.append(subject)
    return people


def test_a_data_set_sets_the_thresholds_from_then_on(world: World, tmp_path: Path) -> None:
    """What was measured on a permitted data set is used in the next search, and of its faces nothing is kept."""
    client, source = world.client(), world.source(BASIS, COUNSEL)
    subject = world.person("Ada").id
    world.sign(subject)
    world.enrol(world.source(), subject, 1)
    world.encoder.vectors.clear()
    done = world.engine.calibrations.from_data_set(data_set(tmp_path / "set", FEW), source)
    assert (done.people, done.photos, in_use(world)) == (FEW, 2 * FEW, done.tail.evaluation)
    result = world.search(client, 1)
    assert result.threshold.evaluation == done.tail.evaluation
    assert [one.subject for one in result.candidates] == [subject]
    disk = world.bytes_on_disk()
    assert all(vector.tobytes()[:16] not in disk for vector in world.encoder.vectors)
    (entry,) = world.log(EventTag.CALIBRATION_MADE)
    assert (entry.payload["origin"], entry.payload["people"]) == (source, FEW)
    world.reopen()
    assert in_use(world) == done.tail.evaluation


@pytest.mark.parametrize(("basis", "counsel"), [(None, None), (BASIS, None), (None, COUNSEL)])
def test_a_data_set_of_people_who_did_not_agree_is_refused(
    world: World, tmp_path: Path, basis: str | None, counsel: str | None
) -> None:
    """Without a permission for bystanders and counsel's opt-in no face of a data set reaches the encoder."""
    source, folder = world.source(basis, counsel), data_set(tmp_path / "set", FEW)
    before, crops = world.state(), world.encoder.crops
    with pytest.raises(Refused, match="bystander"):
        world.engine.calibrations.from_data_set(folder, source)
    assert (world.state(), world.encoder.crops) == (before, crops)
    (entry,) = world.log(EventTag.EVALUATION_DENIED)
    assert entry.payload["source"] == source
    assert in_use(world) == TAIL.evaluation


def test_too_few_people_are_refused_with_the_number_needed(world: World, tmp_path: Path) -> None:
    """A data set with too few people says how many are needed and why; the thresholds stay as they were."""
    source = world.source(BASIS, COUNSEL)
    with pytest.raises(BadDataset, match=rf"{FEW} are needed: a rate of one search in a hundred"):
        world.engine.calibrations.from_data_set(data_set(tmp_path / "set", FEW - 1), source)
    assert in_use(world) == TAIL.evaluation
    assert world.rows()["calibration"] == 0


def test_the_gallery_is_measured_where_releases_name_it(world: World) -> None:
    """References are measured only under a release that names evaluation; too few are a refusal that moves nothing."""
    enrolled(world, FEW - 1, DELIVERY, Purpose.EVALUATION)
    other = world.person("Eve", "US-NY").id
    world.sign(other)
    world.enrol(world.source(), other, 99)
    before = world.state()
    with pytest.raises(Refused, match=rf"{FEW - 1} people may be measured, and {FEW} are needed") as refusal:
        world.engine.calibrations.from_gallery()
    assert refusal.value.rule_id == "evaluation.consent"
    assert world.state() == before
    assert world.log(EventTag.CALIBRATION_DENIED)[0].payload["people"] == FEW - 1
    evaluation_release(world, other, DELIVERY, Purpose.EVALUATION)
    crops = world.encoder.crops
    done = world.engine.calibrations.from_gallery()
    assert (done.people, world.encoder.crops) == (FEW, crops)


def test_a_strict_law_wants_a_release_of_its_own(world: World) -> None:
    """Where the law wants separate consent, a release that names other purposes too is not enough."""
    people = enrolled(world, FEW, DELIVERY, Purpose.EVALUATION, residency="unknown")
    with pytest.raises(Refused, match="a release of its own"):
        world.engine.calibrations.from_gallery()
    for subject in people:
        evaluation_release(world, subject, Purpose.EVALUATION)
    assert world.engine.calibrations.from_gallery().people == FEW


def test_a_calibration_dies_with_anybody_it_was_made_from(world: World) -> None:
    """After a destruction of one of the people the calibration loads no more, and the shipped thresholds are back."""
    people = enrolled(world, FEW, DELIVERY, Purpose.EVALUATION)
    done = world.engine.calibrations.from_gallery()
    assert in_use(world) == done.tail.evaluation
    world.destroy(people[0])
    assert in_use(world) == TAIL.evaluation
    with pytest.raises(Refused, match="stale"):
        world.engine.lineage.require_fresh(done.sha256)


def test_a_threshold_is_explained_at_the_size_of_this_moment(world: World) -> None:
    """The size is that of the view asked for; the answer holds interval, chance, cost and other sizes."""
    client = world.client()
    enrolled(world, 2, DELIVERY)
    found = world.engine.calibrations.explain(0.01, client=client, purpose=DELIVERY)
    assert (found.asked.gallery, found.tail.evaluation) == (2, TAIL.evaluation)
    assert isinstance(found.asked.threshold, Threshold)
    assert found.asked.threshold.low < found.asked.threshold.value < found.asked.threshold.high
    assert found.chance.value == pytest.approx(0.01)
    assert world.engine.calibrations.explain(0.01, gallery=5000).asked.gallery == 5000
    assert [one.gallery for one in found.others] == sorted(one.gallery for one in found.others)


def test_no_client_is_vetted_for_evaluation(world: World) -> None:
    """Evaluation is the operator's own measurement; a client cannot search for it."""
    with pytest.raises(BadInput, match="own measurement"):
        world.client(purposes=(Purpose.EVALUATION,))
    assert world.log(EventTag.CLIENT_ADDED) == []


def test_a_person_outside_the_view_never_changes_an_answer(world: World) -> None:
    """Somebody whom this client may not see, alike to probe and candidate, moves neither score nor list."""
    client, other = world.client("Shop"), world.client("Museum", ClientKind.MUSEUM)
    for number in range(1, 5):
        subject = world.person(f"P{number}").id
        world.sign(subject, clients=[client])
        world.enrol(SourceId(world.source()), subject, number)
    before = world.search(client, 1)
    hidden = world.person("Hidden").id
    world.sign(hidden, clients=[other])
    world.enrol(world.source(), hidden, 1)
    after = world.search(client, 1)
    assert [(c.subject, c.score) for c in before.candidates] == [(c.subject, c.score) for c in after.candidates]
    assert before.threshold == after.threshold
