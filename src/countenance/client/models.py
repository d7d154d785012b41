# SPDX-License-Identifier: Apache-2.0
"""What the API takes and gives; made by tests/api/make_client.py, not by hand."""

from __future__ import annotations

from typing import Literal, NotRequired, TypedDict

AgeBand = Literal["adult", "minor"]
Authorisation = Literal["none", "given", "pending"]
FaceState = Literal["bystander", "reference", "skipped", "waiting", "dismissed"]
JobKind = Literal["folder", "upload"]
JobState = Literal["running", "done", "cancelled", "interrupted", "failed"]
Method = Literal["invite", "link", "passkey", "password", "provider", "private_link"]
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
ReviewState = Literal["unconfirmed", "confirmed", "rejected", "disputed"]
Role = Literal["operator", "searcher", "custodian", "auditor", "subject"]
Stands = Literal["given", "not_signed", "ended", "frozen"]
Verb = Literal[
    "home:read",
    "access:own",
    "access:enrol",
    "account:read",
    "account:write",
    "metrics:read",
    "search:make",
    "search:read",
    "result:review",
    "source:read",
    "source:add",
    "ingest:read",
    "ingest:run",
    "face:read",
    "face:decide",
    "subject:list",
    "subject:add",
    "status:read",
    "model:use",
]
Verdict = Literal["same", "not_same", "undecided"]


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


class Alive(TypedDict):
    """The process answers."""

    status: NotRequired[str]


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


class AssignIn(TypedDict):
    """Who a face is."""

    subject: str


class AuthorisationIn(TypedDict):
    """What was decided on the authorisation of a search that was made before it came."""

    reference: str | None


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


class CheckedOut(TypedDict):
    """What a look at everything found."""

    at: str
    problems: list[str]


class DecidedOut(TypedDict):
    """A face after a decision; its id is another one where something was destroyed."""

    face: str


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


class LinkIn(TypedDict):
    """Who somebody is at the identity provider."""

    who: str


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


class ProbeFaceOut(TypedDict):
    """A face that a probe shows."""

    number: int
    left: float
    top: float
    right: float
    bottom: float
    reason: str | None
    detail: str


class QueueOut(TypedDict):
    """A page of photos in which faces wait, the first that came first."""

    photos: list[QueuedOut]
    next: str | None


class QueuedOut(TypedDict):
    """A photo in which faces wait."""

    photo: str
    waiting: int


class Ready(TypedDict):
    """Records open, and the face models load."""

    status: NotRequired[str]


class ReviewIn(TypedDict):
    """What one says of probe and candidate."""

    verdict: Verdict


class ReviewOut(TypedDict):
    """One person's look at a candidate."""

    by: str
    at: str
    verdict: Verdict | None


class RootsOut(TypedDict):
    """The folders that the server was started with."""

    roots: list[str]


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
    current: bool


class SessionsOut(TypedDict):
    """One's open sessions, newest first."""

    sessions: list[SessionOut]


class SignInIn(TypedDict):
    """A name, its password, and a code of the authenticator app."""

    name: str
    password: str
    code: str


class SignedInOut(TypedDict):
    """A session was opened; its token is in the cookie of this answer."""

    account: str
    role: Role
    enrolling: bool


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


class StatusOut(TypedDict):
    """How this installation is."""

    operator: str
    numbers: NumbersOut
    model: ModelOut
    checked: CheckedOut | None


class SumsOut(TypedDict):
    """What became of the files so far, and of the faces in them."""

    photos: int
    new: int
    faces: int
    references: int
    bystanders: int
    waiting: int
    skipped: dict[str, int]


class ThresholdOut(TypedDict):
    """The score that makes a candidate, and what was promised with it."""

    value: float
    low: float
    high: float
    fpir: float
    gallery: int
    extrapolated: bool
    evaluation: str


class VerificationOut(TypedDict):
    """A comparison of two photos."""

    search: str
    score: float
    threshold: float
    fpir: float
    above: bool
