# SPDX-License-Identifier: Apache-2.0
"""The tables of people's rights: lineage, evidence, recipients, requests, breaches; `store.schema` names them too."""

from __future__ import annotations

from sqlalchemy import Column, ForeignKey, Integer, LargeBinary, Table, Text

from countenance.store.metadata import metadata

# What was made from faceprints; a row of `artefact_subject` dies with its person, and the artefact is stale then.
artefact = Table(
    "artefact",
    metadata,
    Column("id", Text, primary_key=True),
    Column("kind", Text, nullable=False),
    Column("sha256", Text, nullable=False, unique=True),
    Column("made_at", Text, nullable=False),
    Column("stale_at", Text),
    Column("retired_at", Text),
)
artefact_subject = Table(
    "artefact_subject",
    metadata,
    Column("artefact", Text, ForeignKey("artefact.id"), primary_key=True),
    Column("subject", Text, ForeignKey("subject.id"), primary_key=True, index=True),
)
artefact_run = Table(
    "artefact_run",
    metadata,
    Column("artefact", Text, ForeignKey("artefact.id"), primary_key=True),
    Column("run", Text, ForeignKey("run.id"), primary_key=True),
)
# What is kept of a destroyed person's consent, each under a key of its own; linked to nothing that can be searched.
evidence = Table(
    "evidence",
    metadata,
    Column("id", Text, primary_key=True),
    Column("sealed_record", LargeBinary, nullable=False),
    Column("kept_at", Text, nullable=False),
    Column("until", Text, nullable=False, index=True),
    Column("citation", Text, nullable=False),
    Column("sealed_asked", LargeBinary),  # who asks to see it, why and when, until somebody else opens it
)
# HMACs of the person's and the releases' ids: whoever holds such a paper, and the keyring, finds the evidence.
evidence_tag = Table(
    "evidence_tag",
    metadata,
    Column("tag", LargeBinary, primary_key=True),
    Column("evidence", Text, ForeignKey("evidence.id"), nullable=False, index=True),
)
evidence_run = Table(
    "evidence_run",
    metadata,
    Column("run", Text, ForeignKey("run.id"), primary_key=True),
    Column("kept", Integer, nullable=False),
    Column("until", Text, nullable=False),
    Column("citation", Text, nullable=False),
)
processor = Table(
    "processor",
    metadata,
    Column("id", Text, primary_key=True),
    Column("sealed_name", LargeBinary, nullable=False),
    Column("declared_at", Text, nullable=False),
    Column("ended_at", Text),
)
# To somebody who holds results or data of destroyed people: delete them, and say so.
instruction = Table(
    "instruction",
    metadata,
    Column("id", Text, primary_key=True),
    Column("run", Text, ForeignKey("run.id"), nullable=False, index=True),
    Column("recipient", Text, nullable=False),
    Column("sealed_what", LargeBinary),  # people and searches it is about, until it is settled
    Column("people", Integer, nullable=False),
    Column("made_at", Text, nullable=False),
    Column("due_at", Text, nullable=False),
    Column("sent_at", Text),
    Column("settled_at", Text),
    Column("outcome", Text),
    Column("sealed_evidence", LargeBinary),
)
# What a person asked for, and when it was answered; kept after a destruction, as proof that deadlines were.
request = Table(
    "request",
    metadata,
    Column("id", Text, primary_key=True),
    Column("subject", Text, nullable=False, index=True),
    Column("kind", Text, nullable=False),
    Column("sealed_channel", LargeBinary, nullable=False),
    Column("verified_by", Text, nullable=False),
    Column("opened_at", Text, nullable=False),
    Column("ack_due", Text, nullable=False),
    Column("due", Text, nullable=False),
    Column("first", Integer, nullable=False),  # to be answered before anything is destroyed
    Column("acknowledged_at", Text),
    Column("answered_at", Text),
    Column("closed_at", Text),
    Column("outcome", Text),
    Column("sealed_reason", LargeBinary),
)
breach = Table(
    "breach",
    metadata,
    Column("id", Text, primary_key=True),
    Column("exposed", Text, nullable=False),
    Column("aware_at", Text, nullable=False),
    Column("opened_at", Text, nullable=False),
    Column("affected", Text, nullable=False),  # counts and dates by law, JSON
    Column("closed_at", Text),
    Column("sealed_note", LargeBinary),
)
