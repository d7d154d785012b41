# SPDX-License-Identifier: Apache-2.0
"""The demo on its own photos: a gala with two guests who signed, one who did not, and bystanders."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

from countenance.cli import demo_photos
from countenance.cli import demo_steps as steps
from countenance.cli.demo_photos import Names
from countenance.cli.demo_stage import Stage
from countenance.cli.demo_steps import Person, Play
from countenance.cli.output import counted
from countenance.ids import SourceId, SubjectId
from countenance.services.ingest import PhotoOutcome
from countenance.services.sighting import FaceOutcome

_NAMES = Names(ada="Ada Example", ben="Ben Sample", cleo="Cleo Nosign")
_LIVES = {_NAMES.ada: "US-IL", _NAMES.ben: "US-NY", _NAMES.cleo: "US-IL"}

# What must become of each photo: its reason to be left out, or the state and reason of each face.
_EXPECTED: dict[str, list[str]] = {
    f"{_NAMES.ada}/by the window.jpg": ["reference"],
    f"{_NAMES.ada}/in motion.jpg": ["skipped blurred"],
    f"{_NAMES.ada}/portrait.jpg": ["reference"],
    "arrival.jpg": ["skipped consent.live"],
    "garden.jpg": [],
    "half a copy.jpg": ["truncated"],
    "notes.jpg": ["not_an_image"],
    "speech.jpg": ["reference"],
    "table 1.jpg": ["bystander", "bystander", "reference", "reference"],
    "toast.jpg": ["reference"],
}
_ABOUT = {
    f"{_NAMES.ada}/by the window.jpg": "one face; the folder has Ada's name",
    f"{_NAMES.ada}/in motion.jpg": "one face; the folder has Ada's name",
    f"{_NAMES.ada}/portrait.jpg": "one face; the folder has Ada's name",
    "arrival.jpg": "faces.csv names Cleo, who did not sign",
    "garden.jpg": "no face",
    "half a copy.jpg": "a file that was cut off",
    "notes.jpg": "text, named as a photo",
    "speech.jpg": "a photo program tagged Ben's face",
    "table 1.jpg": "four faces; faces.csv says where Ada and Ben sit",
    "toast.jpg": "one face; faces.csv names Ben",
}


def run(stage: Stage, root: Path) -> SubjectId:
    """Run the demo in a prepared folder; return somebody who is still enrolled at its end.

    Raises:
        typer.Exit: a step did not do what it promises.
        CountenanceError: as the verbs do.
    """
    gala, probes = root / "photos" / "gala", root / "photos" / "probes"
    photos, asked = demo_photos.gala(_NAMES), demo_photos.probes()
    demo_photos.write(photos, gala)
    demo_photos.write(asked, probes)
    stage.say("COUNTENANCE: a face search that holds faceprints only of people who signed a release", "bold")
    stage.say(
        f"\nAn Example Museum had a gala. The photos of it lie in {gala}. One guest's portrait is NASA's, of an "
        "astronaut, in the public domain; the other guests are drawn from it by moving eyes, noses and jaws. All "
        "names are invented. The program is the real one.\n"
    )
    play = steps.begin(stage, root, "Example Museum", "privacy@museum.example")
    people = _sign(play)
    ada, ben, _ = people
    stage.step("Say where the photos come from, and by what permission")
    basis = "Contract of 3 May 2026 with the organiser of the gala"
    source = steps.add_source(play, "Gala 2026", basis, "US-NY")
    _ingest(play, gala, source.id, people)
    _search(play, probes, asked["ada.jpg"], asked["stranger.jpg"], people)
    steps.withdraw(play, ada, probes / "ada.jpg", asked["ada.jpg"], people)
    steps.destroy(play, ada)
    stage.say(f"\n{ben.label} did not withdraw, and is still found:")
    found = steps.search(play, probes / "ben.jpg", asked["ben.jpg"], people)
    stage.expect([c.subject for c in found.candidates] == [ben.id], "destroying one person harms no other")
    steps.disk(play, people, [Path(name).name for name in _EXPECTED])
    steps.doctor(play)
    _next(play, ben)
    return ben.id


def _sign(play: Play) -> list[Person]:
    stage = play.stage
    stage.step("Write down whom you will ask; nothing of them is collected yet")
    subjects = []
    for label, place in _LIVES.items():
        stage.command("subject", "add", label, "--residency", place)
        subjects.append(play.engine.subjects.add(label, residency=[place]))
    stage.say(
        "Where a person lives decides which law applies: Illinois has an act of its own on face data; for New York "
        "the rules for states without one apply."
    )
    stage.step("Give each person the notice, and ask for a signature")
    people: list[Person] = []
    rows = []
    for subject in subjects:
        draft = steps.notify(play, subject.id)
        if not people:
            steps.release_command(play, subject.id, subject.label)
            stage.document(f"What {subject.label} reads, as Illinois law asks", draft.text)
            stage.say("The others are told the same in their own names. Their answers:")
        if subject.label == _NAMES.cleo:
            rows.append((subject.label, "did not sign", "nothing"))
            people.append(Person(subject.id, subject.label, None))
            continue
        release = play.engine.subjects.sign(draft, signer=subject.label)
        until = f"photo delivery by {play.client.name}, until {release.term_end:%d %B %Y}"
        rows.append((subject.label, f"signed: {release.status(release.signed_at).value}", until))
        people.append(Person(subject.id, subject.label, subject.label))
        stage.expect(release.status(release.signed_at).value == "given", "a signed release is in force")
    stage.table(("person", "answer", "permits"), rows)
    return people


def _ingest(play: Play, gala: Path, source: SourceId, people: Sequence[Person]) -> None:
    stage = play.stage
    stage.step("Read the photos: find every face, make faceprints only of those who signed")
    manifest = gala / "faces.csv"
    stage.command("ingest", source, gala, "--faces", manifest, "--verbose")
    outcomes: dict[str, PhotoOutcome] = {}
    with steps.progress("Photos") as advance:

        def note(outcome: PhotoOutcome, done: int, total: int) -> None:
            outcomes[str(outcome.path.relative_to(gala))] = outcome
            advance(outcome, done, total)

        summary = play.engine.ingest.run(source, [gala], manifest=manifest, progress=note)
    labels = {person.id: person.label for person in people}
    rows = [(name, _ABOUT[name], "\n".join(_became(outcome, labels))) for name, outcome in outcomes.items()]
    stage.table(("photo", "what it is", "what became of it"), rows)
    for name, expected in _EXPECTED.items():
        stage.expect(name in outcomes and _states(outcomes[name]) == expected, f"{name} becomes {expected}")
    encoded = play.encoder.calls
    stage.say(
        f"{counted(summary.faces, 'face')}: {summary.references} encoded under a release, "
        f"{counted(summary.bystanders, 'bystander')} counted and not encoded, "
        f"{summary.faces - summary.references - summary.bystanders} left out for the reasons above."
    )
    with_release = sum("reference" in states for states in _EXPECTED.values())
    stage.expect(encoded == with_release, "the encoder is called only for photos that show somebody who signed")
    stage.say(
        f"The encoder was called for {encoded} of {counted(summary.photos, 'file')}; it takes nothing but faces "
        "that carry a permit."
    )


def _search(play: Play, probes: Path, probe: bytes, stranger: bytes, people: Sequence[Person]) -> None:
    stage = play.stage
    ada = people[0]
    stage.step(f"{ada.label} asks for her photos; this picture of her is not among those that were read")
    result = steps.search(play, probes / "ada.jpg", probe, people)
    stage.expect([c.subject for c in result.candidates] == [ada.id], "a search finds the person who signed")
    stage.say("The search, who asked for it and why are in the log. The picture was forgotten at once.")
    stage.step("Somebody asks who never signed anything")
    result = steps.search(play, probes / "stranger.jpg", stranger, people)
    stage.expect(not result.candidates, "a search for a stranger says nobody")
    stage.say("Nobody is a normal answer: the program does not offer whoever happens to be nearest.")


def _states(outcome: PhotoOutcome) -> list[str]:
    """Return what became of a photo, in the words of `_EXPECTED`."""
    if outcome.reason:
        return [outcome.reason]
    return sorted(" ".join(filter(None, (face.state.value, face.reason))) for face in outcome.faces)


def _became(outcome: PhotoOutcome, labels: Mapping[SubjectId, str]) -> list[str]:
    """Return what became of a photo, a line for each face from the left."""
    if outcome.reason:
        return [f"left out, {outcome.detail.partition(';')[0]}"]
    lines = []
    for face in sorted(outcome.faces, key=lambda face: face.box.left):
        who = labels.get(face.subject, "") if face.subject else ""
        words = {
            "reference": f"{who}: encoded",
            "bystander": "bystander: counted, not encoded",
            "skipped": f"{who}: not encoded, {_why(face)}",
        }
        lines.append(words.get(face.state.value, face.state.value))
    return lines or ["nothing to encode"]


def _why(face: FaceOutcome) -> str:
    """Return the reason in words; of a quality reason with its measured value."""
    detail = face.detail.partition(";")[0]
    reason = face.reason or ""
    return detail if "." in reason else f"{reason.replace('_', ' ')}: {detail}"


def _next(play: Play, ben: Person) -> None:
    stage = play.stage
    stage.say("\nEvery step did what it promises. Try next, with COUNTENANCE_DATA set as above:", "bold")
    stage.command("subject", "show", ben.id)
    stage.say("    what is held of a person, and who searched and found this person\n")
    stage.command("review", "--bystanders")
    stage.say("    the faces that nobody named; a reviewer may say who they are, a release decides the rest\n")
    stage.command("demo", "--photos", "path/to/your/photos")
    stage.say("    the same on photos of your own")
