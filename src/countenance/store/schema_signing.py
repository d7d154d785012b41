# SPDX-License-Identifier: Apache-2.0
"""The tables of signing and of private links; `store.schema` names them too."""

from __future__ import annotations

from sqlalchemy import Column, ForeignKey, Integer, LargeBinary, Table, Text

from countenance.store.metadata import metadata

# One signing of one person; of its link and its short code hashes only. Dies with the person.
signing = Table(
    "signing",
    metadata,
    Column("id", Text, primary_key=True),
    Column("subject", Text, ForeignKey("subject.id"), nullable=False, index=True),
    Column("token_hash", LargeBinary, nullable=False, unique=True),
    Column("code_hash", LargeBinary, index=True),  # None for an invitation: a short code is for the desk
    Column("source", Text, ForeignKey("source.id"), nullable=False),
    Column("offer", Text, nullable=False),  # codes and ids, JSON
    Column("started_by", Text, nullable=False),
    Column("invitation", Integer, nullable=False),
    Column("opened_at", Text, nullable=False),
    Column("expires_at", Text, nullable=False, index=True),
    Column("state", Text, nullable=False),
    Column("notice", Text, ForeignKey("notice.id"), index=True),
    Column("sealed_draft", LargeBinary),  # what was shown and is to be signed
    Column("shown_at", Text),
    Column("law", Text),
    Column("release", Text),
    Column("pictured", Integer, nullable=False),
)
# A link to somebody's own view. It outlives the person, to lead to the certificate: a hash and an id that says nothing.
private_link = Table(
    "private_link",
    metadata,
    Column("token_hash", LargeBinary, primary_key=True),
    Column("subject", Text, nullable=False, index=True),
    Column("made_at", Text, nullable=False),
    Column("ended_at", Text),
)
