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
        "retention_run",
        sa.Column("number", sa.Integer(), autoincrement=True, nullable=False),
        sa.Column("began_at", sa.Text(), nullable=False),
        sa.Column("ended_at", sa.Text(), nullable=False),
        sa.Column("counts", sa.Text(), nullable=False),
        sa.Column("runs", sa.Text(), nullable=False),
        sa.Column("sealed_problems", sa.LargeBinary(), nullable=True),
        sa.PrimaryKeyConstraint("number"),
        sqlite_autoincrement=True,
    )
    with op.batch_alter_table("retention_run", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_retention_run_began_at"), ["began_at"], unique=False)

    op.create_table(
        "run_job",
        sa.Column("run", sa.Text(), nullable=False),
        sa.Column("sealed_ask", sa.LargeBinary(), nullable=False),
        sa.Column("asked_at", sa.Text(), nullable=False),
        sa.Column("ended_at", sa.Text(), nullable=True),
        sa.Column("sealed_problem", sa.LargeBinary(), nullable=True),
        sa.ForeignKeyConstraint(
            ["run"],
            ["run.id"],
        ),
        sa.PrimaryKeyConstraint("run"),
    )
    for statement in _TRIGGERS.values():
        op.execute(statement)
