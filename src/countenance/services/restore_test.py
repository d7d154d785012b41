# SPDX-License-Identifier: Apache-2.0
"""The restored-backup test: a copy of the records from before a run, restored in isolation after it.

Tombstones must take out everything that the run destroyed, and nothing else. The copy holds ciphertexts only; it is
removed before the bytes of the data directory are scanned, and whatever happens.
"""

from __future__ import annotations

from pathlib import Path

from sqlalchemy import select

from countenance.ids import RunId
from countenance.ledger.certificate import Check
from countenance.model.destruction import TargetKind
from countenance.store import burial, schema
from countenance.store import runs as rows
from countenance.store.records import Records, Transaction

FILE = "restore-test.sqlite"


class RestoreTest:
    """Copies the records before a run, and restores the copy after it."""

    def __init__(self, records: Records, directory: Path) -> None:
        self._records = records
        self._path = directory / FILE

    def prepare(self) -> None:
        """Copy the records of this moment, as a backup would."""
        self.discard()
        self._path.touch(mode=0o600)
        self._records.copy_to(self._path)

    def checks(self, run: RunId) -> list[Check]:
        """Restore the copy with the keyring of now and look for the run's targets; nothing where there is no copy."""
        if not self._path.is_file():
            return []
        with self._records.read() as work:
            subjects = set(rows.targets(work, run, TargetKind.SUBJECT))
            photos = set(rows.targets(work, run, TargetKind.PHOTO))
            living = _subjects(work)
        copy = Records(self._path, self._records.keyring, self._records.clock)
        with copy.write() as work:
            before = _subjects(work)
            burial.remove(work, burial.find(work))
            after, shown = _subjects(work), set(work.connection.execute(select(schema.photo.c.id)).scalars())
        return [
            Check("targets in a backup from before the run, restored", 0, len(subjects & after) + len(photos & shown)),
            Check("other people whom that restore lost", 0, len((before & living) - after)),
        ]

    def discard(self) -> None:
        """Remove the copy."""
        for tail in ("", "-wal", "-shm"):
            self._path.with_name(FILE + tail).unlink(missing_ok=True)


def _subjects(work: Transaction) -> set[str]:
    return set(work.connection.execute(select(schema.subject.c.id)).scalars())
