# SPDX-License-Identifier: Apache-2.0
"""Counts over the log and the registers, for reports: numbers, codes and dates, and nothing of a person."""

from __future__ import annotations

import json
from collections import Counter
from datetime import datetime
from typing import NamedTuple

from sqlalchemy import func, select

from countenance.clock import to_text
from countenance.store import schema
from countenance.store.records import Transaction


class Tested(NamedTuple):
    """One evaluation run."""

    id: str
    at: str
    encoder: str


def entries(work: Transaction, start: datetime, end: datetime) -> dict[str, int]:
    """Return how many entries of each tag the log has from `start` up to, not including, `end`."""
    table = schema.event
    query = select(table.c.tag, func.count()).where(table.c.at >= to_text(start), table.c.at < to_text(end))
    return {row.tag: int(row[1]) for row in work.connection.execute(query.group_by(table.c.tag))}


def refusals(work: Transaction, start: datetime, end: datetime) -> dict[str, int]:
    """Return how often each rule refused something in that time."""
    table, found = schema.event, Counter[str]()
    query = select(table.c.payload).where(
        table.c.at >= to_text(start), table.c.at < to_text(end), table.c.tag.startswith("engine:")
    )
    for row in work.connection.execute(query):
        rule = json.loads(row.payload).get("rule")
        found.update([rule] if rule else [])
    return dict(found)


def searches(work: Transaction, start: datetime, end: datetime) -> dict[str, int]:
    """Return how many searches were answered for each purpose in that time."""
    table = schema.search
    query = select(table.c.purpose, func.count()).where(table.c.at >= to_text(start), table.c.at < to_text(end))
    return {row.purpose: int(row[1]) for row in work.connection.execute(query.group_by(table.c.purpose))}


def tests(work: Transaction) -> list[Tested]:
    """Return all evaluation runs, oldest first."""
    table = schema.evaluation
    query = select(table.c.id, table.c.at, table.c.encoder).order_by(table.c.at)
    return [Tested(*row) for row in work.connection.execute(query)]
