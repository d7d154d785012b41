# SPDX-License-Identifier: Apache-2.0
"""Rows of destructions that a server was asked to carry out."""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Row, insert, select, update

from countenance.clock import from_text, to_text
from countenance.ids import RunId
from countenance.ledger.certificate import Declarant
from countenance.store import schema
from countenance.store.keyring import LOG_KEY
from countenance.store.records import Transaction


@dataclass(frozen=True)
class Ask:
    """What a server was asked: to carry out a run.

    Attributes:
        by: the account that asked.
        problem: why it did not come to its end, where it did not.
    """

    run: RunId
    by: str
    declarant: Declarant | None
    asked_at: datetime
    ended_at: datetime | None
    problem: str | None


def begin(work: Transaction, run: RunId, by: str, declarant: Declarant | None) -> None:
    """Store that a run is to be carried out, in the place of what was asked of it before."""
    words = [by, None if declarant is None else [declarant.name, declarant.title]]
    work.connection.execute(
        insert(schema.run_job)
        .prefix_with("OR REPLACE")
        .values(
            run=run,
            sealed_ask=work.seal(LOG_KEY, json.dumps(words).encode(), f"run_job.ask:{run}"),
            asked_at=to_text(work.now),
        )
    )


def end(work: Transaction, run: RunId, problem: str | None) -> None:
    """Store that it came to its end, or why it did not."""
    table = schema.run_job
    sealed = None if problem is None else work.seal(LOG_KEY, problem.encode(), f"run_job.problem:{run}")
    statement = update(table).where(table.c.run == run)
    work.connection.execute(statement.values(ended_at=to_text(work.now), sealed_problem=sealed))


def find(work: Transaction, run: RunId) -> Ask | None:
    """Return what was last asked of a run."""
    row = work.connection.execute(select(schema.run_job).where(schema.run_job.c.run == run)).first()
    return None if row is None else _ask(work, row)


def unfinished(work: Transaction) -> list[Ask]:
    """Return what has no end, oldest first: a server was ended in the middle of it."""
    table = schema.run_job
    rows = work.connection.execute(select(table).where(table.c.ended_at.is_(None)).order_by(table.c.asked_at))
    return [_ask(work, row) for row in rows.all()]


def _ask(work: Transaction, row: Row[Any]) -> Ask:
    by, declares = json.loads(work.unseal(LOG_KEY, row.sealed_ask, f"run_job.ask:{row.run}"))
    sealed = row.sealed_problem
    return Ask(
        run=row.run,
        by=by,
        declarant=None if declares is None else Declarant(*declares),
        asked_at=from_text(row.asked_at),
        ended_at=row.ended_at and from_text(row.ended_at),
        problem=None if sealed is None else work.unseal(LOG_KEY, sealed, f"run_job.problem:{row.run}").decode(),
    )
