# SPDX-License-Identifier: Apache-2.0
"""What changed in the records since somebody last looked, and the rows of the gallery's sealed files.

Triggers count every change of subjects, releases, clients, references and runs, and write down whose it is; raw SQL
and other processes are counted too. What was written down is forgotten once the sealed files are as new as that.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from sqlalchemy import delete, insert, select

from countenance.ids import SubjectId
from countenance.store import schema
from countenance.store.records import Transaction

_NO_SUBJECT = frozenset({"client", "run", ""})
_NUMBER = select(schema.revision.c.number)  # made once: each search asks it three times


@dataclass(frozen=True)
class Changes:
    """What changed.

    Attributes:
        subjects: who is to be looked at again.
        runs: whether a destruction run moved.
    """

    subjects: frozenset[SubjectId]
    runs: bool


def number(work: Transaction) -> int:
    """Return how many changes there ever were: it moves whenever a search must look again."""
    return int(work.connection.execute(_NUMBER).scalar_one())


def since(work: Transaction, known: int) -> Changes | None:
    """Return what changed after a number; None where that is not written down of every change."""
    table = schema.gallery_change
    abouts = work.connection.execute(select(table.c.about).where(table.c.number > known)).scalars().all()
    if len(abouts) != number(work) - known or "" in abouts:
        return None
    whose = frozenset(abouts)
    return Changes(frozenset(SubjectId(one) for one in whose - _NO_SUBJECT), "run" in whose)


@dataclass(frozen=True)
class SealedFile:
    """A file of the gallery.

    Attributes:
        id: its name, and the owner of its key.
        place: -1 for the file that says who is where; from 0 the number of a segment.
        number: the change that it is as new as.
    """

    id: str
    place: int
    number: int


INDEX = -1


def files(work: Transaction) -> list[SealedFile]:
    """Return the files that count, the index first, then by place."""
    table = schema.gallery_file
    query = select(table.c.id, table.c.place, table.c.number).order_by(table.c.place)
    return [SealedFile(*row) for row in work.connection.execute(query)]


def encoder_of_files(work: Transaction) -> str:
    """Return the encoder whose faceprints the files hold; empty where there are none."""
    return str(work.connection.execute(select(schema.gallery_file.c.encoder).limit(1)).scalar() or "")


def set_files(work: Transaction, encoder: str, kept: Iterable[SealedFile]) -> None:
    """Make these the files that count, in the place of all others, and forget the changes that they know."""
    table, change = schema.gallery_file, schema.gallery_change
    work.connection.execute(delete(table))
    for one in kept:
        values = {"id": one.id, "encoder": encoder, "place": one.place, "number": one.number}
        work.connection.execute(insert(table).values(values))
        if one.place == INDEX:
            work.connection.execute(delete(change).where(change.c.number <= one.number))
