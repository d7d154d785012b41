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
_TRIGGERS["photo_source_is_not_revoked"] = """CREATE TRIGGER photo_source_is_not_revoked BEFORE INSERT ON photo_source
    WHEN EXISTS (SELECT 1 FROM source s WHERE s.id = NEW.source AND s.revoked_at IS NOT NULL)
    BEGIN SELECT RAISE(ABORT, 'the source was revoked'); END"""
_TRIGGERS["source_stays_revoked"] = """CREATE TRIGGER source_stays_revoked BEFORE UPDATE OF revoked_at ON source
    WHEN OLD.revoked_at IS NOT NULL
    BEGIN SELECT RAISE(ABORT, 'a revocation cannot be changed'); END"""
_TRIGGERS["retention_fact_is_immutable"] = """CREATE TRIGGER retention_fact_is_immutable BEFORE UPDATE ON retention_fact
    BEGIN SELECT RAISE(ABORT, 'a fact of retention cannot be changed'); END"""
# Whatever moves a person's retention clock deletes it, whoever changed it; the next look computes it anew.
for _table, _change, _whose in (
    ("release", "INSERT", "NEW.subject"),
    ("release_event", "INSERT", '(SELECT r.subject FROM "release" r WHERE r.id = NEW."release")'),
    ("residency_fact", "INSERT", "NEW.subject"),
    ("retention_fact", "INSERT", "NEW.subject"),
    ("subject", "UPDATE OF residency", "NEW.id"),
):
    _TRIGGERS[f"{_table}_moves_clock"] = (
        f'CREATE TRIGGER {_table}_moves_clock AFTER {_change} ON "{_table}" '  # noqa: S608 - constants only
        f"BEGIN DELETE FROM retention_clock WHERE subject = {_whose}; END"
    )
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

# A hold of the first release was on one person.
_HELD = """INSERT INTO hold_subject (hold, subject) SELECT id, subject FROM hold WHERE subject IS NOT NULL"""


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
        "breach",
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("exposed", sa.Text(), nullable=False),
        sa.Column("aware_at", sa.Text(), nullable=False),
        sa.Column("opened_at", sa.Text(), nullable=False),
        sa.Column("affected", sa.Text(), nullable=False),
        sa.Column("closed_at", sa.Text(), nullable=True),
        sa.Column("sealed_note", sa.LargeBinary(), nullable=True),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_table(
        "calibration",
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("encoder", sa.Text(), nullable=False),
        sa.Column("sha256", sa.Text(), nullable=False),
        sa.Column("document", sa.Text(), nullable=False),
        sa.Column("made_at", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("id"),
    )
    with op.batch_alter_table("calibration", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_calibration_encoder"), ["encoder"], unique=False)

    op.create_table(
        "client_bar",
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("order_id", sa.Text(), nullable=False),
        sa.Column("kinds", sa.Text(), nullable=False),
        sa.Column("places", sa.Text(), nullable=False),
        sa.Column("since", sa.Text(), nullable=False),
        sa.Column("until", sa.Text(), nullable=True),
        sa.Column("lifted_at", sa.Text(), nullable=True),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_table(
        "conflict",
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("one", sa.Text(), nullable=False),
        sa.Column("other", sa.Text(), nullable=False),
        sa.Column("people", sa.Integer(), nullable=False),
        sa.Column("opened_at", sa.Text(), nullable=False),
        sa.Column("resolved_at", sa.Text(), nullable=True),
        sa.Column("decision", sa.Text(), nullable=True),
        sa.Column("sealed_decision", sa.LargeBinary(), nullable=True),
        sa.PrimaryKeyConstraint("id"),
    )
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

    op.create_table(
        "evidence",
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("sealed_record", sa.LargeBinary(), nullable=False),
        sa.Column("kept_at", sa.Text(), nullable=False),
        sa.Column("until", sa.Text(), nullable=False),
        sa.Column("citation", sa.Text(), nullable=False),
        sa.Column("sealed_asked", sa.LargeBinary(), nullable=True),
        sa.PrimaryKeyConstraint("id"),
    )
    with op.batch_alter_table("evidence", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_evidence_until"), ["until"], unique=False)

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
        "law_change",
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("verb", sa.Text(), nullable=False),
        sa.Column("pack", sa.Text(), nullable=False),
        sa.Column("sha256", sa.Text(), nullable=False),
        sa.Column("text", sa.Text(), nullable=True),
        sa.Column("sealed_entered_by", sa.LargeBinary(), nullable=False),
        sa.Column("entered_at", sa.Text(), nullable=False),
        sa.Column("sealed_confirmed_by", sa.LargeBinary(), nullable=True),
        sa.Column("confirmed_at", sa.Text(), nullable=True),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_table(
        "legal_order",
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("status", sa.Text(), nullable=False),
        sa.Column("sealed_document", sa.LargeBinary(), nullable=False),
        sa.Column("sealed_entered_by", sa.LargeBinary(), nullable=False),
        sa.Column("sealed_confirmed_by", sa.LargeBinary(), nullable=True),
        sa.Column("entered_at", sa.Text(), nullable=False),
        sa.Column("frozen_at", sa.Text(), nullable=True),
        sa.Column("class_root", sa.Text(), nullable=True),
        sa.Column("counts", sa.Text(), nullable=False),
        sa.Column("lead", sa.Text(), nullable=False),
        sa.Column("run", sa.Text(), nullable=True),
        sa.Column("met", sa.Text(), nullable=False),
        sa.Column("reported_at", sa.Text(), nullable=True),
        sa.Column("stayed_from", sa.Text(), nullable=True),
        sa.Column("sealed_request", sa.LargeBinary(), nullable=True),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_table(
        "processor",
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("sealed_name", sa.LargeBinary(), nullable=False),
        sa.Column("declared_at", sa.Text(), nullable=False),
        sa.Column("ended_at", sa.Text(), nullable=True),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_table(
        "request",
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("subject", sa.Text(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("sealed_channel", sa.LargeBinary(), nullable=False),
        sa.Column("verified_by", sa.Text(), nullable=False),
        sa.Column("opened_at", sa.Text(), nullable=False),
        sa.Column("ack_due", sa.Text(), nullable=False),
        sa.Column("due", sa.Text(), nullable=False),
        sa.Column("first", sa.Integer(), nullable=False),
        sa.Column("acknowledged_at", sa.Text(), nullable=True),
        sa.Column("answered_at", sa.Text(), nullable=True),
        sa.Column("closed_at", sa.Text(), nullable=True),
        sa.Column("outcome", sa.Text(), nullable=True),
        sa.Column("sealed_reason", sa.LargeBinary(), nullable=True),
        sa.PrimaryKeyConstraint("id"),
    )
    with op.batch_alter_table("request", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_request_subject"), ["subject"], unique=False)

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
        "escrow_reference",
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("face", sa.Text(), nullable=False),
        sa.Column("subject", sa.Text(), nullable=False),
        sa.Column("release", sa.Text(), nullable=False),
        sa.Column("encoder", sa.Text(), nullable=False),
        sa.Column("sealed_vector", sa.LargeBinary(), nullable=False),
        sa.Column("created_at", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(
            ["subject"],
            ["subject.id"],
        ),
        sa.PrimaryKeyConstraint("id"),
    )
    with op.batch_alter_table("escrow_reference", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_escrow_reference_subject"), ["subject"], unique=False)

    op.create_table(
        "evidence_run",
        sa.Column("run", sa.Text(), nullable=False),
        sa.Column("kept", sa.Integer(), nullable=False),
        sa.Column("until", sa.Text(), nullable=False),
        sa.Column("citation", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(
            ["run"],
            ["run.id"],
        ),
        sa.PrimaryKeyConstraint("run"),
    )
    op.create_table(
        "evidence_tag",
        sa.Column("tag", sa.LargeBinary(), nullable=False),
        sa.Column("evidence", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(
            ["evidence"],
            ["evidence.id"],
        ),
        sa.PrimaryKeyConstraint("tag"),
    )
    with op.batch_alter_table("evidence_tag", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_evidence_tag_evidence"), ["evidence"], unique=False)

    op.create_table(
        "hold_subject",
        sa.Column("hold", sa.Text(), nullable=False),
        sa.Column("subject", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(
            ["hold"],
            ["hold.id"],
        ),
        sa.PrimaryKeyConstraint("hold", "subject"),
    )
    with op.batch_alter_table("hold_subject", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_hold_subject_subject"), ["subject"], unique=False)

    op.create_table(
        "instruction",
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("run", sa.Text(), nullable=False),
        sa.Column("recipient", sa.Text(), nullable=False),
        sa.Column("sealed_what", sa.LargeBinary(), nullable=True),
        sa.Column("people", sa.Integer(), nullable=False),
        sa.Column("made_at", sa.Text(), nullable=False),
        sa.Column("due_at", sa.Text(), nullable=False),
        sa.Column("sent_at", sa.Text(), nullable=True),
        sa.Column("settled_at", sa.Text(), nullable=True),
        sa.Column("outcome", sa.Text(), nullable=True),
        sa.Column("sealed_evidence", sa.LargeBinary(), nullable=True),
        sa.ForeignKeyConstraint(
            ["run"],
            ["run.id"],
        ),
        sa.PrimaryKeyConstraint("id"),
    )
    with op.batch_alter_table("instruction", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_instruction_run"), ["run"], unique=False)

    op.create_table(
        "order_member",
        sa.Column("order", sa.Text(), nullable=False),
        sa.Column("subject", sa.Text(), nullable=False),
        sa.Column("standing", sa.Text(), nullable=False),
        sa.Column("own", sa.Integer(), nullable=False),
        sa.Column("turn", sa.Integer(), nullable=False),
        sa.Column("left", sa.Text(), nullable=True),
        sa.ForeignKeyConstraint(
            ["order"],
            ["legal_order.id"],
        ),
        sa.PrimaryKeyConstraint("order", "subject"),
    )
    with op.batch_alter_table("order_member", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_order_member_subject"), ["subject"], unique=False)

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

    op.create_table(
        "retention_clock",
        sa.Column("subject", sa.Text(), nullable=False),
        sa.Column("due_at", sa.Text(), nullable=False),
        sa.Column("rule", sa.Text(), nullable=False),
        sa.Column("review_at", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(
            ["subject"],
            ["subject.id"],
        ),
        sa.PrimaryKeyConstraint("subject"),
    )
    with op.batch_alter_table("retention_clock", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_retention_clock_due_at"), ["due_at"], unique=False)
        batch_op.create_index(batch_op.f("ix_retention_clock_review_at"), ["review_at"], unique=False)

    op.create_table(
        "retention_conflict",
        sa.Column("hold", sa.Text(), nullable=False),
        sa.Column("subject", sa.Text(), nullable=False),
        sa.Column("raised_at", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(
            ["subject"],
            ["subject.id"],
        ),
        sa.PrimaryKeyConstraint("hold", "subject"),
    )
    with op.batch_alter_table("retention_conflict", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_retention_conflict_subject"), ["subject"], unique=False)

    op.create_table(
        "retention_notice",
        sa.Column("subject", sa.Text(), nullable=False),
        sa.Column("due_at", sa.Text(), nullable=False),
        sa.Column("noticed_at", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(
            ["subject"],
            ["subject.id"],
        ),
        sa.PrimaryKeyConstraint("subject", "due_at"),
    )
    op.create_table(
        "confirmation",
        sa.Column("search", sa.Text(), nullable=False),
        sa.Column("subject", sa.Text(), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("sealed_by", sa.LargeBinary(), nullable=False),
        sa.Column("at", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(
            ["search"],
            ["search.id"],
        ),
        sa.ForeignKeyConstraint(
            ["subject"],
            ["subject.id"],
        ),
        sa.PrimaryKeyConstraint("search", "subject", "number"),
    )
    with op.batch_alter_table("confirmation", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_confirmation_subject"), ["subject"], unique=False)

    op.create_table(
        "search_authorisation",
        sa.Column("search", sa.Text(), nullable=False),
        sa.Column("client", sa.Text(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("sealed_reference", sa.LargeBinary(), nullable=True),
        sa.Column("due_at", sa.Text(), nullable=True),
        sa.ForeignKeyConstraint(
            ["client"],
            ["client.id"],
        ),
        sa.ForeignKeyConstraint(
            ["search"],
            ["search.id"],
        ),
        sa.PrimaryKeyConstraint("search"),
    )
    with op.batch_alter_table("search_authorisation", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_search_authorisation_client"), ["client"], unique=False)

    op.create_table(
        "retention_fact",
        sa.Column("number", sa.Integer(), autoincrement=True, nullable=False),
        sa.Column("subject", sa.Text(), nullable=False),
        sa.Column("release", sa.Text(), nullable=True),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("at", sa.Text(), nullable=False),
        sa.Column("recorded_at", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(
            ["release"],
            ["release.id"],
        ),
        sa.ForeignKeyConstraint(
            ["subject"],
            ["subject.id"],
        ),
        sa.PrimaryKeyConstraint("number"),
        sqlite_autoincrement=True,
    )
    with op.batch_alter_table("retention_fact", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_retention_fact_subject"), ["subject"], unique=False)

    with op.batch_alter_table("client", schema=None) as batch_op:
        batch_op.add_column(sa.Column("place", sa.Text(), nullable=True))
        batch_op.add_column(sa.Column("site", sa.Text(), server_default="private", nullable=False))
        batch_op.add_column(sa.Column("attests", sa.Text(), server_default="[]", nullable=False))
        batch_op.add_column(sa.Column("sealed_authority", sa.LargeBinary(), nullable=True))
        batch_op.add_column(sa.Column("suspended_at", sa.Text(), nullable=True))
        batch_op.add_column(sa.Column("suspended_for", sa.Text(), nullable=True))

    with op.batch_alter_table("hold", schema=None) as batch_op:
        batch_op.add_column(sa.Column("recipient", sa.Text(), nullable=True))
        batch_op.add_column(sa.Column("review_every_days", sa.Integer(), nullable=True))
        batch_op.add_column(sa.Column("reviewed_at", sa.Text(), nullable=True))
        batch_op.add_column(sa.Column("sealed_lifted_by", sa.LargeBinary(), nullable=True))
        batch_op.alter_column("subject", existing_type=sa.TEXT(), nullable=True)

    with op.batch_alter_table("release", schema=None) as batch_op:
        batch_op.add_column(sa.Column("delivered", sa.Text(), nullable=True))

    with op.batch_alter_table("search_candidate", schema=None) as batch_op:
        batch_op.add_column(sa.Column("confirmations", sa.Integer(), server_default="1", nullable=False))

    with op.batch_alter_table("source", schema=None) as batch_op:
        batch_op.add_column(sa.Column("revoked_at", sa.Text(), nullable=True))
        batch_op.add_column(sa.Column("sealed_revocation", sa.LargeBinary(), nullable=True))

    with op.batch_alter_table("subject", schema=None) as batch_op:
        batch_op.create_index("subject_frozen", ["id"], unique=False, sqlite_where=sa.text("frozen_at IS NOT NULL"))
    for statement in _TRIGGERS.values():
        op.execute(statement)
    op.execute(_DECLARED)
    op.execute(_HELD)
