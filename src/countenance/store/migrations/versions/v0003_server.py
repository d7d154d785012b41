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
    with op.batch_alter_table("confirmation", schema=None) as batch_op:
        batch_op.add_column(sa.Column("verdict", sa.Text(), server_default="same", nullable=False))
    for statement in _TRIGGERS.values():
        op.execute(statement)
