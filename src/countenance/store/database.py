# SPDX-License-Identifier: Apache-2.0
"""Opening SQLite files the way this program needs them, and its errors as ours."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, Engine, create_engine, event, text
from sqlalchemy.exc import DatabaseError, IntegrityError
from sqlalchemy.pool import NullPool

from countenance.errors import Busy, CountenanceError, Damaged, DiskFull, NotWritable, Refused

BUSY_TIMEOUT_MS = 10_000  # a writer holds the lock for milliseconds; past this another process hangs
_PRAGMAS = (
    f"busy_timeout={BUSY_TIMEOUT_MS}",
    "journal_mode=WAL",
    "foreign_keys=ON",
    "secure_delete=ON",
    "synchronous=FULL",
    "temp_store=MEMORY",
)


def open_sqlite(path: Path) -> Engine:
    """Return an engine on a SQLite file: WAL, foreign keys, `secure_delete`, temporary tables in memory."""
    engine = create_engine(f"sqlite:///{path}", poolclass=NullPool, connect_args={"check_same_thread": False})

    @event.listens_for(engine, "connect")
    def configure(connection: Any, _record: Any) -> None:
        connection.isolation_level = None  # we say BEGIN ourselves
        for pragma in _PRAGMAS:
            connection.execute(f"PRAGMA {pragma}")

    return engine


@contextmanager
def transaction(connection: Connection, *, write: bool) -> Iterator[Connection]:
    """Run a block in one transaction; any error rolls it back.

    Raises:
        Busy, DiskFull, NotWritable, Damaged, Refused: what SQLite said, as one of ours.
    """
    with mapped_errors():
        connection.exec_driver_sql("BEGIN IMMEDIATE" if write else "BEGIN")
        try:
            yield connection
        except BaseException:
            connection.exec_driver_sql("ROLLBACK")
            connection.rollback()
            raise
        connection.exec_driver_sql("COMMIT")
        connection.rollback()  # SQLAlchemy's own bookkeeping; SQLite has committed


@contextmanager
def mapped_errors() -> Iterator[None]:
    """Turn SQLite's errors into those of this program."""
    try:
        yield
    except DatabaseError as error:
        raise _mapped(error) from error


def _mapped(error: DatabaseError) -> CountenanceError:
    words = str(error.orig).lower()
    if "no live release" in words:
        return Refused("consent.live", "the database holds no live release for this reference", "core")
    if isinstance(error, IntegrityError):
        return Damaged(f"the records contradict themselves ({words}); run `countenance doctor`")
    for signs, kind, message in _SIGNS:
        if any(sign in words for sign in signs):
            return kind(message)
    return Damaged(f"unexpected answer of the database: {words}")


_SIGNS: tuple[tuple[tuple[str, ...], type[CountenanceError], str], ...] = (
    (("locked", "busy"), Busy, "another process holds the records; try again when it has finished"),
    (("full",), DiskFull, "no space is left on the disk; nothing was changed, free some space and try again"),
    (
        ("readonly", "read-only", "unable to open"),
        NotWritable,
        "the data directory cannot be written; check its owner and permissions (0700)",
    ),
    (("malformed", "not a database", "disk i/o"), Damaged, "a database file is damaged; restore it from a backup"),
)


def compact(engine: Engine) -> None:
    """Leave no deleted byte in the file: checkpoint and truncate the log, vacuum, and once more.

    Raises:
        Busy: a reader in another process holds the log, so that old bytes would stay.
    """
    with mapped_errors(), engine.connect() as connection:
        for statement in ("PRAGMA wal_checkpoint(TRUNCATE)", "VACUUM", "PRAGMA wal_checkpoint(TRUNCATE)"):
            row = connection.execute(text(statement)).first() if "checkpoint" in statement else None
            if row is None:
                connection.exec_driver_sql(statement)
            elif row[0] != 0:
                raise Busy("another process reads the records; close it, then run the command again")
