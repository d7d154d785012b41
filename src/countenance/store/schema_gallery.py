# SPDX-License-Identifier: Apache-2.0
"""The tables that the gallery follows the records by; `schema` says how tables are written."""

from __future__ import annotations

from sqlalchemy import Column, Integer, MetaData, Table, Text


def gallery_tables(metadata: MetaData) -> tuple[Table, Table]:
    """Add the tables `gallery_change` and `gallery_file`.

    The first says whom each change that `revision` counts is about, written by the same triggers: a subject, or
    `client` or `run`. The second holds the sealed files of the gallery that count; a file that has no row here is
    thrown away.
    """
    change = Table(
        "gallery_change",
        metadata,
        Column("number", Integer, primary_key=True),  # of `revision`, after the change
        Column("about", Text, nullable=False),
    )
    file = Table(
        "gallery_file",
        metadata,
        Column("id", Text, primary_key=True),  # its name, and the owner of its key
        Column("encoder", Text, nullable=False),
        Column("place", Integer, nullable=False),  # -1: who is where; from 0: the faceprints of that segment
        Column("number", Integer, nullable=False),  # of `revision`, when it was written
    )
    return change, file
