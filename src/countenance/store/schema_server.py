# SPDX-License-Identifier: Apache-2.0
"""Tables of the server: accounts, sessions, keys, and what its pages keep.

Names are sealed; tokens, keys and passwords are kept as hashes only.
"""

from __future__ import annotations

from sqlalchemy import Column, Integer, Table, Text

from countenance.store.metadata import metadata

# Requests that carried an Idempotency-Key: that they were made, and what they made; never what they said.
once = Table(
    "once",
    metadata,
    Column("id", Text, primary_key=True),  # SHA-256 of credential and key
    Column("fingerprint", Text, nullable=False),  # SHA-256 of method, path and body
    Column("at", Text, nullable=False),
    Column("status", Integer),  # None while it is being carried out, or where that was cut off
    Column("location", Text),
)
