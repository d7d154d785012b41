# SPDX-License-Identifier: Apache-2.0
"""The files of a data directory: their names, whose they are, and how they are opened."""

from __future__ import annotations

import errno
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from countenance.clock import Clock, SystemClock
from countenance.errors import DiskFull, NotInitialised, NotWritable
from countenance.services.restore_test import FILE as RESTORE_TEST
from countenance.store import root_key
from countenance.store.keyring import Keyring
from countenance.store.records import Records
from countenance.store.root_key import RootKey

ROOT_KEY = "root.key"
KEYRING = "keyring.sqlite"
RECORDS = "records.sqlite"
POLICY = "policy.txt"
LOCK = "ingest.lock"
RETENTION_LOCK = "retention.lock"
DESTRUCTION_LOCK = "destruction.lock"
MODELS = "models"
GALLERY = "gallery"
OWNED = frozenset(
    {ROOT_KEY, f"{ROOT_KEY}.new", POLICY, LOCK, RETENTION_LOCK, DESTRUCTION_LOCK, MODELS, GALLERY}
    | {f"{name}{tail}" for name in (KEYRING, RECORDS, RESTORE_TEST) for tail in ("", "-wal", "-shm")}
)
"""First parts of the paths that belong to a store."""


@contextmanager
def writing(directory: Path) -> Iterator[None]:
    """Run a block that writes there; what the system refuses becomes an error of ours.

    Raises:
        DiskFull, NotWritable: it cannot be written.
    """
    try:
        yield
    except OSError as error:
        kind = DiskFull if error.errno in (errno.ENOSPC, errno.EDQUOT, errno.EFBIG) else NotWritable
        raise kind(f"nothing can be written to {directory}: {error.strerror}") from error


def show_policy(directory: Path, text: str) -> None:
    """Write the public policy to where the public finds it, unless it stands there.

    Raises:
        DiskFull, NotWritable: it cannot be written.
    """
    path = directory / POLICY
    with writing(directory):
        if not path.is_file() or path.read_text(encoding="utf-8") != text:
            path.write_text(text, encoding="utf-8")


def keyring_of(directory: Path) -> Keyring:
    """Return the keyring of a data directory.

    Raises:
        NotInitialised: there is none.
        WrongRootKey: the root key does not open it.
    """
    if not (directory / KEYRING).is_file():
        raise NotInitialised(f"there is no keyring in {directory}")
    return Keyring.open(directory / KEYRING, root_key.source(directory / ROOT_KEY))


def open_records(directory: Path, place: RootKey, clock: Clock | None) -> Records:
    """Open the records of a data directory with its keyring, making the files where they are missing.

    Raises:
        WrongRootKey: the root key does not open the keyring.
        NotWritable, DiskFull, Damaged, Busy: the files cannot be used.
    """
    with writing(directory):
        for name in (KEYRING, RECORDS):  # SQLite gives its -wal and -shm files the mode of the database
            (directory / name).touch(mode=0o600)
    keyring = Keyring.open(directory / KEYRING, place)
    return Records(directory / RECORDS, keyring, clock or SystemClock())
