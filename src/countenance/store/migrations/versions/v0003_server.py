# SPDX-License-Identifier: Apache-2.0
"""Tables of the server: accounts, sessions, keys and what its pages keep."""

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None

_TRIGGERS: dict[str, str] = {}


def upgrade() -> None:
    """Add what is new, then its triggers."""
    op.create_table(
        "search_key",
        sa.Column("client", sa.Text(), nullable=False),
        sa.Column("key", sa.Text(), nullable=False),
        sa.Column("search", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(
            ["client"],
            ["client.id"],
        ),
        sa.ForeignKeyConstraint(
            ["search"],
            ["search.id"],
        ),
        sa.PrimaryKeyConstraint("client", "key"),
    )
    with op.batch_alter_table("search_key", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_search_key_search"), ["search"], unique=False)

    with op.batch_alter_table("confirmation", schema=None) as batch_op:
        batch_op.add_column(sa.Column("verdict", sa.Text(), server_default="same", nullable=False))

    with op.batch_alter_table("search", schema=None) as batch_op:
        batch_op.add_column(sa.Column("threshold_low", sa.Float(), nullable=True))
        batch_op.add_column(sa.Column("threshold_high", sa.Float(), nullable=True))
        batch_op.add_column(sa.Column("extrapolated", sa.Integer(), nullable=True))
        batch_op.add_column(sa.Column("encoder", sa.Text(), nullable=True))
        batch_op.add_column(sa.Column("evaluation", sa.Text(), nullable=True))
        batch_op.create_index("search_client", ["client", "at"], unique=False)

    with op.batch_alter_table("search_candidate", schema=None) as batch_op:
        batch_op.add_column(sa.Column("reference", sa.Text(), nullable=True))
        batch_op.add_column(sa.Column("threshold", sa.Float(), nullable=True))
        batch_op.add_column(sa.Column("chance", sa.Float(), nullable=True))
        batch_op.add_column(sa.Column("chance_low", sa.Float(), nullable=True))
        batch_op.add_column(sa.Column("chance_high", sa.Float(), nullable=True))
        batch_op.add_column(sa.Column("chance_extrapolated", sa.Integer(), nullable=True))
    for statement in _TRIGGERS.values():
        op.execute(statement)
