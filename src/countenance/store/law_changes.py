# SPDX-License-Identifier: Apache-2.0
"""Rows of changes of the law files in use: who entered what, who confirmed it, and what is in force."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any

from sqlalchemy import Row, insert, select, update

from countenance import canonical
from countenance.clock import from_text, to_text
from countenance.errors import BadPack, NotFound
from countenance.policy.pack import Pack, load, shipped
from countenance.store import schema
from countenance.store.keyring import LOG_KEY
from countenance.store.records import Transaction


class Verb(StrEnum):
    """What a change does to one law file."""

    ADD = "add"
    """It joins the shipped ones, or takes the place of its former version."""
    RETIRE = "retire"
    """An added one is used no more."""
    USE = "use"
    """The operator declares to be bound by it."""
    DROP = "drop"
    """The declaration is taken back."""


@dataclass(frozen=True)
class Change:
    """One change.

    Attributes:
        sha256: of the file that it is about, in hex.
        confirmed_at: since when it is in force; None while it waits for another account.
    """

    id: str
    verb: Verb
    pack: str
    sha256: str
    entered_by: str
    entered_at: datetime
    confirmed_at: datetime | None


def enter(work: Transaction, change: Change, text: str | None) -> None:
    """Store a change that waits for its confirmation; `text` is the file of one that is added."""
    work.connection.execute(
        insert(schema.law_change).values(
            id=change.id,
            verb=change.verb.value,
            pack=change.pack,
            sha256=change.sha256,
            text=text,
            sealed_entered_by=work.seal(LOG_KEY, change.entered_by.encode(), f"law_change.entered_by:{change.id}"),
            entered_at=to_text(work.now),
        )
    )


def confirm(work: Transaction, change: str, by: str) -> None:
    """Put a change in force."""
    table = schema.law_change
    work.connection.execute(
        update(table)
        .where(table.c.id == change)
        .values(
            sealed_confirmed_by=work.seal(LOG_KEY, by.encode(), f"law_change.confirmed_by:{change}"),
            confirmed_at=to_text(work.now),
        )
    )


def get(work: Transaction, change: str) -> Change:
    """Return one change.

    Raises:
        NotFound: there is none of this id.
    """
    row = work.connection.execute(select(schema.law_change).where(schema.law_change.c.id == change)).first()
    if row is None:
        raise NotFound(f"no change {change}; `countenance packs list` shows those that wait")
    return _change(work, row)


def waiting(work: Transaction) -> list[Change]:
    """Return the changes that wait for another account, oldest first."""
    table = schema.law_change
    query = select(table).where(table.c.confirmed_at.is_(None)).order_by(table.c.entered_at)
    return [_change(work, row) for row in work.connection.execute(query).all()]


def _change(work: Transaction, row: Row[Any]) -> Change:
    return Change(
        id=row.id,
        verb=Verb(row.verb),
        pack=row.pack,
        sha256=row.sha256,
        entered_by=work.unseal(LOG_KEY, row.sealed_entered_by, f"law_change.entered_by:{row.id}").decode(),
        entered_at=from_text(row.entered_at),
        confirmed_at=None if row.confirmed_at is None else from_text(row.confirmed_at),
    )


def in_force(work: Transaction) -> tuple[Mapping[str, Pack], frozenset[str]]:
    """Return the law files in use by id, shipped and added, and the ids of those declared.

    Raises:
        BadPack: a stored file was changed or does not load any more; the message names its line.
    """
    table = schema.law_change
    texts: dict[str, tuple[str, str]] = {}
    declared: set[str] = set()
    rows = work.connection.execute(
        select(table.c.verb, table.c.pack, table.c.text, table.c.sha256)
        .where(table.c.confirmed_at.is_not(None))
        .order_by(table.c.confirmed_at)
    )
    for verb, pack, text, sha256 in rows.all():
        match Verb(verb):
            case Verb.ADD:
                texts[pack] = (text or "", sha256)
            case Verb.RETIRE:
                texts.pop(pack, None)
            case Verb.USE:
                declared.add(pack)
            case Verb.DROP:
                declared.discard(pack)
    packs = dict(shipped())
    for name, (text, sha256) in texts.items():
        packs[name] = load(text, f"{name}.toml")
        if canonical.sha256(text.encode()) != sha256:
            raise BadPack(
                f"{name}.toml:1: this law file is not the one that was confirmed (SHA-256 {sha256[:12]}); restore the "
                "records from a backup"
            )
    return packs, frozenset(declared & packs.keys())
