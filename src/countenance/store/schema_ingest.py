# SPDX-License-Identifier: Apache-2.0
"""Tables of photos that came without a file, of ingests that a server runs, and of reviewers' decisions."""

from __future__ import annotations

from sqlalchemy import Column, ForeignKey, Index, Integer, LargeBinary, Table, Text

from countenance.store.metadata import metadata

# The bytes of a photo that was uploaded, under the photo's key; only while a face in it needs them.
photo_file = Table(
    "photo_file",
    metadata,
    Column("photo", Text, ForeignKey("photo.id"), primary_key=True),
    Column("sealed_bytes", LargeBinary, nullable=False),
)
# An ingest that was started from a page. Names of files are in no row: they may name a person.
ingest_job = Table(
    "ingest_job",
    metadata,
    Column("id", Text, primary_key=True),
    Column("kind", Text, nullable=False),
    Column("state", Text, nullable=False),
    Column("source", Text, nullable=False),
    Column("started_by", Text, nullable=False),
    Column("ask", Integer, nullable=False),
    Column("sealed_folder", LargeBinary),  # only while it may have to be taken up again
    Column("started_at", Text, nullable=False),
    Column("ended_at", Text),
    Column("total", Integer, nullable=False),
    Column("sums", Text, nullable=False),
    Column("problem", Text),
)
# What a reviewer may still undo, and what the face was before; rows die after a day, or with the person or photo.
face_decision = Table(
    "face_decision",
    metadata,
    Column("number", Integer, primary_key=True, autoincrement=True),
    Column("face", Text, nullable=False),
    Column("photo", Text, ForeignKey("photo.id"), nullable=False, index=True),
    Column("reviewer", Text, nullable=False),
    Column("decision", Text, nullable=False),
    Column("at", Text, nullable=False),
    Column("state", Text, nullable=False),
    Column("reason", Text),
    Column("subject", Text, ForeignKey("subject.id"), index=True),
    Index("face_decision_reviewer", "reviewer", "number"),
    sqlite_autoincrement=True,
)
