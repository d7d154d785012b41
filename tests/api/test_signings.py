# SPDX-License-Identifier: Apache-2.0
"""Signing and one's own view over HTTP: T01 to T04 through the server, and what a link opens and does not open."""

from __future__ import annotations

import io
import json
import zipfile
from typing import Any

import pytest
from fake_pack import face, photo, png
from served import ORIGIN, ClientFor, Server
from starlette.testclient import TestClient
from world import World

from countenance.ids import SubjectId
from countenance.ledger.checkpoint import Trust
from countenance.ledger.note import parse_key
from countenance.ledger.verify import verify_release
from countenance.model.account import Role
from countenance.model.destruction import RunState
from countenance.model.event import EventTag

RAW = {"Content-Type": "application/octet-stream"}


class Desk:
    """A desk, and a tablet that is not signed in."""

    def __init__(self, world: World, server: Server, client_for: ClientFor) -> None:
        self.world = world
        self.desk = client_for(Role.OPERATOR)
        self.tablet: TestClient = server()
        self.shop = world.client("Shop")
        self.source = world.source()
        self.server = server

    def start(self, **person: Any) -> tuple[str, SubjectId]:
        """Add somebody and start a signing; return the path of the tablet's link in the API."""
        made = self.desk.post("/api/v1/people", json={"label": "Ada", "residency": ["US-IL"], **person})
        subject = SubjectId(made.json()["id"])
        offer = {"purposes": ["photo_delivery", "archive_search"], "clients": [self.shop], "term_days": 300}
        answer = self.desk.post("/api/v1/signings", json={"subject": subject, "source": self.source, **offer})
        assert answer.status_code == 201
        return "/api/v1/signing/" + answer.json()["link"].rsplit("/", 1)[1], subject

    def sign(self, path: str) -> dict[str, Any]:
        """Choose, tick and sign."""
        chosen = {"purposes": ["photo_delivery"], "clients": [self.shop]}
        draft = self.tablet.post(f"{path}/choice", json=chosen).json()
        act = {"text_sha256": draft["text_sha256"], "name": "Ada", "statements": draft["statements"]}
        answer = self.tablet.post(f"{path}/signature", json=act)
        assert answer.status_code == 201
        return dict(answer.json())


@pytest.fixture
def desk(world: World, server: Server, client_for: ClientFor) -> Desk:
    """A desk."""
    return Desk(world, server, client_for)


def test_t04_signed_on_the_tablet_and_verified_by_a_stranger(world: World, desk: Desk) -> None:
    """A tablet that is not signed in signs with the link alone; the receipt verifies offline, the picture is found."""
    path, subject = desk.start()
    shown = desk.tablet.get(path).json()
    assert (shown["state"], shown["draft"]) == ("open", None)
    desk.sign(path)
    taken = desk.tablet.post(f"{path}/picture", content=png(photo(face(1, 5))), headers=RAW)
    assert (taken.status_code, taken.json()["state"]) == (200, "reference")
    assert world.found(desk.shop, 1) == {subject}
    receipt = desk.tablet.get(f"{path}/receipt")
    assert receipt.headers["content-disposition"].startswith("attachment")
    proved = verify_release(receipt.content, Trust((parse_key(world.engine.journal.verifier_key()),)))
    assert proved.release.purposes == ["photo_delivery"]
    listed = desk.desk.get("/api/v1/signings").json()
    assert [(one["state"], one["pictured"]) for one in listed] == [("signed", True)]


def test_t01_a_picture_before_the_signature_is_refused(world: World, desk: Desk) -> None:
    """403 with the rule; the bytes were not looked at, nothing moved, and the refusal is logged."""
    path, _ = desk.start()
    before, crops = world.state(), world.encoder.crops
    answer = desk.tablet.post(f"{path}/picture", content=png(photo(face(1))), headers=RAW)
    assert (answer.status_code, answer.json()["rule"]) == (403, "consent.order")
    assert (world.state(), world.encoder.crops) == (before, crops)
    assert world.log()[-1].tag is EventTag.SIGNING_DENIED


def test_t02_without_a_public_policy_nothing_can_be_chosen(world: World, desk: Desk) -> None:
    """No policy, no notice: 422 names the field; nothing was delivered."""
    path, _ = desk.start()
    with world.raw() as connection:
        connection.execute("DELETE FROM policy")
    answer = desk.tablet.post(f"{path}/choice", json={"purposes": ["photo_delivery"], "clients": [desk.shop]})
    assert (answer.status_code, answer.json()["missing"]) == (422, ["n9"])


@pytest.mark.parametrize(
    ("choice", "missing"),
    [({"purposes": ["other"]}, None), ({}, ["n2", "n5"]), ({"purposes": ["photo_delivery"]}, ["n5"])],
)
def test_t03_a_purpose_other_or_nothing_is_no_choice(
    world: World, desk: Desk, choice: dict[str, Any], missing: list[str] | None
) -> None:
    """ "Other" is no purpose, and an incomplete choice names the notice's fields; nothing was delivered."""
    path, _ = desk.start()
    before = world.state()
    answer = desk.tablet.post(f"{path}/choice", json=choice)
    assert (answer.status_code, answer.json().get("missing")) == (422, missing)
    assert world.state() == before


def test_a_dead_link_opens_nothing_anywhere(desk: Desk) -> None:
    """Refused, a link is dead on every route of the API and every page, and says so in plain words."""
    path, _ = desk.start()
    assert desk.tablet.post(f"{path}/refusal").status_code == 204
    assert desk.tablet.get(path).status_code == 401
    for end in ("residence", "choice", "signature", "refusal", "link"):
        assert desk.tablet.post(f"{path}/{end}", json={"place": "DE", "text_sha256": "", "name": ""}).status_code == 401
    assert desk.tablet.post(f"{path}/picture", content=b"x", headers=RAW).status_code == 401
    token = path.rsplit("/", 1)[1]
    for page in (f"/sign/{token}", f"/sign/{token}/receipt", "/sign/nonsense"):
        answer = desk.tablet.get(page)
        assert (answer.status_code, "This link is over" in answer.text) == (410, True)
    assert desk.tablet.get("/mine/nonsense").status_code == 410
    assert desk.tablet.post("/mine/nonsense").status_code == 410
    assert desk.tablet.get("/mine/nonsense/certificates/cer_0").status_code == 410


def test_from_the_private_link_to_the_certificate(world: World, desk: Desk) -> None:
    """The link opens her own view; she takes everything along, has it destroyed, and reads the certificate with it."""
    path, subject = desk.start()
    desk.sign(path)
    desk.tablet.post(f"{path}/picture", content=png(photo(face(1, 5))), headers=RAW)
    world.found(desk.shop, 1)
    link = desk.tablet.post(f"{path}/link").json()["link"].removeprefix(ORIGIN)
    me = desk.server()
    assert "Shop" not in me.get(link).text
    entered = me.post(link)
    assert (entered.status_code, entered.headers["location"]) == (303, "/own")
    assert "httponly" in entered.headers["set-cookie"].lower()
    held = me.get("/api/v1/me/held").json()
    assert held["subject"] == subject
    assert [finding["client"] for finding in held["findings"]] == ["Shop"]
    photo_of_me = me.get(f"/api/v1/me/photos/{held['faces'][0]['photo']}")
    assert photo_of_me.headers["content-type"] == "image/jpeg"
    archive = zipfile.ZipFile(io.BytesIO(me.post("/api/v1/me/export").content))
    assert json.loads(archive.read("data.json"))["held"]
    assert me.get("/own").status_code == 200
    asked = me.post("/api/v1/me/requests", json={"kind": "erase"}).json()
    assert world.found(desk.shop, 1) == set()
    done = world.engine.requests.erase(asked["id"], by="acc_custodian")
    if done.run.state is RunState.FROZEN:
        assert "A second person has to approve." in me.get("/own").text
        world.engine.destruction.approve(done.run.id, by="counsel")
        done = world.engine.requests.erase(asked["id"], by="acc_custodian")
    assert me.get("/api/v1/me/held").status_code == 401
    stranger = desk.server()
    page = stranger.get(link)
    assert "Nothing is held about you any more" in page.text
    assert stranger.post(link).headers["location"] == link
    certificate = stranger.get(f"{link}/certificates/{done.certificate}")
    assert certificate.content == done.document
    assert stranger.get(f"{link}/certificates/cer_none").status_code == 404


def test_one_sees_oneself_only(world: World, desk: Desk, client_for: ClientFor) -> None:
    """Another person's photos, releases and faces are not found, and cannot be told from none."""
    people = []
    for seed in (1, 2):
        path, subject = desk.start()
        desk.sign(path)
        desk.tablet.post(f"{path}/picture", content=png(photo(face(seed, 5))), headers=RAW)
        people.append((subject, client_for(Role.SUBJECT, subject=subject)))
    (_, me), (_, other) = people
    theirs = other.get("/api/v1/me/held").json()
    wrong = [
        me.get(f"/api/v1/me/photos/{theirs['faces'][0]['photo']}"),
        me.get(f"/api/v1/me/releases/{theirs['releases'][0]['id']}"),
        me.get(f"/own/receipts/{theirs['releases'][0]['id']}"),
        me.post(f"/api/v1/me/faces/{theirs['faces'][0]['id']}/not-me"),
    ]
    assert [answer.status_code for answer in wrong] == [404] * 4
    mine = me.get("/api/v1/me/held").json()
    assert me.post(f"/api/v1/me/faces/{mine['faces'][0]['id']}/not-me").json()["state"] == "closed"
    assert me.post("/api/v1/me/residence", json={"place": "US-TX", "since": "2026-01-01"}).status_code == 204
    assert me.get(f"/api/v1/me/releases/{mine['releases'][0]['id']}").status_code == 200
    assert me.post("/api/v1/me/withdraw").status_code == 204
    assert me.get("/api/v1/me/held").json()["frozen_at"] is not None


def test_the_desk_s_own_pages(world: World, desk: Desk, client_for: ClientFor) -> None:
    """Start with a new name, stop it, make a private link; what is wrong is said, and what was typed stays."""
    form = {
        "label": "Bo",
        "purposes": ["photo_delivery"],
        "clients": [desk.shop],
        "source": desk.source,
        "term_days": "90",
    }
    empty = desk.desk.post("/signings", data={**form, "term_days": "soon"})
    assert (empty.status_code, "term_days" in empty.text, 'value="Bo"' in empty.text) == (422, True, True)
    page = desk.desk.post("/signings", data=form)
    assert "A signing is ready" in page.text
    (one,) = desk.desk.get("/api/v1/signings").json()
    assert "Bo" in desk.desk.get("/signings").text
    assert desk.desk.get(f"/api/v1/signings/{one['id']}").json() == one
    assert desk.desk.post(f"/signings/{one['id']}/stop").status_code == 303
    assert desk.desk.post(f"/signings/{one['id']}/stop").status_code == 422
    ask = f"/people/{one['subject']}/link"
    assert "/mine/" in desk.desk.post(ask).text
    assert desk.desk.get(ask).status_code == 200
    assert desk.desk.post("/people/sub_none/link").status_code == 404
    assert desk.desk.get(f"/signings?subject={one['subject']}").status_code == 200


def test_own_pages_carry_out_what_they_offer(world: World, desk: Desk, client_for: ClientFor) -> None:
    """Each form of the own view works, comes back to it, and says what is wrong."""
    path, subject = desk.start()
    desk.sign(path)
    me = client_for(Role.SUBJECT, subject=subject)
    assert me.post("/own", data={"do": "export"}).content[:2] == b"PK"
    forms: list[dict[str, str]] = [
        {"do": "correct", "words": "Adah"},
        {"do": "object", "words": "no"},
        {"do": "move", "place": "DE", "since": "2026-02-01"},
        {"do": "withdraw"},
        {"do": "erase"},
    ]
    for form in forms:
        assert me.post("/own", data=form).status_code == 303, form
    for form in ({"do": "correct"}, {"do": "move", "place": "DE", "since": "soon"}, {"do": "erase"}):
        assert me.post("/own", data=form).status_code == 422, form
    assert me.post("/own", data={"do": "not_me", "face": "fac_none"}).status_code == 404
