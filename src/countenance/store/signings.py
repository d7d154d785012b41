# SPDX-License-Identifier: Apache-2.0
"""Rows of signings and of private links; of tokens and codes hashes are kept, never they themselves."""

from __future__ import annotations

import hashlib
import json
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, Row, insert, select, update

from countenance import canonical
from countenance.clock import from_text, to_text
from countenance.errors import NotFound
from countenance.ids import ClientId, NoticeId, ReleaseId, SigningId, SubjectId
from countenance.model.purpose import ClientKind, Purpose
from countenance.model.signing import Offer, Signing, SigningState
from countenance.store import schema
from countenance.store.records import Transaction

_ALIVE = (SigningState.OPEN.value, SigningState.SHOWN.value)


def hashed(secret: str) -> bytes:
    """Return the SHA-256 of a token or code; both are random, so no slow hash is needed."""
    return hashlib.sha256(secret.encode()).digest()


def add(work: Transaction, one: Signing, token: str, code: str | None) -> None:
    """Store a signing that was started."""
    work.connection.execute(
        insert(schema.signing).values(
            id=one.id,
            subject=one.subject,
            token_hash=hashed(token),
            code_hash=None if code is None else hashed(code),
            source=one.source,
            offer=_offer_text(one.offer),
            started_by=one.started_by,
            invitation=int(one.is_invitation),
            opened_at=to_text(one.opened_at),
            expires_at=to_text(one.expires_at),
            state=one.state.value,
            pictured=0,
        )
    )


def by_token(work: Transaction, token: str) -> Signing | None:
    """Return the signing that a link leads to, or None."""
    return _first(work, schema.signing.c.token_hash == hashed(token))


def by_code(work: Transaction, code: str) -> Signing | None:
    """Return the signing that waits under a short code, or None."""
    table = schema.signing
    waiting = (table.c.expires_at > to_text(work.now)) & table.c.state.in_(_ALIVE)
    return _first(work, (table.c.code_hash == hashed(code)) & waiting)


def get(work: Transaction, signing: SigningId) -> Signing:
    """Return one signing.

    Raises:
        NotFound: there is none of this id.
    """
    found = _first(work, schema.signing.c.id == signing)
    if found is None:
        raise NotFound(f"no signing {signing}")
    return found


def everything(work: Transaction, since: datetime) -> list[Signing]:
    """Return the signings that were started since a moment, newest first."""
    table = schema.signing
    query = select(table).where(table.c.opened_at >= to_text(since)).order_by(table.c.opened_at.desc())
    return [_signing(row) for row in work.connection.execute(query)]


def waiting(work: Transaction, subject: SubjectId) -> list[SigningId]:
    """Return a person's signings that were neither signed nor ended."""
    table = schema.signing
    query = select(table.c.id).where(table.c.subject == subject, table.c.state.in_(_ALIVE))
    return [SigningId(one) for one in work.connection.execute(query).scalars()]


def use_code(work: Transaction, signing: SigningId, token: str) -> None:
    """Give a signing the token of the device that typed its code; the code opens nothing again."""
    _set(work, signing, token_hash=hashed(token), code_hash=None)


def show(work: Transaction, one: Signing, notice: NoticeId, law: str, draft: canonical.Value) -> None:
    """Remember the notice that is on the screen, to be signed as it is."""
    sealed = work.seal(one.subject, canonical.encode(draft), f"signing.draft:{one.id}")
    state = SigningState.SHOWN.value
    _set(work, one.id, state=state, notice=notice, law=law, sealed_draft=sealed, shown_at=to_text(work.now))


def draft(work: Transaction, one: Signing) -> dict[str, Any] | None:
    """Return what was shown, or None."""
    query = select(schema.signing.c.sealed_draft).where(schema.signing.c.id == one.id)
    sealed = work.connection.execute(query).scalar()
    if sealed is None:
        return None
    held: dict[str, Any] = json.loads(work.unseal(one.subject, sealed, f"signing.draft:{one.id}"))
    return held


def forget_draft(work: Transaction, signing: SigningId) -> None:
    """Take a notice off the screen: what is signed has to be shown anew."""
    _set(work, signing, state=SigningState.OPEN.value, sealed_draft=None, shown_at=None, law=None)


def sign(work: Transaction, signing: SigningId, release: ReleaseId, until: datetime) -> None:
    """Note that it was signed; its link opens the receipt for a while longer, and nothing can be signed with it."""
    state = SigningState.SIGNED.value
    _set(work, signing, state=state, release=release, sealed_draft=None, code_hash=None, expires_at=to_text(until))


def picture(work: Transaction, signing: SigningId) -> None:
    """Note that the picture was taken."""
    _set(work, signing, pictured=1)


def end(work: Transaction, signing: SigningId, state: SigningState) -> None:
    """End a signing without a signature."""
    _set(work, signing, state=state.value, sealed_draft=None, code_hash=None)


def add_link(work: Transaction, subject: SubjectId, token: str) -> None:
    """Store a private link to somebody's own view."""
    values = {"token_hash": hashed(token), "subject": subject, "made_at": to_text(work.now)}
    work.connection.execute(insert(schema.private_link).values(values))


def link_leads_to(work: Transaction, token: str) -> SubjectId | None:
    """Return whose own view a private link opens, alive or destroyed; None for no such link, or an ended one."""
    table = schema.private_link
    query = select(table.c.subject).where(table.c.token_hash == hashed(token), table.c.ended_at.is_(None))
    found = work.connection.execute(query).scalar()
    return None if found is None else SubjectId(found)


def end_links(work: Transaction, subject: SubjectId) -> int:
    """End all private links of a person; return how many there were."""
    table = schema.private_link
    alive = update(table).where(table.c.subject == subject, table.c.ended_at.is_(None))
    return work.connection.execute(alive.values(ended_at=to_text(work.now))).rowcount


def _set(work: Transaction, signing: SigningId, **values: object) -> None:
    work.connection.execute(update(schema.signing).where(schema.signing.c.id == signing).values(values))


def _first(work: Transaction, condition: ColumnElement[bool]) -> Signing | None:
    row = work.connection.execute(select(schema.signing).where(condition)).first()
    return None if row is None else _signing(row)


def _signing(row: Row[Any]) -> Signing:
    return Signing(
        id=row.id,
        subject=row.subject,
        offer=_offer(row.offer),
        source=row.source,
        started_by=row.started_by,
        is_invitation=bool(row.invitation),
        opened_at=from_text(row.opened_at),
        expires_at=from_text(row.expires_at),
        state=SigningState(row.state),
        notice=row.notice,
        shown_at=None if row.shown_at is None else from_text(row.shown_at),
        law=row.law,
        release=row.release,
        pictured=bool(row.pictured),
    )


def _offer_text(offer: Offer) -> str:
    return canonical.encode(
        {
            "purposes": sorted(offer.purposes),
            "clients": sorted(offer.clients),
            "kinds": sorted(offer.kinds),
            "term_days": offer.term_days,
        }
    ).decode()


def _offer(text: str) -> Offer:
    held = json.loads(text)
    return Offer(
        frozenset(Purpose(one) for one in held["purposes"]),
        frozenset(ClientId(one) for one in held["clients"]),
        frozenset(ClientKind(one) for one in held["kinds"]),
        held["term_days"],
    )
