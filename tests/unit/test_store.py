# SPDX-License-Identifier: Apache-2.0
"""The store's own refusals: raw SQL, foreign keys, wrong keys, and sealed values that were moved."""

from __future__ import annotations

import shutil
import sqlite3
import threading
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from sqlalchemy import create_engine
from world import World

from countenance.bootstrap import Engine
from countenance.canonical import digest
from countenance.clock import from_text, to_text
from countenance.errors import AlreadyInitialised, Busy, Damaged, NotInitialised, WrongRootKey
from countenance.model.event import EventTag
from countenance.store import database, schema
from countenance.store.keyring import Keyring
from countenance.store.records import counts, set_setting
from countenance.store.root_key import read_root_key
from countenance.store.sealing import seal, unseal

INSERT = (
    'INSERT INTO reference (id, face, subject, "release", encoder, sealed_vector, created_at) '
    "VALUES ('ref_raw', :face, :subject, :release, 'e', x'00', :created_at)"
)


@dataclass(frozen=True)
class Raw:
    """A connection past the program, and a row that it would accept."""

    world: World
    connection: sqlite3.Connection
    row: dict[str, str]
    other: str

    def insert(self, **changes: str) -> None:
        """Insert the row, changed."""
        self.connection.execute(INSERT, self.row | changes)


@pytest.fixture
def raw(world: World) -> Iterator[Raw]:
    """Ada and Bo, both under a live release, and a photo with a bystander's face to hang a reference on."""
    source = world.source()
    ada, bo = world.person("Ada"), world.person("Bo")
    release, other = world.sign(ada.id), world.sign(bo.id)
    world.enrol(source, ada.id, 1)
    world.ingest(source, world.photo(9))
    face = next(face for face in world.faces() if face.reference is None)
    row = {"face": face.id, "subject": ada.id, "release": release.id, "created_at": to_text(world.clock.now())}
    with closing(world.raw()) as connection:
        connection.execute("PRAGMA foreign_keys = ON")
        yield Raw(world, connection, row, other.id)


def test_the_database_takes_a_reference_under_a_live_release(raw: Raw) -> None:
    """Control for what follows: under a live release of this subject raw SQL may insert."""
    raw.insert()
    assert raw.connection.execute("SELECT count(*) FROM reference").fetchone() == (2,)


@pytest.mark.parametrize("case", ["none", "other", "expired", "expired now", "later", "withdrawn", "frozen"])
def test_the_database_refuses_a_reference_without_a_live_release(raw: Raw, case: str) -> None:
    """To raw SQL too: no release, another subject's, an expired, a later or a withdrawn one, a frozen subject."""
    changes: dict[str, str] = {}
    now = raw.world.clock.moment
    if case == "none":
        changes = {"release": "rel_none"}
    elif case == "other":
        changes = {"release": raw.other}
    elif case == "expired":
        changes = {"created_at": to_text(now + timedelta(days=301))}
    elif case == "expired now":  # its row would carry a moment at which it was live
        raw.connection.execute("DROP TRIGGER release_is_immutable")
        past = to_text(datetime.now(UTC) - timedelta(seconds=1))
        raw.connection.execute('UPDATE "release" SET term_end = ?', (past,))
        raw.connection.execute('UPDATE "release" SET signed_at = ?', (to_text(now - timedelta(days=9)),))
        changes = {"created_at": to_text(datetime.now(UTC) - timedelta(seconds=60))}
    elif case == "later":
        changes = {"created_at": to_text(now - timedelta(days=1))}
    elif case == "withdrawn":
        raw.connection.execute(
            "INSERT INTO release_event (\"release\", status, at) VALUES (?, 'withdrawn', ?)",
            (raw.row["release"], to_text(now)),
        )
    else:
        raw.connection.execute("UPDATE subject SET frozen_at = ?", (to_text(now),))
    before = raw.connection.execute("SELECT count(*) FROM reference").fetchone()
    with pytest.raises(sqlite3.IntegrityError, match="no live release"):
        raw.insert(**changes)
    assert raw.connection.execute("SELECT count(*) FROM reference").fetchone() == before


@pytest.mark.parametrize(
    ("statement", "says"),
    [
        ("UPDATE reference SET sealed_vector = x'00'", "a reference cannot be changed"),
        ("UPDATE reference SET subject = 'sub_x'", "a reference cannot be changed"),
        ("UPDATE \"release\" SET term_end = '2999-01-01T00:00:00.000Z'", "a release cannot be changed"),
        ("UPDATE \"release\" SET scope = '{}'", "a release cannot be changed"),
        ("UPDATE release_event SET status = 'given'", "a release event cannot be changed"),
        ("UPDATE event SET payload = '{}'", "the log cannot be changed"),
        ("DELETE FROM event", "the log cannot be shortened"),
        ("DELETE FROM event WHERE number = 1", "the log cannot be shortened"),
        ("DELETE FROM subject", "FOREIGN KEY"),
        ('DELETE FROM "release"', "FOREIGN KEY"),
        ("DELETE FROM photo", "FOREIGN KEY"),
        ("DELETE FROM policy", "FOREIGN KEY"),
    ],
)
def test_the_database_keeps_what_may_not_change(raw: Raw, statement: str, says: str) -> None:
    """Raw SQL changes no reference, release or log entry, and leaves no row without what it rests on."""
    rows = list(raw.connection.iterdump())
    with pytest.raises(sqlite3.IntegrityError, match=says):
        raw.connection.execute(statement)
    assert list(raw.connection.iterdump()) == rows


@pytest.mark.parametrize(("table", "column"), [("event", "payload"), ("release_event", "status"), ("release", "scope")])
def test_nothing_is_replaced(raw: Raw, table: str, column: str) -> None:
    """`INSERT OR REPLACE`, which fires no trigger of DELETE or UPDATE, does not slip past the rules."""
    columns = [row[1] for row in raw.connection.execute(f'PRAGMA table_info("{table}")')]
    values = ", ".join("'{}'" if name == column else f'"{name}"' for name in columns)
    rows = list(raw.connection.iterdump())
    with pytest.raises(sqlite3.IntegrityError, match=f"a row of {table} cannot be replaced"):
        raw.connection.execute(f'INSERT OR REPLACE INTO "{table}" SELECT {values} FROM "{table}"')
    with pytest.raises(sqlite3.IntegrityError, match="a row of reference cannot be replaced"):
        raw.connection.execute("INSERT OR REPLACE INTO reference SELECT * FROM reference")
    assert list(raw.connection.iterdump()) == rows


@pytest.mark.parametrize("trigger", ["reference_needs_live_release", "reference_is_immutable", "event_is_kept"])
def test_doctor_misses_a_rule_that_was_taken_away(raw: Raw, trigger: str) -> None:
    """A database whose own rules were dropped is no healthy one."""
    raw.connection.execute(f"DROP TRIGGER {trigger}")
    raw.connection.commit()
    assert any(trigger in problem for problem in raw.world.engine.doctor.problems())


def test_every_change_of_consent_moves_the_counter(raw: Raw) -> None:
    """A change by raw SQL moves the number by which a running search notices."""

    def number() -> int:
        found: int = raw.connection.execute("SELECT number FROM revision").fetchone()[0]
        return found

    before = number()
    raw.connection.execute("UPDATE subject SET frozen_at = 'x' WHERE id = ?", (raw.row["subject"],))
    assert number() > before
    before = number()
    raw.connection.execute("DELETE FROM reference")
    assert number() > before


def test_the_migrations_make_the_schema(world: World, tmp_path: Path) -> None:
    """The migrations produce exactly the tables of `store.schema`, and its REVISION is the newest."""
    from alembic.autogenerate import compare_metadata
    from alembic.config import Config
    from alembic.migration import MigrationContext
    from alembic.script import ScriptDirectory

    engine = create_engine(f"sqlite:///{world.data / 'records.sqlite'}")
    with closing(engine.connect()) as connection:
        context = MigrationContext.configure(connection, opts={"compare_type": True})
        assert compare_metadata(context, schema.metadata) == []
        assert context.get_current_revision() == schema.REVISION
    engine.dispose()
    config = Config()
    config.set_main_option("script_location", "countenance:store/migrations")
    assert ScriptDirectory.from_config(config).get_current_head() == schema.REVISION


def test_an_error_rolls_everything_back(world: World) -> None:
    """Whatever fails in a unit of work, nothing of it is stored, its log entry neither."""
    before = world.rows()

    def fail() -> None:
        with world.engine._records.write() as work:
            work.log(EventTag.SUBJECT_ADDED)
            assert counts(work)["event"] == before["event"] + 1
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        fail()
    assert world.rows() == before


def test_a_writer_that_waits_too_long_says_so(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """While another process writes, a verb waits, then says that it is busy and changes nothing."""
    monkeypatch.setattr(database, "_PRAGMAS", ("busy_timeout=100", *database._PRAGMAS[1:]))
    before = world.rows()
    with closing(world.raw()) as other:
        other.execute("BEGIN IMMEDIATE")
        with pytest.raises(Busy, match="another process holds the records"):
            world.person("Ada")
        other.execute("ROLLBACK")
    assert world.rows() == before
    assert world.engine.doctor.problems() == []


def test_compaction_waits_for_whoever_writes_the_log_back(world: World) -> None:
    """While others write SQLite's log back over and over, no compaction gives up: each leaves the log empty."""
    over = threading.Event()

    def write_back() -> None:
        with closing(world.raw()) as connection:
            while not over.is_set():
                connection.execute("PRAGMA wal_checkpoint(PASSIVE)")

    others = [threading.Thread(target=write_back) for _ in range(2)]
    for other in others:
        other.start()
    try:
        for number in range(100):
            with world.engine._records.write() as work:
                set_setting(work, "operator", f"House {number}")
            world.engine._records.compact()
    finally:
        over.set()
        for other in others:
            other.join()


def test_a_sealed_value_opens_in_its_place_only() -> None:
    """The wrong key, another context, or one changed bit: the value is damaged, not wrong."""
    key, sealed = bytes(range(32)), seal(bytes(range(32)), b"Ada", "subject.label:sub_1")
    assert unseal(key, sealed, "subject.label:sub_1") == b"Ada"
    assert b"Ada" not in sealed
    assert seal(key, b"Ada", "subject.label:sub_1") != sealed
    flipped = sealed[:15] + bytes([sealed[15] ^ 1]) + sealed[16:]
    for key_, value, context in (
        (bytes(32), sealed, "subject.label:sub_1"),
        (key, sealed, "subject.label:sub_2"),
        (key, flipped, "subject.label:sub_1"),
        (key, b"", "subject.label:sub_1"),
    ):
        with pytest.raises(Damaged, match=r"subject\.label:sub_"):
            unseal(key_, value, context)


def test_a_vector_moved_to_another_row_is_found_out(raw: Raw) -> None:
    """A sealed faceprint put under another reference's id does not open: doctor says which."""
    raw.connection.execute("DROP TRIGGER reference_is_immutable")
    raw.connection.execute("UPDATE reference SET id = 'ref_moved'")
    raw.connection.execute(
        "CREATE TRIGGER reference_is_immutable BEFORE UPDATE ON reference BEGIN SELECT RAISE(ABORT, 'no'); END"
    )
    raw.connection.commit()
    (problem,) = raw.world.engine.doctor.problems()
    assert "ref_moved" in problem


def test_the_wrong_root_key_opens_nothing(world: World) -> None:
    """Another root key, or a file that is none, is refused before anything is read; the right one opens again."""
    root = world.data / "root.key"
    right = root.read_text()
    for text, says in (("00" * 32, "put the right root.key back"), ("no key", "64 hexadecimal digits"), ("ab", "64")):
        root.write_text(text)
        with pytest.raises(WrongRootKey, match=says):
            Engine.open(world.data)
    root.write_text(right)
    assert Engine.open(world.data).subjects.everyone() == []
    root.unlink()
    with pytest.raises(NotInitialised, match=r"root\.key is missing"):
        read_root_key(root)


def test_a_directory_is_made_once(world: World, tmp_path: Path) -> None:
    """`init` on a data directory changes nothing in it; `open` on any other place makes nothing."""
    before = world.bytes_on_disk()
    with pytest.raises(AlreadyInitialised, match="nothing was changed"):
        Engine.init(world.data, operator="Other")
    assert world.bytes_on_disk() == before
    with pytest.raises(NotInitialised, match="countenance init"):
        Engine.open(tmp_path / "nowhere")
    assert not (tmp_path / "nowhere").exists()


def test_destroyed_keys_leave_no_byte(world: World) -> None:
    """A destroyed key is in no file of the keyring; the others are and open."""
    keyring = world.engine._records.keyring
    keyring.create(["pho_a", "pho_b"])
    path = world.data / "keyring.sqlite"
    with closing(sqlite3.connect(path)) as connection:
        wrapped = dict(connection.execute("SELECT owner, wrapped FROM wrapped_key"))

    def on_disk() -> bytes:
        return b"".join(file.read_bytes() for file in world.data.glob("keyring.sqlite*"))

    kept = keyring.key("pho_b")
    assert wrapped["pho_a"][12:44] in on_disk()
    assert keyring.destroy(["pho_a", "pho_unknown"], world.clock.now()) == 1
    assert wrapped["pho_a"][12:44] not in on_disk()
    assert wrapped["pho_b"][12:44] in on_disk()
    with pytest.raises(Damaged, match="the key of pho_a is gone"):
        keyring.key("pho_a")
    again = Keyring(path, read_root_key(world.data / "root.key"))
    assert again.key("pho_b") == kept
    assert kept not in on_disk()


def test_moments_are_text_in_order() -> None:
    """Text order is time order, in UTC with milliseconds; a moment without a zone is refused."""
    base = datetime(2026, 1, 1, tzinfo=UTC)
    moments = [base + timedelta(milliseconds=step) for step in (0, 1, 999, 1000, 86_400_000)]
    texts = [to_text(moment) for moment in moments]
    assert texts == sorted(texts)
    assert [from_text(text) for text in texts] == moments
    with pytest.raises(ValueError, match="time zone"):
        to_text(datetime(2026, 1, 1))  # noqa: DTZ001 - the naive moment is the point


def test_floats_have_no_canonical_form() -> None:
    """What is hashed or logged holds no float, at any depth."""
    for value in (1.5, [1.5], {"a": {"b": [1.5]}}):
        with pytest.raises(TypeError, match="float"):
            digest(value)  # type: ignore[arg-type]


def test_a_copied_directory_is_read_as_it_was(world: World, tmp_path: Path) -> None:
    """A stopped data directory may be copied: the copy opens and holds the same rows."""
    ada = world.person("Ada")
    shutil.copytree(world.data, tmp_path / "copy")
    copy = Engine.open(tmp_path / "copy")
    assert [subject.label for subject in copy.subjects.everyone()] == ["Ada"]
    assert copy.subjects.show(ada.id).releases == ()


def test_ctrl_c_in_the_midst_of_a_statement_is_ctrl_c(world: World) -> None:
    """A connection that an interrupt cut off rolls back, and the interrupt is what the caller sees."""
    before = world.rows()

    def interrupted() -> None:
        with world.engine._records.write() as work:
            set_setting(work, "half", "done")
            work.connection.invalidate()  # what SQLAlchemy does when a statement is interrupted
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        interrupted()
    assert world.rows() == before
