# SPDX-License-Identifier: Apache-2.0
"""Tables of the second release, and the triggers over them."""

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None

_TRIGGERS: dict[str, str] = {
    "residency_fact_is_immutable": """CREATE TRIGGER residency_fact_is_immutable BEFORE UPDATE ON residency_fact
        BEGIN SELECT RAISE(ABORT, 'a residency fact cannot be changed'); END""",
    "residency_fact_is_not_replaced": """CREATE TRIGGER residency_fact_is_not_replaced BEFORE INSERT ON residency_fact
        WHEN EXISTS (SELECT 1 FROM residency_fact WHERE number = NEW.number)
        BEGIN SELECT RAISE(ABORT, 'a row of residency_fact cannot be replaced'); END""",
}
# What the first release knew of homes was declared when the person was added.
_DECLARED = """INSERT INTO residency_fact (subject, place, evidence, recorded_at)
    SELECT s.id, home.value, 'declared', s.created_at FROM subject s, json_each(s.residency) home
    WHERE s.residency <> '["unknown"]'"""
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
    # Another home is another law, so another view; what is deleted with a frozen person lets nobody see more.
    "residency_fact": ("{}.subject", {"DELETE": _FROZEN.format("OLD.subject")}),
}  # fmt: skip


def _counting(name: str, when: str, about: str, grants: str) -> list[str]:
    """Return what makes a trigger anew that counts a change and says whose it is."""
    count = f"UPDATE revision SET number = number + 1, grants = grants + {grants};"  # noqa: S608 - constants only
    whose = f"INSERT INTO gallery_change (number, about) SELECT number, coalesce({about}, '') FROM revision;"  # noqa: S608
    return [f"DROP TRIGGER IF EXISTS {name}", f"CREATE TRIGGER {name} AFTER {when} BEGIN {count} {whose} END"]


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
        "gallery_change",
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("about", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("number"),
    )
    op.create_table(
        "gallery_file",
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("encoder", sa.Text(), nullable=False),
        sa.Column("place", sa.Integer(), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("id"),
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

    op.create_table(
        "residency_fact",
        sa.Column("number", sa.Integer(), autoincrement=True, nullable=False),
        sa.Column("subject", sa.Text(), nullable=False),
        sa.Column("place", sa.Text(), nullable=False),
        sa.Column("since", sa.Text(), nullable=True),
        sa.Column("until", sa.Text(), nullable=True),
        sa.Column("evidence", sa.Text(), nullable=False),
        sa.Column("sealed_document", sa.LargeBinary(), nullable=True),
        sa.Column("supersedes", sa.Integer(), nullable=True),
        sa.Column("recorded_at", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(
            ["subject"],
            ["subject.id"],
        ),
        sa.ForeignKeyConstraint(
            ["supersedes"],
            ["residency_fact.number"],
        ),
        sa.PrimaryKeyConstraint("number"),
        sqlite_autoincrement=True,
    )
    with op.batch_alter_table("residency_fact", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_residency_fact_subject"), ["subject"], unique=False)
        batch_op.create_index("residency_fact_place", ["place", "subject"], unique=False)

    with op.batch_alter_table("subject", schema=None) as batch_op:
        batch_op.create_index("subject_frozen", ["id"], unique=False, sqlite_where=sa.text("frozen_at IS NOT NULL"))
    for statement in _TRIGGERS.values():
        op.execute(statement)
    op.execute(_DECLARED)
