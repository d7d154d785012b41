# SPDX-License-Identifier: Apache-2.0
"""The table of the search desk; `store.schema` names it too."""

from __future__ import annotations

from sqlalchemy import Column, ForeignKey, Table, Text

from countenance.store.metadata import metadata

# Which request a search answered, so that one sent twice is searched once. The key is an HMAC under a secret that only
# the sender has, over the photo and what was asked: nobody can hold a photo against it.
search_key = Table(
    "search_key",
    metadata,
    Column("client", Text, ForeignKey("client.id"), primary_key=True),
    Column("key", Text, primary_key=True),
    Column("search", Text, ForeignKey("search.id"), nullable=False, index=True),
)
