# SPDX-License-Identifier: Apache-2.0
"""Backups are two: the records, worthless alone, and the keys, sealed to a recovery key and short-lived.

A backup folder holds `data-TIME/` (records.sqlite, policy.txt, manifest.json), `keys-TIME.age`, and `tombstones`.
The folder is remembered in the settings, so that a later destruction can add its tombstones there at once.
"""

from __future__ import annotations

import errno
import fcntl
import hashlib
import json
import os
import shutil
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from countenance import __version__, canonical
from countenance.clock import from_text, to_text
from countenance.errors import BadInput, Busy, CountenanceError, DiskFull, NotWritable
from countenance.ids import new_id
from countenance.model.event import EventTag
from countenance.services.gallery_files import PREFIX as GALLERY_KEYS
from countenance.services.journal import ORIGIN
from countenance.store import log, recovery, tombstones
from countenance.store import subjects as subject_rows
from countenance.store.database import open_sqlite, transaction
from countenance.store.records import Records, Transaction, set_setting, settings
from countenance.store.root_key import sync_folder, write_private

RECORDS, POLICY, MANIFEST = "records.sqlite", "policy.txt", "manifest.json"
KEYS_VALID_DAYS = 30
LONGEST_DAYS = 366
_FORMAT = "countenance backup 1"
_RECIPIENT = "recovery_recipient"
_FOLDERS = "backup_folders"


@dataclass(frozen=True)
class BackupState:
    """A backup folder after tombstones were sent to it.

    Attributes:
        reached: the folder holds every tombstone now.
        keys_until: until when a keys backup in it opens what was destroyed since; None where there is none. Of a
            folder that was not reached it is what is remembered.
    """

    folder: Path
    reached: bool
    keys_until: datetime | None


@dataclass(frozen=True)
class BackupMade:
    """The two files of one backup."""

    data: Path
    keys: Path
    keys_until: datetime
    tombstones: int


class Backups:
    """Verbs on backups."""

    def __init__(self, records: Records, directory: Path) -> None:
        self._records = records
        self._directory = directory.resolve()

    def new_recovery_key(self, out: Path) -> str:
        """Write a new recovery key to a file and seal all later backups to it; return its public recipient.

        Raises:
            BadInput: the file would lie in the data directory.
            NotWritable: it cannot be written.
        """
        if out.resolve().is_relative_to(self._directory):
            raise BadInput("a recovery key beside the data opens it for whoever takes the disk; name another place")
        recipient = recovery.new_recovery_key(out)
        with self._records.write() as work:
            set_setting(work, _RECIPIENT, recipient)
            work.log(EventTag.RECOVERY_KEY_MADE, recipient=recipient)
        return recipient

    def make(self, folder: Path, *, recovery_key: Path | None = None, valid_days: int = KEYS_VALID_DAYS) -> BackupMade:
        """Write both backups into a folder (0700); others may write to the records meanwhile.

        Args:
            recovery_key: a file with the recipient to seal to; by default the one of `new_recovery_key`.
            valid_days: for how long the keys backup is valid, from 1 to 366.

        Raises:
            BadInput: the folder is in the data directory, or there is no recovery key.
            Damaged: the folder holds the tombstones of another keyring.
            Busy: another backup is being made.
            NotWritable, DiskFull: it cannot be written; what was begun is removed.
        """
        folder = folder.resolve()
        if folder.is_relative_to(self._directory) or self._directory.is_relative_to(folder):
            raise BadInput("a backup in the data directory would be lost with it; name a folder on another disk")
        if not 1 <= valid_days <= LONGEST_DAYS:
            raise BadInput(f"keys backups are valid for 1 to {LONGEST_DAYS} days")
        recipient = self._recipient(recovery_key)
        now = self._records.clock.now()
        until = now + timedelta(days=valid_days)
        made = BackupMade(folder / f"data-{_stamp(now)}", folder / _keys_name(now), until, 0)
        with self._alone(), _writing(folder):
            count = self._make(made, recipient, now)
            self.spread_tombstones()  # also to folders that were away when something was destroyed
        return BackupMade(made.data, made.keys, until, count)

    def spread_tombstones(self, before: datetime | None = None) -> list[BackupState]:
        """Send every tombstone to every backup folder; say which were reached, and until when their keys live.

        Args:
            before: look only at keys backups that were made before this moment; later ones lack what died in it.
        """
        with self._records.read() as work:
            folders = _folders(work)
        last = None if before is None else _keys_name(before)
        return [
            self._spread(Path(folder), {name: until for name, until in keys.items() if last is None or name <= last})
            for folder, keys in folders.items()
        ]

    def _spread(self, folder: Path, keys: Mapping[str, str]) -> BackupState:
        try:
            # Without the file it is an empty mount point, or another disk, and nothing is written there.
            tombstones.spread(folder / tombstones.NAME, self._records.keyring)
        except (OSError, CountenanceError):
            return BackupState(folder, reached=False, keys_until=_last(keys.values()))
        alive = [until for name, until in keys.items() if (folder / name).exists()]
        return BackupState(folder, reached=True, keys_until=_last(alive))

    def _recipient(self, recovery_key: Path | None) -> str:
        if recovery_key is not None:
            return recovery.recipient_in(recovery_key)
        with self._records.read() as work:
            recipient = settings(work).get(_RECIPIENT)
        if recipient is None:
            raise BadInput(
                "there is no recovery key to seal the keys to: `countenance keys recovery --out FILE` makes one; "
                "keep the file away from this machine"
            )
        return recipient

    @contextmanager
    def _alone(self) -> Iterator[None]:
        descriptor = os.open(self._directory, os.O_RDONLY)
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
            yield
        except BlockingIOError as error:
            raise Busy("another backup is being made; try again when it has finished") from error
        finally:
            os.close(descriptor)

    def _make(self, made: BackupMade, recipient: str, now: datetime) -> int:
        """Write everything beside its place, then move it there; return the number of tombstones."""
        folder, keyring = made.data.parent, self._records.keyring
        fresh = not folder.exists()
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        buried = folder / tombstones.NAME
        first = not buried.exists()
        for left in folder.glob(".new-*"):  # of a backup that was killed: no other runs now
            shutil.rmtree(left)
        begun = folder / f".{new_id('new')}".replace("_", "-")
        try:
            if first:
                tombstones.write(buried, keyring, keyring.tombstones())
            tombstones.read(buried, keyring)
            begun.mkdir(mode=0o700)
            # Remembered before the keys are copied: whoever is destroyed from here on is told of this backup.
            with self._records.write() as work:
                remember(work, folder, {made.keys.name: to_text(made.keys_until)})
            self._write_data(begun, made, now)
            # Those of the gallery's sealed files open nothing that a backup holds.
            opening = {o: key for o, key in keyring.contents().items() if not o.startswith(f"{GALLERY_KEYS}_")}
            keys = recovery.SealedKeys(now, made.keys_until, opening)
            write_private(begun / made.keys.name, recovery.seal(keys, recipient))
            (begun / made.keys.name).rename(made.keys)
            begun.rename(made.data)
            sync_folder(folder)
            tombstones.spread(buried, keyring)
        except BaseException:
            self._undo(made, begun, [buried] if first else [], fresh=fresh)
            raise
        self._tidy(made)
        return len(tombstones.read(buried, keyring))

    def _undo(self, made: BackupMade, begun: Path, files: list[Path], *, fresh: bool) -> None:
        for path in (begun, made.data):
            shutil.rmtree(path, ignore_errors=True)
        for path in (made.keys, *files):
            path.unlink(missing_ok=True)
        if fresh:
            shutil.rmtree(made.data.parent, ignore_errors=True)
        with self._records.write() as work:
            folders = _folders(work)
            folders.get(str(made.data.parent), {}).pop(made.keys.name, None)
            if files:
                folders.pop(str(made.data.parent), None)
            _remember(work, folders)

    def _write_data(self, begun: Path, made: BackupMade, now: datetime) -> None:
        """Write the records, the policy, and the manifest that both are held against."""
        (begun / RECORDS).touch(mode=0o600)
        self._records.copy_to(begun / RECORDS)
        engine = open_sqlite(begun / RECORDS)
        with engine.connect() as connection, transaction(connection, write=False):
            work = Transaction(connection, self._records.keyring, now)
            policy = subject_rows.current_policy(work)
            head = head_of(work)
        write_private(begun / POLICY, b"" if policy is None else policy.text.encode())
        _sync(begun / RECORDS)
        manifest: dict[str, canonical.Value] = {
            "format": _FORMAT,
            "program": __version__,
            "made_at": to_text(now),
            "log": head,
            "files": {name: described(begun / name) for name in (RECORDS, POLICY)},
            "keys": {"file": made.keys.name, "valid_until": to_text(made.keys_until)},
        }
        manifest["mac"] = self._records.keyring.mac(canonical.encode(manifest)).hex()
        write_private(begun / MANIFEST, json.dumps(manifest, indent=2).encode() + b"\n")

    def _tidy(self, made: BackupMade) -> None:
        """Delete keys backups of this folder whose date has passed; log what was made."""
        folder = made.data.parent
        with self._records.write() as work:
            folders = _folders(work)
            for name, until in folders[str(folder)].items():
                if until < to_text(work.now):
                    (folder / name).unlink(missing_ok=True)
            folders[str(folder)] = {n: until for n, until in folders[str(folder)].items() if (folder / n).exists()}
            _remember(work, folders)
            work.log(EventTag.BACKUP_MADE, keys_until=to_text(made.keys_until))


def head_of(work: Transaction) -> dict[str, canonical.Value]:
    """Return origin, size and root (hex) of the log."""
    size = log.tree_size(work.connection)
    root = log.frontier(work.connection, size).root().hex()
    return {"origin": settings(work)[ORIGIN], "size": size, "root": root}


def described(path: Path) -> dict[str, canonical.Value]:
    """Return size and SHA-256 of a file."""
    with path.open("rb") as file:
        return {"bytes": path.stat().st_size, "sha256": hashlib.file_digest(file, "sha256").hexdigest()}


def remember(work: Transaction, folder: Path, keys: Mapping[str, str]) -> None:
    """Remember a backup folder and keys backups in it, by name with the date until which they are valid."""
    folders = _folders(work)
    folders.setdefault(str(folder), {}).update(keys)
    _remember(work, folders)


def folders_of(work: Transaction) -> dict[Path, dict[str, datetime]]:
    """Return the backup folders, and the keys backups in each, by name with the date until which they are valid."""
    return {
        Path(folder): {name: from_text(until) for name, until in keys.items()}
        for folder, keys in _folders(work).items()
    }


def _folders(work: Transaction) -> dict[str, dict[str, str]]:
    listed: list[dict[str, Any]] = json.loads(settings(work).get(_FOLDERS, "[]"))
    return {one["folder"]: dict(one["keys"]) for one in listed}


def _remember(work: Transaction, folders: Mapping[str, Mapping[str, str]]) -> None:
    listed = [{"folder": folder, "keys": dict(keys)} for folder, keys in folders.items()]
    set_setting(work, _FOLDERS, json.dumps(listed))


def _last(moments: Iterable[str]) -> datetime | None:
    found = list(moments)
    return from_text(max(found)) if found else None


def _sync(path: Path) -> None:
    with path.open("rb") as file:
        os.fsync(file.fileno())


@contextmanager
def _writing(folder: Path) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        kind = DiskFull if error.errno in (errno.ENOSPC, errno.EDQUOT, errno.EFBIG) else NotWritable
        raise kind(f"the backup cannot be written to {folder}: {error.strerror}; nothing of it is left") from error


def _stamp(moment: datetime) -> str:
    return to_text(moment).translate(str.maketrans("", "", "-:."))


def _keys_name(moment: datetime) -> str:
    return f"keys-{_stamp(moment)}.age"
