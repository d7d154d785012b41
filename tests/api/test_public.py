# SPDX-License-Identifier: Apache-2.0
"""What anybody may ask for: policy, register, report, and the published log with its explorer."""

from __future__ import annotations

from pathlib import Path

import pytest
from served import ClientFor, Server
from world import World

from countenance.ledger import note, verify
from countenance.ledger.checkpoint import Trust
from countenance.model.account import Role
from countenance.model.event import EventTag
from countenance.web.plain_text import blocks

PUBLIC = ["/api/v1/public/policy", "/api/v1/public/register", "/api/v1/public/report", "/api/v1/log/checkpoint"]


def trust(world: World) -> Trust:
    return Trust((note.parse_key(world.engine.journal.verifier_key()),))


def grow(world: World, entries: int) -> None:
    """Let the log have at least so many entries."""
    missing = entries - world.engine.public_log.page(count=1).size
    with world.engine._records.write() as work:
        work.log_each([(EventTag.REPORT_MADE, None, {"number": number}) for number in range(missing)])


@pytest.mark.parametrize("path", [*PUBLIC, "/log/checkpoint", "/log/tile/0/000.p/1", "/verify/offline"])
def test_what_a_reader_has_is_not_sent_again(server: Server, path: str) -> None:
    """A public answer carries a digest; who shows it gets 304 and nothing else, who shows another gets all."""
    browser = server()
    first = browser.get(path)
    assert first.status_code == 200
    tag = first.headers["etag"]
    again = browser.get(path, headers={"If-None-Match": f'"other", W/{tag}'})
    assert (again.status_code, again.content, again.headers["etag"]) == (304, b"", tag)
    assert browser.get(path, headers={"If-None-Match": '"other"'}).content == first.content
    assert "no-store" not in first.headers["cache-control"]


def test_a_stranger_can_copy_and_prove_the_whole_log(server: Server, world: World) -> None:
    """The tiles below /log/ are the log: fetched by their paths they verify, full ones, partial ones and older ones."""
    grow(world, 520)
    browser = server()

    def fetch(path: str) -> bytes | None:
        answer = browser.get(f"/log/{path}")
        return answer.content if answer.status_code == 200 else None

    old = verify.checkpoints.verify(world.engine.public_log.checkpoint(300), trust(world)).checkpoint
    proved = verify.verify_published_log(fetch, trust(world), [old])
    assert (proved.head.checkpoint.size, proved.earlier) == (world.engine.public_log.page(count=1).size, 1)
    full = fetch("tile/0/001")
    assert full is not None
    assert fetch("tile/0/001.p/44") == full[: 44 * 32]
    assert "immutable" in browser.get("/log/tile/0/001").headers["cache-control"]


@pytest.mark.parametrize(
    "path",
    ["0/001", "0/000.p/256", "0/000.p/0", "0/0", "8/000", "entries/x000/000", "1/000", "..%2f..%2fkeyring.db"],
)
def test_no_other_file_can_be_had(server: Server, path: str) -> None:
    """Only the tiles of this log are served: no later one, no other spelling, no way out of the folder."""
    answer = server().get(f"/log/tile/{path}")
    assert answer.status_code == 404


def test_a_tile_beyond_all_numbers_is_none(server: Server) -> None:
    """The largest number that a path can name is answered like any other."""
    path = "x999/" * 6 + "999"
    assert server().get(f"/log/tile/entries/{path}").status_code == 404


def test_an_auditor_reads_the_log_page_by_page(client_for: ClientFor, world: World) -> None:
    """Entries come newest first, each once, by kind and by day, and name nobody."""
    grow(world, 30)
    browser = client_for(Role.AUDITOR)
    seen: list[int] = []
    below: int | None = None
    while True:
        told = browser.get("/api/v1/log/entries", params={"count": 7, **({} if below is None else {"below": below})})
        page = told.json()
        seen += [one["index"] for one in page["entries"]]
        below = page["next_below"]
        if below is None:
            break
    assert seen == list(range(page["size"]))[::-1]
    assert set(page["entries"][0]) == {"index", "hour", "tag", "commitment"}
    tag = {"tag": "operator:policy:published"}
    assert [one["index"] for one in browser.get("/api/v1/log/entries", params=tag).json()["entries"]] == [0]
    late = {"since": "2999-01-01T00:00:00Z"}
    assert browser.get("/api/v1/log/entries", params=late).json()["entries"] == []
    for odd in ("0001-01-01T00:00:00+14:00", "9999-12-31T23:59:59-14:00"):
        assert browser.get("/api/v1/log/entries", params={"since": odd}).status_code == 422


def test_each_entry_and_any_two_sizes_are_proved(client_for: ClientFor, world: World) -> None:
    """What an auditor downloads verifies offline: an entry in a log of any later size, and growth between two sizes."""
    grow(world, 30)
    browser = client_for(Role.AUDITOR)
    for index, size in ((0, 1), (3, 8), (11, 29), (12, None)):
        params = {} if size is None else {"size": size}
        proof = browser.get(f"/api/v1/log/proof/{index}", params=params)
        assert verify.verify_entry(proof.content, trust(world)).index == index
        assert proof.headers["content-disposition"] == f'attachment; filename="entry-{index}.tlog-proof"'
    start = browser.get("/api/v1/log/checkpoint", params={"size": 9}).content
    growth = browser.get("/api/v1/log/growth/9", params={"size": 23}).content
    assert verify.verify_consistency(start, growth, trust(world)).head.checkpoint.size == 23
    assert browser.get("/api/v1/log/proof/9", params={"size": 9}).json()["code"] == "bad_input"
    assert browser.get("/api/v1/log/proof/99999").json()["code"] == "not_found"
    assert browser.get("/api/v1/log/growth/9", params={"size": 8}).json()["code"] == "bad_input"
    assert browser.get("/api/v1/log/checkpoint", params={"size": 99999}).json()["code"] == "bad_input"


def test_the_public_report_tells_whole_quarters_only(server: Server, world: World) -> None:
    """A quarter is told once it has ended; asking for it changes nothing, and a running one is not to be had."""
    browser = server()
    before = world.log()
    first = world.clock.now().date()
    now = browser.get("/api/v1/public/report").json()
    assert (now["quarters"], now["report"]["period"], now["report"]["entries"]) == ([], None, {})
    running = {"quarter": first.replace(month=first.month - (first.month - 1) % 3, day=1).isoformat()}
    assert browser.get("/api/v1/public/report", params=running).status_code == 404
    world.clock.tick(days=93)  # type: ignore[union-attr]
    ended = browser.get("/api/v1/public/report", params=running).json()
    assert ended["quarters"] == [running["quarter"]]
    assert ended["report"]["period"]["from"].startswith(running["quarter"])
    assert ended["report"]["entries"] == {"operator:policy:published": "fewer than 5"}
    assert browser.get("/transparency").status_code == 200
    assert world.log() == before


def test_the_register_names_no_client(server: Server, world: World) -> None:
    """The public register holds kinds, purposes and days, and no name."""
    world.client()
    (one,) = server().get("/api/v1/public/register").json()["clients"]
    assert set(one) == {"client", "kind", "purposes", "place", "vetted_at", "suspended_at"}


def test_the_policy_is_shown_word_for_word(server: Server, world: World) -> None:
    """Every word of the policy stands on its page, in order; its exact text can be had."""
    policy = world.engine.transparency.policy()
    parts = " ".join(" ".join([b.heading, b.text, *b.items]) for b in blocks(policy.text))
    assert parts.split() == policy.text.split()
    told = server().get("/api/v1/public/policy").json()
    assert (told["text"], told["sha256"]) == (policy.text, policy.sha256)


def test_pages_speak_the_language_that_is_asked_for(server: Server) -> None:
    """The browser's language, then a choice, which stays; the page says which language it is in."""
    browser = server()
    assert '<html lang="de">' in browser.get("/", headers={"Accept-Language": "de"}).text
    assert '<html lang="en">' in browser.get("/").text
    chosen = browser.get("/your-rights?lang=de")
    assert chosen.headers["content-language"] == "de"
    assert chosen.headers["set-cookie"].startswith("__Host-lang=de;")
    assert all(word in chosen.headers["set-cookie"] for word in ("HttpOnly", "Secure", "SameSite=lax"))
    assert '<html lang="de">' in browser.get("/").text
    assert '<html lang="de">' in browser.get("/?lang=xx").text


def test_every_first_view_is_light() -> None:
    """Style, scripts and sign of a page weigh less than 40 kB together."""
    static = Path(__file__).resolve().parents[2] / "src/countenance/web/static"
    parts = ["style.css", "favicon.svg", "js/live.js"]
    assert sum((static / name).stat().st_size for name in parts) < 40_000
