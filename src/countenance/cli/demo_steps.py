# SPDX-License-Identifier: Apache-2.0
"""The steps that both demos share, with the people of the demo's own photos or with the user's."""

from __future__ import annotations

import os
import shutil
import sys
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, cast

from countenance.bootstrap import Engine
from countenance.cli.demo_stage import Stage
from countenance.cli.output import Output, counted
from countenance.ids import SubjectId
from countenance.model.client import Client
from countenance.model.destruction import RunState, Scope
from countenance.model.purpose import ClientKind, Purpose
from countenance.model.search import ProbeBasis, SearchResult
from countenance.ports.vision import Encoder
from countenance.services.ingest import Progress
from countenance.services.release_act import Draft, ReleaseTerms
from countenance.services.search import Request

_PREVIEW = b"\xff\xd8\xff\xe0\x00\x10JFIF"
"""How every preview begins; the first three bytes alone would turn up in encrypted bytes by chance."""
_SHORTEST = 5  # bytes; shorter words turn up in a megabyte of encrypted bytes by chance
_HOLDS = {
    "root.key": "the root key, which opens the keyring: keep it apart from backups",
    "keyring.sqlite": "a key for each person, photo, client and source; sealed by the root key",
    "records.sqlite": "all records; names, faceprints, previews and signatures sealed by those keys",
    "policy.txt": "the public policy, for everybody to read",
    "ingest.lock": "empty; keeps two ingests apart",
    "destruction.lock": "empty; keeps two destructions apart",
}

_DESTROYED = {
    "keys": "keys, of the person and of photos that showed the person",
    "photo": "records of photos that showed nobody else who signed",
    "previews": "previews deleted, or the face blacked out where others are in the photo",
    "search_candidate": "notes of searches that found the person",
    "confirmation": "notes of who confirmed that",
    "reference": "faceprints",
    "face": "places in photos where the face was",
    "photo_source": "notes of where a photo came from",
    "release_event": "entries on how the release went",
    "release": "signed releases",
    "notice": "notices that were delivered",
    "subject": "the person's own record",
}


class _Watched:
    """Stands before the encoder and counts how often it is asked to make faceprints."""

    def __init__(self, encoder: Encoder) -> None:
        self._encoder = encoder
        self.calls = 0

    def __getattr__(self, name: str) -> Any:
        self.calls += name == "encode"
        return getattr(self._encoder, name)


@dataclass(frozen=True)
class Person:
    """Somebody who was asked.

    Attributes:
        signer: the name as signed; None where nobody signed.
    """

    id: SubjectId
    label: str
    signer: str | None


@dataclass(frozen=True)
class Play:
    """One run of the demo: its stage, its data directory, who searches, and how often faces were encoded."""

    stage: Stage
    engine: Engine
    client: Client
    encoder: _Watched

    @property
    def request(self) -> Request:
        """What every search of the demo states."""
        return Request(self.client.id, Purpose.PHOTO_DELIVERY, ProbeBasis.SUBJECT_PRESENT, "demo")


def begin(stage: Stage, root: Path, operator: str, contact: str) -> Play:
    """Show the first two steps: the operator with the public policy, and the client."""
    data = root / "data"
    activate = Path(sys.prefix) / "bin" / "activate"
    lines = [f"$ export COUNTENANCE_DATA={data}"]
    if shutil.which("countenance") is None and activate.is_file():  # `make` found it in the environment that it made
        lines.insert(0, f"$ . {os.path.relpath(activate)}")
    these = "this line" if len(lines) == 1 else "these lines"
    stage.say(f"Each step shows the command that you would type yourself, after {these}:")
    stage.say("\n".join(lines), style="green")
    stage.step("Say who runs this, and publish the policy on keeping and destroying face data")
    stage.command("init", "--operator", operator, "--contact", contact)
    engine = Engine.init(data, operator=operator, contact=contact)
    policy = (data / "policy.txt").read_text(encoding="utf-8")
    stage.document(f"{data / 'policy.txt'}, the first lines", "\n".join(policy.split("\n")[:8]))
    stage.expect(engine.policy_sha256 != "", "the public policy is in force")
    stage.say("In force. Without a public policy the program makes no faceprint, as Illinois law asks.")
    stage.step("Name who may search, and what for")
    stage.command("client", "add", "Example Photos", "--kind", "photographer", "--purpose", "photo_delivery")
    kind, purpose = ClientKind.PHOTOGRAPHER, Purpose.PHOTO_DELIVERY
    client = engine.register.add_client("Example Photos", kind=kind, purposes=[purpose])
    stage.say(f"{client.name} may search for one purpose: photo delivery. {purpose.description}")
    stage.say(f"Its target for mistakes: of its searches for strangers, {client.fpir:.0%} may name somebody.")
    encoder = _Watched(engine.pack.encoder)
    engine.pack = replace(engine.pack, encoder=cast("Encoder", encoder))
    return Play(stage, engine, client, encoder)


def add_source(play: Play, name: str, basis: str, place: str | None = None) -> Any:
    """Show where the photos come from and by what permission; return the source."""
    words = ["source", "add", name, "--basis", basis]
    play.stage.command(*words, *(["--capture-place", place] if place else []))
    source = play.engine.register.add_source(name, basis=basis, capture_place=place)
    play.stage.say("Every photo is kept together with the permission that it came under.")
    return source


def notify(play: Play, subject: SubjectId, term_days: int = 365) -> Draft:
    """Deliver the notice that the person's law asks for."""
    purposes, clients = frozenset([Purpose.PHOTO_DELIVERY]), frozenset([play.client.id])
    terms = ReleaseTerms(purposes, clients, frozenset(), term_days)
    return play.engine.subjects.deliver_notice(subject, terms)


def release_command(play: Play, subject: SubjectId, signer: str, term_days: int = 365) -> None:
    """Show the command that prints the notice and takes the signature."""
    words = ("--purpose", "photo_delivery", "--client", play.client.id, "--term-days", term_days)
    play.stage.command("release", "sign", subject, *words, "--signer", signer)


@contextmanager
def progress(label: str) -> Iterator[Progress]:
    """Show a bar with the time left, on a terminal."""
    with Output(as_json=False).progress(label) as advance:
        yield lambda _outcome, done, total: advance(done, total)


def search(play: Play, shown: object, probe: bytes, people: Iterable[Person]) -> SearchResult:
    """Search and show the answer: each candidate with its score, or nobody."""
    words = ("--client", play.client.id, "--purpose", "photo_delivery", "--probe-basis", "subject_present")
    play.stage.command("search", shown, *words)
    result = play.engine.searches.search(probe, play.request)
    threshold, many = result.threshold, counted(result.gallery, "faceprint")
    labels = {person.id: person.label for person in people}
    for found in result.candidates:
        play.stage.say(f"Found: {labels.get(found.subject, found.subject)}", style="bold green")
        play.stage.score(found.score, found.threshold)
        play.stage.say(
            "The score is the cosine of the two (1 would be the very same picture) less what both have in common "
            "with the people next to them. How many strangers reach this "
            f"score by chance, among the {many} that this client may search: {_chance(found.chance_candidates.value)}."
        )
    if not result.candidates:
        play.stage.say("Nobody.", style="bold yellow")
        play.stage.say(
            f"Of the {many} that this client may search, none reaches the threshold of {threshold.value:.3f}. It is "
            f"set so that {threshold.fpir * 100:g}% of the searches for strangers name somebody, at this many."
            if result.gallery
            else "There is no faceprint that this client may search."
        )
    return result


def withdraw(play: Play, person: Person, shown: object, probe: bytes, people: Iterable[Person]) -> None:
    """Show a withdrawal, and that the very next search finds nobody."""
    play.stage.step(f"{person.label} withdraws: one word is enough, no reason is asked")
    play.stage.command("withdraw", person.id)
    play.engine.subjects.withdraw(person.id)
    play.stage.say("In force before the command returned. The same search once more:")
    result = search(play, shown, probe, people)
    gone = all(found.subject != person.id for found in result.candidates)
    play.stage.expect(gone, "a withdrawal works on the very next search")


def destroy(play: Play, person: Person) -> None:
    """Show the destruction of all that is held of a person."""
    play.stage.step(f"Destroy all that is held of {person.label}")
    play.stage.command("destroy", person.id)
    verbs = play.engine.destruction
    done = verbs.destroy(Scope((person.id,)), requested_by="you")
    if done.run.state is RunState.FROZEN:
        play.stage.say("Nobody finds them from now on. The law that holds for them asks for a second person's word:")
        play.stage.command("destroy", "approve", done.run.id, "--by", "a-colleague")
        verbs.approve(done.run.id, by="a-colleague")
        done = verbs.resume(done.run.id)
    rows = [(_DESTROYED[name], str(count)) for name, count in done.run.counts.items() if count and name in _DESTROYED]
    play.stage.table(("destroyed", "#how many"), rows)
    left = {subject.id for subject in play.engine.subjects.everyone()}
    play.stage.expect(person.id not in left, "a destroyed person is gone from the records")
    play.stage.expect(done.title == "complete", "a destruction ends with a certificate")
    play.stage.say(
        f"A fresh process and a scan of every byte found nothing left, so certificate {done.certificate} was signed. "
        "`countenance verify` checks it anywhere, with the public key alone. As a file, and as a page that prints:"
    )
    play.stage.command("destroy", "status", done.run.id)
    play.stage.say(
        "The keys went first: what they sealed can never be read again. Then the records went, and the database "
        "was written anew without them. The photo files belong to whoever took them and stay as they are."
    )


def disk(play: Play, people: Iterable[Person], file_names: Iterable[str]) -> None:
    """Show each file of the data directory, and search all of their bytes for what must never be there."""
    data = play.engine.directory
    files = sorted(path for path in data.rglob("*") if path.is_file())
    play.stage.step("What lies on the disk now, and what a thief could read of it without the root key")
    rows = [(path.name, f"{path.stat().st_size:,}", _holds(path.name)) for path in files]
    play.stage.table(("file", "#bytes", "holds"), rows)
    public = data / "policy.txt"
    private = {path: path.read_bytes() for path in files if path != public}
    names = {name for person in people for name in (person.label, person.signer or "")}
    wanted = {
        "the people's names and signatures": [_written(name) for name in sorted(names)],
        "the names of photo files": [_written(name) for name in file_names],
        "the text of a notice": [_written("NOTICE ABOUT YOUR FACE DATA")],
        "pictures": [[_PREVIEW]],
    }
    lines = []
    for what, needles in wanted.items():
        told = [spellings for spellings in needles if len(spellings[0]) >= _SHORTEST]
        if not told:
            continue
        hits = sum(any(s in held for s in spellings for held in private.values()) for spellings in told)
        play.stage.expect(not hits, f"{what} cannot be read on the disk")
        lines.append((what, str(len(told)), "found nowhere"))
    play.stage.table(("searched for in all bytes", "#how many", "result"), lines)
    play.stage.expect(b"FACE DATA" in public.read_bytes(), "the search of bytes finds what is there")
    play.stage.say(
        "The same search does find the words of the public policy, so it would have found the others. With the "
        "root key a thief could open what is sealed: on a real system keep root.key on another disk."
    )


def doctor(play: Play) -> None:
    """Show that the data directory is in order, opened anew."""
    play.stage.step("Let the doctor check everything")
    play.stage.command("doctor")
    problems = Engine.open(play.engine.directory).doctor.problems()
    play.stage.expect(not problems, f"the data directory is in order ({'; '.join(problems)})")
    play.stage.say("Everything is in order.", style="bold green")


def _holds(name: str) -> str:
    for known, what in _HOLDS.items():
        if name == known:
            return what
        if name.startswith(f"{known}-"):
            return f"{known}'s newest changes, before they are merged into it"
    return "a face model"


def _chance(strangers: float) -> str:
    return f"{strangers:.2g}" if strangers >= 1e-4 else f"less than one in ten thousand ({strangers:.0e})"


def _written(text: str) -> list[bytes]:
    """Return a text as databases and programs store it."""
    return [text.encode("utf-8", "surrogateescape"), text.encode("utf-16-le", "surrogatepass")]
