# SPDX-License-Identifier: Apache-2.0
"""Tables of what a server does for custodians by itself: destructions in the background, the daily retention."""

from __future__ import annotations

from sqlalchemy import Column, ForeignKey, Integer, LargeBinary, Table, Text

from countenance.store.metadata import metadata

# A destruction that a server was asked to carry out; one without an end is taken up when a server starts again.
run_job = Table(
    "run_job",
    metadata,
    Column("run", Text, ForeignKey("run.id"), primary_key=True),
    Column("sealed_ask", LargeBinary, nullable=False),  # who asked, and who declares the certificate
    Column("asked_at", Text, nullable=False),
    Column("ended_at", Text),
    Column("sealed_problem", LargeBinary),
)
# Each time that the retention clock was followed, from a server or a command.
retention_run = Table(
    "retention_run",
    metadata,
    Column("number", Integer, primary_key=True, autoincrement=True),
    Column("began_at", Text, nullable=False, index=True),
    Column("ended_at", Text, nullable=False),
    Column("counts", Text, nullable=False),
    Column("runs", Text, nullable=False),
    Column("sealed_problems", LargeBinary),
    sqlite_autoincrement=True,
)
