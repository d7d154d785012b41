# SPDX-License-Identifier: Apache-2.0
"""Tables of the second release, and the triggers over them."""

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None

_TRIGGERS: dict[str, str] = {}


def upgrade() -> None:
    """Add what is new, then its triggers."""
    op.create_table(
        "evaluation",
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("at", sa.Text(), nullable=False),
        sa.Column("encoder", sa.Text(), nullable=False),
        sa.Column("dataset", sa.Text(), nullable=False),
        sa.Column("results", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("id"),
    )
    with op.batch_alter_table("evaluation", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_evaluation_encoder"), ["encoder"], unique=False)
    for statement in _TRIGGERS.values():
        op.execute(statement)
