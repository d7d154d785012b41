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
        "artefact",
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("sha256", sa.Text(), nullable=False),
        sa.Column("made_at", sa.Text(), nullable=False),
        sa.Column("stale_at", sa.Text(), nullable=True),
        sa.Column("retired_at", sa.Text(), nullable=True),
        sa.PrimaryKeyConstraint("id"),
        sa.UniqueConstraint("sha256"),
    )
    op.create_table(
        "artefact_run",
        sa.Column("artefact", sa.Text(), nullable=False),
        sa.Column("run", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(
            ["artefact"],
            ["artefact.id"],
        ),
        sa.ForeignKeyConstraint(
            ["run"],
            ["run.id"],
        ),
        sa.PrimaryKeyConstraint("artefact", "run"),
    )
    op.create_table(
        "artefact_subject",
        sa.Column("artefact", sa.Text(), nullable=False),
        sa.Column("subject", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(
            ["artefact"],
            ["artefact.id"],
        ),
        sa.ForeignKeyConstraint(
            ["subject"],
            ["subject.id"],
        ),
        sa.PrimaryKeyConstraint("artefact", "subject"),
    )
    with op.batch_alter_table("artefact_subject", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_artefact_subject_subject"), ["subject"], unique=False)
    for statement in _TRIGGERS.values():
        op.execute(statement)
