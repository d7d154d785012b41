# SPDX-License-Identifier: Apache-2.0
"""The tables of holds, orders and conflicts; `store.schema` names them with all others."""

from __future__ import annotations

from sqlalchemy import Column, ForeignKey, Integer, LargeBinary, Table, Text

from countenance.store.metadata import metadata

hold = Table(
    "hold",
    metadata,
    Column("id", Text, primary_key=True),
    Column("subject", Text, index=True),  # where it names one person alone; `hold_subject` names everybody
    Column("basis", Text, nullable=False),
    Column("sealed_matter", LargeBinary, nullable=False),
    Column("sealed_placed_by", LargeBinary, nullable=False),
    Column("placed_at", Text, nullable=False),
    Column("lifted_at", Text),
    Column("recipient", Text),  # age recipient of an outside key holder; NULL: the escrow key lies in the keyring
    Column("review_every_days", Integer),
    Column("reviewed_at", Text),
    Column("sealed_lifted_by", LargeBinary),  # who asked for the end of it first, until a second person agrees
)
hold_subject = Table(
    "hold_subject",
    metadata,
    Column("hold", Text, ForeignKey("hold.id"), primary_key=True),
    Column("subject", Text, primary_key=True, index=True),
)
# References of people under a hold: no search reads them, and their key lies in escrow.
escrow_reference = Table(
    "escrow_reference",
    metadata,
    Column("id", Text, primary_key=True),
    Column("face", Text, nullable=False),
    Column("subject", Text, ForeignKey("subject.id"), nullable=False, index=True),
    Column("release", Text, nullable=False),
    Column("encoder", Text, nullable=False),
    Column("sealed_vector", LargeBinary, nullable=False),
    Column("created_at", Text, nullable=False),
)
legal_order = Table(
    "legal_order",
    metadata,
    Column("id", Text, primary_key=True),
    Column("status", Text, nullable=False),
    Column("sealed_document", LargeBinary, nullable=False),  # the order file and the instrument's text
    Column("sealed_entered_by", LargeBinary, nullable=False),
    Column("sealed_confirmed_by", LargeBinary),
    Column("entered_at", Text, nullable=False),
    Column("frozen_at", Text),
    Column("class_root", Text),
    Column("counts", Text, nullable=False),
    Column("lead", Text, nullable=False),  # the order whose run serves this one too
    Column("run", Text),
    Column("met", Text, nullable=False),
    Column("reported_at", Text),
    Column("stayed_from", Text),  # the status that it goes back to
    Column("sealed_request", LargeBinary),  # what one person asked for and a second one has to agree to
)
order_member = Table(
    "order_member",
    metadata,
    Column("order", Text, ForeignKey("legal_order.id"), primary_key=True),
    Column("subject", Text, primary_key=True, index=True),
    Column("standing", Text, nullable=False),  # member, or unknown
    Column("own", Integer, nullable=False),  # nothing but orders had frozen the person
    Column("turn", Integer, nullable=False),  # how many orders froze the person before
    Column("left", Text),  # why the order does not bind this person's records any more
)
conflict = Table(
    "conflict",
    metadata,
    Column("id", Text, primary_key=True),
    Column("kind", Text, nullable=False),
    Column("one", Text, nullable=False),  # an order, or a hold
    Column("other", Text, nullable=False),  # an order, or the key of a law file
    Column("people", Integer, nullable=False),
    Column("opened_at", Text, nullable=False),
    Column("resolved_at", Text),
    Column("decision", Text),
    Column("sealed_decision", LargeBinary),  # by whom and why; of one person until a second agrees
)
