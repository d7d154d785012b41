# SPDX-License-Identifier: Apache-2.0
"""How this installation is: in numbers at once, and in words after a look at everything. Nothing in it is personal."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from sqlalchemy import Table, func, select

from countenance.clock import from_text
from countenance.errors import CountenanceError, ModelError, NotWritable
from countenance.model.event import EventTag
from countenance.model.source import FaceState
from countenance.ports.vision import FacePack
from countenance.services.accuracy import last_tested
from countenance.services.doctor import Doctor
from countenance.services.law import LawBook
from countenance.services.tails import tail_in_use
from countenance.store import log, schema
from countenance.store.records import Records, Transaction
from countenance.store.retention import count_overdue


@dataclass(frozen=True)
class Model:
    """The face pack in use, and what its thresholds rest on.

    Attributes:
        problem: why it does not load or cannot search; the rest is empty then.
        tested_on: day of the newest accuracy test; `test_again_by` is when the law asks for the next.
        calibrated_on, calibrated_by: day and data of the measurement that thresholds come from; over `people`.
    """

    pack: str
    problem: str | None = None
    encoder: str = ""
    licence: str = ""
    tested_on: str = ""
    test_every_days: int = 0
    calibrated_on: str = ""
    calibrated_by: str = ""
    people: int = 0


@dataclass(frozen=True)
class Numbers:
    """What is held, and what waits.

    Attributes:
        other_references: made by an encoder that is not in use; no search reads them.
        overdue: people whose time is up.
    """

    subjects: int
    photos: int
    references: int
    other_references: int
    sources: int
    clients: int
    faces_waiting: int
    overdue: int
    log_entries: int
    last_entry_at: datetime | None
    last_backup_at: datetime | None
    disk_free_bytes: int
    disk_bytes: int


@dataclass(frozen=True)
class Checked:
    """What a look at everything found, in words; an empty list is health."""

    at: datetime
    problems: tuple[str, ...]


class Health:
    """Verbs `require_ready`, `numbers`, `model`, `check`, `last_check`."""

    def __init__(
        self,
        records: Records,
        law: LawBook,
        doctor: Doctor,
        directory: Path,
        pack_name: Callable[[], str],
        pack: Callable[[], FacePack],
    ) -> None:
        self._records = records
        self._law = law
        self._doctor = doctor
        self._directory = directory
        self._pack_name = pack_name
        self._pack = pack
        self._checked: Checked | None = None

    def require_ready(self) -> None:
        """Prove that a search could be answered now.

        Raises:
            Damaged, WrongRootKey, Busy: records or keyring cannot be read.
            NotWritable: nothing could be logged, so nothing is answered.
            ModelError: the face models do not load.
        """
        self._records.require_usable()
        if not os.access(self._directory, os.W_OK):
            raise NotWritable("the data directory cannot be written; every search is logged there, so none is answered")
        self._pack()

    def numbers(self) -> Numbers:
        """Return what is held, and what waits."""
        disk = shutil.disk_usage(self._directory)
        try:
            encoder = self._pack().encoder.digest
        except CountenanceError:
            encoder = ""
        with self._records.read() as work:
            table, face, event = schema.reference, schema.face, schema.event
            ours = _count(work, table, table.c.encoder == encoder)
            backup = select(func.max(event.c.at)).where(event.c.tag == EventTag.BACKUP_MADE.value)
            last = work.connection.execute(backup).scalar()
            return Numbers(
                subjects=_count(work, schema.subject),
                photos=_count(work, schema.photo),
                references=ours,
                other_references=_count(work, table) - ours,
                sources=_count(work, schema.source),
                clients=_count(work, schema.client),
                faces_waiting=_count(work, face, face.c.state == FaceState.WAITING.value),
                overdue=count_overdue(work, work.now),
                log_entries=log.tree_size(work.connection),
                last_entry_at=log.last_moment(work.connection),
                last_backup_at=None if last is None else from_text(last),
                disk_free_bytes=disk.free,
                disk_bytes=disk.total,
            )

    def model(self) -> Model:
        """Return the face pack in use, whether it loads or not."""
        name = self._pack_name()
        try:
            pack = self._pack()
            with self._records.read() as work:
                tail = tail_in_use(work, pack.encoder.digest)
                tested = last_tested(work, pack.encoder.digest)
        except ModelError as error:
            return Model(name, problem=str(error))
        return Model(
            pack=name,
            encoder=pack.encoder.digest,
            licence=pack.licence,
            tested_on=tested.isoformat(),
            test_every_days=self._law.of_probe().number("assessment.accuracy_test_every_days"),
            calibrated_on=tail.date,
            calibrated_by=tail.data,
            people=tail.people,
        )

    def check(self) -> Checked:
        """Look at everything, as `doctor` does; takes seconds, more with many references."""
        problems = tuple(self._doctor.problems())
        self._checked = Checked(self._records.clock.now(), problems)
        return self._checked

    def last_check(self) -> Checked | None:
        """Return what the last look found; None where there was none since the program started."""
        return self._checked


def _count(work: Transaction, table: Table, *conditions: object) -> int:
    query = select(func.count()).select_from(table).where(*conditions)  # type: ignore[arg-type]
    return int(work.connection.execute(query).scalar_one())
