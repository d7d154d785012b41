# SPDX-License-Identifier: Apache-2.0
"""Opening SQLite files the way this program needs them, and its errors as ours."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, Engine, create_engine, event
from sqlalchemy.exc import DatabaseError, PendingRollbackError
from sqlalchemy.pool import NullPool, QueuePool

from countenance.errors import Busy, CountenanceError, Damaged, DiskFull, NotWritable, Refused

BUSY_TIMEOUT_MS = 10_000  # a writer holds the lock for milliseconds; past this another process hangs
_PAUSE_S = 0.01  # between two tries to write the log back
_INCREMENTAL = 2  # what SQLite answers for it
_PRAGMAS = (
    f"busy_timeout={BUSY_TIMEOUT_MS}",
    "journal_mode=WAL",
    "foreign_keys=ON",
    "secure_delete=ON",
    "synchronous=FULL",
    "temp_store=MEMORY",
)
# The result codes of SQLite, https://www.sqlite.org/rescode.html; extended codes start with the primary one.
_MAPPED: dict[str, type[Busy | DiskFull | NotWritable | Damaged]] = {
    "SQLITE_BUSY": Busy,
    "SQLITE_LOCKED": Busy,
    "SQLITE_FULL": DiskFull,
    "SQLITE_READONLY": NotWritable,
    "SQLITE_CANTOPEN": NotWritable,
    "SQLITE_PERM": NotWritable,
    "SQLITE_CORRUPT": Damaged,
    "SQLITE_NOTADB": Damaged,
    "SQLITE_IOERR_READ": Damaged,
    "SQLITE_IOERR_SHORT_READ": Damaged,
    "SQLITE_IOERR_DATA": Damaged,
    "SQLITE_IOERR_CORRUPTFS": Damaged,
    "SQLITE_IOERR": DiskFull,  # the others: writing or growing a file failed, at a quota or a full small disk
}
_ADVICE: dict[type[CountenanceError], str] = {
    Busy: "another process holds the records; try again when it has finished",
    DiskFull: "no space is left for the records; nothing was changed, free some space and try again",
    NotWritable: "the data directory cannot be written; check its owner, its permissions (0700) and its disk",
    Damaged: "a database file cannot be read; check the disk, then restore the file from a backup",
}


class Opened:
    """A SQLite file that is open for as long as it is used, or for a whole batch.

    Attributes:
        engine: what to connect with; while a batch goes on, each connection is kept for the next who asks.
    """

    def __init__(self, path: Path) -> None:
        self.engine = self._briefly = open_sqlite(path)
        self._path = path
        self._lock = threading.Lock()
        self._writer = threading.Lock()
        self._batches = 0

    def require_there(self) -> None:
        """Prove that the file is still where it was opened: connections that are open would not notice.

        Raises:
            Damaged: it is gone.
        """
        if not self._path.is_file():
            raise Damaged(f"{self._path.name} is gone from the data directory; put it back, then start again")

    @contextmanager
    def one_writer(self) -> Iterator[None]:
        """Let the threads of this process write one after the other.

        SQLite would let each look now and then whether its turn has come, at last every tenth of a second.

        Raises:
            Busy: no turn came for as long as SQLite waits for another process.
        """
        if not self._writer.acquire(timeout=BUSY_TIMEOUT_MS / 1000):
            raise Busy(_ADVICE[Busy])
        try:
            yield
        finally:
            self._writer.release()

    @contextmanager
    def for_a_batch(self) -> Iterator[None]:
        """Keep connections open.

        Opening one takes longer than a small transaction, and closing the last one writes the whole log back.
        """
        with self._lock:
            if not self._batches:
                self.engine = open_sqlite(self._path, keep=True)
            self._batches += 1
        try:
            yield
        finally:
            with self._lock:
                self._batches -= 1
                if not self._batches:
                    kept, self.engine = self.engine, self._briefly
                    kept.dispose()


def open_sqlite(path: Path, *, keep: bool = False) -> Engine:
    """Return an engine on a SQLite file: WAL, foreign keys, `secure_delete`, temporary tables in memory.

    Args:
        keep: its connections stay open until it is disposed of.
    """
    engine = create_engine(
        f"sqlite:///{path}",
        connect_args={"check_same_thread": False},
        **({"poolclass": QueuePool, "max_overflow": -1} if keep else {"poolclass": NullPool}),
    )

    @event.listens_for(engine, "connect")
    def configure(connection: Any, _record: Any) -> None:
        connection.isolation_level = None  # we say BEGIN ourselves
        if connection.execute("PRAGMA auto_vacuum").fetchone() != (_INCREMENTAL,):
            # In force before the first table alone; said again, it would write to the file.
            connection.execute("PRAGMA auto_vacuum=INCREMENTAL")
        connection.executescript(";".join(f"PRAGMA {pragma}" for pragma in _PRAGMAS))

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
            # A full disk, and Ctrl-C within a statement, have rolled back already; closing does so in any case.
            with suppress(DatabaseError, PendingRollbackError):
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
    words = str(error.orig)
    name = getattr(error.orig, "sqlite_errorname", "")
    if "no live release" in words:
        return Refused(
            "consent.live", "the database holds no live release for this reference; one must be signed first", "core"
        )
    if "the source was revoked" in words:
        return Refused(
            "source.revoked",
            "the permission of this source was revoked; only a new source that a custodian adds can take its place",
            "core",
        )
    for start, mapped in _MAPPED.items():
        if name.startswith(start):
            return mapped(f"{_ADVICE[mapped]} ({name}: {words})")
    return Damaged(f"the records contradict themselves ({words}); run `countenance doctor`")


def compact(engine: Engine) -> None:
    """Leave no deleted byte in the file: checkpoint and truncate the log, give up free pages, and once more.

    `secure_delete` has overwritten deleted rows where pages of them are still in use.

    Raises:
        Busy: a reader in another process holds the log, so that old bytes would stay.
    """
    with mapped_errors(), engine.connect() as connection:
        _checkpoint(connection)
        # One page a step, so it needs a call that takes every step; `execute` takes the first.
        raw: Any = connection.connection.driver_connection
        raw.executescript("PRAGMA incremental_vacuum")
        _checkpoint(connection)


def rewrite(engine: Engine) -> None:
    """Write the whole file anew, as `compact` does not: bytes of rows that moved between pages go too.

    Raises:
        Busy: another process reads the file.
    """
    with mapped_errors(), engine.connect() as connection:
        raw: Any = connection.connection.driver_connection
        raw.execute("VACUUM")
        _checkpoint(connection)


def _checkpoint(connection: Connection) -> None:
    # For readers SQLite waits by itself; where somebody else writes the log back at the moment, it says so at once.
    until = time.monotonic() + BUSY_TIMEOUT_MS / 1000
    while connection.exec_driver_sql("PRAGMA wal_checkpoint(TRUNCATE)").one()[0] != 0:
        if time.monotonic() > until:
            raise Busy("another process reads the records; close it, then run the command again")
        time.sleep(_PAUSE_S)
