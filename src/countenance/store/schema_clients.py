# SPDX-License-Identifier: Apache-2.0
"""Tables about clients: changes of what they may, what they used, and what a custodian should look at."""

from __future__ import annotations

from sqlalchemy import Column, ForeignKey, Index, Integer, LargeBinary, Table, Text

from countenance.store.metadata import metadata

client_change = Table(
    "client_change",
    metadata,
    Column("id", Text, primary_key=True),
    Column("client", Text, nullable=False, index=True),  # not there yet where it is to be added
    Column("action", Text, nullable=False),
    Column("sealed_terms", LargeBinary, nullable=False),
    Column("widens", Text, nullable=False),
    Column("sealed_entered_by", LargeBinary, nullable=False),
    Column("entered_at", Text, nullable=False),
    Column("sealed_decided_by", LargeBinary),
    Column("decided_at", Text),
    Column("outcome", Text),
)
# The meter: one row a use. Kept for a month, which is longer than any quota looks back.
client_use = Table(
    "client_use",
    metadata,
    Column("number", Integer, primary_key=True),
    Column("client", Text, ForeignKey("client.id"), nullable=False),
    Column("at", Text, nullable=False),
    Column("account", Text, nullable=False),  # its code
    Column("what", Text, nullable=False),
    # Its place among the uses of the client, and of the account there: the use so many before is found at once.
    Column("nth", Integer, nullable=False),
    Column("nth_of_account", Integer, nullable=False),
    Index("client_use_client", "client", "at"),
    Index("client_use_nth", "client", "nth", unique=True),
    Index("client_use_account", "client", "account", "nth_of_account", unique=True),
)
# A flag names no person: whom its search found stands in `search_candidate`, and goes with the person.
flag = Table(
    "flag",
    metadata,
    Column("id", Text, primary_key=True),
    Column("at", Text, nullable=False),
    Column("kind", Text, nullable=False),
    Column("client", Text, ForeignKey("client.id"), nullable=False),
    Column("account", Text, nullable=False),
    Column("search", Text),  # no foreign key: the flag stays where the search is purged
    Column("times", Integer, nullable=False),
    Column("settled_at", Text),
    Column("sealed_settled_by", LargeBinary),
    Column("sealed_note", LargeBinary),
    Index("flag_client", "client", "kind", "at"),
)
# Who is behind an account that searches; dies with the person.
own_person = Table(
    "own_person",
    metadata,
    Column("account", Text, primary_key=True),  # its code
    Column("subject", Text, ForeignKey("subject.id"), nullable=False, index=True),
)
