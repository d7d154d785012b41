# SPDX-License-Identifier: Apache-2.0
"""The demo on the user's own photos. Nobody in them is encoded before a release was signed.

The folder is read once with nobody signed: every face is a bystander. Then up to two people are proposed, who
are encoded only where somebody signs; a folder's name proposes a person, it never authorises. The stranger of
the search that finds nobody is a drawn face: nobody else in the user's photos has asked to be searched for.
"""

from __future__ import annotations

import os
import re
from collections import Counter, defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from countenance.cli import demo_photos
from countenance.cli import demo_steps as steps
from countenance.cli.demo_stage import Stage
from countenance.cli.demo_steps import Person, Play
from countenance.cli.output import counted, printable
from countenance.errors import BadInput, BadPhoto, Refused
from countenance.ids import FaceId, SubjectId
from countenance.model.consent import SignatureMethod
from countenance.services.ingest import PhotoOutcome
from countenance.services.review import Waiting

_PEOPLE = 2
_PHOTOS = 3  # of one person, at most; enough to find somebody
_MIN_FACE = 80  # pixels; smaller faces rarely pass the quality gate
_TERM_DAYS = 30
_NAME = re.compile(r"[^\W\d_]{1,20}([ _.-]+[^\W\d_]{1,20}){1,3}")
_QUESTION = (
    "Is this you, or do you hold this person's signed release, and may the demo search for this person?\n"
    "Type yes to read the notice, or press Enter to skip: "
)


@dataclass(frozen=True)
class Candidate:
    """Somebody who may be asked.

    Attributes:
        label: the folder's name; None where no folder is named like a person.
        faces: what would be encoded, each the only face of its photo.
        probe: another photo of the same folder, to search with; None where there is none.
    """

    label: str | None
    faces: tuple[Waiting, ...]
    probe: Path | None


def run(stage: Stage, root: Path, photos: Path, *, asks: bool, attested: bool) -> SubjectId | None:
    """Run the demo in a prepared folder on a folder of photos, which is only read.

    Returns:
        Somebody who is still enrolled at its end; None where nobody is.

    Args:
        asks: there is a terminal to ask for signatures on.
        attested: the user said to hold releases of the people whose names are folders.

    Raises:
        typer.Exit: a step did not do what it promises.
        CountenanceError: as the verbs do.
    """
    stage.say("COUNTENANCE: a face search that holds faceprints only of people who signed a release", "bold")
    stage.say(f"\nThis runs on your photos in {printable(photos)}. They are read, never changed or copied.\n")
    play = steps.begin(stage, root, "Your Photo Desk", "privacy@example.org")
    _ingest(play, photos)
    candidates = propose(play.engine.review.waiting(bystanders=True), photos)
    signed = _sign(play, candidates, asks=asks, attested=attested)
    people = [person for person, candidate in signed if _encode(play, person, candidate)]
    left: SubjectId | None = None
    if people:
        person, candidate = next(pair for pair in signed if pair[0] in people)
        _search(play, person, candidate, people, root)
        steps.destroy(play, person)
        left = next((one.id for one in people if one.id != person.id), None)
    else:
        why = "None of the photos passed the quality gate." if signed else "Nobody signed a release."
        stage.say(f"{why} Faceprints made: 0. The encoder was called {play.encoder.calls} times.", "bold")
        stage.expect(play.encoder.calls == 0, "nobody is encoded without a release")
    file_names = {Path(waiting.uri).name for candidate in candidates for waiting in candidate.faces}
    steps.disk(play, [person for person, _ in signed], sorted(file_names))
    steps.doctor(play)
    stage.say("\nEvery step did what it promises. Try next, with COUNTENANCE_DATA set as above:", "bold")
    stage.command("review", "--bystanders")
    stage.say("    the faces that nobody named; a reviewer may say who they are, a release decides the rest\n")
    stage.command("subject", "list")
    stage.say("    the people who were asked\n")
    stage.command("release", "sign", "--help")
    stage.say("    how to give somebody the notice and take a signature")
    return left


def propose(faces: Sequence[Waiting], photos: Path) -> list[Candidate]:
    """Return up to two people who may be asked, from the faces that nobody named.

    Folders come first that are named like a person and whose photos show one face each; else the first
    photos with one face. A photo of several people is never proposed.
    """
    by_photo: dict[str, list[Waiting]] = defaultdict(list)
    for waiting in faces:
        by_photo[waiting.uri].append(waiting)
    alone = {
        uri: found[0]
        for uri, found in sorted(by_photo.items())
        if len(found) == 1 and found[0].face.box.width >= _MIN_FACE
    }
    folders: dict[Path, list[Waiting]] = defaultdict(list)
    for uri, waiting in alone.items():
        folders[Path(uri).parent].append(waiting)
    mixed = {Path(uri).parent for uri, found in by_photo.items() if len(found) > 1}
    named = [
        _of_folder(folder.name, found)
        for folder, found in sorted(folders.items(), key=lambda item: len(item[1]) < 2)
        if folder != photos.resolve() and folder not in mixed and _NAME.fullmatch(folder.name)
    ]
    return (named or [Candidate(None, (waiting,), None) for waiting in alone.values()])[:_PEOPLE]


def _of_folder(name: str, found: Sequence[Waiting]) -> Candidate:
    label = " ".join(re.split(r"[ _.-]+", name))
    if len(found) == 1:
        return Candidate(label, tuple(found), None)
    return Candidate(label, tuple(found[: min(_PHOTOS, len(found) - 1)]), Path(found[-1].uri))


def _ingest(play: Play, photos: Path) -> None:
    stage = play.stage
    stage.step("Read your photos, with nobody having signed: every face is a bystander")
    basis = "Whoever runs this demo says that these photos are theirs"
    source = steps.add_source(play, photos.resolve().name or "photos", basis)
    jobs = min(os.cpu_count() or 1, 4)
    stage.command("ingest", source.id, photos, "--jobs", jobs)
    left_out: Counter[str] = Counter()
    examples: dict[str, str] = {}
    many: Counter[str] = Counter()
    with steps.progress("Photos") as advance:

        def note(outcome: PhotoOutcome, done: int, total: int) -> None:
            if outcome.reason:
                why = f"left out, {outcome.detail.partition(';')[0]}"
                left_out[why] += 1
                examples.setdefault(why, printable(outcome.path.name))
            else:
                what = _sort(outcome)
                many[what] += 1
                examples.setdefault(what, printable(outcome.path.name))
            advance(outcome, done, total)

        summary = play.engine.ingest.run(source.id, [photos], jobs=jobs, progress=note)
    if not summary.photos:
        stage.say("There are no photos in this folder (JPEG, PNG, WebP, HEIC, AVIF, TIFF or GIF).", "yellow")
        return
    rows = [(what, str(count), examples[what]) for what, count in [*sorted(many.items()), *left_out.most_common()]]
    stage.table(("photos with", "#how many", "such as"), rows)
    stage.say(
        f"{counted(summary.photos, 'file')} in {summary.seconds:.0f} s; {counted(summary.faces, 'face')} found and "
        f"counted as bystanders. Faceprints made: {summary.references}. The encoder was called "
        f"{play.encoder.calls} times."
    )
    stage.expect(summary.references == play.encoder.calls == 0, "nobody is encoded without a release")


def _sort(outcome: PhotoOutcome) -> str:
    if outcome.known:
        return "the same content as another"
    return ("no face", "one face")[len(outcome.faces)] if len(outcome.faces) < 2 else "several faces"


def _sign(play: Play, candidates: Sequence[Candidate], *, asks: bool, attested: bool) -> list[tuple[Person, Candidate]]:
    """Ask for each person's signature; return those who signed."""
    stage = play.stage
    stage.step("Ask for releases: consent is not a setting")
    if not candidates:
        stage.say("There is nobody to ask: no photo shows exactly one face that is large enough.")
    elif not (asks or attested):
        stage.say(
            "Nobody can sign here, because there is no terminal to ask on. Run this in a terminal, or add "
            "--i-have-releases if you hold signed releases of the people whose names are folders."
        )
        return []
    signed: list[tuple[Person, Candidate]] = []
    for candidate in candidates:
        _show(stage, candidate)
        if attested and candidate.label is None:
            stage.say("No folder is named like this person, so there is no name to sign with: skipped.")
        elif not attested and not _agrees(stage.ask(_QUESTION)):
            stage.say("Skipped: this person stays a bystander.")
        elif person := _record(play, candidate, attested=attested, first=not signed):
            signed.append((person, candidate))
    return signed


def _show(stage: Stage, candidate: Candidate) -> None:
    stage.say(f"\n{_label(candidate)}:", "bold")
    for waiting in candidate.faces:
        stage.say(f"  {printable(waiting.uri)}")
    if candidate.probe is not None:
        stage.say(f"  {printable(candidate.probe)}  (to search with)")


def _label(candidate: Candidate) -> str:
    return candidate.label or f"The person in {Path(candidate.faces[0].uri).name}"


def _agrees(answer: str) -> bool:
    return answer.casefold() in ("y", "yes")


def _record(play: Play, candidate: Candidate, *, attested: bool, first: bool) -> Person | None:
    """Deliver the notice, then take the signature; None where nobody signs."""
    stage, subjects = play.stage, play.engine.subjects
    label = _label(candidate)
    stage.command("subject", "add", label, "--residency", "unknown")
    subject = subjects.add(label, residency=["unknown"])
    draft = steps.notify(play, subject.id, _TERM_DAYS)
    if first or not attested:
        stage.document("The notice, by the strictest law, because no place of residence was given", draft.text)
    signer = label if attested else stage.ask("Type the signer's name to sign, or press Enter to skip: ")
    if not signer:
        stage.say("Not signed: this person stays a bystander.")
        return None
    steps.release_command(play, subject.id, signer, _TERM_DAYS)
    release = subjects.sign(
        draft, signer=signer, method=SignatureMethod.ATTESTED if attested else SignatureMethod.TYPED
    )
    if attested:
        stage.say(
            f"You attested with --i-have-releases that you hold the signed release of {signer}. The program has "
            "not seen it, and the record says so.",
            "yellow",
        )
    stage.say(f"Signed, until {release.term_end:%d %B %Y}. It can be withdrawn at any time; the demo shows how.")
    return Person(subject.id, label, signer)


def _encode(play: Play, person: Person, candidate: Candidate) -> bool:
    """Say whose the faces are; return whether at least one was encoded."""
    stage = play.stage
    stage.step(f"Make faceprints of {person.label}, from the photos that were shown")
    rows = []
    for waiting in candidate.faces:
        stage.command("review", "assign", waiting.face.id, person.id)
        rows.append((printable(Path(waiting.uri).name), _assigned(play, waiting.face.id, person)))
    stage.table(("photo", "what became of it"), rows)
    made = sum(result == "encoded under the release" for _, result in rows)
    stage.say(f"The encoder was called {counted(play.encoder.calls, 'time')} by now.")
    return made > 0


def _assigned(play: Play, face: FaceId, person: Person) -> str:
    try:
        play.engine.review.assign(face, person.id)
    except (Refused, BadInput) as error:
        return f"not encoded: {error}"
    return "encoded under the release"


def _search(play: Play, person: Person, candidate: Candidate, people: Sequence[Person], root: Path) -> None:
    """Show a search that finds, one for a stranger, a withdrawal, and the same search again."""
    stage = play.stage
    stage.step(f"Search for {person.label}")
    shown, probe = _find(play, person, candidate, people)
    stage.step("Search for a stranger: a drawn face, because nobody else in your photos asked for a search")
    stranger = demo_photos.probes()["stranger.jpg"]
    demo_photos.write({"stranger.jpg": stranger}, root / "photos")
    if steps.search(play, root / "photos" / "stranger.jpg", stranger, people).candidates:
        stage.say("A false answer: about one search in a hundred gives one, so a person must look at each.", "yellow")
    steps.withdraw(play, person, shown, probe, people)


def _find(play: Play, person: Person, candidate: Candidate, people: Sequence[Person]) -> tuple[str, bytes]:
    """Search with another photo of the person, else with altered copies; return the probe that found."""
    for shown, probe in _probes(candidate):
        try:
            result = steps.search(play, shown, probe, people)
        except BadPhoto as error:
            play.stage.say(f"Not searched: {error}", "yellow")
            continue
        if any(found.subject == person.id for found in result.candidates):
            return shown, probe
        play.stage.say("A miss: the photos are too different for this encoder at this threshold.", "yellow")
    play.stage.expect(False, "an altered copy of an encoded photo is found")
    raise AssertionError


def _probes(candidate: Candidate) -> Iterator[tuple[str, bytes]]:
    if candidate.probe is not None:
        yield str(candidate.probe), candidate.probe.read_bytes()
    for waiting in candidate.faces:
        path = Path(waiting.uri)
        yield f"mirrored and darker copy of {path.name}", demo_photos.altered_copy(path)
