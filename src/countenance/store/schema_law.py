# SPDX-License-Identifier: Apache-2.0
"""The tables of the law: its files, who is barred, what confirms a result.

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
    Column("verdict", Text, nullable=False, server_default="same"),
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
