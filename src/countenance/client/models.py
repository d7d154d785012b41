# SPDX-License-Identifier: Apache-2.0
"""What the API takes and gives; made by tests/api/make_client.py, not by hand."""

from __future__ import annotations

from typing import Any, Literal, NotRequired, TypedDict

Action = Literal["add", "amend", "reinstate"]
AgeBand = Literal["adult", "minor"]
Attestation = Literal["nyc_signage", "no_value_exchange"]
Authorisation = Literal["none", "given", "pending"]
ChangeOutcome = Literal["confirmed", "dropped"]
ClientKind = Literal[
    "photographer",
    "archive",
    "museum",
    "university",
    "registry",
    "venue",
    "law_enforcement",
    "individual",
    "trial",
    "unvetted",
]
ConsentStatus = Literal[
    "requested", "refused", "given", "expired", "withdrawn", "revoked", "invalidated", "needs_renewal"
]
ErrandState = Literal["waiting", "running", "done", "failed"]
Exposed = Literal["records", "keyring", "backup", "log", "clients", "host"]
FaceState = Literal["bystander", "reference", "skipped", "waiting", "dismissed"]
FlagKind = Literal["repeated_person", "own_person", "repeated_case", "outside_hours", "near_quota"]
Happened = Literal[
    "signed_in",
    "refused",
    "half_refused",
    "invited",
    "factor_added",
    "factor_removed",
    "key_made",
    "key_revoked",
    "key_ends",
    "linked",
    "sessions_ended",
]
HoldBasis = Literal["warrant", "subpoena", "court_order", "regulator", "litigation_anticipated"]
JobKind = Literal["folder", "upload"]
JobState = Literal["running", "done", "cancelled", "interrupted", "failed"]
Method = Literal["invite", "link", "passkey", "password", "provider", "private_link"]
OrderStatus = Literal["draft", "confirmed", "in_force", "stayed", "vacated", "satisfied"]
Outcome = Literal["confirmed", "unconfirmed"]
ProbeBasis = Literal["subject_present", "attested_basis"]
Purpose = Literal[
    "photo_delivery",
    "archive_search",
    "release_desk",
    "collection_research",
    "missing_person",
    "member_access",
    "evaluation",
]
Relation = Literal["parent", "guardian", "authorised"]
RequestKind = Literal["access", "export", "correct", "erase", "object"]
ReviewState = Literal["unconfirmed", "confirmed", "rejected", "disputed"]
Role = Literal["operator", "searcher", "custodian", "auditor", "subject"]
RunState = Literal["planned", "frozen", "approved", "executing", "verifying", "certified", "failed", "cancelled"]
SigningState = Literal["open", "shown", "signed", "refused", "ended"]
Site = Literal["private", "public"]
Stands = Literal["given", "not_signed", "ended", "frozen"]
TaskKind = Literal[
    "order_confirm",
    "order_request",
    "order_due",
    "conflict",
    "run_approve",
    "run_stopped",
    "hold_lift",
    "hold_review",
    "evidence",
    "law",
    "request",
    "instruction",
    "breach",
    "retention",
    "client_change",
    "client_due",
    "flag",
]
Urgency = Literal["yours", "overdue", "open", "soon", "others"]
Verb = Literal[
    "home:read",
    "access:own",
    "access:enrol",
    "account:read",
    "account:write",
    "metrics:read",
    "log:read",
    "search:make",
    "search:read",
    "result:review",
    "worklist:read",
    "order:read",
    "order:write",
    "hold:read",
    "hold:write",
    "run:read",
    "run:write",
    "certificate:read",
    "source:revoke",
    "release:invalidate",
    "request:read",
    "request:write",
    "retention:read",
    "retention:write",
    "evidence:read",
    "evidence:open",
    "recipient:read",
    "recipient:write",
    "breach:read",
    "breach:write",
    "law:read",
    "law:write",
    "client:read",
    "client:write",
    "flag:read",
    "flag:settle",
    "explain:read",
    "source:read",
    "source:add",
    "ingest:read",
    "ingest:run",
    "face:read",
    "face:decide",
    "subject:list",
    "subject:add",
    "signing:run",
    "link:make",
    "own:read",
    "own:act",
    "status:read",
    "model:use",
]
Verdict = Literal["same", "not_same", "undecided"]
VerifiedBy = Literal["signed_release_key", "account", "document"]


class AccountIn(TypedDict):
    """A new account."""

    name: str
    role: Role
    client: NotRequired[str | None]
    subject: NotRequired[str | None]


class AccountOut(TypedDict):
    """An account."""

    id: str
    name: str
    role: Role
    client: str | None
    subject: str | None
    created_at: str
    disabled_at: str | None
    methods: list[Method]


class AccountsOut(TypedDict):
    """A page of accounts, oldest first."""

    accounts: list[AccountOut]
    next: str | None


class AffectedOut(TypedDict):
    """The people of one law, and the clocks that run for them."""

    packs: list[str]
    people: int
    threshold: int
    regulator_due: str | None
    individuals_due: str
    citation: str


class Alive(TypedDict):
    """The process answers."""

    status: NotRequired[str]


class AmendIn(TypedDict):
    """What is to change; what is not named stays."""

    name: NotRequired[str]
    purposes: NotRequired[list[Purpose]]
    contact: NotRequired[str]
    contract: NotRequired[str]
    contract_on: NotRequired[str | None]
    contract_until: NotRequired[str | None]
    place: NotRequired[str | None]
    site: NotRequired[Site]
    attests: NotRequired[list[Attestation]]
    authority: NotRequired[str | None]
    fpir: NotRequired[float]
    quota: NotRequired[QuotaOf]
    hours: NotRequired[str | None]


class AnswerOut(TypedDict):
    """The answer to a search; no candidates is nobody."""

    search: str
    at: str
    operator: str
    purpose: Purpose
    case: str | None
    basis: ProbeBasis
    mode: str
    outcome: str
    threshold: ThresholdOut
    candidates: list[CandidateOut]
    authorisation: Authorisation
    authorisation_due: str | None
    probe_crop: str | None


class AskIn(TypedDict):
    """What I ask for."""

    kind: RequestKind
    words: NotRequired[str]


class AssessmentOut(TypedDict):
    """What follows from an exposure."""

    exposed: list[Exposed]
    readable: dict[str, str]
    aware_at: str
    first_due: str | None
    affected: list[AffectedOut]


class AssignIn(TypedDict):
    """Who a face is."""

    subject: str


class AuthorisationIn(TypedDict):
    """What was decided on the authorisation of a search that was made before it came."""

    reference: str | None


class BreachOut(TypedDict):
    """A case."""

    id: str
    assessment: AssessmentOut
    opened_at: str
    closed_at: str | None
    note: str | None
    late: bool


class CandidateOut(TypedDict):
    """Somebody whom the probe may show; whether it does, people decide."""

    rank: int
    subject: str
    score: float
    threshold: float | None
    chance: EstimateOut | None
    sources: list[PhotoSourceOut]
    taken_on: str | None
    photo_since: str
    face_px: int
    crop: str
    reviews_needed: int
    reviews: list[ReviewOut]
    state: ReviewState


class CertificateOut(TypedDict):
    """A signed certificate of destruction."""

    id: str
    run: str
    title: str
    signed_at: str


class ChangeOfClientOut(TypedDict):
    """A change of what a client may."""

    id: str
    action: Action
    client: ClientOut
    widens: list[str]
    entered_by: str
    entered_at: str
    decided_by: str | None
    decided_at: str | None
    outcome: ChangeOutcome | None


class ChangeOut(TypedDict):
    """A change of the law in use."""

    id: str
    verb: str
    pack: str
    sha256: str
    entered_by: str
    entered_at: str
    confirmed_at: str | None


class CheckedOut(TypedDict):
    """What a look at everything found."""

    at: str
    problems: list[str]


class ChoiceIn(TypedDict):
    """What the person chose, each by itself."""

    purposes: NotRequired[list[Purpose]]
    clients: NotRequired[list[str]]
    kinds: NotRequired[list[ClientKind]]
    term_days: NotRequired[int | None]


class ClientIn(TypedDict):
    """What was vetted of an organisation."""

    name: str
    kind: ClientKind
    purposes: list[Purpose]
    contact: str
    contract: str
    contract_on: str
    contract_until: str
    place: NotRequired[str | None]
    site: NotRequired[Site]
    attests: NotRequired[list[Attestation]]
    authority: NotRequired[str | None]
    fpir: NotRequired[float]
    quota: NotRequired[QuotaOf]
    hours: NotRequired[str | None]


class ClientOut(TypedDict):
    """A client."""

    id: str
    name: str
    kind: ClientKind
    purposes: list[Purpose]
    contact: str | None
    contract: str | None
    contract_on: str | None
    contract_until: str | None
    place: str | None
    site: Site
    attests: list[Attestation]
    authority: str | None
    fpir: float
    quota: QuotaOf
    hours: str | None
    created_at: str
    vetted_at: str | None
    suspended_at: str | None


class CloseIn(TypedDict):
    """Why it is refused, as the person was told; nothing where it was answered."""

    reason: NotRequired[str]


class ConflictOut(TypedDict):
    """Two instruments about the same people that cannot both be met."""

    id: str
    kind: str
    one: str
    other: str
    people: int
    opened_at: str
    resolved_at: str | None
    decision: str | None
    proposed: str | None
    proposed_by: str | None
    why: str | None


class CorrectionIn(TypedDict):
    """What was wrong; one of the two, or neither where it was put right with another verb."""

    label: NotRequired[str | None]
    face: NotRequired[str | None]


class CounselIn(TypedDict):
    """Whom to tell of a conflict."""

    name: str
    contact: str
    acts_for: str


class CounselOut(TypedDict):
    """Whom to tell of a conflict."""

    name: str
    contact: str
    acts_for: str


class DayOut(TypedDict):
    """How many people's time is up on one day (UTC)."""

    day: str
    due: int
    held: int
    waiting: int


class DecidedOut(TypedDict):
    """A face after a decision; its id is another one where something was destroyed."""

    face: str


class DeclarantIn(TypedDict):
    """Who declares the certificate under penalty of perjury; nobody where it is left out."""

    name: str
    title: NotRequired[str]


class DenialOut(TypedDict):
    """Why the next search would be refused."""

    rule: str
    reason: str
    citation: str


class DraftOut(TypedDict):
    """The notice that is to be signed, as it stands."""

    text: str
    text_sha256: str
    statements: list[str]
    purposes: list[Purpose]
    clients: list[str]
    kinds: list[ClientKind]
    term_days: int | None


class DueOut(TypedDict):
    """Something that is to be done by a moment."""

    what: str
    at: str
    overdue: bool


class DuePersonOut(TypedDict):
    """One person on one day."""

    subject: str
    at: str
    rule: str
    held: bool
    waiting: bool


class EndedOut(TypedDict):
    """Sessions that were ended."""

    ended: int


class EntriesOut(TypedDict):
    """Entries, newest first."""

    size: int
    entries: list[LogEntryOut]
    next_below: int | None


class EntryOut(TypedDict):
    """A search in the list."""

    search: str
    at: str
    operator: str
    purpose: Purpose
    case: str | None
    mode: str
    outcome: str
    reviews: dict[str, int]


class EstimateOut(TypedDict):
    """A number with its 95 % interval."""

    value: float
    low: float
    high: float
    extrapolated: bool


class EventOut(TypedDict):
    """Why a refusal in the log was one."""

    index: int
    at: str
    tag: str
    rule: str
    key: str
    remedy: str
    citation: str
    known: bool


class EvidenceAskIn(TypedDict):
    """Why it is to be opened."""

    why: str


class EvidenceOut(TypedDict):
    """What can be told of a piece of evidence without opening it."""

    id: str
    kept_at: str
    until: str
    citation: str
    asked_by: str | None
    why: str | None
    open_until: str | None


class ExposedIn(TypedDict):
    """What got out, and since when that is known here."""

    exposed: list[Exposed]
    aware_at: NotRequired[str | None]


class FaceOut(TypedDict):
    """A face of a photo."""

    id: str
    left: float
    top: float
    right: float
    bottom: float
    state: FaceState
    reason: str | None
    subject: str | None
    label: str | None


class FactIn(TypedDict):
    """Something that moves a person's clock."""

    kind: Literal["interaction", "purpose_met", "needed", "unneeded"]
    subject: NotRequired[str | None]
    release: NotRequired[str | None]
    on: NotRequired[str | None]


class FactorOut(TypedDict):
    """A way to sign in."""

    id: str
    method: Method
    label: str
    created_at: str
    used_at: str | None


class FactorsOut(TypedDict):
    """One's ways to sign in, oldest first."""

    factors: list[FactorOut]


class FindIn(TypedDict):
    """Who is looked for."""

    text: str
    limit: NotRequired[int]


class FlagOut(TypedDict):
    """Something about a client's searches that a custodian should look at."""

    id: str
    at: str
    kind: FlagKind
    client: str
    account: str
    search: str | None
    times: int
    people: list[str]
    settled_at: str | None
    settled_by: str | None
    note: str | None


class FolderIn(TypedDict):
    """A folder; nothing outside of its root can be named."""

    root: str
    inside: NotRequired[str]


class FolderOut(TypedDict):
    """What lies in a folder that the server may read."""

    root: str
    inside: str
    folders: list[str]
    photos: int


class FollowedOut(TypedDict):
    """One time that the clock was followed."""

    began_at: str
    ended_at: str
    counts: dict[str, int]
    runs: list[str]
    problems: list[str]


class GivenIn(TypedDict):
    """What the person was given."""

    sha256: str


class HoldIn(TypedDict):
    """A hold to place, on people or on everybody whom an order froze."""

    subjects: NotRequired[list[str]]
    order: NotRequired[str | None]
    basis: HoldBasis
    matter: str
    review_every_days: NotRequired[int | None]
    recipient: NotRequired[str | None]


class HoldOut(TypedDict):
    """One legal hold."""

    id: str
    basis: HoldBasis
    matter: str
    subjects: list[str]
    placed_by: str
    placed_at: str
    lifted_at: str | None
    review_every_days: int | None
    reviewed_at: str | None
    review_at: str | None
    overdue: bool
    outside_key: bool
    ending_by: str | None
    conflicts: NotRequired[list[str]]


class HomeIn(TypedDict):
    """Where the person says to live."""

    place: str


class InstructionOut(TypedDict):
    """A demand to delete, to one recipient after one run."""

    id: str
    run: str
    recipient: str
    name: str
    people: int
    made_at: str
    due_at: str
    sent_at: str | None
    settled_at: str | None
    outcome: Outcome | None
    evidence: str | None
    overdue: bool


class InvalidateIn(TypedDict):
    """The ruling that says so."""

    order: str


class InvitationIn(TypedDict):
    """An invitation."""

    token: str


class InviteIn(TypedDict):
    """How long an invitation is good for."""

    minutes: NotRequired[int]


class InviteOut(TypedDict):
    """An invitation, or that a second person has to ask for it too."""

    waiting: bool
    token: str | None
    path: str | None


class JobIn(TypedDict):
    """A new ingest."""

    kind: JobKind
    source: str
    root: NotRequired[str | None]
    inside: NotRequired[str]
    ask: NotRequired[bool]
    total: NotRequired[int]


class JobOut(TypedDict):
    """An ingest."""

    id: str
    kind: JobKind
    state: JobState
    source: str
    ask: bool
    folder: str | None
    started_at: str
    ended_at: str | None
    total: int
    sums: SumsOut
    problem: str | None
    per_second: float | None
    seconds_left: int | None
    can_resume: bool


class JobsOut(TypedDict):
    """A page of ingests, newest first."""

    ingests: list[JobOut]
    next: str | None


class KeyIn(TypedDict):
    """A new key."""

    label: str
    scopes: list[Verb]
    days: int


class KeyOut(TypedDict):
    """A key; what it is itself is not kept."""

    id: str
    label: str
    scopes: list[str]
    created_at: str
    expires_at: str
    used_at: str | None
    revoked_at: str | None


class KeysOut(TypedDict):
    """One's keys, newest first, also those that are over."""

    keys: list[KeyOut]


class KnownIn(TypedDict):
    """What stands on a paper."""

    known: str


class LawFileIn(TypedDict):
    """A law file to enter."""

    text: str
    name: NotRequired[str]


class LawFileOut(TypedDict):
    """One law file."""

    id: str
    version: str
    sha256: str
    authorities: list[str]
    reviewed_on: str
    reviewer: str
    shipped: bool
    in_use: bool


class LawKeyOut(TypedDict):
    """Where the value of one key comes from."""

    key: str
    value: Any
    core: Any
    said: dict[str, ValueOut]
    citation: str


class LiftIn(TypedDict):
    """What opens a hold that is sealed to an outside key holder."""

    identity: NotRequired[str | None]


class LinkIn(TypedDict):
    """Who somebody is at the identity provider."""

    who: str


class LinkOut(TypedDict):
    """A private link to somebody's own view; it cannot be shown again, and earlier ones open nothing any more."""

    link: str


class ListedOut(TypedDict):
    """A client in the list."""

    client: ClientOut
    due: str | None
    waiting: str | None
    open_flags: int


class ListedCertificateOut(TypedDict):
    """ListedCertificateOut."""

    items: list[CertificateOut]
    next: str | None


class ListedConflictOut(TypedDict):
    """ListedConflictOut."""

    items: list[ConflictOut]
    next: str | None


class ListedDuePersonOut(TypedDict):
    """ListedDuePersonOut."""

    items: list[DuePersonOut]
    next: str | None


class ListedEvidenceOut(TypedDict):
    """ListedEvidenceOut."""

    items: list[EvidenceOut]
    next: str | None


class ListedFlagOut(TypedDict):
    """ListedFlagOut."""

    items: list[FlagOut]
    next: str | None


class ListedHoldOut(TypedDict):
    """ListedHoldOut."""

    items: list[HoldOut]
    next: str | None


class ListedInstructionOut(TypedDict):
    """ListedInstructionOut."""

    items: list[InstructionOut]
    next: str | None


class ListedOrderOut(TypedDict):
    """ListedOrderOut."""

    items: list[OrderOut]
    next: str | None


class ListedRequestOut(TypedDict):
    """ListedRequestOut."""

    items: list[RequestOut]
    next: str | None


class ListedRunOut(TypedDict):
    """ListedRunOut."""

    items: list[RunOut]
    next: str | None


class LogEntryOut(TypedDict):
    """One entry; what it commits to is told to nobody here."""

    index: int
    hour: str
    tag: str
    commitment: str


class LookOut(TypedDict):
    """What a probe shows."""

    width: int
    height: int
    faces: list[ProbeFaceOut]
    crop: str | None


class Me(TypedDict):
    """Who the caller is, and what this caller may do."""

    account: str
    role: Role
    client: str | None
    subject: str | None
    verbs: list[str]


class ModelOut(TypedDict):
    """The face pack in use, and what its thresholds rest on."""

    pack: str
    problem: str | None
    encoder: str
    licence: str
    tested_on: str
    test_every_days: int
    calibrated_on: str
    calibrated_by: str
    people: int


class MoveIn(TypedDict):
    """Where I live now."""

    place: str
    since: str


class NewCodesOut(TypedDict):
    """A secret for an authenticator app, not in force yet."""

    secret: str
    uri: str
    pending: str


class NewKeyOut(TypedDict):
    """A key was made."""

    id: str
    key: str


class NewPasskeyIn(TypedDict):
    """A passkey that a browser made."""

    answer: str
    label: str


class NewPasswordIn(TypedDict):
    """A password, and the first code of an authenticator app."""

    password: str
    pending: str
    code: str


class NextOut(TypedDict):
    """One person's time, with the rule that decides and the law behind it."""

    subject: str
    at: str
    rule: str
    citation: str


class NoteIn(TypedDict):
    """How it ended."""

    note: str


class NoticeOut(TypedDict):
    """Something that happened to one's account."""

    at: str
    what: Happened
    method: Method | None
    agent: str
    told: bool


class NoticesOut(TypedDict):
    """What happened to one's account in the last 90 days, newest first."""

    notices: list[NoticeOut]


class NumbersOut(TypedDict):
    """What is held, and what waits."""

    subjects: int
    photos: int
    references: int
    other_references: int
    sources: int
    clients: int
    faces_waiting: int
    overdue: int
    log_entries: int
    last_entry_at: str | None
    last_backup_at: str | None
    disk_free_bytes: int
    disk_bytes: int


class OfferedClient(TypedDict):
    """A client on offer, by name."""

    client: str
    name: str
    kind: ClientKind


class OfferedPurpose(TypedDict):
    """A purpose on offer, in a plain sentence."""

    purpose: Purpose
    description: str


class OpenedOut(TypedDict):
    """Evidence, opened."""

    record: dict[str, Any]
    releases: dict[str, str]


class OrderIn(TypedDict):
    """The fields of an order, for those who have no order file; docs/formats/order.md says what they mean."""

    kind: str
    authority: str
    matter: str
    text: str
    binds: list[str]
    dates: dict[str, str]
    terms: list[TermIn]
    class_kind: str
    class_values: NotRequired[list[str]]
    residents_when: NotRequired[str]
    class_from: NotRequired[str]
    class_until: NotRequired[str]
    unknown: NotRequired[str]
    deadlines: NotRequired[dict[str, str]]
    counsel: list[CounselIn]


class OrderOut(TypedDict):
    """An order with everything that a custodian has to know of it."""

    id: str
    status: OrderStatus
    kind: str
    authority: str
    matter: str
    instrument_sha256: str
    issued_at: str
    served_at: str
    effective_at: str
    expires_at: str | None
    binds: list[str]
    penalty: str
    terms: list[TermOut]
    class_kind: str
    unknown_treated_as: str
    counsel: list[CounselOut]
    entered_by: str
    entered_at: str
    confirmed_by: str | None
    frozen_at: str | None
    class_root: str | None
    counts: dict[str, int]
    due: list[DueOut]
    overdue: bool
    waits_for: str | None
    asked_by: str | None
    conflicts: list[str]
    lead: str
    run: str | None


class OrdersIn(TypedDict):
    """Other orders."""

    orders: list[str]


class OutcomeOut(TypedDict):
    """What became of one file."""

    number: int
    name: str
    photo: str | None
    reason: str | None
    detail: str
    faces: int
    references: int
    bystanders: int
    waiting: int
    marks: list[str]


class OutcomesOut(TypedDict):
    """A page of outcomes, in the order of the files."""

    outcomes: list[OutcomeOut]
    next: int | None
    remembered: bool


class OwnFace(TypedDict):
    """A face that is taken for mine."""

    id: str
    photo: str
    state: FaceState
    reason: str | None


class OwnFinding(TypedDict):
    """A search that found me."""

    at: str
    client: str
    purpose: Purpose
    photo: str


class OwnOut(TypedDict):
    """Everything that is held about me, but for the faceprints: numbers made of a face are given to nobody."""

    subject: str
    label: str
    residency: list[str]
    residency_unknown: str | None
    frozen_at: str | None
    releases: list[OwnRelease]
    faces: list[OwnFace]
    findings: list[OwnFinding]
    requests: list[OwnRequest]
    runs: list[OwnRun]


class OwnRelease(TypedDict):
    """A release that I signed."""

    id: str
    status: ConsentStatus
    signed_at: str
    term_end: str
    purposes: list[Purpose]
    clients: list[str]
    kinds: list[ClientKind]


class OwnRequest(TypedDict):
    """Something that I asked for."""

    id: str
    kind: RequestKind
    state: str
    opened_at: str
    due: str
    late: bool
    outcome: str | None


class OwnRun(TypedDict):
    """A destruction of what is held about me, and its certificates."""

    id: str
    state: RunState
    waits_for_approval: bool
    certificates: list[str]


class PackOut(TypedDict):
    """A face pack."""

    name: str
    licence: str
    commercial_use: bool
    installed: bool
    in_use: bool


class PacksOut(TypedDict):
    """The face packs that this program knows."""

    packs: list[PackOut]


class PartOut(TypedDict):
    """One question that was asked of the law, and what every rule says to it."""

    question: str
    packs: list[str]
    rules: list[WeighedOut]
    denied_by: str | None


class PasskeyIn(TypedDict):
    """What a passkey answered."""

    answer: str


class PeopleOut(TypedDict):
    """A page of people."""

    people: list[PersonOut]
    next: str | None


class PersonIn(TypedDict):
    """A new person, who has signed nothing yet."""

    label: str
    residency: NotRequired[list[str]]
    age_band: NotRequired[AgeBand]
    representative: NotRequired[str | None]


class PersonOf(TypedDict):
    """Which subject is the person behind an account."""

    subject: str | None


class PersonOut(TypedDict):
    """A person, and where this person stands."""

    id: str
    label: str
    age_band: AgeBand
    added_at: str
    stands: Stands
    until: str | None
    references: int


class PhotoOut(TypedDict):
    """A photo to decide on."""

    id: str
    name: str
    width: int
    height: int
    sources: list[str]
    faces: list[FaceOut]
    has_picture: bool
    next: str | None
    left: int


class PhotoSourceOut(TypedDict):
    """Where a photo came from."""

    id: str
    name: str
    capture_place: str | None


class PictureOut(TypedDict):
    """What became of the picture: the state of its one face."""

    state: FaceState
    reason: str | None


class PolicyOut(TypedDict):
    """The public retention policy in force."""

    operator: str
    contact: str
    published_at: str
    sha256: str
    text: str


class PreviewOut(TypedDict):
    """Who would be frozen if the order were frozen now."""

    order: str
    members: int
    unknown: int
    nonmembers: int
    unknown_treated_as: str
    class_root: str


class PrivateLink(TypedDict):
    """The private link to the person's own view; it cannot be shown again, and earlier ones open nothing any more."""

    link: str


class ProbeFaceOut(TypedDict):
    """A face that a probe shows."""

    number: int
    left: float
    top: float
    right: float
    bottom: float
    reason: str | None
    detail: str


class ProcessorIn(TypedDict):
    """Who."""

    name: str


class ProcessorOut(TypedDict):
    """Somebody who keeps or handles data for the operator."""

    id: str
    name: str
    declared_at: str
    ended_at: str | None


class ProgressOut(TypedDict):
    """How far a server is with a run."""

    state: ErrandState
    step: str
    done: int
    total: int


class QueueOut(TypedDict):
    """A page of photos in which faces wait, the first that came first."""

    photos: list[QueuedOut]
    next: str | None


class QueuedOut(TypedDict):
    """A photo in which faces wait."""

    photo: str
    waiting: int


class QuotaOf(TypedDict):
    """How often a client may search, in any hour and any day."""

    per_hour: NotRequired[int]
    per_day: NotRequired[int]
    account_per_hour: NotRequired[int | None]


class Ready(TypedDict):
    """Requests can be served."""

    status: NotRequired[str]


class RegisterOut(TypedDict):
    """Who may search, and for what."""

    clients: list[RegisteredOut]


class RegisteredOut(TypedDict):
    """A client in the public register."""

    client: str
    kind: ClientKind
    purposes: list[Purpose]
    place: str | None
    vetted_at: str
    suspended_at: str | None


class ReportOut(TypedDict):
    """The transparency report."""

    quarters: list[str]
    report: dict[str, Any]


class RequestIn(TypedDict):
    """A request as it came in."""

    subject: str
    kind: RequestKind
    verified_by: VerifiedBy
    channel: NotRequired[str]


class RequestOut(TypedDict):
    """One request of one person."""

    id: str
    subject: str
    kind: RequestKind
    state: Literal["open", "answered", "closed"]
    channel: str
    verified_by: VerifiedBy
    opened_at: str
    ack_due: str
    due: str
    first: bool
    acknowledged_at: str | None
    answered_at: str | None
    closed_at: str | None
    outcome: str | None
    late: str | None


class ResolveIn(TypedDict):
    """What counsel decided."""

    prevails: str
    why: str


class RetentionOut(TypedDict):
    """How the clocks stand."""

    due: int
    within_30_days: int
    within_90_days: int
    overdue: int
    waiting: int
    held: int
    reviews: int
    conflicts: list[UnrecognisedOut]
    next: list[NextOut]
    last: FollowedOut | None
    progress: ProgressOut | None
    problem: str | None


class ReviewIn(TypedDict):
    """What one says of probe and candidate."""

    verdict: Verdict


class ReviewOut(TypedDict):
    """One person's look at a candidate."""

    by: str
    at: str
    verdict: Verdict | None


class RevokeIn(TypedDict):
    """The letter or order behind it."""

    reason: str


class RootsOut(TypedDict):
    """The folders that the server was started with."""

    roots: list[str]


class RunIn(TypedDict):
    """What is to be destroyed: people, or a photo, or what came from a source alone."""

    subjects: NotRequired[list[str]]
    photo: NotRequired[str | None]
    source: NotRequired[str | None]
    reason: NotRequired[str]


class RunOut(TypedDict):
    """One destruction run."""

    id: str
    state: RunState
    scope: str
    reason: str
    requested_by: str
    approved_by: str | None
    needs_approval: bool
    created_at: str
    frozen_at: str | None
    started_at: str | None
    counts: dict[str, int]
    problems: list[str]
    problem: str | None
    unfinished: bool
    progress: ProgressOut | None
    certificate: str | None
    title: str | None


class ScreenOut(TypedDict):
    """What the screen of a signing shows."""

    state: SigningState
    label: str
    minor: bool
    residency: list[str]
    expires_at: str
    purposes: list[OfferedPurpose]
    clients: list[OfferedClient]
    kinds: list[ClientKind]
    longest_days: int
    draft: DraftOut | None
    release: str | None
    pictured: bool


class SearchesOut(TypedDict):
    """A page of a client's searches, newest first."""

    searches: list[EntryOut]
    next: str | None


class SessionOut(TypedDict):
    """A session of one's own."""

    id: str
    method: Method
    created_at: str
    seen_at: str
    ends_at: str
    agent: str
    current: bool


class SessionsOut(TypedDict):
    """One's open sessions, newest first."""

    sessions: list[SessionOut]


class SettleFlagIn(TypedDict):
    """What came of a flag."""

    note: str


class SettleIn(TypedDict):
    """What became of it."""

    outcome: Outcome
    evidence: str


class SignInIn(TypedDict):
    """A name, its password, and a code of the authenticator app."""

    name: str
    password: str
    code: str


class SignatureIn(TypedDict):
    """The act of signing."""

    text_sha256: str
    name: str
    strokes: NotRequired[list[list[list[float]]]]
    statements: NotRequired[list[str]]
    relation: NotRequired[Relation | None]


class SignedInOut(TypedDict):
    """A session was opened; its token is in the cookie of this answer."""

    account: str
    role: Role
    enrolling: bool


class SignedOut(TypedDict):
    """A release that was signed."""

    release: str
    term_end: str


class SigningIn(TypedDict):
    """What is offered to whom."""

    subject: str
    source: str
    purposes: list[Purpose]
    clients: NotRequired[list[str]]
    kinds: NotRequired[list[ClientKind]]
    term_days: int
    invitation: NotRequired[bool]


class SigningOut(TypedDict):
    """How far a signing is."""

    id: str
    subject: str
    state: SigningState
    over: bool
    invitation: bool
    opened_at: str
    expires_at: str
    release: str | None
    pictured: bool


class SourceIn(TypedDict):
    """A new source."""

    name: str
    basis: str
    capture_place: NotRequired[str | None]
    bystander_basis: NotRequired[str | None]
    counsel_opt_in: NotRequired[str | None]
    hosts: NotRequired[list[str]]


class SourceOut(TypedDict):
    """A source."""

    id: str
    name: str
    basis: str
    capture_place: str | None
    bystander_basis: str | None
    counsel_opt_in: str | None
    hosts: list[str]
    created_at: str
    revoked_at: str | None


class SourcesOut(TypedDict):
    """A page of sources, newest first."""

    sources: list[SourceOut]
    next: str | None


class SplitIn(TypedDict):
    """Who a face really is; without, it waits."""

    subject: NotRequired[str | None]


class StandingOut(TypedDict):
    """How a client stands at this moment."""

    client: ClientOut
    suspended_for: str
    note: str
    denial: DenialOut | None
    usage: UsageOut
    changes: list[ChangeOfClientOut]


class StartedOut(TypedDict):
    """A signing that was started; link and code cannot be shown again."""

    id: str
    subject: str
    state: SigningState
    over: bool
    invitation: bool
    opened_at: str
    expires_at: str
    release: str | None
    pictured: bool
    link: str
    code: str | None


class StatusOut(TypedDict):
    """How this installation is."""

    operator: str
    numbers: NumbersOut
    model: ModelOut
    checked: CheckedOut | None


class SubjectIn(TypedDict):
    """One subject."""

    subject: str


class SumsOut(TypedDict):
    """What became of the files so far, and of the faces in them."""

    photos: int
    new: int
    faces: int
    references: int
    bystanders: int
    waiting: int
    skipped: dict[str, int]


class SuspendIn(TypedDict):
    """Why a client is served no more."""

    reason: str


class TaskOut(TypedDict):
    """One thing that waits."""

    kind: TaskKind
    id: str
    urgency: Urgency
    at: str | None
    about: str
    by: str | None


class TermIn(TypedDict):
    """One thing that the order asks for."""

    verb: str
    quote: str
    names: NotRequired[list[str]]


class TermNumberIn(TypedDict):
    """One term of an order."""

    term: int


class TermOut(TypedDict):
    """One thing that an order asks for."""

    number: int
    verb: str
    quote: str
    open: bool


class ThresholdOut(TypedDict):
    """The score that makes a candidate, and what was promised with it."""

    value: float
    low: float
    high: float
    fpir: float
    gallery: int
    extrapolated: bool
    evaluation: str


class UnrecognisedOut(TypedDict):
    """Somebody whose time is up and whom a hold keeps that the law does not recognise."""

    subject: str
    hold: str
    basis: str


class UsageOut(TypedDict):
    """What a client used of its quota."""

    hour: int
    day: int
    per_hour: int
    per_day: int
    account_per_hour: int | None
    days: dict[str, int]


class ValueOut(TypedDict):
    """What a law file says of one key."""

    value: Any
    core: Any
    cites: str


class VerificationOut(TypedDict):
    """A comparison of two photos."""

    search: str
    score: float
    threshold: float
    fpir: float
    above: bool


class WeighedOut(TypedDict):
    """What one rule says."""

    rule: str
    key: str
    fact: str
    missing: str | None
    remedy: str
    citation: str


class WholeLawFileOut(TypedDict):
    """A law file with all that it says."""

    id: str
    version: str
    sha256: str
    authorities: list[str]
    reviewed_on: str
    reviewer: str
    shipped: bool
    in_use: bool
    values: dict[str, ValueOut]
