# SPDX-License-Identifier: Apache-2.0
"""The tables of the records. A column named `sealed_*` holds ciphertext; nothing else may name a person.

`store/migrations` makes them; a test compares the two. Moments are RFC 3339 text in UTC (`clock.to_text`),
lists of codes are JSON text. Ids are random and mean nothing outside this data directory.
"""

from __future__ import annotations

from sqlalchemy import Column, Float, ForeignKey, Index, Integer, LargeBinary, Table, Text, text

from countenance.store.metadata import metadata as metadata
from countenance.store.schema_clients import client_change as client_change
from countenance.store.schema_clients import client_use as client_use
from countenance.store.schema_clients import flag as flag
from countenance.store.schema_clients import own_person as own_person
from countenance.store.schema_custody import retention_run as retention_run
from countenance.store.schema_custody import run_job as run_job
from countenance.store.schema_desk import search_key as search_key
from countenance.store.schema_gallery import gallery_change as gallery_change
from countenance.store.schema_gallery import gallery_file as gallery_file
from countenance.store.schema_ingest import face_decision as face_decision
from countenance.store.schema_ingest import ingest_job as ingest_job
from countenance.store.schema_ingest import photo_file as photo_file
from countenance.store.schema_law import client_bar as client_bar
from countenance.store.schema_law import confirmation as confirmation
from countenance.store.schema_law import law_change as law_change
from countenance.store.schema_law import search_authorisation as search_authorisation
from countenance.store.schema_orders import conflict as conflict
from countenance.store.schema_orders import escrow_reference as escrow_reference
from countenance.store.schema_orders import hold as hold
from countenance.store.schema_orders import hold_subject as hold_subject
from countenance.store.schema_orders import legal_order as legal_order
from countenance.store.schema_orders import order_member as order_member
from countenance.store.schema_rights import artefact as artefact
from countenance.store.schema_rights import artefact_run as artefact_run
from countenance.store.schema_rights import artefact_subject as artefact_subject
from countenance.store.schema_rights import breach as breach
from countenance.store.schema_rights import evidence as evidence
from countenance.store.schema_rights import evidence_run as evidence_run
from countenance.store.schema_rights import evidence_tag as evidence_tag
from countenance.store.schema_rights import instruction as instruction
from countenance.store.schema_rights import processor as processor
from countenance.store.schema_rights import request as request
from countenance.store.schema_server import access_notice as access_notice
from countenance.store.schema_server import account as account
from countenance.store.schema_server import api_key as api_key
from countenance.store.schema_server import challenge as challenge
from countenance.store.schema_server import failed_try as failed_try
from countenance.store.schema_server import federated as federated
from countenance.store.schema_server import invite as invite
from countenance.store.schema_server import once as once
from countenance.store.schema_server import passkey as passkey
from countenance.store.schema_server import password as password
from countenance.store.schema_server import session as session
from countenance.store.schema_signing import private_link as private_link
from countenance.store.schema_signing import signing as signing

REVISION = "0003"  # the newest migration; `database.open_records` upgrades what is older


setting = Table(
    "setting",
    metadata,
    Column("name", Text, primary_key=True),
    Column("value", Text, nullable=False),
)
# One row; triggers count every change of consent, clients or references, also one made by raw SQL.
revision = Table(
    "revision",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("number", Integer, nullable=False),
    # Of these, those that may let somebody see more or other than before: not a freeze, nor what follows from one.
    Column("grants", Integer, nullable=False),
)
policy = Table(
    "policy",
    metadata,
    Column("sha256", Text, primary_key=True),
    Column("text", Text, nullable=False),
    Column("published_at", Text, nullable=False),
)
subject = Table(
    "subject",
    metadata,
    Column("id", Text, primary_key=True),
    Column("sealed_label", LargeBinary, nullable=False),
    Column("sealed_representative", LargeBinary),
    Column("residency", Text, nullable=False),
    Column("age_band", Text, nullable=False),
    Column("created_at", Text, nullable=False),
    Column("frozen_at", Text),
    Index("subject_frozen", "id", sqlite_where=text("frozen_at IS NOT NULL")),
)
client = Table(
    "client",
    metadata,
    Column("id", Text, primary_key=True),
    Column("sealed_name", LargeBinary, nullable=False),
    Column("kind", Text, nullable=False),
    Column("purposes", Text, nullable=False),
    Column("fpir", Float, nullable=False),
    Column("created_at", Text, nullable=False),
    Column("place", Text),
    Column("site", Text, nullable=False, server_default="private"),
    Column("attests", Text, nullable=False, server_default="[]"),
    Column("sealed_authority", LargeBinary),
    Column("suspended_at", Text),
    Column("suspended_for", Text),  # `operator`, or the id of an order
    Column("sealed_suspended_note", LargeBinary),
    Column("sealed_contact", LargeBinary),
    Column("sealed_contract", LargeBinary),
    Column("contract_on", Text),
    Column("contract_until", Text),
    Column("per_hour", Integer, nullable=False, server_default="1000"),
    Column("per_day", Integer, nullable=False, server_default="10000"),
    Column("account_per_hour", Integer),
    Column("hours", Text),
    Column("vetted_at", Text),
)
notice = Table(
    "notice",
    metadata,
    Column("id", Text, primary_key=True),
    Column("subject", Text, ForeignKey("subject.id"), nullable=False, index=True),
    Column("sealed_text", LargeBinary, nullable=False),
    Column("delivered_at", Text, nullable=False),
)
release = Table(
    "release",
    metadata,
    Column("id", Text, primary_key=True),
    Column("subject", Text, ForeignKey("subject.id"), nullable=False, index=True),
    Column("notice", Text, ForeignKey("notice.id"), nullable=False, index=True),
    Column("policy", Text, ForeignKey("policy.sha256"), nullable=False),
    Column("scope", Text, nullable=False),
    Column("signed_at", Text, nullable=False),
    Column("term_end", Text, nullable=False),
    Column("signer_is_representative", Integer, nullable=False),
    Column("law", Text, nullable=False),
    Column("sealed_record", LargeBinary, nullable=False),
    Column("delivered", Text),  # what notice and signature were, in codes; JSON
)
release_event = Table(
    "release_event",
    metadata,
    Column("number", Integer, primary_key=True, autoincrement=True),
    Column("release", Text, ForeignKey("release.id"), nullable=False, index=True),
    Column("status", Text, nullable=False),
    Column("at", Text, nullable=False),
    sqlite_autoincrement=True,
)
source = Table(
    "source",
    metadata,
    Column("id", Text, primary_key=True),
    Column("sealed_record", LargeBinary, nullable=False),
    Column("capture_place", Text),
    Column("created_at", Text, nullable=False),
    Column("revoked_at", Text),  # its permission was withdrawn; a trigger bars every new photo from it
    Column("sealed_revocation", LargeBinary),
)
photo = Table(
    "photo",
    metadata,
    Column("id", Text, primary_key=True),
    # HMAC of the file's SHA-256 under a key of this data directory: finds a photo, tells a thief nothing.
    Column("content_tag", LargeBinary, nullable=False, unique=True),
    Column("key", Text, nullable=False),  # the owner of its key in the keyring; a rewritten preview gets a new one
    Column("sealed_uri", LargeBinary, nullable=False),
    Column("sealed_preview", LargeBinary),  # only where a reference or a waiting face needs it
    Column("height", Integer, nullable=False),
    Column("width", Integer, nullable=False),
    Column("ingested_at", Text, nullable=False),
    Column("considered_at", Text, nullable=False),  # when its faces were last held against the releases
    Column("taken_on", Text),  # YYYY-MM-DD as the camera stated it; NULL in photos from before it was kept, too
)
photo_source = Table(
    "photo_source",
    metadata,
    Column("photo", Text, ForeignKey("photo.id"), primary_key=True),
    Column("source", Text, ForeignKey("source.id"), primary_key=True),
)
face = Table(
    "face",
    metadata,
    Column("id", Text, primary_key=True),
    Column("photo", Text, ForeignKey("photo.id"), nullable=False, index=True),
    Column("left", Float, nullable=False),
    Column("top", Float, nullable=False),
    Column("right", Float, nullable=False),
    Column("bottom", Float, nullable=False),
    Column("state", Text, nullable=False),
    Column("reason", Text),
    Column("detail", Text),
    Column("subject", Text, ForeignKey("subject.id"), index=True),
    Index("face_state", "state"),
)
reference = Table(
    "reference",
    metadata,
    Column("id", Text, primary_key=True),
    Column("face", Text, ForeignKey("face.id"), nullable=False, unique=True),
    Column("subject", Text, ForeignKey("subject.id"), nullable=False, index=True),
    Column("release", Text, ForeignKey("release.id"), nullable=False, index=True),
    Column("encoder", Text, nullable=False),
    Column("sealed_vector", LargeBinary, nullable=False),
    Column("created_at", Text, nullable=False),
)
search = Table(
    "search",
    metadata,
    Column("id", Text, primary_key=True),
    Column("at", Text, nullable=False),
    Column("client", Text, ForeignKey("client.id"), nullable=False),
    Column("sealed_operator", LargeBinary, nullable=False),
    Column("purpose", Text, nullable=False),
    Column("probe_basis", Text, nullable=False),
    Column("mode", Text, nullable=False),
    Column("threshold", Float, nullable=False),
    Column("fpir", Float, nullable=False),
    Column("gallery", Integer, nullable=False),
    Column("outcome", Text, nullable=False),
    # What the answer said of its threshold; NULL in searches from before it was kept.
    Column("threshold_low", Float),
    Column("threshold_high", Float),
    Column("extrapolated", Integer),
    Column("encoder", Text),
    Column("evaluation", Text),
    Column("account", Text),  # its code: finds repeated searches; NULL in searches from before it was kept
    Column("sealed_case", LargeBinary),
    Column("case_tag", LargeBinary, index=True),  # HMAC of client and case: counts searches of one case
    Index("search_client", "client", "at"),
)
search_candidate = Table(
    "search_candidate",
    metadata,
    Column("search", Text, ForeignKey("search.id"), primary_key=True),
    Column("subject", Text, ForeignKey("subject.id"), primary_key=True, index=True),
    Column("photo", Text, nullable=False),
    Column("score", Float, nullable=False),
    Column("confirmations", Integer, nullable=False, server_default="1"),  # how many people its law asks for
    Column("reference", Text),  # NULL, as what follows, in searches from before it was kept
    Column("threshold", Float),
    Column("chance", Float),
    Column("chance_low", Float),
    Column("chance_high", Float),
    Column("chance_extrapolated", Integer),
)
event = Table(
    "event",
    metadata,
    Column("number", Integer, primary_key=True, autoincrement=True),
    Column("at", Text, nullable=False),
    Column("tag", Text, nullable=False),
    Column("subject", Text, index=True),
    Column("payload", Text, nullable=False),
    Column("commitment", LargeBinary, nullable=False),  # SHA-256(salt || record), what the tree's leaf holds
    Column("salt_key", Text, nullable=False),  # the owner of the key that seals the salt
    Column("sealed_salt", LargeBinary, nullable=False),
    sqlite_autoincrement=True,
)
# Hashes of the full subtrees over the events: all that appending and proving need.
log_node = Table(
    "log_node",
    metadata,
    Column("level", Integer, primary_key=True),
    Column("number", Integer, primary_key=True),
    Column("hash", LargeBinary, nullable=False),
)
run = Table(
    "run",
    metadata,
    Column("id", Text, primary_key=True),
    Column("state", Text, nullable=False),
    Column("scope_text", Text, nullable=False),
    Column("source", Text),
    Column("law", Text, nullable=False),  # law files that bore on the targets: id to SHA-256, JSON
    Column("sealed_order_ref", LargeBinary, nullable=False),  # free text, so it may name somebody
    Column("sealed_requested_by", LargeBinary, nullable=False),
    Column("sealed_approved_by", LargeBinary),
    Column("needs_approval", Integer, nullable=False),
    Column("created_at", Text, nullable=False),
    Column("frozen_at", Text),
    Column("started_at", Text),
    Column("counts", Text, nullable=False),
    Column("problems", Text, nullable=False),
)
run_target = Table(
    "run_target",
    metadata,
    Column("run", Text, ForeignKey("run.id"), primary_key=True),
    Column("kind", Text, primary_key=True),
    Column("id", Text, primary_key=True),
    Column("done", Integer, nullable=False),
)
certificate = Table(
    "certificate",
    metadata,
    Column("id", Text, primary_key=True),
    Column("run", Text, ForeignKey("run.id"), nullable=False, index=True),
    Column("signed_at", Text, nullable=False),
    Column("title", Text, nullable=False),
    Column("sealed_document", LargeBinary, nullable=False),
)
# Sums of a measurement on a data set: rates and thresholds, nothing of a face.
evaluation = Table(
    "evaluation",
    metadata,
    Column("id", Text, primary_key=True),  # the digest of inputs and results
    Column("at", Text, nullable=False),
    Column("encoder", Text, nullable=False, index=True),
    Column("dataset", Text, nullable=False),  # SHA-256 over names and bytes of its photos
    Column("results", Text, nullable=False),  # JSON
)
# What a person's home is and was; a correction is a new row. The law's choice is kept short in `subject.residency`.
residency_fact = Table(
    "residency_fact",
    metadata,
    Column("number", Integer, primary_key=True, autoincrement=True),
    Column("subject", Text, ForeignKey("subject.id"), nullable=False, index=True),
    Column("place", Text, nullable=False),
    Column("since", Text),  # YYYY-MM-DD; NULL: nobody has said
    Column("until", Text),  # the first day no longer there; NULL: it lasts
    Column("evidence", Text, nullable=False),
    Column("sealed_document", LargeBinary),  # SHA-256 of the paper that proves it
    Column("supersedes", Integer, ForeignKey("residency_fact.number")),
    Column("recorded_at", Text, nullable=False),
    Index("residency_fact_place", "place", "subject"),
    Index("residency_fact_supersedes", "supersedes"),
    sqlite_autoincrement=True,
)
# What moves the retention clock beside releases: interactions, purposes met, reviews.
retention_fact = Table(
    "retention_fact",
    metadata,
    Column("number", Integer, primary_key=True, autoincrement=True),
    Column("subject", Text, ForeignKey("subject.id"), nullable=False, index=True),
    Column("release", Text, ForeignKey("release.id")),
    Column("kind", Text, nullable=False),
    Column("at", Text, nullable=False),
    Column("recorded_at", Text, nullable=False),
    sqlite_autoincrement=True,
)
# When each person's time is up. Triggers delete the row of whom anything changes for; `retention` computes it anew.
retention_clock = Table(
    "retention_clock",
    metadata,
    Column("subject", Text, ForeignKey("subject.id"), primary_key=True),
    Column("due_at", Text, nullable=False, index=True),
    Column("rule", Text, nullable=False),
    Column("review_at", Text, nullable=False, index=True),
)
retention_notice = Table(
    "retention_notice",
    metadata,
    Column("subject", Text, ForeignKey("subject.id"), primary_key=True),
    Column("due_at", Text, primary_key=True),
    Column("noticed_at", Text, nullable=False),
)
# Holds that the law of a person whose time is up does not recognise: for both counsels to decide.
retention_conflict = Table(
    "retention_conflict",
    metadata,
    Column("hold", Text, primary_key=True),
    Column("subject", Text, ForeignKey("subject.id"), primary_key=True, index=True),
    Column("raised_at", Text, nullable=False),
)
# How high strangers score, measured here; the newest whose lineage is fresh sets the thresholds of its encoder.
calibration = Table(
    "calibration",
    metadata,
    Column("id", Text, primary_key=True),
    Column("encoder", Text, nullable=False, index=True),
    Column("sha256", Text, nullable=False),
    Column("document", Text, nullable=False),
    Column("made_at", Text, nullable=False),
)
