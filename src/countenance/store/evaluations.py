# SPDX-License-Identifier: Apache-2.0
"""Rows of evaluation runs: what was measured of an encoder, when, on which data set."""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import bindparam, insert, select

from countenance.clock import from_text, to_text
from countenance.store import schema
from countenance.store.records import Transaction

_LATEST = (  # made once: each search asks it
    select(schema.evaluation)
    .where(schema.evaluation.c.encoder == bindparam("encoder"))
    .order_by(schema.evaluation.c.at.desc())
    .limit(1)
)


@dataclass(frozen=True)
class EvaluationRun:
    """One measurement.

    Attributes:
        id: digest of its inputs and results, so that the same measurement has the same id.
        encoder: digest of the encoder that was measured.
        dataset: SHA-256 over names and bytes of the data set's photos.
        results: rates with their intervals; nothing of a face.
    """

    id: str
    at: datetime
    encoder: str
    dataset: str
    results: dict[str, Any]


def add(work: Transaction, run: EvaluationRun) -> None:
    """Store a run; one that was made before gets the new date."""
    work.connection.execute(
        insert(schema.evaluation)
        .prefix_with("OR REPLACE")
        .values(
            id=run.id,
            at=to_text(run.at),
            encoder=run.encoder,
            dataset=run.dataset,
            results=json.dumps(run.results, sort_keys=True),
        )
    )


def latest(work: Transaction, encoder: str) -> EvaluationRun | None:
    """Return the newest run of an encoder, None where there is none."""
    row = work.connection.execute(_LATEST, {"encoder": encoder}).first()
    if row is None:
        return None
    return EvaluationRun(row.id, from_text(row.at), row.encoder, row.dataset, json.loads(row.results))
