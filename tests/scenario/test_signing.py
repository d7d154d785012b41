# SPDX-License-Identifier: Apache-2.0
"""Signing on a screen: in order, as shown, once, each choice by itself; refusing changes nothing; no face before."""

from __future__ import annotations

import shutil
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from fake_pack import blurred, face, photo, png
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from world import DELIVERY, FakeClock, World

from countenance import canonical
from countenance.bootstrap import Engine
from countenance.errors import (
    BadInput,
    BadPhoto,
    CountenanceError,
    InvalidRelease,
    NotFound,
    NotSignedIn,
    Refused,
    TooMany,
    VerificationFailed,
)
from countenance.ids import ClientId, ReleaseId, SigningId, SubjectId
from countenance.ledger.note import parse_key
from countenance.ledger.verify import Trust, verify_release
from countenance.model.consent import ConsentStatus, SignatureMethod
from countenance.model.event import EventTag
from countenance.model.purpose import ClientKind, Purpose
from countenance.model.signing import Act, Offer, Relation, SigningState, strokes_of, svg
from countenance.model.source import FaceState
from countenance.model.subject import AgeBand
from countenance.services.release_act import Draft
from countenance.services.signing import AT_DESK, BY_INVITATION, Started

ARCHIVE = Purpose.ARCHIVE_SEARCH
LINES = [[[10, 10], [20, 30], [40, 5], [60, 60]], [[70.4, 10.6], [80, 30], [90, 20], [2000, -5]]]


class Desk:
    """A desk with two clients and a source, and shorthands for what happens there."""

    def __init__(self, world: World) -> None:
        self.world = world
        self.verbs = world.engine.signings
        self.shop = world.client("Shop", purposes=[DELIVERY, ARCHIVE])
        self.trove = world.client("Trove", ClientKind.ARCHIVE, [DELIVERY, ARCHIVE])
        self.source = world.source()
        self.offer = Offer(
            frozenset({DELIVERY, ARCHIVE}), frozenset({self.shop, self.trove}), frozenset({ClientKind.MUSEUM}), 300
        )

    def start(self, subject: SubjectId, **more: Any) -> Started:
        """Start a signing of everything on offer."""
        return self.verbs.start(subject, self.offer, source=self.source, by="acc_desk", **more)

    def choose(self, token: str, *clients: ClientId, purposes: frozenset[Purpose] = frozenset({DELIVERY})) -> Draft:
        """Choose delivery and some clients."""
        return self.verbs.choose(token, purposes=purposes, clients=frozenset(clients or [self.shop]))

    def sign(self, token: str, draft: Draft, **changes: Any) -> None:
        """Tick everything and sign."""
        act = Act("N. N.", agreed=frozenset(draft.separate))
        self.verbs.sign(token, canonical.digest(draft.text), replace(act, **changes))


@pytest.fixture
def desk(world: World) -> Desk:
    """A desk."""
    return Desk(world)


def proved(world: World, subject: SubjectId, release: ReleaseId) -> dict[str, Any]:
    """Verify a receipt as a stranger would, and return what it says of the signature; changed, it does not verify."""
    data = world.engine.own.receipt(subject, release)
    trust = Trust((parse_key(world.engine.journal.verifier_key()),))
    with pytest.raises(VerificationFailed):
        verify_release(data.replace(b'"role":"', b'"role":"x'), trust)
    return dict(verify_release(data, trust).release.evidence["signature"])


def tags(world: World) -> list[EventTag]:
    """Return the tags of the log."""
    return [entry.tag for entry in world.log()]


def test_the_whole_way_in_order(world: World, desk: Desk) -> None:
    """Start, choose, read, sign, picture: the release covers the chosen ones alone, and a search finds the face."""
    ada = world.person("Ada").id
    started = desk.start(ada)
    draft = desk.choose(started.token, desk.shop)
    screen = desk.verbs.screen(started.token)
    assert screen.draft == draft
    assert screen.signing.state is SigningState.SHOWN
    assert {one.name for one in screen.clients} == {"Shop", "Trove"}
    desk.sign(started.token, draft, method=SignatureMethod.DRAWN, strokes=strokes_of(LINES))
    outcome = desk.verbs.picture(started.token, png(photo(face(1, 5))))
    assert outcome.state is FaceState.REFERENCE
    assert world.found(desk.shop, 1) == {ada}
    assert world.found(desk.trove, 1) == set()
    steps = [EventTag.NOTICE_DELIVERED, EventTag.RELEASE_SIGNED, EventTag.FACE_ENCODED]
    assert [tag for tag in tags(world) if tag in steps] == steps
    assert desk.verbs.screen(started.token).signing.pictured
    assert world.engine.doctor.problems() == []


def test_t04_a_drawn_signature_verifies_offline_with_what_was_ticked(world: World, desk: Desk) -> None:
    """The export carries the strokes, the statements and the intent under the service's signature."""
    ada = world.person("Ada", "unknown").id
    token = desk.start(ada).token
    draft = desk.choose(token)
    desk.sign(token, draft, method=SignatureMethod.DRAWN, strokes=strokes_of(LINES))
    ((release, _),) = world.engine.subjects.show(ada).releases
    signature = proved(world, ada, release.id)
    assert signature["method"] == "drawn"
    assert "drew the signature" in signature["intent"]
    assert signature["statements"] == sorted(draft.separate)
    second = [[70, 11], [80, 30], [90, 20], [1000, 0]]
    assert signature["drawing"] == {"box": [1000, 400], "strokes": [LINES[0], second]}
    assert world.engine.own.notice(ada, release.id) == draft.text
    assert '<polyline points="10,10 20,30' in svg(strokes_of(LINES))


def test_no_picture_before_the_signature(world: World, desk: Desk) -> None:
    """T01 at the desk: a picture before the signature is refused without a look at it, logged, and nothing moved."""
    token = desk.start(world.person("Ada").id).token
    desk.choose(token)
    before, crops = world.state(), world.encoder.crops
    with pytest.raises(Refused) as refused:
        desk.verbs.picture(token, png(photo(face(1))))
    assert (refused.value.rule_id, world.state(), world.encoder.crops) == ("consent.order", before, crops)
    assert tags(world)[-1] is EventTag.SIGNING_DENIED


@pytest.mark.parametrize(
    ("tiles", "reason"), [((), "no_face"), ((face(1), face(2)), "several_faces"), ((blurred(3),), "blurred")]
)
def test_a_picture_shows_one_face_well_or_nothing_is_kept(
    world: World, desk: Desk, tiles: tuple[Any, ...], reason: str
) -> None:
    """Nobody, two people, or a blurred face: refused with the reason; no photo, no face, no key is left."""
    token = desk.start(world.person("Ada").id).token
    desk.sign(token, desk.choose(token))
    before = world.state()
    with pytest.raises(BadPhoto) as refused:
        desk.verbs.picture(token, png(photo(*tiles)))
    assert (refused.value.reason, world.state()) == (reason, before)
    assert not desk.verbs.screen(token).signing.pictured


def test_what_is_signed_is_what_was_shown(world: World, desk: Desk) -> None:
    """Another text, a policy published meanwhile, another law, or an hour later: refused, logged, nothing signed."""
    ada = world.person("Ada").id
    token = desk.start(ada).token
    draft = desk.choose(token)
    act = Act("N. N.", agreed=frozenset(draft.separate))
    before = world.state()
    with pytest.raises(InvalidRelease, match="read it again"):
        desk.verbs.sign(token, "0" * 64, act)
    assert (world.state(), tags(world)[-1]) == (before, EventTag.RELEASE_REFUSED)
    world.engine.homes.add(ada, "DE")  # she lives there too: another law bears on her
    with pytest.raises(InvalidRelease, match="not up to date"):
        desk.verbs.sign(token, canonical.digest(draft.text), act)
    with pytest.raises(InvalidRelease, match="nothing is on the screen"):
        desk.verbs.sign(token, canonical.digest(draft.text), act)
    assert world.engine.subjects.show(ada).releases == ()
    desk.sign(token, desk.choose(token))


def test_a_signing_is_used_once(world: World, desk: Desk) -> None:
    """Signed, it signs nothing again, nothing can be chosen or refused; the receipt's time runs out too."""
    token = desk.start(world.person("Ada").id).token
    draft = desk.choose(token)
    desk.sign(token, draft)
    for again in (lambda: desk.sign(token, draft), lambda: desk.choose(token), lambda: desk.verbs.refuse(token)):
        with pytest.raises(BadInput, match="signed already"):
            again()
    world.clock.tick(seconds=AT_DESK.total_seconds())
    with pytest.raises(NotSignedIn):
        desk.verbs.screen(token)


def test_refusing_has_no_other_effect(world: World, desk: Desk) -> None:
    """Who refuses has signed nothing and loses nothing: the link is dead, the refusal is logged, the rest as before."""
    ada = world.person("Ada").id
    token = desk.start(ada).token
    desk.choose(token)
    before = world.state()
    desk.verbs.refuse(token)
    assert (world.state(), tags(world)[-1]) == (before, EventTag.SIGNING_REFUSED)
    with pytest.raises(NotSignedIn):
        desk.choose(token)
    assert world.engine.subjects.show(ada).subject.frozen_at is None


def test_each_statement_is_ticked_by_itself(world: World, desk: Desk) -> None:
    """Where the law wants separate statements, one that is not ticked is named, and nothing is signed."""
    ada = world.person("Ada", "unknown").id
    token = desk.start(ada).token
    draft = desk.choose(token)
    before = world.state()
    with pytest.raises(InvalidRelease) as lacks:
        desk.sign(token, draft, agreed=frozenset(draft.separate) - {"sale", "disclosure"})
    assert set(lacks.value.missing) == {"sale", "disclosure"}
    assert (world.state(), tags(world)[-1]) == (before, EventTag.RELEASE_REFUSED)


def test_only_what_is_offered_can_be_chosen_and_nothing_is_a_choice(world: World, desk: Desk) -> None:
    """A purpose or client that is not on offer is refused; choosing nothing delivers no notice and names the fields."""
    token = desk.start(world.person("Ada").id).token
    before = world.state()
    with pytest.raises(BadInput, match="offered"):
        desk.verbs.choose(token, purposes=frozenset({Purpose.MISSING_PERSON}), clients=frozenset({desk.shop}))
    with pytest.raises(BadInput, match="offered"):
        desk.verbs.choose(token, purposes=frozenset({DELIVERY}), kinds=frozenset({ClientKind.VENUE}))
    with pytest.raises(InvalidRelease) as nothing:
        desk.verbs.choose(token, purposes=frozenset())
    assert nothing.value.missing == ("n2", "n5")
    assert world.state() == before


def test_t02_without_a_policy_nothing_is_shown(world: World, desk: Desk) -> None:
    """No public policy, no notice: the screen stays empty (740 ILCS 14/15(a))."""
    token = desk.start(world.person("Ada").id).token
    connection = world.raw()
    connection.execute("DELETE FROM policy")
    connection.commit()
    connection.close()
    with pytest.raises(InvalidRelease) as missing:
        desk.choose(token)
    assert "n9" in missing.value.missing
    assert desk.verbs.screen(token).draft is None


def test_a_child_signs_through_its_representative(world: World, desk: Desk) -> None:
    """A minor's release needs the recorded representative's name and what gives the right; both are in the evidence."""
    subjects = world.engine.subjects
    cy = subjects.add("Cy", residency=["US-IL"], age_band=AgeBand.MINOR, representative="Ada Example").id
    token = desk.start(cy).token
    draft = desk.choose(token)
    with pytest.raises(InvalidRelease, match="right to sign"):
        desk.sign(token, draft, signer="Ada Example")
    with pytest.raises(InvalidRelease, match="representative"):
        desk.sign(token, draft, relation=Relation.PARENT)
    desk.sign(token, draft, signer="Ada Example", relation=Relation.PARENT)
    ((release, status),) = subjects.show(cy).releases
    signature = proved(world, cy, release.id)
    assert (signature["role"], signature["relation"], status) == ("representative", "parent", ConsentStatus.GIVEN)
    with pytest.raises(BadInput, match="minor"):
        desk.start(subjects.add("Di", residency=["US-IL"], age_band=AgeBand.MINOR).id)


def test_a_law_that_allows_no_minors_says_so(world: World, desk: Desk) -> None:
    """Of a child whose home nobody states the strictest law allows no faceprint: refused with the reason."""
    child = world.engine.subjects.add("Cy", residency=["unknown"], age_band=AgeBand.MINOR, representative="Ada").id
    token = desk.start(child).token
    with pytest.raises(InvalidRelease, match="allows no minors") as refused:
        desk.choose(token)
    assert refused.value.missing == ("minor",)
    desk.verbs.reside(token, "US-IL")
    assert desk.choose(token).terms.purposes == {DELIVERY}


def test_a_code_opens_once_and_wrong_ones_are_counted(world: World, desk: Desk) -> None:
    """The short code leads to the signing once; after thirty wrong ones nobody is let in for a while."""
    started = desk.start(world.person("Ada").id)
    assert started.code is not None
    token = desk.verbs.enter(f"{started.code[:4].lower()} - {started.code[4:]}")
    assert desk.verbs.screen(token).signing.id == started.signing.id
    with pytest.raises(NotSignedIn):
        desk.verbs.screen(started.token)
    for _ in range(30):
        with pytest.raises(NotFound):
            desk.verbs.enter(started.code)
    code = desk.start(world.person("Bo").id).code or ""
    with pytest.raises(TooMany) as wait:
        desk.verbs.enter(code)
    assert 0 < wait.value.retry_after_s <= 600
    world.clock.tick(minutes=11)
    assert desk.verbs.enter(code)


def test_an_invitation_lasts_two_weeks_and_a_new_signing_ends_the_old(world: World, desk: Desk) -> None:
    """The link of an invitation has no code; a second signing of the person, or the desk, ends it."""
    ada = world.person("Ada").id
    first = desk.start(ada, invitation=True)
    world.clock.tick(seconds=BY_INVITATION.total_seconds() - 60)
    assert first.code is None
    assert desk.verbs.screen(first.token)
    second = desk.start(ada)
    for dead in (first.token, "no-such-token"):
        with pytest.raises(NotSignedIn):
            desk.verbs.screen(dead)
    desk.verbs.stop(second.signing.id)
    with pytest.raises(NotSignedIn):
        desk.verbs.screen(second.token)
    with pytest.raises(BadInput, match="ended"):
        desk.verbs.stop(second.signing.id)
    with pytest.raises(NotFound):
        desk.verbs.stop(SigningId("sgn_none"))
    assert [one.state for one, _ in desk.verbs.everything()] == [SigningState.ENDED] * 2


def test_nothing_of_a_signing_lies_in_plain_and_it_dies_with_the_person(world: World, desk: Desk) -> None:
    """Token, code and draft are hashes and ciphertext; after a destruction no row of the signing is left."""
    ada = world.person("Ada").id
    started = desk.start(ada)
    draft = desk.choose(started.token)
    stored = b"".join(path.read_bytes() for path in world.data.rglob("*") if path.is_file())
    for secret in (started.token, started.code or "", draft.text[200:260]):
        assert secret.encode() not in stored
    desk.sign(started.token, draft)
    desk.verbs.picture(started.token, png(photo(face(1, 7))))
    finished = world.destroy(ada)
    assert finished.title == "complete"
    connection = world.raw()
    assert connection.execute("SELECT count(*) FROM signing").fetchone() == (0,)
    connection.close()
    with pytest.raises(NotSignedIn):
        desk.verbs.screen(started.token)


def test_a_revoked_source_covers_no_picture(world: World, desk: Desk) -> None:
    """Without the source's permission no signing is started, and the refusal is logged."""
    ada = world.person("Ada").id
    world.engine.sources.revoke(desk.source, by="acc_one", reason="letter")
    before = world.state()
    with pytest.raises(Refused) as refused:
        desk.start(ada)
    assert (refused.value.rule_id, world.state(), tags(world)[-1]) == (
        "source.revoked",
        before,
        EventTag.SIGNING_DENIED,
    )


@pytest.mark.parametrize(
    "raw", [[], [[[1, 2]]], [[[1, 2, 3]] * 9], [[["a", 1]] * 9], [[[float("nan"), 1]] * 9], [[[1, 1]] * 5000]]
)
def test_what_is_no_drawn_signature_is_refused(raw: Any) -> None:
    """A dot, a scribble of thousands of points, or what is no list of points is no signature."""
    with pytest.raises(InvalidRelease):
        strokes_of(raw)


class Story:
    """One signing, its steps in any order, and a model of what has to hold."""

    def __init__(self, folder: Path) -> None:
        self.clock = FakeClock()
        self.world = World(Engine.open(folder / "data", clock=self.clock), folder / "photos", self.clock)
        self.desk = Desk(self.world)
        self.ada = self.world.person("Ada").id
        self.started = self.desk.start(self.ada)
        self.draft: Draft | None = None
        self.crops = self.world.encoder.crops
        self.fresh = self.signed = self.frozen = False

    def choose(self) -> None:
        """Choose, and read."""
        self.draft = self.desk.choose(self.started.token)
        self.fresh = True

    def sign(self) -> None:
        """Sign what was read last; allowed just where it is fresh, not signed yet, and nothing was withdrawn."""
        may = self.fresh and not self.signed and not self.frozen
        if self.draft is None:
            return
        try:
            self.desk.sign(self.started.token, self.draft)
        except CountenanceError:
            assert not may
            return
        assert may
        self.signed, self.fresh = True, False

    def withdraw(self) -> None:
        """Withdraw everything."""
        self.world.engine.subjects.withdraw(self.ada)
        self.frozen = True

    def wait(self) -> None:
        """Let the notice grow old."""
        self.fresh = False
        self.clock.tick(minutes=31)

    def refuse(self) -> None:
        """Refuse at the screen."""
        self.desk.verbs.refuse(self.started.token)
        self.fresh = False

    def move(self) -> None:
        """Live elsewhere too."""
        self.fresh = False
        self.world.engine.homes.add(self.ada, "DE")

    def picture(self) -> None:
        """Show the face."""
        self.desk.verbs.picture(self.started.token, png(photo(face(1, 3))))
        assert self.signed

    def stop(self) -> None:
        """Stop it at the desk."""
        self.desk.verbs.stop(self.started.signing.id)
        self.fresh = False


STEPS = st.sampled_from(["choose", "sign", "withdraw", "wait", "refuse", "move", "picture", "stop"])


@given(steps=st.lists(STEPS, min_size=1, max_size=9))
@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_in_any_order_a_faceprint_needs_a_release_signed_as_shown(
    drawn: None, blank: Path, tmp_path_factory: pytest.TempPathFactory, steps: list[str]
) -> None:
    """Whatever the order of choosing, signing, withdrawing, waiting, moving: one release at most, and none unshown."""
    folder = tmp_path_factory.mktemp("story")
    shutil.copytree(blank, folder / "data")
    story = Story(folder)
    for step in steps:
        with suppress(CountenanceError):
            getattr(story, step)()
    assert len(story.world.engine.subjects.show(story.ada).releases) == int(story.signed)
    assert story.world.encoder.crops == story.crops or story.signed
    assert story.world.found(story.desk.shop, 1) <= ({story.ada} if story.signed and not story.frozen else set())
    shutil.rmtree(folder)
