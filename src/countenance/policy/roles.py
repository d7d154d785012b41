# SPDX-License-Identifier: Apache-2.0
"""Who may do what: one table of verbs.

Every route of the API and every page names its verb; a test holds each route against this table, role by role.
"""

from __future__ import annotations

from enum import StrEnum

from countenance.model.account import Caller, Role


class Verb(StrEnum):
    """What a door lets somebody do; also the scopes of API keys."""

    HOME_READ = "home:read"
    """One's own first page."""
    ACCESS_OWN = "access:own"
    """One's own sessions, keys and ways to sign in."""
    ACCESS_ENROL = "access:enrol"
    """Set up a way to sign in, and sign out: all that an invitation opens."""
    ACCOUNT_READ = "account:read"
    """Who has an account, and how each signs in."""
    ACCOUNT_WRITE = "account:write"
    """Add, invite and disable accounts of those whom one's role takes on."""
    METRICS_READ = "metrics:read"
    """Counters of the server, for a monitor."""
    LOG_READ = "log:read"
    """Read the log's entries with their proofs; they name nobody."""
    SEARCH_MAKE = "search:make"
    """Look at a probe, search with it, compare two photos."""
    SEARCH_READ = "search:read"
    """See the client's own searches again, with candidates' pictures."""
    RESULT_REVIEW = "result:review"
    """Say whether a candidate is the person in the probe."""

    WORKLIST_READ = "worklist:read"
    """What waits for a custodian."""
    ORDER_READ = "order:read"
    """Orders of courts and authorities, and their conflicts."""
    ORDER_WRITE = "order:write"
    """Enter, confirm, freeze, execute, stay and vacate orders; resolve conflicts."""
    HOLD_READ = "hold:read"
    HOLD_WRITE = "hold:write"
    """Place, review and lift legal holds."""
    RUN_READ = "run:read"
    """Destruction runs and their progress."""
    RUN_WRITE = "run:write"
    """Plan, approve and continue destruction runs."""
    CERTIFICATE_READ = "certificate:read"
    """Signed certificates of destruction."""
    SOURCE_REVOKE = "source:revoke"
    """Withdraw the permission of a source."""
    RELEASE_INVALIDATE = "release:invalidate"
    """Record that a ruling voided a release."""
    REQUEST_READ = "request:read"
    """Requests of subjects, with their deadlines."""
    REQUEST_WRITE = "request:write"
    """Open, acknowledge, answer and close requests of subjects."""
    RETENTION_READ = "retention:read"
    """The retention calendar."""
    RETENTION_WRITE = "retention:write"
    """Follow the retention clock now; record what moves it."""
    EVIDENCE_READ = "evidence:read"
    """What evidence of consent is kept, closed."""
    EVIDENCE_OPEN = "evidence:open"
    """Find evidence, ask to see it, open what somebody else asked for."""
    RECIPIENT_READ = "recipient:read"
    RECIPIENT_WRITE = "recipient:write"
    """Tell recipients to delete, and record what they answer."""
    BREACH_READ = "breach:read"
    BREACH_WRITE = "breach:write"
    """Drill, report and close breaches."""
    LAW_READ = "law:read"
    """Law files in use, and changes that wait."""
    LAW_WRITE = "law:write"
    """Enter and confirm changes of the law in use."""
    CLIENT_READ = "client:read"
    """Clients: how each was vetted, how it stands, what it used."""
    CLIENT_WRITE = "client:write"
    """Vet clients, confirm what somebody else entered, suspend."""
    FLAG_READ = "flag:read"
    """Flags on how clients search."""
    FLAG_SETTLE = "flag:settle"
    """Say what came of a flag; declare who is the person behind an account."""
    EXPLAIN_READ = "explain:read"
    """Why a decision is made as it is."""
    SOURCE_READ = "source:read"
    """See where photos come from, and the permissions."""
    SOURCE_ADD = "source:add"
    """Record a source with its permission."""
    INGEST_READ = "ingest:read"
    """See ingests, what became of each file, and the folders that may be read."""
    INGEST_RUN = "ingest:run"
    """Start, send photos to, cancel and take up ingests."""
    FACE_READ = "face:read"
    """Look at photos in which faces wait."""
    FACE_DECIDE = "face:decide"
    """Assign, dismiss, split, undo."""
    SUBJECT_LIST = "subject:list"
    """Find people by what the operator calls them."""
    SUBJECT_ADD = "subject:add"
    """Add a person who has signed nothing yet."""
    SIGNING_RUN = "signing:run"
    """Start a signing at the desk or by an invitation, watch it, stop it."""
    LINK_MAKE = "link:make"
    """Make the private link of a person to this person's own view."""
    OWN_READ = "own:read"
    """See what is held about oneself, and who searched."""
    OWN_ACT = "own:act"
    """Withdraw, take along, correct, object, ask for erasure."""
    STATUS_READ = "status:read"
    """How this installation is, and look at everything."""
    MODEL_USE = "model:use"
    """Choose the face pack in use."""


_O, _S, _C, _A, _P = Role.OPERATOR, Role.SEARCHER, Role.CUSTODIAN, Role.AUDITOR, Role.SUBJECT

MAY: dict[Verb, frozenset[Role]] = {
    Verb.HOME_READ: frozenset(Role),
    Verb.ACCESS_OWN: frozenset(Role),
    Verb.ACCESS_ENROL: frozenset(Role),
    Verb.ACCOUNT_READ: frozenset({_O, _C}),
    Verb.ACCOUNT_WRITE: frozenset({_O, _C}),
    Verb.METRICS_READ: frozenset({_O}),
    Verb.LOG_READ: frozenset({_A, _C, _O}),
    Verb.SEARCH_MAKE: frozenset({_S}),
    Verb.SEARCH_READ: frozenset({_S}),
    Verb.RESULT_REVIEW: frozenset({_S}),
    Verb.WORKLIST_READ: frozenset({_C}),
    Verb.ORDER_READ: frozenset({_C}),
    Verb.ORDER_WRITE: frozenset({_C}),
    Verb.HOLD_READ: frozenset({_C}),
    Verb.HOLD_WRITE: frozenset({_C}),
    Verb.RUN_READ: frozenset({_C}),
    Verb.RUN_WRITE: frozenset({_C}),
    Verb.CERTIFICATE_READ: frozenset({_O, _C, _A}),
    Verb.SOURCE_REVOKE: frozenset({_C}),
    Verb.RELEASE_INVALIDATE: frozenset({_C}),
    Verb.REQUEST_READ: frozenset({_O, _C}),
    Verb.REQUEST_WRITE: frozenset({_O, _C}),
    Verb.RETENTION_READ: frozenset({_O, _C}),
    Verb.RETENTION_WRITE: frozenset({_O, _C}),
    Verb.EVIDENCE_READ: frozenset({_C}),
    Verb.EVIDENCE_OPEN: frozenset({_C}),
    Verb.RECIPIENT_READ: frozenset({_O, _C}),
    Verb.RECIPIENT_WRITE: frozenset({_O, _C}),
    Verb.BREACH_READ: frozenset({_C}),
    Verb.BREACH_WRITE: frozenset({_C}),
    Verb.LAW_READ: frozenset({_O, _C, _A}),
    Verb.LAW_WRITE: frozenset({_C}),
    Verb.CLIENT_READ: frozenset({_O, _C}),
    Verb.CLIENT_WRITE: frozenset({_C}),
    Verb.FLAG_READ: frozenset({_C}),
    Verb.FLAG_SETTLE: frozenset({_C}),
    Verb.EXPLAIN_READ: frozenset({_O, _C}),
    Verb.SOURCE_READ: frozenset({_O, _C}),
    Verb.SOURCE_ADD: frozenset({_O, _C}),
    Verb.INGEST_READ: frozenset({_O}),
    Verb.INGEST_RUN: frozenset({_O}),
    Verb.FACE_READ: frozenset({_O}),
    Verb.FACE_DECIDE: frozenset({_O}),
    Verb.SUBJECT_LIST: frozenset({_O, _C}),
    Verb.SUBJECT_ADD: frozenset({_O}),
    Verb.SIGNING_RUN: frozenset({_O}),
    Verb.LINK_MAKE: frozenset({_O, _C}),
    Verb.OWN_READ: frozenset({_P}),
    Verb.OWN_ACT: frozenset({_P}),
    Verb.STATUS_READ: frozenset({_O, _C}),
    Verb.MODEL_USE: frozenset({_O}),
}
"""Each verb with the roles that hold it; what is not named here nobody may."""

KEYLESS = frozenset({Verb.ACCESS_OWN, Verb.ACCESS_ENROL, Verb.ACCOUNT_WRITE, Verb.LINK_MAKE})
"""What no key can do, whatever its scopes: all that would let it make another key, or somebody who can."""

_SIGNING = "the link is the proof: one signing, of one person, for a short while"
_MINE = "the link is the proof: it opens one person's own view, and after a destruction the certificate"

PUBLIC: dict[str, str] = {
    "/api/v1/openapi.json": "the description of the API says nothing of anybody",
    "/api/v1/health": "whether the process lives",
    "/api/v1/ready": "whether it can serve",
    "/api/v1/sessions": "signing in by password and code",
    "/api/v1/sessions/passkey/options": "what a passkey is asked; names nobody",
    "/api/v1/sessions/passkey": "signing in by a passkey",
    "/api/v1/sessions/invitation": "the invitation proves who comes",
    "/sign-in": "signing in",
    "/sign-in/provider": "the way to the identity provider",
    "/sign-in/provider/back": "the way back from it; state and code prove who comes",
    "/invitation/{token}": "the invitation proves who comes",
    "/": "the start page for visitors",
    "/policy": "the retention policy must be public (740 ILCS 14/15(a))",
    "/register": "everybody may know who may search here",
    "/transparency": "figures that point at nobody",
    "/your-rights": "how to see, correct and withdraw",
    "/verify": "checks certificates in the visitor's own browser",
    "/verify/offline": "the same page, to keep",
    "/log/checkpoint": "the signed head of the log: whom could it bind if only some saw it?",
    "/log/tile/{path:path}": "the published log (C2SP tlog-tiles); entries name nobody",
    "/api/v1/public/policy": "as the page of that name",
    "/api/v1/public/register": "as the page of that name",
    "/api/v1/public/report": "as the page of that name",
    "/api/v1/log/checkpoint": "as below /log/",
    "/api/v1/signing/{token}": _SIGNING,
    "/api/v1/signing/{token}/residence": _SIGNING,
    "/api/v1/signing/{token}/choice": _SIGNING,
    "/api/v1/signing/{token}/signature": _SIGNING,
    "/api/v1/signing/{token}/refusal": _SIGNING,
    "/api/v1/signing/{token}/picture": _SIGNING,
    "/api/v1/signing/{token}/link": _SIGNING,
    "/api/v1/signing/{token}/receipt": _SIGNING,
    "/sign": "a short code leads to a signing at the desk; wrong ones are counted",
    "/sign/{token}": _SIGNING,
    "/sign/{token}/picture": _SIGNING,
    "/sign/{token}/receipt": _SIGNING,
    "/mine/{token}": _MINE,
    "/mine/{token}/certificates/{certificate}": _MINE,
}
"""Paths that anybody may ask for, each with its reason; every other route asks for a verb."""


def holds(caller: Caller, verb: Verb) -> bool:
    """Say whether a caller may: the role must, and of a key its scopes too, unless no key can."""
    if caller.is_key and verb in KEYLESS:
        return False
    return caller.role in MAY.get(verb, frozenset()) and (caller.scopes is None or verb.value in caller.scopes)
