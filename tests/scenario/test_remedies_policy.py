# SPDX-License-Identifier: Apache-2.0
"""Scenarios drawn from real remedies, on the law itself: who is encoded, who is served, what a result needs."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest
from fake_pack import face, photo, png
from world import DELIVERY, OPERATOR, PRESENT, World

from countenance import canonical
from countenance.clock import to_text
from countenance.errors import BadInput, InvalidRelease, NotFound, Refused
from countenance.ids import ClientId, SearchId, SubjectId
from countenance.model.client import Attestation, Site
from countenance.model.event import EventTag
from countenance.model.purpose import ClientKind, Purpose, parse_purpose
from countenance.model.review import ReviewState, Verdict
from countenance.model.search import Authorisation, ProbeBasis, SearchResult
from countenance.policy.engine import Enrolment, decide_enrolment
from countenance.policy.pack import Law, load, shipped
from countenance.policy.permit import Deny
from countenance.services.law import LawBook
from countenance.services.release_act import ReleaseTerms
from countenance.services.search import Request
from countenance.store import subjects as subject_rows

BADGE = "letter of the chief of 3 May"
LOOKED = "ann.of.the.second.desk"


def searched(world: World, client: ClientId, seed: int, **changes: str | ProbeBasis | None) -> SearchResult:
    """Search with a photo of this person that was never ingested, with something about the request changed."""
    request = Request(client, DELIVERY, PRESENT, OPERATOR, case="C-17")
    return world.engine.searches.search(png(photo(face(seed, 999))), replace(request, **changes))


def police(world: World) -> ClientId:
    """Add the police, with the written authorisation of the agency."""
    return world.engine.register.add_client(
        "Police", kind=ClientKind.LAW_ENFORCEMENT, purposes=[DELIVERY], authority=BADGE
    ).id


def shown_to_police(world: World, residency: str = "US-IL") -> tuple[ClientId, SubjectId]:
    """Enrol a person whose release names the police."""
    client, person = police(world), world.person("Ada", residency)
    world.sign(person.id, clients=[client])
    world.enrol(world.source(), person.id, 1)
    return client, person.id


def test_t01_a_release_signed_after_the_template_is_no_release(world: World) -> None:
    """15(b) says "unless it first": what is signed later permits nothing, and nothing of the face is kept."""
    ada = world.person("Ada")
    path = world.photo(1)
    before = world.encoder.crops
    summary, _ = world.ingest(world.source(), path, manifest=[(path, ada.id)])
    assert (summary.references, dict(summary.skipped)) == (0, {"consent.live": 1})
    assert world.encoder.crops == before
    world.clock.tick(days=1)
    signed = world.sign(ada.id)
    with world.engine._records.read() as work:
        policy = subject_rows.current_policy(work)
    assert policy is not None
    early = Enrolment("p/0", signed.signed_at, ada, signed, _source(world), policy.published_at)
    decision = decide_enrolment(early, Law.of([shipped()["us-il-bipa"]]))
    assert isinstance(decision, Deny)
    assert decision.rule_id == "consent.order"
    assert "740 ILCS 14/15" in decision.citation
    assert world.state().gallery == frozenset()
    assert world.log(EventTag.FACE_DENIED)[-1].payload["rule"] == "consent.live"


def _source(world: World) -> object:
    return world.engine.register.sources()[0]


def test_t02_without_a_public_policy_nobody_is_enrolled(world: World) -> None:
    """No public schedule, no faceprint (Mora): every enrolment is refused, and the check of health names 15(a)."""
    ada, client = world.person("Ada"), world.client()
    path, source = world.photo(1), world.source()
    with world.raw() as raw:
        raw.execute("PRAGMA foreign_keys = OFF")
        raw.execute("DELETE FROM policy")
    assert any("15(a)" in problem for problem in world.engine.doctor.problems())
    before = world.state()
    with pytest.raises(Refused) as refused:
        world.ingest(source, path, manifest=[(path, ada.id)])
    assert refused.value.rule_id == "policy.public"
    with pytest.raises(InvalidRelease) as incomplete:
        world.sign(ada.id)
    assert "n9" in incomplete.value.missing
    with pytest.raises(Refused) as unsearched:
        world.search(client, 1)
    assert "15(a)" in unsearched.value.citation
    assert world.state() == before
    assert world.encoder.crops == 0


def test_t03_a_release_without_a_term_or_for_other_purposes_is_incomplete(world: World) -> None:
    """15(b)(2) asks for a specific purpose and a length of term; the refusal lists n2 and n3."""
    ada = world.person("Ada")
    before = world.state()
    with pytest.raises(InvalidRelease) as refused:
        world.engine.subjects.deliver_notice(
            ada.id, ReleaseTerms(frozenset(), frozenset(), frozenset({ClientKind.PHOTOGRAPHER}), None)
        )
    assert set(refused.value.missing) == {"n2", "n3"}
    assert world.log(EventTag.RELEASE_REFUSED)[-1].payload["missing"] == ["n2", "n3"]
    assert world.state() == before
    with pytest.raises(BadInput, match="no purpose known here"):
        parse_purpose("other")


def test_t06_in_a_group_photo_one_release_makes_one_template(world: World) -> None:
    """Of a group only the person who signed reaches the encoder (Rivera): one crop, one reference."""
    ada = world.person("Ada")
    world.sign(ada.id)
    path = world.photo(1, 2, 3, 4)
    summary, _ = world.ingest(world.source(), path, manifest=[(path, ada.id, 0)])
    assert (summary.faces, summary.references, summary.bystanders) == (4, 1, 3)
    assert world.encoder.crops == 1
    assert len(world.state().gallery) == 1


def test_t08_a_client_that_no_release_names_cannot_tell_a_match_from_nobody(world: World) -> None:
    """15(d): whoever is not named gets the answer that a stranger would get; only the log knows the difference."""
    named, other, ada = world.client("Named"), world.client("Other"), world.person("Ada")
    stranger = searched(world, other, 1)
    world.sign(ada.id, clients=[named])
    world.enrol(world.source(), ada.id, 1)
    assert searched(world, named, 1).candidates
    held = searched(world, other, 1)
    assert (held.candidates, held.gallery, held.threshold) == ((), stranger.gallery, stranger.threshold)
    without = [dict(event.payload)["without_ground"] for event in world.log(EventTag.SEARCH_ANSWERED)]
    assert without == [0, 0, 1]
    first, last = (dict(e.payload) for e in world.log(EventTag.SEARCH_ANSWERED)[::2])
    assert {k for k in first if first[k] != last[k]} == {"search", "started", "ended", "without_ground"}


MODES = {
    "deny": (False, False),
    "subject_present": (True, False),
    "attested_basis": (True, True),
}


@pytest.mark.parametrize("mode", MODES)
def test_t09_an_unenrolled_probe_is_searched_as_the_mode_says(world: World, mode: str) -> None:
    """Who asks is searched for; a client's word suffices only where the law says so; nothing of a probe stays."""
    client, ada = world.client(), world.person("Ada")
    world.sign(ada.id)
    world.enrol(world.source(), ada.id, 1)
    text = LENIENT.replace('probe_mode = "attested_basis"', f'probe_mode = "{mode}"')
    book = LawBook({"xx-all": load(text, "xx-all.toml")})
    world.engine.searches._law = book
    for basis, answered in zip((PRESENT, ProbeBasis.ATTESTED), MODES[mode], strict=True):
        world.encoder.vectors.clear()
        before = world.state()
        if answered:
            assert searched(world, client, 7, basis=basis).candidates == ()
            (vector,) = world.encoder.vectors
            disk = world.bytes_on_disk()
            assert vector.tobytes() not in disk
            assert canonical.sha256(png(photo(face(7, 999)))).encode() not in disk
        else:
            with pytest.raises(Refused) as refused:
                searched(world, client, 7, basis=basis)
            assert refused.value.rule_id == "probe.basis"
            assert world.log()[-1].payload["rule"] == "probe.basis"
            assert world.encoder.vectors == []
        rows = {name: n for name, n in world.state().rows.items() if name != "search"}
        assert rows == {name: n for name, n in before.rows.items() if name != "search"}


LENIENT = """\
[pack]
id = "xx-all"
version = "2026.07.1"
effective_from = 2026-07-01
reviewed_on = 2026-07-31
reviewer = "unreviewed"
history = "none"
cites = ["Test Act"]
[applies]
residency = ["*"]
capture_place = ["*"]
client_place = ["*"]
unknown_residency = "apply"
[processing]
probe_mode = "attested_basis"
[cites]
processing = "Test Act 1"
"""


def test_t11_unknown_residency_is_the_strictest_law_and_says_why(world: World) -> None:
    """Where nobody has said where a person lives, every value is the strictest, and an explanation says whose it is."""
    ada = world.person("Ada", "unknown")
    law = world.engine._law.of_subject(ada)
    strict = Law.of([shipped()["default-strict"]])
    encoded = [repr(sorted(one.values.items())).encode() for one in (law, strict)]
    assert encoded[0] == encoded[1]
    assert law.digest == strict.digest
    found = world.engine.explain.key("retention.after_last_interaction_days", ada.id)
    assert [pack for pack, _, _ in found.said] == ["default-strict"]
    assert found.citation.startswith("default-strict: ")
    assert world.log()[-1].tag is EventTag.LAW_EXPLAINED


@pytest.mark.parametrize("kind", [ClientKind.INDIVIDUAL, ClientKind.TRIAL, ClientKind.UNVETTED])
def test_t22_individuals_trials_and_the_unvetted_are_no_clients(world: World, kind: ClientKind) -> None:
    """The settlement of 2022 serves no individuals and no trials: no account of these kinds is made."""
    before = world.state()
    with pytest.raises(Refused) as refused:
        world.client(kind=kind)
    assert refused.value.rule_id == "client.kind"
    assert world.log()[-1].payload["rule"] == "client.kind"
    assert world.state() == before


def test_t22_an_officer_needs_the_agencys_authorisation(world: World) -> None:
    """An officer outside official authority gets no account; with the agency's letter the agency does."""
    with pytest.raises(Refused) as refused:
        world.client("Officer", ClientKind.LAW_ENFORCEMENT)
    assert refused.value.rule_id == "client.authority"
    assert police(world) in [client.id for client in world.engine.register.clients()]
    assert BADGE.encode() not in world.bytes_on_disk()


def test_t22_an_order_bars_the_clients_of_a_state_from_the_next_call_on(world: World) -> None:
    """A ban on Illinois entities ends those there at once, keeps new ones out, and its end brings them back."""
    add = world.engine.register.add_client
    shop, far, ada = world.client("Unplaced"), None, world.person("Ada", "US-NV")
    here = add("Chicago", kind=ClientKind.PHOTOGRAPHER, purposes=[DELIVERY], place="US-IL").id
    far = add("Reno", kind=ClientKind.PHOTOGRAPHER, purposes=[DELIVERY], place="US-NV").id
    world.sign(ada.id)
    world.enrol(world.source(), ada.id, 1)
    assert world.found(here, 1) == world.found(far, 1) == {ada.id}
    assert set(world.engine.register.bar_clients("ord_ban", places=["US-IL"])) == {here, shop}
    with pytest.raises(Refused) as refused:
        world.found(here, 1)
    assert refused.value.rule_id == "client.suspended"
    assert world.log()[-1].payload["rule"] == "client.suspended"
    world.reopen()
    with pytest.raises(Refused):
        world.found(here, 1)
    assert world.found(far, 1) == {ada.id}
    with pytest.raises(Refused) as barred:
        world.engine.register.add_client("Peoria", kind=ClientKind.PHOTOGRAPHER, purposes=[DELIVERY], place="US-IL")
    assert barred.value.rule_id == "client.barred"
    with pytest.raises(Refused):
        world.engine.register.reinstate_client(here)
    register = {one.client: one for one in world.engine.register.published()}
    assert register[here].suspended_at is not None
    assert (register[far].kind, register[far].purposes) == (ClientKind.PHOTOGRAPHER, (DELIVERY,))
    assert register[far].suspended_at is None
    assert set(world.engine.register.unbar_clients("ord_ban")) == {here, shop}
    assert world.found(here, 1) == {ada.id}


def test_t22_shops_in_new_york_attest_and_in_portland_are_not_served(world: World) -> None:
    """A place that the public enters needs signs in New York City, and is not served in Portland."""

    def add(place: str, *attests: Attestation) -> None:
        world.engine.register.add_client(
            "Shop", kind=ClientKind.VENUE, purposes=[DELIVERY], place=place, site=Site.PUBLIC, attests=attests
        )

    for place, attests, rule in (
        ("US-NY-NYC", (), "client.attests"),
        ("US-NY-NYC", (Attestation.NYC_SIGNAGE,), "client.attests"),
        ("US-OR-PDX", tuple(Attestation), "client.site"),
    ):
        with pytest.raises(Refused) as refused:
            add(place, *attests)
        assert refused.value.rule_id == rule
    add("US-NY-NYC", *Attestation)


def test_t24_two_people_confirm_before_a_result_counts(world: World) -> None:
    """Under the AI Act a candidate is unconfirmed until two accounts have looked; the log says who was asked for."""
    client, ada = world.client(), world.person("Ada", "DE")
    world.sign(ada.id)
    world.enrol(world.source(), ada.id, 1)
    result = world.search(client, 1)
    (candidate,) = result.candidates
    assert candidate.confirmations == 2
    results = world.engine.results
    assert results.decide(result.id, ada.id, Verdict.SAME, by=LOOKED).reviewed_by == (LOOKED,)
    before = world.state()
    with pytest.raises(Refused) as refused:
        results.decide(result.id, ada.id, Verdict.SAME, by=f" {LOOKED.upper()} ")
    assert refused.value.rule_id == "result.two_persons"
    assert "Art. 14(5)" in refused.value.citation
    assert world.log()[-1].tag is EventTag.RESULT_REFUSED
    assert world.state() == before
    (held,) = results.show(result.id).candidates
    assert (held.needed, held.reviewed_by, held.state) == (2, (LOOKED,), ReviewState.UNCONFIRMED)
    assert world.log(EventTag.RESULT_CONFIRMED) == []
    results.decide(result.id, ada.id, Verdict.SAME, by="bo")
    (held,) = results.show(result.id).candidates
    assert (held.reviewed_by, held.state) == ((LOOKED, "bo"), ReviewState.CONFIRMED)
    entry = world.log(EventTag.RESULT_CONFIRMED)[-1].payload
    assert (entry["same"], entry["needed"]) == (2, 2)
    codes = [entry["by"] for entry in (e.payload for e in world.log(EventTag.RESULT_REVIEWED))]
    assert codes == [results.account_code(LOOKED.upper()), results.account_code("bo")]
    assert world.log(EventTag.RESULT_REFUSED)[-1].payload["by"] == codes[0]
    assert LOOKED.encode() not in world.bytes_on_disk()
    with pytest.raises(NotFound):
        results.decide(result.id, SubjectId("sub_else"), Verdict.SAME, by="cy")
    world.destroy(ada.id)
    assert world.rows()["confirmation"] == 0
    assert [e.payload["by"] for e in world.log(EventTag.RESULT_REVIEWED)] == codes
    with pytest.raises(BadInput):
        results.account_code(" ")


def test_t24_the_log_says_when_a_search_was_used_and_on_what(world: World) -> None:
    """Start, end and reference database (encoder, size, purpose) of each use are logged, and nothing of the probe."""
    client, ada = world.client(), world.person("Ada")
    world.sign(ada.id)
    world.enrol(world.source(), ada.id, 1)
    entries = []
    for seed in (1, 7):
        before = world.clock.moment
        world.search(client, seed)
        entries.append(world.log(EventTag.SEARCH_ANSWERED)[-1].payload)
        assert to_text(before) <= entries[-1]["started"] <= entries[-1]["ended"] <= to_text(world.clock.moment)
        assert entries[-1]["ended"] == to_text(world.log()[-1].at)
    world.engine.searches.verify(
        *[png(photo(face(1, n))) for n in (5, 6)], Request(client, DELIVERY, PRESENT, OPERATOR)
    )
    entries.append(world.log(EventTag.SEARCH_ANSWERED)[-1].payload)
    for entry in entries:
        assert (entry["encoder"], entry["purpose"]) == (world.encoder.digest, DELIVERY.value)
        assert entry["started"] < entry["ended"]
    own = {"search", "started", "ended", "outcome", "candidates"}
    found, nobody = ({name: value for name, value in one.items() if name not in own} for one in entries[:2])
    assert found == nobody
    assert found["gallery"] == 1


def test_t24_the_police_search_with_an_authorisation_only(world: World) -> None:
    """Without a warrant or a pending one the search is refused and nothing is encoded; with one it is answered."""
    client, ada = shown_to_police(world)
    crops, before = world.encoder.crops, world.state()
    with pytest.raises(Refused) as refused:
        searched(world, client, 1)
    assert refused.value.rule_id == "search.authorisation"
    assert world.log()[-1].payload["rule"] == "search.authorisation"
    assert (world.encoder.crops, world.state()) == (crops, before)
    result = searched(world, client, 1, authorisation="warrant 12 of 2026")
    assert [c.subject for c in result.candidates] == [ada]
    assert world.engine.results.show(result.id).authorisation is Authorisation.GIVEN
    assert b"warrant 12" not in world.bytes_on_disk()


def test_t24_a_refused_authorisation_purges_the_search(world: World) -> None:
    """Refused within 48 hours, the search and all that came of it go; the log keeps that there was one."""
    client, ada = shown_to_police(world)
    result = searched(world, client, 1, authorisation="pending")
    world.engine.results.decide(result.id, ada, Verdict.SAME, by="ann")
    world.engine.results.refuse(result.id)
    _purged(world, result.id, "refused")
    assert world.engine.subjects.show(ada).findings == ()


def test_t24_an_authorisation_that_comes_late_counts_as_refused(world: World) -> None:
    """After 48 hours the client is not served until the search is gone; in time the authorisation saves it."""
    client, _ = shown_to_police(world)
    saved = searched(world, client, 1, authorisation="pending")
    late = searched(world, client, 1, authorisation="pending")
    world.clock.tick(hours=47)
    world.engine.results.authorise(saved.id, "decision of 4 May")
    world.clock.tick(hours=2)
    with pytest.raises(Refused) as refused:
        searched(world, client, 1, authorisation="warrant 13")
    assert refused.value.rule_id == "client.overdue"
    assert world.engine.results.purge_overdue() == [late.id]
    _purged(world, late.id, "overdue")
    assert world.engine.results.show(saved.id).authorisation is Authorisation.GIVEN
    assert searched(world, client, 1, authorisation="warrant 13").candidates


def test_t24_an_overdue_authorisation_is_purged_by_the_clock_too(world: World) -> None:
    """`retention run` deletes what is late though nobody looks; what is in time and what was shown stays."""
    client, _ = shown_to_police(world)
    late = searched(world, client, 1, authorisation="pending")
    world.clock.tick(hours=47)
    young = searched(world, client, 1, authorisation="pending")
    given = searched(world, client, 1, authorisation="warrant 13")
    assert world.engine.retention.run().purged == 0
    world.clock.tick(hours=2)
    assert world.engine.retention.run().purged == 1
    _purged(world, late.id, "overdue")
    assert [world.engine.results.show(one.id).search for one in (young, given)] == [young.id, given.id]


def _purged(world: World, search: SearchId, reason: str) -> None:
    with pytest.raises(NotFound):
        world.engine.results.show(search)
    with world.raw() as raw:
        for table in ("search_candidate", "confirmation", "search_authorisation"):
            assert raw.execute(f"SELECT count(*) FROM {table} WHERE search = ?", (search,)).fetchone() == (0,)
    entry = world.log(EventTag.SEARCH_PURGED)[-1].payload
    assert (entry["search"], entry["reason"]) == (search, reason)
    assert [e for e in world.log(EventTag.SEARCH_ANSWERED) if dict(e.payload)["search"] == search]


def test_the_log_and_the_explanation_of_a_search_agree(world: World) -> None:
    """What `explain` says no to is what a search refuses, by the same rule, with the same remedy."""
    client = world.client()
    parts = world.engine.explain.search(client, Purpose.MISSING_PERSON)
    denied = [part.denied_by for part in parts if part.denied_by is not None]
    with pytest.raises(Refused) as refused:
        world.search(client, 1, Purpose.MISSING_PERSON)
    assert [rule.rule_id for rule in denied] == [refused.value.rule_id]
    assert denied[0].remedy in refused.value.reason
    index = world.log(EventTag.SEARCH_REFUSED)[-1].number - 1
    found = world.engine.explain.event(index)
    assert (found.rule, found.remedy) == (refused.value.rule_id, denied[0].remedy)
    assert timedelta(0) <= world.clock.now() - found.at
