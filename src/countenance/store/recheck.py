# SPDX-License-Identifier: Apache-2.0
"""A second look at a data directory, by a fresh process that shares no code and no memory with the first.

`python -m countenance.store.recheck RECORDS KEYRING` reads subject ids, photo ids and key owners as one JSON object
from standard input, opens both databases read-only with the standard library, and prints what it finds of them.
"""

from __future__ import annotations

import json
import sqlite3
import sys
from collections.abc import Iterable
from pathlib import Path

_SUBJECT_COLUMNS = (
    ("subject", "id"),
    ("residency_fact", "subject"),
    ("retention_fact", "subject"),
    ("retention_clock", "subject"),
    ("retention_notice", "subject"),
    ("retention_conflict", "subject"),
    ("notice", "subject"),
    ("signing", "subject"),
    ("release", "subject"),
    ("reference", "subject"),
    ("escrow_reference", "subject"),
    ("face", "subject"),
    ("search_candidate", "subject"),
    ("confirmation", "subject"),
    ("artefact_subject", "subject"),
    ("face_decision", "subject"),
)
_PHOTO_COLUMNS = (("photo", "id"), ("face", "photo"), ("photo_source", "photo"), ("photo_file", "photo"))


def look(records: Path, keyring: Path, wanted: dict[str, list[str]]) -> dict[str, int]:
    """Return how many rows of the targets, free pages and log bytes are left."""
    found: dict[str, int] = {}
    with _opened(records) as database:
        for table, column in _SUBJECT_COLUMNS:
            found[f"rows of the targets in {table}"] = _count(database, table, column, wanted["subjects"])
        for table, column in _PHOTO_COLUMNS:
            name = f"rows of the targets in {table}"
            found[name] = found.get(name, 0) + _count(database, table, column, wanted["photos"])
        found["free pages of the records"] = database.execute("PRAGMA freelist_count").fetchone()[0]
    with _opened(keyring) as database:
        found["keys of the targets"] = _count(database, "wrapped_key", "owner", wanted["keys"])
        found["free pages of the keyring"] = database.execute("PRAGMA freelist_count").fetchone()[0]
    for path in (records, keyring):
        log = path.with_name(path.name + "-wal")
        found[f"bytes of the write-ahead log {log.name}"] = log.stat().st_size if log.is_file() else 0
    return found


def _opened(path: Path) -> sqlite3.Connection:
    return sqlite3.connect(f"file:{path}?mode=ro", uri=True)


def _count(database: sqlite3.Connection, table: str, column: str, ids: Iterable[str]) -> int:
    query = f'SELECT count(*) FROM "{table}" WHERE "{column}" = ?'  # noqa: S608 - names are constants of this module
    return sum(database.execute(query, (one,)).fetchone()[0] for one in ids)


if __name__ == "__main__":
    json.dump(look(Path(sys.argv[1]), Path(sys.argv[2]), json.load(sys.stdin)), sys.stdout)
