# SPDX-License-Identifier: Apache-2.0
"""Tables of the server: accounts, sessions, keys and what its pages keep."""

from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None

_TRIGGERS: dict[str, str] = {}


def upgrade() -> None:
    """Add what is new, then its triggers."""
    for statement in _TRIGGERS.values():
        op.execute(statement)
