# SPDX-License-Identifier: Apache-2.0
"""The first tables, and the triggers that refuse what no code may do."""

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None

_LIVE = """EXISTS (
    SELECT 1 FROM "release" r JOIN subject s ON s.id = r.subject
    WHERE r.id = NEW."release" AND r.subject = NEW.subject AND s.frozen_at IS NULL
      AND r.signed_at < NEW.created_at AND r.term_end > NEW.created_at
      AND r.term_end > strftime('%Y-%m-%dT%H:%M:%fZ', 'now')
      AND (SELECT e.status FROM release_event e WHERE e."release" = r.id
           ORDER BY e.number DESC LIMIT 1) = 'given')"""

# The database's own refusals: they hold for raw SQL, whatever the program does.
_TRIGGERS = {
    "reference_needs_live_release": f"""CREATE TRIGGER reference_needs_live_release
        BEFORE INSERT ON reference WHEN NOT {_LIVE}
        BEGIN SELECT RAISE(ABORT, 'no live release'); END""",
    "reference_is_immutable": """CREATE TRIGGER reference_is_immutable BEFORE UPDATE ON reference
        BEGIN SELECT RAISE(ABORT, 'a reference cannot be changed'); END""",
    "release_is_immutable": """CREATE TRIGGER release_is_immutable BEFORE UPDATE ON "release"
        BEGIN SELECT RAISE(ABORT, 'a release cannot be changed'); END""",
    "release_event_is_immutable": """CREATE TRIGGER release_event_is_immutable BEFORE UPDATE ON release_event
        BEGIN SELECT RAISE(ABORT, 'a release event cannot be changed'); END""",
    "event_is_immutable": """CREATE TRIGGER event_is_immutable BEFORE UPDATE ON event
        BEGIN SELECT RAISE(ABORT, 'the log cannot be changed'); END""",
    "event_is_kept": """CREATE TRIGGER event_is_kept BEFORE DELETE ON event
        BEGIN SELECT RAISE(ABORT, 'the log cannot be shortened'); END""",
    "log_node_is_immutable": """CREATE TRIGGER log_node_is_immutable BEFORE UPDATE ON log_node
        BEGIN SELECT RAISE(ABORT, 'the log cannot be changed'); END""",
    "log_node_is_kept": """CREATE TRIGGER log_node_is_kept BEFORE DELETE ON log_node
        BEGIN SELECT RAISE(ABORT, 'the log cannot be shortened'); END""",
}
# `INSERT OR REPLACE` deletes without firing triggers of DELETE, so it needs a refusal of its own.
for _table, _key in (("reference", "id"), ("release", "id"), ("release_event", "number"), ("event", "number")):
    _TRIGGERS[f"{_table}_is_not_replaced"] = f"""CREATE TRIGGER {_table}_is_not_replaced BEFORE INSERT ON "{_table}"
        WHEN EXISTS (SELECT 1 FROM "{_table}" WHERE {_key} = NEW.{_key})
        BEGIN SELECT RAISE(ABORT, 'a row of {_table} cannot be replaced'); END"""  # noqa: S608 - constants only
# A run that moves freezes photos, or lets them go with what was made from them.
_TRIGGERS["run_update_counts"] = """CREATE TRIGGER run_update_counts AFTER UPDATE OF state ON run
    BEGIN UPDATE revision SET number = number + 1; END"""
# Freezing somebody, and deleting what is held of a frozen person, lets nobody see more. A reference that is deleted
# is missed by whoever counts them.
_FROZEN = "EXISTS (SELECT 1 FROM subject s WHERE s.frozen_at IS NOT NULL AND s.id = {})"
_ONLY_TAKES = {
    ("subject", "UPDATE"): "OLD.frozen_at IS NULL AND NEW.frozen_at IS NOT NULL",
    ("subject", "DELETE"): "OLD.frozen_at IS NOT NULL",
    ("release", "DELETE"): _FROZEN.format("OLD.subject"),
    ("release_event", "DELETE"): _FROZEN.format('(SELECT r.subject FROM "release" r WHERE r.id = OLD."release")'),
    ("reference", "DELETE"): "1",
}
for _table in ("subject", "client", "release", "release_event", "reference"):
    for _change in ("INSERT", "UPDATE", "DELETE"):
        _name = f"{_table}_{_change.lower()}_counts"
        _takes = _ONLY_TAKES.get((_table, _change), "0")
        _TRIGGERS[_name] = (
            f'CREATE TRIGGER {_name} AFTER {_change} ON "{_table}" '  # noqa: S608 - constants only
            f"BEGIN UPDATE revision SET number = number + 1, grants = grants + NOT ({_takes}); END"
        )


def upgrade() -> None:
    """Make every table, then the triggers, then the one row that they count in."""
    op.create_table(
        "client",
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("sealed_name", sa.LargeBinary(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("purposes", sa.Text(), nullable=False),
        sa.Column("fpir", sa.Float(), nullable=False),
        sa.Column("created_at", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_table(
        "event",
        sa.Column("number", sa.Integer(), autoincrement=True, nullable=False),
        sa.Column("at", sa.Text(), nullable=False),
        sa.Column("tag", sa.Text(), nullable=False),
        sa.Column("subject", sa.Text(), nullable=True),
        sa.Column("payload", sa.Text(), nullable=False),
        sa.Column("commitment", sa.LargeBinary(), nullable=False),
        sa.Column("salt_key", sa.Text(), nullable=False),
        sa.Column("sealed_salt", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("number"),
        sqlite_autoincrement=True,
    )
    op.create_index(op.f("ix_event_subject"), "event", ["subject"], unique=False)
    op.create_table(
        "hold",
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("subject", sa.Text(), nullable=False),
        sa.Column("basis", sa.Text(), nullable=False),
        sa.Column("sealed_matter", sa.LargeBinary(), nullable=False),
        sa.Column("sealed_placed_by", sa.LargeBinary(), nullable=False),
        sa.Column("placed_at", sa.Text(), nullable=False),
        sa.Column("lifted_at", sa.Text(), nullable=True),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_index(op.f("ix_hold_subject"), "hold", ["subject"], unique=False)
    op.create_table(
        "log_node",
        sa.Column("level", sa.Integer(), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("hash", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("level", "number"),
    )
    op.create_table(
        "photo",
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("content_tag", sa.LargeBinary(), nullable=False),
        sa.Column("key", sa.Text(), nullable=False),
        sa.Column("sealed_uri", sa.LargeBinary(), nullable=False),
        sa.Column("sealed_preview", sa.LargeBinary(), nullable=True),
        sa.Column("height", sa.Integer(), nullable=False),
        sa.Column("width", sa.Integer(), nullable=False),
        sa.Column("ingested_at", sa.Text(), nullable=False),
        sa.Column("considered_at", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("id"),
        sa.UniqueConstraint("content_tag"),
    )
    op.create_table(
        "policy",
        sa.Column("sha256", sa.Text(), nullable=False),
        sa.Column("text", sa.Text(), nullable=False),
        sa.Column("published_at", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("sha256"),
    )
    op.create_table(
        "revision",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("grants", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_table(
        "run",
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("scope_text", sa.Text(), nullable=False),
        sa.Column("source", sa.Text(), nullable=True),
        sa.Column("law", sa.Text(), nullable=False),
        sa.Column("sealed_order_ref", sa.LargeBinary(), nullable=False),
        sa.Column("sealed_requested_by", sa.LargeBinary(), nullable=False),
        sa.Column("sealed_approved_by", sa.LargeBinary(), nullable=True),
        sa.Column("needs_approval", sa.Integer(), nullable=False),
        sa.Column("created_at", sa.Text(), nullable=False),
        sa.Column("frozen_at", sa.Text(), nullable=True),
        sa.Column("started_at", sa.Text(), nullable=True),
        sa.Column("counts", sa.Text(), nullable=False),
        sa.Column("problems", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_table(
        "setting",
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("value", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("name"),
    )
    op.create_table(
        "source",
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("sealed_record", sa.LargeBinary(), nullable=False),
        sa.Column("capture_place", sa.Text(), nullable=True),
        sa.Column("created_at", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_table(
        "subject",
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("sealed_label", sa.LargeBinary(), nullable=False),
        sa.Column("sealed_representative", sa.LargeBinary(), nullable=True),
        sa.Column("residency", sa.Text(), nullable=False),
        sa.Column("age_band", sa.Text(), nullable=False),
        sa.Column("created_at", sa.Text(), nullable=False),
        sa.Column("frozen_at", sa.Text(), nullable=True),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_table(
        "certificate",
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("run", sa.Text(), nullable=False),
        sa.Column("signed_at", sa.Text(), nullable=False),
        sa.Column("title", sa.Text(), nullable=False),
        sa.Column("sealed_document", sa.LargeBinary(), nullable=False),
        sa.ForeignKeyConstraint(
            ["run"],
            ["run.id"],
        ),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_index(op.f("ix_certificate_run"), "certificate", ["run"], unique=False)
    op.create_table(
        "face",
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("photo", sa.Text(), nullable=False),
        sa.Column("left", sa.Float(), nullable=False),
        sa.Column("top", sa.Float(), nullable=False),
        sa.Column("right", sa.Float(), nullable=False),
        sa.Column("bottom", sa.Float(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=True),
        sa.Column("detail", sa.Text(), nullable=True),
        sa.Column("subject", sa.Text(), nullable=True),
        sa.ForeignKeyConstraint(
            ["photo"],
            ["photo.id"],
        ),
        sa.ForeignKeyConstraint(
            ["subject"],
            ["subject.id"],
        ),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_index("face_state", "face", ["state"], unique=False)
    op.create_index(op.f("ix_face_photo"), "face", ["photo"], unique=False)
    op.create_index(op.f("ix_face_subject"), "face", ["subject"], unique=False)
    op.create_table(
        "notice",
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("subject", sa.Text(), nullable=False),
        sa.Column("sealed_text", sa.LargeBinary(), nullable=False),
        sa.Column("delivered_at", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(
            ["subject"],
            ["subject.id"],
        ),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_index(op.f("ix_notice_subject"), "notice", ["subject"], unique=False)
    op.create_table(
        "photo_source",
        sa.Column("photo", sa.Text(), nullable=False),
        sa.Column("source", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(
            ["photo"],
            ["photo.id"],
        ),
        sa.ForeignKeyConstraint(
            ["source"],
            ["source.id"],
        ),
        sa.PrimaryKeyConstraint("photo", "source"),
    )
    op.create_table(
        "run_target",
        sa.Column("run", sa.Text(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("done", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(
            ["run"],
            ["run.id"],
        ),
        sa.PrimaryKeyConstraint("run", "kind", "id"),
    )
    op.create_table(
        "search",
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("at", sa.Text(), nullable=False),
        sa.Column("client", sa.Text(), nullable=False),
        sa.Column("sealed_operator", sa.LargeBinary(), nullable=False),
        sa.Column("purpose", sa.Text(), nullable=False),
        sa.Column("probe_basis", sa.Text(), nullable=False),
        sa.Column("mode", sa.Text(), nullable=False),
        sa.Column("threshold", sa.Float(), nullable=False),
        sa.Column("fpir", sa.Float(), nullable=False),
        sa.Column("gallery", sa.Integer(), nullable=False),
        sa.Column("outcome", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(
            ["client"],
            ["client.id"],
        ),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_table(
        "release",
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("subject", sa.Text(), nullable=False),
        sa.Column("notice", sa.Text(), nullable=False),
        sa.Column("policy", sa.Text(), nullable=False),
        sa.Column("scope", sa.Text(), nullable=False),
        sa.Column("signed_at", sa.Text(), nullable=False),
        sa.Column("term_end", sa.Text(), nullable=False),
        sa.Column("signer_is_representative", sa.Integer(), nullable=False),
        sa.Column("law", sa.Text(), nullable=False),
        sa.Column("sealed_record", sa.LargeBinary(), nullable=False),
        sa.ForeignKeyConstraint(
            ["notice"],
            ["notice.id"],
        ),
        sa.ForeignKeyConstraint(
            ["policy"],
            ["policy.sha256"],
        ),
        sa.ForeignKeyConstraint(
            ["subject"],
            ["subject.id"],
        ),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_index(op.f("ix_release_notice"), "release", ["notice"], unique=False)
    op.create_index(op.f("ix_release_subject"), "release", ["subject"], unique=False)
    op.create_table(
        "search_candidate",
        sa.Column("search", sa.Text(), nullable=False),
        sa.Column("subject", sa.Text(), nullable=False),
        sa.Column("photo", sa.Text(), nullable=False),
        sa.Column("score", sa.Float(), nullable=False),
        sa.ForeignKeyConstraint(
            ["search"],
            ["search.id"],
        ),
        sa.ForeignKeyConstraint(
            ["subject"],
            ["subject.id"],
        ),
        sa.PrimaryKeyConstraint("search", "subject"),
    )
    op.create_index(op.f("ix_search_candidate_subject"), "search_candidate", ["subject"], unique=False)
    op.create_table(
        "reference",
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("face", sa.Text(), nullable=False),
        sa.Column("subject", sa.Text(), nullable=False),
        sa.Column("release", sa.Text(), nullable=False),
        sa.Column("encoder", sa.Text(), nullable=False),
        sa.Column("sealed_vector", sa.LargeBinary(), nullable=False),
        sa.Column("created_at", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(
            ["face"],
            ["face.id"],
        ),
        sa.ForeignKeyConstraint(
            ["release"],
            ["release.id"],
        ),
        sa.ForeignKeyConstraint(
            ["subject"],
            ["subject.id"],
        ),
        sa.PrimaryKeyConstraint("id"),
        sa.UniqueConstraint("face"),
    )
    op.create_index(op.f("ix_reference_release"), "reference", ["release"], unique=False)
    op.create_index(op.f("ix_reference_subject"), "reference", ["subject"], unique=False)
    op.create_table(
        "release_event",
        sa.Column("number", sa.Integer(), autoincrement=True, nullable=False),
        sa.Column("release", sa.Text(), nullable=False),
        sa.Column("status", sa.Text(), nullable=False),
        sa.Column("at", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(
            ["release"],
            ["release.id"],
        ),
        sa.PrimaryKeyConstraint("number"),
        sqlite_autoincrement=True,
    )
    op.create_index(op.f("ix_release_event_release"), "release_event", ["release"], unique=False)
    for statement in _TRIGGERS.values():
        op.execute(statement)
    op.execute("INSERT INTO revision (id, number, grants) VALUES (1, 0, 0)")
