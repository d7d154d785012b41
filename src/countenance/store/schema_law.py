# SPDX-License-Identifier: Apache-2.0
"""The tables of the law: its files, who is barred, what confirms a result, evidence, recipients, requests.

`store.schema` names them all; what is said there of columns holds here too.
"""

from __future__ import annotations

from sqlalchemy import Column, ForeignKey, Integer, LargeBinary, Table, Text

from countenance.store.metadata import metadata

# Changes of the law files in use: added, retired, declared. What is in force is what was confirmed, in that order.
law_change = Table(
    "law_change",
    metadata,
    Column("id", Text, primary_key=True),
    Column("verb", Text, nullable=False),
    Column("pack", Text, nullable=False),
    Column("sha256", Text, nullable=False),
    Column("text", Text),  # the file, where one is added
    Column("sealed_entered_by", LargeBinary, nullable=False),
    Column("entered_at", Text, nullable=False),
    Column("sealed_confirmed_by", LargeBinary),
    Column("confirmed_at", Text),
)
client_bar = Table(
    "client_bar",
    metadata,
    Column("id", Text, primary_key=True),
    Column("order_id", Text, nullable=False),
    Column("kinds", Text, nullable=False),
    Column("places", Text, nullable=False),
    Column("since", Text, nullable=False),
    Column("until", Text),
    Column("lifted_at", Text),
)
confirmation = Table(
    "confirmation",
    metadata,
    Column("search", Text, ForeignKey("search.id"), primary_key=True),
    Column("subject", Text, ForeignKey("subject.id"), primary_key=True, index=True),
    Column("number", Integer, primary_key=True),
    Column("sealed_by", LargeBinary, nullable=False),
    Column("at", Text, nullable=False),
)
# What a law enforcement client showed for a search; refused or too late, the search goes, and this row with it.
search_authorisation = Table(
    "search_authorisation",
    metadata,
    Column("search", Text, ForeignKey("search.id"), primary_key=True),
    Column("client", Text, ForeignKey("client.id"), nullable=False, index=True),
    Column("state", Text, nullable=False),
    Column("sealed_reference", LargeBinary),
    Column("due_at", Text),
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
