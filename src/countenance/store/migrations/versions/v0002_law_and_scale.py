# SPDX-License-Identifier: Apache-2.0
"""Tables of the second release, and the triggers over them."""

from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None

_TRIGGERS: dict[str, str] = {}


def upgrade() -> None:
    """Add what is new, then its triggers."""
    for statement in _TRIGGERS.values():
        op.execute(statement)
