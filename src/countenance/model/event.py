# SPDX-License-Identifier: Apache-2.0
"""What is logged. A tag reads `who:what:action`; payloads hold ids, counts and codes, nothing personal."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from countenance.canonical import Value
from countenance.ids import SubjectId


class EventTag(StrEnum):
    """Every kind of log entry; a tag is never reused for another meaning."""

    POLICY_PUBLISHED = "operator:policy:published"
    RETENTION_RECORDED = "operator:retention:recorded"
    RETENTION_DUE = "engine:retention:due"
    RETENTION_NOTICED = "engine:retention:noticed"
    RETENTION_CONFLICT = "engine:retention:conflict"
    SUBJECT_ADDED = "operator:subject:added"
    RESIDENCY_RECORDED = "operator:residency:recorded"
    CLIENT_ADDED = "operator:client:added"
    CLIENT_REFUSED = "engine:client:refused"
    CLIENT_SUSPENDED = "operator:client:suspended"
    CLIENT_REINSTATED = "operator:client:reinstated"
    CLIENTS_BARRED = "custodian:client:barred"
    CLIENTS_UNBARRED = "custodian:client:unbarred"
    LAW_ENTERED = "custodian:law:entered"
    LAW_CONFIRMED = "custodian:law:confirmed"
    LAW_REFUSED = "engine:law:refused"
    LAW_REEVALUATED = "engine:law:reevaluated"
    LAW_EXPLAINED = "custodian:law:explained"
    RELEASE_LAPSED = "engine:release:lapsed"
    RESULT_SHOWN = "client:result:shown"
    RESULT_REVIEWED = "client:result:reviewed"
    RESULT_CONFIRMED = "client:result:confirmed"
    RESULT_DOUBTED = "client:result:doubted"
    PROBE_LOOKED = "client:probe:looked"
    RESULT_REFUSED = "engine:result:refused"
    SEARCH_AUTHORISED = "client:search:authorised"
    SEARCH_PURGED = "engine:search:purged"
    SOURCE_ADDED = "operator:source:added"
    SOURCE_REFUSED = "engine:source:refused"
    SOURCE_REVOKED = "custodian:source:revoked"
    FETCH_REFUSED = "engine:fetch:refused"
    FETCH_SKIPPED = "engine:fetch:skipped"
    FETCH_DONE = "engine:fetch:done"
    MODEL_CHOSEN = "operator:model:chosen"
    NOTICE_DELIVERED = "operator:notice:delivered"
    SIGNING_STARTED = "operator:signing:started"
    SIGNING_REFUSED = "subject:signing:refused"
    SIGNING_ENDED = "engine:signing:ended"
    SIGNING_DENIED = "engine:signing:denied"
    LINK_MADE = "operator:link:made"
    OWN_SHOWN = "subject:subject:shown"
    RELEASE_SIGNED = "subject:release:signed"
    RELEASE_INVALIDATED = "custodian:release:invalidated"
    RELEASE_REFUSED = "engine:release:refused"
    SUBJECT_FROZEN = "subject:subject:frozen"
    DESTRUCTION_REPEATED = "engine:destruction:repeated"
    SUBJECT_DESTROYED = "operator:subject:destroyed"
    HOLD_PLACED = "custodian:hold:placed"
    HOLD_LIFTED = "custodian:hold:lifted"
    HOLD_REVIEWED = "custodian:hold:reviewed"
    ORDER_ENTERED = "custodian:order:entered"
    ORDER_CONFIRMED = "custodian:order:confirmed"
    ORDER_REFUSED = "engine:order:refused"
    ORDER_PREVIEWED = "custodian:order:previewed"
    ORDER_FROZEN = "custodian:order:frozen"
    ORDER_STAYED = "custodian:order:stayed"
    ORDER_RESUMED = "custodian:order:resumed"
    ORDER_VACATED = "custodian:order:vacated"
    ORDER_REQUESTED = "custodian:order:requested"
    ORDER_CONSOLIDATED = "custodian:order:consolidated"
    ORDER_MET = "custodian:order:met"
    ORDER_SATISFIED = "engine:order:satisfied"
    ORDER_READMITTED = "custodian:order:readmitted"
    CONFLICT_RAISED = "engine:conflict:raised"
    CONFLICT_PROPOSED = "custodian:conflict:proposed"
    CONFLICT_RESOLVED = "custodian:conflict:resolved"
    SUBJECT_SHOWN = "operator:subject:shown"
    SUBJECTS_LISTED = "operator:subject:listed"
    FACES_LISTED = "reviewer:face:listed"
    RUN_PLANNED = "custodian:run:planned"
    RUN_FROZEN = "custodian:run:frozen"
    RUN_APPROVED = "custodian:run:approved"
    RUN_REFUSED = "engine:run:refused"
    RUN_EXECUTED = "engine:run:executed"
    RUN_FAILED = "engine:run:failed"
    PHOTO_INGESTED = "operator:photo:ingested"
    PHOTO_SKIPPED = "operator:photo:skipped"
    FACE_ENCODED = "engine:face:encoded"
    FACE_DENIED = "engine:face:denied"
    FACE_ASSIGNED = "reviewer:face:assigned"
    FACE_DISMISSED = "reviewer:face:dismissed"
    INGEST_DENIED = "engine:ingest:denied"
    SEARCH_ANSWERED = "client:search:answered"
    SEARCH_REFUSED = "engine:search:refused"
    BACKUP_MADE = "operator:backup:made"
    RECOVERY_KEY_MADE = "operator:recovery:made"
    ROOT_KEY_ROTATED = "operator:rootkey:rotated"
    SYSTEM_RESTORED = "operator:system:restored"
    EVALUATION_RUN = "operator:evaluation:run"
    EVALUATION_DENIED = "engine:evaluation:denied"
    CERTIFICATE_SIGNED = "custodian:certificate:signed"
    CALIBRATION_MADE = "operator:calibration:made"
    CALIBRATION_DENIED = "engine:calibration:denied"
    ARTEFACT_RECORDED = "engine:artefact:recorded"
    ARTEFACT_STALE = "engine:artefact:stale"
    ARTEFACT_REFUSED = "engine:artefact:refused"
    ARTEFACT_RETIRED = "custodian:artefact:retired"
    BREACH_DRILLED = "custodian:breach:drilled"
    BREACH_REPORTED = "custodian:breach:reported"
    BREACH_CLOSED = "custodian:breach:closed"
    REPORT_MADE = "operator:report:made"
    REQUEST_OPENED = "subject:request:opened"
    REQUEST_ACKNOWLEDGED = "operator:request:acknowledged"
    REQUEST_ANSWERED = "operator:request:answered"
    REQUEST_CLOSED = "operator:request:closed"
    EVIDENCE_KEPT = "engine:evidence:kept"
    EVIDENCE_FOUND = "custodian:evidence:found"
    EVIDENCE_ASKED = "custodian:evidence:asked"
    EVIDENCE_OPENED = "custodian:evidence:opened"
    EVIDENCE_REFUSED = "engine:evidence:refused"
    EVIDENCE_DESTROYED = "engine:evidence:destroyed"
    PROCESSOR_DECLARED = "operator:processor:declared"
    PROCESSOR_ENDED = "operator:processor:ended"
    INSTRUCTION_MADE = "engine:instruction:made"
    INSTRUCTION_SENT = "custodian:instruction:sent"
    INSTRUCTION_SETTLED = "custodian:instruction:settled"


@dataclass(frozen=True)
class Event:
    """One log entry.

    Attributes:
        number: position in the log, from 1.
        payload: ids, counts and reason codes only.
    """

    number: int
    at: datetime
    tag: EventTag
    subject: SubjectId | None
    payload: Value
