# SPDX-License-Identifier: Apache-2.0
"""Metrics and log lines of a server process, after a tour of everything: they name nobody."""

from __future__ import annotations

import json
import re
from pathlib import Path

import httpx
from drawn_server import Served, served
from fake_pack import face, photo, png
from people import enter
from world import World

from countenance.ids import SubjectId
from countenance.model.account import Role

API = "/api/v1"
RAW = {"Content-Type": "application/octet-stream"}
SEARCH = f"{API}/searches?purpose=photo_delivery&basis=subject_present&case=CASE-7781-ZQ"
NAMES = [
    "Zebedee", "Quillfeather", "zebedee@quill.example", "CASE-7781-ZQ", "Ostrobothnia", "quillfeather-portrait",
    "1:26-cv-77881", "Marguerite",
]  # fmt: skip
_TOKEN = re.compile(r"cnt_\w+|/(?:sign|mine|invitation)/[\w-]{16,}")


class Tour:
    """A server, and everybody who calls it."""

    def __init__(self, world: World, server: Served) -> None:
        self.world = world
        self.server = server
        self.shop = world.client("Ostrobothnia Photos")
        self.source = world.source()
        self.operator = server.client(enter(world, Role.OPERATOR)[0])
        self.custodian = server.client(enter(world, Role.CUSTODIAN)[0])
        self.other = server.client(enter(world, Role.CUSTODIAN)[0])
        self.searcher = server.client(enter(world, Role.SEARCHER, client=self.shop)[0])
        self.secrets: list[str] = []

    def sign(self) -> SubjectId:
        """Let somebody sign on a tablet, and be pictured."""
        person = {"label": "Zebedee Quillfeather", "residency": ["US-IL"]}
        who = self.operator.post(f"{API}/people", json=person).json()["id"]
        offer = {"purposes": ["photo_delivery"], "clients": [self.shop], "term_days": 300}
        started = self.operator.post(f"{API}/signings", json={"subject": who, "source": self.source, **offer}).json()
        link, tablet = started["link"].rsplit("/", 1)[1], self.server.client()
        draft = tablet.post(f"{API}/signing/{link}/choice", json=offer).json()
        act = {"text_sha256": draft["text_sha256"], "name": "Zebedee Quillfeather", "statements": draft["statements"]}
        assert tablet.post(f"{API}/signing/{link}/signature", json=act).is_success
        assert tablet.post(f"{API}/signing/{link}/picture", content=png(photo(face(1, 5))), headers=RAW).is_success
        mine = tablet.post(f"{API}/signing/{link}/link").json()["link"].rsplit("/", 1)[1]
        assert tablet.get(f"/sign/{link}").status_code in {200, 303, 410}
        assert tablet.get(f"/mine/{mine}").is_success
        self.secrets += [link, mine]
        return SubjectId(who)

    def wrong(self, who: str) -> None:
        """Ask for what is not there, not allowed, not written as it should be, with names wherever they fit."""
        for browser in (self.operator, self.custodian, self.searcher, self.server.client()):
            browser.get(f"{API}/searches/Zebedee?before=Quillfeather")
            browser.get(f"/people?q=Zebedee&after={who}")
            browser.post(f"{API}/people/find", json={"text": "Zebedee Quillfeather", "limit": "zebedee@quill.example"})
            browser.post(
                f"{API}/sessions", json={"name": "zebedee@quill.example", "password": "Marguerite", "code": "1"}
            )
            browser.request("ZEBEDEE", f"/{who}", headers={"User-Agent": "Zebedee", "Referer": f"http://x/{who}"})
            browser.post(SEARCH, content=b"Zebedee", headers=RAW)

    def destroy(self, who: str) -> None:
        """Let a hold stand against a destruction, so that the errand fails with words about somebody."""
        hold = {"subjects": [who], "basis": "court_order", "matter": "1:26-cv-77881"}
        placed = self.custodian.post(f"{API}/holds", json=hold).json()["id"]
        run = self.custodian.post(f"{API}/runs", json={"subjects": [who], "reason": "Zebedee asked"})
        if run.is_success:
            self.custodian.post(f"{API}/runs/{run.json()['id']}/continue")
        self.custodian.post(f"{API}/holds/{placed}/lift", json={})
        self.other.post(f"{API}/holds/{placed}/lift", json={})
        self.custodian.get(f"{API}/worklist")
        assert self.operator.post(f"{API}/status/check").is_success

    def search(self) -> str:
        """Search with a case; return the search."""
        found = self.searcher.post(SEARCH, content=png(photo(face(1, 9))), headers=RAW)
        assert [one["subject"] for one in found.json()["candidates"]], found.text
        assert self.searcher.get("/searches").is_success
        return str(found.json()["search"])


def test_metrics_and_lines_name_nobody(live: World, tmp_path: Path) -> None:
    """After a tour with names in every field, neither has one, nor a subject's id, a case, a link or a token."""
    name = "quillfeather-portrait.png"
    live.photo(1, name=name)
    with served(live.data, live.photos, tmp_path / "log") as server:
        server.wait()
        tour = Tour(live, server)
        who = tour.sign()
        folder = {"kind": "folder", "source": tour.source, "root": live.photos.name}
        assert tour.operator.post(f"{API}/ingests", json=folder).status_code == 201
        search = tour.search()
        tour.wrong(who)
        tour.destroy(who)
        metrics = tour.operator.get(f"{API}/metrics").text
        (live.data / "keyring.sqlite").rename(tmp_path / "keyring")
        assert httpx.get(f"{server.origin}{API}/ready").status_code == 503
        lines = server.lines()
    said = "\n".join(lines) + metrics
    assert "countenance_requests_total" in metrics
    assert len(lines) > 40
    for word in (*NAMES, who, search, *tour.secrets):
        assert word.lower() not in said.lower(), [line for line in said.splitlines() if word.lower() in line.lower()]
    assert _TOKEN.search(said) is None
    assert "127.0.0.1" not in "".join(lines[1:])
    for line in lines[1:]:
        if "countenance.requests" in line:
            assert set(json.loads(line[line.index("{") :])) <= {"request", "method", "route", "status", "ms", "account"}
