# SPDX-License-Identifier: Apache-2.0
"""The tables that the gallery follows the records by; `schema` says how tables are written."""

from __future__ import annotations

from sqlalchemy import Column, Integer, Table, Text

from countenance.store.metadata import metadata

# Whom each change that `revision` counts is about, written by the same triggers: a subject, or `client` or `run`.
gallery_change = Table(
    "gallery_change",
    metadata,
    Column("number", Integer, primary_key=True),  # of `revision`, after the change
    Column("about", Text, nullable=False),
)
# The sealed files of the gallery that count; a file that has no row here is thrown away.
gallery_file = Table(
    "gallery_file",
    metadata,
    Column("id", Text, primary_key=True),  # its name, and the owner of its key
    Column("encoder", Text, nullable=False),
    Column("place", Integer, nullable=False),  # -1: who is where; from 0: the faceprints of that segment
    Column("number", Integer, nullable=False),  # of `revision`, when it was written
)
