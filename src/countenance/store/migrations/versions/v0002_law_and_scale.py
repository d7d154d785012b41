# SPDX-License-Identifier: Apache-2.0
"""Tables of the second release, and the triggers over them."""

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None

_TRIGGERS: dict[str, str] = {}
# The triggers that count changes say whose each of them is, so that a gallery looks at no more than those.
_FROZEN = "EXISTS (SELECT 1 FROM subject s WHERE s.frozen_at IS NOT NULL AND s.id = {})"
_OF_RELEASE = '(SELECT r.subject FROM "release" r WHERE r.id = {}."release")'
_COUNTED = {
    "subject": ("{}.id", {"UPDATE": "OLD.frozen_at IS NULL AND NEW.frozen_at IS NOT NULL",
                          "DELETE": "OLD.frozen_at IS NOT NULL"}),
    "client": ("'client'", {}),
    "release": ("{}.subject", {"DELETE": _FROZEN.format("OLD.subject")}),
    "release_event": (_OF_RELEASE, {"DELETE": _FROZEN.format(_OF_RELEASE.format("OLD"))}),
    "reference": ("{}.subject", {"DELETE": "1"}),
}  # fmt: skip


def _counting(name: str, when: str, about: str, grants: str) -> list[str]:
    """Return what makes a trigger anew that counts a change and says whose it is."""
    return [
        f"DROP TRIGGER IF EXISTS {name}",
        f"CREATE TRIGGER {name} AFTER {when} BEGIN "
        f"UPDATE revision SET number = number + 1, grants = grants + {grants}; "
        f"INSERT INTO gallery_change (number, about) SELECT number, coalesce({about}, '') FROM revision; END",
    ]


for _table, (_about, _takes) in _COUNTED.items():
    for _change in ("INSERT", "UPDATE", "DELETE"):
        _name = f"{_table}_{_change.lower()}_counts"
        _whose = _about.format("OLD" if _change == "DELETE" else "NEW")
        _statements = _counting(_name, f'{_change} ON "{_table}"', _whose, f"NOT ({_takes.get(_change, '0')})")
        _TRIGGERS |= dict(zip((f"no {_name}", _name), _statements, strict=True))
_TRIGGERS |= dict(
    zip(("no run_update_counts", "run_update_counts"),
        _counting("run_update_counts", "UPDATE OF state ON run", "'run'", "0"), strict=True)
)  # fmt: skip


def upgrade() -> None:
    """Add what is new, then its triggers."""
    op.create_table('gallery_change',
    sa.Column('number', sa.Integer(), nullable=False),
    sa.Column('about', sa.Text(), nullable=False),
    sa.PrimaryKeyConstraint('number')
    )
    op.create_table('gallery_file',
    sa.Column('id', sa.Text(), nullable=False),
    sa.Column('encoder', sa.Text(), nullable=False),
    sa.Column('place', sa.Integer(), nullable=False),
    sa.Column('number', sa.Integer(), nullable=False),
    sa.PrimaryKeyConstraint('id')
    )
    with op.batch_alter_table('subject', schema=None) as batch_op:
        batch_op.create_index('subject_frozen', ['id'], unique=False, sqlite_where=sa.text('frozen_at IS NOT NULL'))
    for statement in _TRIGGERS.values():
        op.execute(statement)
