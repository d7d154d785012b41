# SPDX-License-Identifier: Apache-2.0
"""`python -m benchmarks.matter`: the worked matter of docs/worked-matter.md, from served to certified.

A population with residency histories comes from a seeded generator: people who live in Illinois, moved there, moved
away, never lived there, and those of whom nobody knows. No name is real: everybody is called by a number. The first few
sign a release, so that the matter has releases whose evidence outlives the people.
"""

from __future__ import annotations

import argparse
import random
import subprocess
import sys
import tempfile
from collections import Counter
from collections.abc import Iterator
from datetime import date, timedelta
from pathlib import Path

from countenance.bootstrap import Engine
from countenance.ids import SubjectId, new_id
from countenance.model.purpose import ClientKind, Purpose
from countenance.model.residency import Evidence, Residency, ResidencyFact
from countenance.model.subject import AgeBand, Subject
from countenance.services.release_act import ReleaseTerms
from countenance.store import residency as residency_rows
from countenance.store import subjects as subject_rows

MATTER = Path(__file__).parents[1] / "docs" / "matter" / "mutnick.toml"
_STATES = ("US-TX", "US-CA", "US-NY", "US-WA", "US-CO", "US-OR", "DE", "CA")
_KINDS = {"lives there": 12, "moved in": 6, "moved out": 9, "never": 55, "gap": 8, "unknown": 10}
_BATCH = 5_000
Home = tuple[str, date | None, date | None]


def histories(count: int, seed: int = 20_200_408) -> Iterator[tuple[str, list[Home]]]:
    """Yield for each person a kind of history, and its homes: place, first day, first day elsewhere."""
    rng = random.Random(seed)
    for _ in range(count):
        kind = rng.choices(list(_KINDS), list(_KINDS.values()))[0]
        other, third = rng.sample(_STATES, 2)
        moved = date(2008, 10, 3) + timedelta(days=rng.randrange(6_000))
        homes: dict[str, list[Home]] = {
            "lives there": [("US-IL", None, None)],
            "moved in": [(other, None, moved), ("US-IL", moved, None)],
            "moved out": [("US-IL", None, moved), (other, moved, None)],
            "never": [(other, None, moved), (third, moved, None)] if rng.random() < 0.4 else [(other, None, None)],
            "gap": [(other, moved, None)],  # where this person lived before, nobody has said
            "unknown": [],
        }
        yield kind, homes[kind]


def populate(engine: Engine, count: int) -> Counter[str]:
    """Add the population through the store's own functions; return how many there are of each kind."""
    records, kinds, people = engine._records, Counter[str](), histories(count)  # noqa: SLF001 - bulk, with real keys
    for start in range(0, count, _BATCH):
        some = [(SubjectId(new_id("sub")), *next(people)) for _ in range(min(_BATCH, count - start))]
        records.keyring.create(one for one, _, _ in some)
        with records.write() as work:
            for number, (one, kind, homes) in enumerate(some, start=start):
                kinds[kind] += 1
                facts = [
                    ResidencyFact(0, one, place, since, until, Evidence.DOCUMENT, work.now)
                    for place, since, until in homes
                ]
                key = Residency(tuple(facts)).key(work.now.date())
                person = Subject(one, f"Person {number}", key, AgeBand.ADULT, None, work.now)
                subject_rows.add(work, person)
                residency_rows.add(work, facts)
    return kinds


def sign(engine: Engine, count: int) -> None:
    """Add people who live in Illinois and sign a release, through the doors."""
    terms = ReleaseTerms(frozenset({Purpose.ARCHIVE_SEARCH}), frozenset(), frozenset({ClientKind.ARCHIVE}), 300)
    for number in range(count):
        one = engine.subjects.add(f"Signer {number}", residency=["US-IL"]).id
        engine.subjects.sign(engine.subjects.deliver_notice(one, terms), signer=f"Signer {number}")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--subjects", type=int, default=20_000)
    parser.add_argument("--signers", type=int, default=50, help="of these, people in Illinois who signed a release")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        data = Path(folder) / "data"
        engine = Engine.init(data, operator="Example Archive")
        sign(engine, options.signers)
        kinds = populate(engine, options.subjects - options.signers)
        print(f"Population: {dict(sorted(kinds.items()))}, and {options.signers} in Illinois who signed")
        matter(data, Path(folder))


def matter(data: Path, out: Path) -> None:
    """Run the commands of the matter and print them with what they say."""
    order = ""
    for words in (
        "order enter MATTER --by clerk",
        "order confirm ORDER --by counsel",
        "order preview ORDER",
        "order freeze ORDER",
        "order execute ORDER --by clerk",
        "order execute ORDER --by counsel --declarant Cara --title Custodian --out OUT",
        "order met ORDER 4 --by clerk",
        "order status ORDER",
    ):
        command = words.replace("MATTER", str(MATTER)).replace("ORDER", order).replace("OUT", str(out))
        done = subprocess.run(
            [sys.executable, "-m", "countenance", *command.split(), "--data", str(data)],
            check=False,
            capture_output=True,
            text=True,
        )
        print(f"$ countenance {words.replace('MATTER', 'mutnick.toml').replace('OUT', '.')}")
        print(done.stdout.replace(str(out), ".") + done.stderr, end="", flush=True)
        if done.returncode:
            raise SystemExit(done.returncode)
        order = order or done.stdout.split(":")[0]


if __name__ == "__main__":
    main()
