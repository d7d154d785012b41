# SPDX-License-Identifier: Apache-2.0
"""A custodian's desk over HTTP: an order from its entry to its certificate, by two people and never by one."""

from __future__ import annotations

import base64
import json
from datetime import UTC, datetime

import pytest
from order_examples import QUOTE, TEXT, order_toml
from served import ClientFor
from starlette.testclient import TestClient
from world import World

from countenance.ids import SubjectId
from countenance.ledger.checkpoint import Trust
from countenance.ledger.note import parse_key
from countenance.ledger.verify import verify_certificate
from countenance.model.account import Role
from countenance.model.event import EventTag

API = "/api/v1"
ILLINOIS = 'residency = { places = ["US-IL"], when = "ever" }'


@pytest.fixture
def ann(client_for: ClientFor) -> TestClient:
    """A custodian."""
    return client_for(Role.CUSTODIAN)


@pytest.fixture
def bea(client_for: ClientFor) -> TestClient:
    """Another one."""
    return client_for(Role.CUSTODIAN)


def person(world: World, seed: int = 1) -> SubjectId:
    """Enrol somebody of Illinois."""
    who = world.person("Ada").id
    world.sign(who)
    world.enrol(world.source(), who, seed)
    return who


def entered(by: TestClient, text: str | None = None) -> str:
    """Enter an order by its file; return its id."""
    answer = by.post(f"{API}/orders", files={"file": ("order.toml", (text or order_toml(ILLINOIS)).encode())})
    assert answer.status_code == 201, answer.text
    return str(answer.json()["id"])


def done(by: TestClient, path: str, said: object = None, status: int = 200) -> dict[str, object]:
    """Post, and return the answer."""
    answer = by.post(f"{API}{path}", json=said)
    assert answer.status_code == status, answer.text
    return answer.json() if answer.content else {}


def test_an_order_from_entry_to_certificate_by_two_custodians(world: World, ann: TestClient, bea: TestClient) -> None:
    """Entered by one, confirmed by the other, previewed, frozen, executed by both; its certificate verifies offline."""
    person(world)
    client = world.client()
    order = entered(ann)
    assert done(bea, f"/orders/{order}/confirm")["status"] == "confirmed"
    seen = done(bea, f"/orders/{order}/preview")
    assert (seen["members"], seen["unknown"], seen["nonmembers"]) == (1, 0, 0)
    frozen = done(ann, f"/orders/{order}/freeze")
    assert (frozen["status"], frozen["class_root"]) == ("in_force", seen["class_root"])
    assert world.found(client, 1) == set()
    planned = done(ann, f"/orders/{order}/execute", status=202)
    assert (planned["state"], planned["progress"]) == ("frozen", None)
    waits = {one["kind"]: one["urgency"] for one in bea.get(f"{API}/worklist").json()}
    assert waits["run_approve"] == "yours"
    begun = done(bea, f"/orders/{order}/execute", {"name": "B. Bell", "title": "Counsel"}, status=202)
    assert world.engine.background.settle(60)
    run = ann.get(f"{API}/runs/{begun['id']}").json()
    assert (run["state"], run["title"], run["progress"]["state"]) == ("certified", "complete", "done")
    signed = ann.get(f"{API}/certificates/{run['certificate']}")
    assert signed.headers["content-disposition"].startswith("attachment")
    proved = verify_certificate(signed.content, Trust((parse_key(world.engine.journal.verifier_key()),)))
    assert proved.certificate.declarant.name == "B. Bell"
    page = ann.get(f"{API}/certificates/{run['certificate']}/page").text
    assert "Certificate of destruction" in page
    assert ann.get(f"{API}/orders/{order}").json()["status"] == "satisfied"
    assert ann.get(f"{API}/certificates").json()["items"][0]["id"] == run["certificate"]


@pytest.mark.parametrize("step", ["confirm", "execute", "approve"])
def test_one_custodian_alone_is_refused_at_every_second_step(
    world: World, ann: TestClient, bea: TestClient, step: str
) -> None:
    """Where two are needed, one account that tries both is refused by its rule, which is logged, and nothing moves."""
    person(world)
    order = entered(ann)
    if step == "confirm":
        path, rule, tag = f"/orders/{order}/confirm", "order.dual_control", EventTag.ORDER_REFUSED
    else:
        done(bea, f"/orders/{order}/confirm")
        done(ann, f"/orders/{order}/freeze")
        run = done(ann, f"/orders/{order}/execute", status=202)["id"]
        if step == "execute":  # given again by the same person it plans, and destroys nothing
            assert done(ann, f"/orders/{order}/execute", status=202)["state"] == "frozen"
            return
        path, rule, tag = f"/runs/{run}/approve", "destroy.dual_control", EventTag.RUN_REFUSED
    before = world.state()
    answer = ann.post(f"{API}{path}")
    assert (answer.status_code, answer.json()["rule"]) == (403, rule)
    assert world.log(tag)[-1].payload["rule"] == rule
    assert world.state() == before


def test_an_order_is_entered_by_its_fields(ann: TestClient) -> None:
    """Who has no order file gives the fields; what is missing is said, and the same order comes of it."""
    said = {
        "kind": "injunction",
        "authority": "Circuit Court",
        "matter": "1:26",
        "text": TEXT,
        "binds": ["Example Museum"],
        "dates": {"issued_at": "2026-01-10", "served_at": "2026-01-10"},
        "terms": [{"verb": "stop_search", "quote": QUOTE}],
        "class_kind": "residents",
        "class_values": ["US-IL"],
        "counsel": [{"name": "P.", "contact": "p@example.com", "acts_for": "plaintiffs"}],
    }
    order = done(ann, "/orders/form", said, 201)
    assert (order["status"], order["terms"][0]["quote"]) == ("draft", QUOTE)
    answer = ann.post(f"{API}/orders/form", json={**said, "terms": []})
    assert (answer.status_code, answer.json()["code"]) == (422, "bad_order")


def test_lists_come_in_pages(ann: TestClient) -> None:
    """A list ends where it says so, and goes on where it was cut; a page after nothing is refused."""
    orders = [entered(ann) for _ in range(3)]
    first = ann.get(f"{API}/orders", params={"limit": 2}).json()
    assert [one["id"] for one in first["items"]] == orders[:0:-1]
    second = ann.get(f"{API}/orders", params={"after": first["next"]}).json()
    assert ([one["id"] for one in second["items"]], second["next"]) == (orders[:1], None)
    assert ann.get(f"{API}/orders", params={"after": "x"}).status_code == 422
    assert ann.get(f"{API}/orders", params={"status": "stayed"}).json()["items"] == []


def test_a_hold_is_placed_reviewed_and_lifted(world: World, ann: TestClient, bea: TestClient) -> None:
    """Held, nobody finds the person; reviewed, its next day is set; lifted by two where the law asks for two."""
    who, client = person(world), world.client()
    held = done(ann, "/holds", {"subjects": [who], "basis": "warrant", "matter": "W-1", "review_every_days": 30}, 201)
    assert held["subjects"] == [who]
    assert world.found(client, 1) == set()
    assert done(ann, f"/holds/{held['id']}/review")["reviewed_at"] is not None
    lifted = done(ann, f"/holds/{held['id']}/lift")
    if lifted["lifted_at"] is None:
        assert lifted["ending_by"]
        answer = ann.post(f"{API}/holds/{held['id']}/lift")
        assert (answer.status_code, answer.json()["rule"]) == (403, "hold.dual_control")
        lifted = done(bea, f"/holds/{held['id']}/lift")
    assert lifted["lifted_at"] is not None
    assert ann.get(f"{API}/holds/{held['id']}").json()["lifted_at"] is not None


def test_orders_that_conflict_are_decided_by_two(world: World, ann: TestClient, bea: TestClient) -> None:
    """One order destroys, one retains: nothing is destroyed until two custodians record the same decision."""
    person(world)
    ids = []
    for kind, verbs in (("settlement", ["destroy"]), ("settlement", ["retain"])):
        order = entered(ann, order_toml(ILLINOIS, kind=kind, verbs=verbs))
        done(bea, f"/orders/{order}/confirm")
        done(bea, f"/orders/{order}/freeze")
        ids.append(order)
    (conflict,) = [one for one in ann.get(f"{API}/conflicts").json()["items"] if one["kind"] == "orders"]
    answer = ann.post(f"{API}/orders/{ids[0]}/execute")
    assert (answer.status_code, answer.json()["rule"]) == (403, "order.conflict")
    said = {"prevails": ids[1], "why": "Stipulation"}
    first = done(ann, f"/conflicts/{conflict['id']}/resolve", said)
    assert (first["decision"], first["proposed"], first["why"]) == (None, ids[1], "Stipulation")
    answer = ann.post(f"{API}/conflicts/{conflict['id']}/resolve", json=said)
    assert answer.json()["rule"] == "order.dual_control"
    assert done(bea, f"/conflicts/{conflict['id']}/resolve", said)["decision"] == ids[1]


def test_a_request_is_answered_and_another_erases(world: World, ann: TestClient, client_for: ClientFor) -> None:
    """Access is answered with an archive that is recorded by its digest; erasure waits for it and then certifies."""
    who, desk = person(world), client_for(Role.OPERATOR)
    access = done(desk, "/requests", {"subject": who, "kind": "access", "verified_by": "account"}, 201)
    erase = done(desk, "/requests", {"subject": who, "kind": "erase", "verified_by": "account"}, 201)
    assert done(desk, f"/requests/{access['id']}/acknowledge")["acknowledged_at"] is not None
    given = desk.post(f"{API}/requests/{access['id']}/archive")
    assert given.content[:2] == b"PK"
    said = {"sha256": given.headers["countenance-sha256"]}
    assert done(desk, f"/requests/{access['id']}/answered", said)["state"] == "answered"
    run = done(desk, f"/requests/{erase['id']}/erase", status=202)
    if run["state"] == "frozen":
        done(ann, f"/runs/{run['id']}/approve", status=202)
    assert world.engine.background.settle(60)
    assert desk.get(f"{API}/requests/{erase['id']}").json()["state"] == "answered"
    assert done(desk, f"/requests/{erase['id']}/close", {})["outcome"] == "fulfilled"
    assert desk.get(f"{API}/runs").status_code == 403


def test_the_clock_is_followed_over_http(world: World, ann: TestClient, client_for: ClientFor) -> None:
    """The calendar says on which day whose time is up; followed on that day, the person is destroyed."""
    who = person(world)
    at = world.engine.retention.status().next[0].at
    day = at.date().isoformat()
    days = ann.get(f"{API}/retention/calendar", params={"first": day, "last": day}).json()
    assert days == [{"day": day, "due": 1, "held": 0, "waiting": 0}]
    assert ann.get(f"{API}/retention/days/{day}").json()["items"][0]["subject"] == who
    done(ann, "/retention/facts", {"kind": "unneeded", "subject": who}, 204)
    world.clock.tick(seconds=(at - datetime.now(UTC)).total_seconds() + 5)
    ann = client_for(Role.CUSTODIAN)  # the session of before has ended
    done(ann, "/retention/run", status=202)
    assert world.engine.background.settle(60)
    (followed,) = ann.get(f"{API}/retention/runs").json()
    assert followed["counts"]["destroyed"] == 1
    assert ann.get(f"{API}/retention").json()["overdue"] == 0


def test_evidence_is_opened_by_two(world: World, ann: TestClient, bea: TestClient) -> None:
    """What a destroyed person signed is found by a paper's id, asked for by one and opened by another, once."""
    who = person(world)
    world.destroy(who)
    found = done(ann, "/evidence/find", {"known": who})
    path = f"/evidence/{found['id']}"
    done(ann, f"{path}/ask", {"why": "claim 7"}, 204)
    assert ann.post(f"{API}{path}/open").json()["rule"] == "evidence.two_people"
    assert bea.get(f"{API}/evidence").json()["items"][0]["why"] == "claim 7"
    opened = done(bea, f"{path}/open")
    signed = json.loads(base64.b64decode(next(iter(opened["releases"].values()))))
    assert signed["schema"].startswith("countenance-release")
    assert bea.post(f"{API}{path}/open").status_code == 403


def test_recipients_breaches_and_law_have_their_routes(world: World, ann: TestClient, bea: TestClient) -> None:
    """A processor is told and settles; a breach is drilled, reported, closed; a law file needs a second account."""
    who = person(world)
    processor = done(ann, "/processors", {"name": "Host Ltd"}, 201)
    world.destroy(who)
    (told,) = ann.get(f"{API}/instructions").json()["items"]
    assert told["name"] == "Host Ltd"
    assert who in ann.post(f"{API}/instructions/{told['id']}/letter").text
    done(ann, f"/instructions/{told['id']}/settle", {"outcome": "confirmed", "evidence": "mail of today"}, 204)
    done(ann, f"/processors/{processor['id']}/end", status=204)
    assert ann.get(f"{API}/processors").json()[0]["ended_at"] is not None

    person(world, 2)
    drilled = done(ann, "/breaches/drill", {"exposed": ["records", "keyring"]})
    assert drilled["affected"][0]["people"] == 1
    case = done(ann, "/breaches", {"exposed": ["records"]}, 201)
    assert done(ann, f"/breaches/{case['id']}/close", {"note": "told all"})["closed_at"] is not None
    assert ann.get(f"{API}/breaches").json()[0]["note"] == "told all"

    packs = {one["id"]: one for one in ann.get(f"{API}/law/files").json()}
    assert ann.get(f"{API}/law/files/us-il-bipa").json()["values"]
    declared = next(name for name, one in packs.items() if not one["in_use"])
    assert done(ann, f"/law/files/{declared}/declare")["confirmed_at"] is not None
    change = done(ann, f"/law/files/{declared}/drop", status=201)
    assert ann.post(f"{API}/law/changes/{change['id']}/confirm").json()["rule"] == "law.dual_control"
    assert bea.get(f"{API}/law/changes").json()[0]["id"] == change["id"]
    assert done(bea, f"/law/changes/{change['id']}/confirm")["confirmed_at"] is not None


def test_decisions_are_explained(world: World, ann: TestClient) -> None:
    """Each rule says whether it is met, for an enrolment, a search, a key, and a refusal in the log."""
    who, client = person(world), world.client()
    (part,) = ann.get(f"{API}/explain/enrol", params={"subject": who}).json()
    assert part["denied_by"] is None
    asked = {"client": client, "purpose": "photo_delivery", "subject": who}
    assert len(ann.get(f"{API}/explain/search", params=asked).json()) == 3
    key = ann.get(f"{API}/explain/keys/destruction.request_deadline_days").json()
    assert key["citation"]
    order = entered(ann)
    ann.post(f"{API}/orders/{order}/confirm")
    (refused,) = world.log(EventTag.ORDER_REFUSED)
    reason = ann.get(f"{API}/explain/events/{refused.number - 1}").json()
    assert reason["rule"] == "order.dual_control"


def test_a_source_is_revoked_and_a_release_voided(world: World, ann: TestClient, bea: TestClient) -> None:
    """Revoked, a source gives nothing more at once, and what came from it alone waits for a second person."""
    who, source = world.person("Ada").id, world.source()
    release = world.sign(who)
    world.enrol(source, who, 1)
    run = done(ann, f"/sources/{source}/revoke", {"reason": "letter"}, 202)
    assert run["state"] == "frozen"
    assert ann.post(f"{API}/runs/{run['id']}/approve").json()["rule"] == "destroy.dual_control"
    done(bea, f"/runs/{run['id']}/approve", status=202)
    assert world.engine.background.settle(60)
    assert ann.get(f"{API}/runs/{run['id']}").json()["state"] == "certified"
    done(ann, f"/releases/{release.id}/invalidate", {"order": entered(ann)}, 204)
    assert world.log(EventTag.RELEASE_INVALIDATED)


def test_a_declarant_is_named_later(world: World, ann: TestClient, bea: TestClient) -> None:
    """On the page of a certified run; the new certificate names the declarant and the one that it replaces."""
    who = person(world)
    run = done(ann, "/runs", {"subjects": [who], "reason": "letter"}, 201)["id"]
    if done(ann, f"/runs/{run}/continue", status=202)["state"] == "frozen":
        done(bea, f"/runs/{run}/approve", status=202)
    assert world.engine.background.settle(60)
    first = ann.get(f"{API}/runs/{run}").json()["certificate"]
    assert "Name who declares it" in ann.get(f"/runs/{run}").text
    said = {"name": "C. Counsel", "title": "General counsel"}
    assert ann.post(f"/runs/{run}/continue", data=said).status_code == 303
    assert world.engine.background.settle(60)
    found = ann.get(f"{API}/runs/{run}").json()
    signed = json.loads(ann.get(f"{API}/certificates/{found['certificate']}").content)
    assert (signed["supersedes"], signed["declarant"]["name"]) == (first, "C. Counsel")
