# SPDX-License-Identifier: Apache-2.0
"""The records: one SQLite file, opened in transactions that carry the time, the keyring and the log."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, nullcontext
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path

from sqlalchemy import Connection, Engine, func, insert, select

from countenance import canonical
from countenance.clock import Clock
from countenance.ids import REQUEST_UNDER_WAY, SubjectId
from countenance.model.event import Event, EventTag
from countenance.store import log, schema
from countenance.store.database import Opened, compact, mapped_errors, rewrite, transaction
from countenance.store.keyring import ESCROW, Keyring
from countenance.store.log import NewEvent
from countenance.store.sealing import seal, unseal


@dataclass(frozen=True)
class Transaction:
    """One transaction: everything in it is written, or nothing.

    Attributes:
        now: the moment it began; every row it writes carries it. Never before the last entry of the log: a clock that
            was set back lets nothing that had ended come alive again.
        behind: by how much the machine's clock is behind that entry; zero where it is not.
    """

    connection: Connection
    keyring: Keyring
    now: datetime
    behind: timedelta = timedelta(0)

    def log(self, tag: EventTag, *, subject: SubjectId | None = None, **payload: canonical.Value) -> None:
        """Append to the log; the payload holds ids, counts and codes only."""
        log.append(self.connection, self.keyring, self.now, (tag, subject, _numbered(payload)))

    def log_all(self, tag: EventTag, subjects: Sequence[SubjectId], **payload: canonical.Value) -> None:
        """Append one event of this tag and payload about each of these subjects."""
        told = _numbered(payload)
        log.append_all(self.connection, self.keyring, self.now, [(tag, subject, told) for subject in subjects])

    def log_each(self, events: Sequence[NewEvent]) -> None:
        """Append several events of this moment, faster than one by one."""
        told = [(tag, subject, _numbered(payload)) for tag, subject, payload in events]
        log.append_all(self.connection, self.keyring, self.now, told)

    def log_evidence(
        self, tag: EventTag, record: canonical.Value, *, subject: SubjectId | None = None, **payload: canonical.Value
    ) -> None:
        """Append to the log an entry that commits to a record which is kept elsewhere."""
        log.append(self.connection, self.keyring, self.now, (tag, subject, _numbered(payload)), record=record)

    def seal(self, owner: str, plain: bytes | memoryview, column: str) -> bytes:
        """Seal bytes under the owner's key for one column."""
        return seal(self.keyring.key(owner), plain, f"{column}:{owner}")

    def unseal(self, owner: str, sealed: bytes, column: str) -> bytes:
        """Return what `seal` sealed.

        Raises:
            Damaged: it does not open.
        """
        return unseal(self.keyring.key(owner), sealed, f"{column}:{owner}")


def _numbered(payload: canonical.Value) -> canonical.Value:
    """Return a payload with the number of the server's request behind it, where there is one and nobody named it."""
    number = REQUEST_UNDER_WAY.get()
    if number is None or not isinstance(payload, Mapping) or number in payload.values():
        return payload
    return {**payload, "served": number}


class Records:
    """The records of one data directory."""

    def __init__(self, path: Path, keyring: Keyring, clock: Clock) -> None:
        self.keyring = keyring
        self.clock = clock
        self._file = Opened(path)
        upgrade(self._engine)

    @property
    def _engine(self) -> Engine:
        return self._file.engine

    @contextmanager
    def write(self) -> Iterator[Transaction]:
        """Run a block in one writing transaction: the unit of work."""
        with self._transaction(write=True) as work:
            yield work

    @contextmanager
    def read(self) -> Iterator[Transaction]:
        """Run a block on one consistent state."""
        with self._transaction(write=False) as work:
            yield work

    def require_usable(self) -> None:
        """Prove that records and keyring are there and open.

        Raises:
            Damaged, Busy: a file is gone or does not open.
            WrongRootKey: another process rotated the root key.
        """
        self._file.require_there()
        self.keyring.require_usable()
        with self.read() as work:
            settings(work)

    def compact(self) -> None:
        """Leave no deleted byte in the database file or its log.

        Raises:
            Busy: another process reads the records.
        """
        compact(self._engine)

    def rewrite(self) -> None:
        """Write records and keyring anew, page by page, so that no unused byte of an old page is left.

        Raises:
            Busy: another process reads them.
        """
        rewrite(self._engine)
        self.keyring.rewrite()

    @contextmanager
    def kept_open(self) -> Iterator[None]:
        """Keep the records and the keyring open for a batch."""
        with self._file.for_a_batch(), self.keyring.kept_open():
            yield

    def copy_to(self, path: Path) -> None:
        """Write the records of this moment to a new file, without old pages; others may write meanwhile.

        Raises:
            DiskFull, NotWritable: the file cannot be written.
        """
        with mapped_errors(), self._engine.connect() as connection:
            connection.exec_driver_sql("VACUUM INTO ?", (str(path),))

    @contextmanager
    def _transaction(self, *, write: bool) -> Iterator[Transaction]:
        with (
            mapped_errors(),
            self._file.one_writer() if write else nullcontext(),
            self._engine.connect() as connection,
            transaction(connection, write=write),
        ):
            clock, seen = self.clock.now(), log.last_moment(connection)
            now = clock if seen is None else max(clock, seen)
            yield Transaction(connection, self.keyring, now, now - clock)


def upgrade(engine: Engine) -> None:
    """Bring the tables to the newest migration; does nothing where they are there already."""
    with mapped_errors(), engine.connect() as connection:
        if engine.dialect.has_table(connection, "alembic_version"):
            at = connection.exec_driver_sql("SELECT version_num FROM alembic_version").scalar()
            if at == schema.REVISION:
                return
    from alembic import command  # noqa: PLC0415 - half a second to import, needed once in a database's life
    from alembic.config import Config  # noqa: PLC0415

    config = Config()
    config.set_main_option("script_location", "countenance:store/migrations")
    with mapped_errors(), engine.connect() as connection:
        config.attributes["connection"] = connection
        command.upgrade(config, "head")


def events(work: Transaction, *, subject: SubjectId | None = None) -> list[Event]:
    """Return the log, oldest first; only what concerns one subject where one is given."""
    return log.events(work.connection, subject)


def set_setting(work: Transaction, name: str, value: str) -> None:
    """Store one named setting of this data directory."""
    table = schema.setting
    work.connection.execute(insert(table).prefix_with("OR REPLACE").values(name=name, value=value))


def settings(work: Transaction) -> Mapping[str, str]:
    """Return the settings of this data directory."""
    return {row.name: row.value for row in work.connection.execute(select(schema.setting))}


def counts(work: Transaction) -> dict[str, int]:
    """Return the number of rows of every table."""
    return {
        table.name: work.connection.execute(select(func.count()).select_from(table)).scalar_one()
        for table in schema.metadata.sorted_tables
    }


def owners(work: Transaction) -> set[str]:
    """Return every id that a key of the keyring belongs to.

    The key of somebody under a hold lies in escrow, with the hold's own where that is in the keyring.
    """
    tables = (schema.subject, schema.source, schema.client, schema.evidence, schema.gallery_file)
    columns = (schema.photo.c.key, *(table.c.id for table in tables))
    found = {owner for column in columns for owner in work.connection.execute(select(column)).scalars()}
    sealed = {owner: entry for owner, entry in work.keyring.escrowed().items() if owner in found}
    own = select(schema.hold.c.id).where(schema.hold.c.lifted_at.is_(None), schema.hold.c.recipient.is_(None))
    holds = work.keyring.holding({entry.partition(ESCROW)[0] for entry in sealed.values()})
    return (found - sealed.keys()) | set(sealed.values()) | holds | set(work.connection.execute(own).scalars())
