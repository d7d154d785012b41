# SPDX-License-Identifier: Apache-2.0
"""Who calls: sessions of browsers and keys of programs, from the secret that is shown to the account behind it."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import timedelta

from countenance.errors import BadInput, NotAllowed, NotFound, NotFresh, NotSignedIn
from countenance.ids import AccountId, new_id
from countenance.model.account import Account, Caller
from countenance.model.credential import ApiKey, Happened, Method, Notice, Session
from countenance.model.event import EventTag
from countenance.policy import access
from countenance.policy.roles import Verb
from countenance.services import tokens
from countenance.services.tokens import Kind
from countenance.store import accounts as account_rows
from countenance.store import credentials as rows
from countenance.store import notices
from countenance.store.records import Records, Transaction

_ENDED = "sign in again: there is no such session, or it has ended"
_NO_KEY = "this API key is not good: unknown, expired, revoked, or its account is disabled"
_LONGEST_LABEL = 200
_NOTICES = 30


class Credentials:
    """Verbs on sessions and keys; `services.accounts` adds those on accounts."""

    def __init__(self, records: Records) -> None:
        self._records = records

    def by_session(self, token: str, *, uses: bool = True) -> Caller:
        """Return who shows a session's token.

        Args:
            uses: whether somebody acted; a page that only keeps itself up to date does not keep a session from its end.

        Raises:
            NotSignedIn: there is no such session, it has ended, or its account is disabled.
        """
        if not tokens.is_ours(self._records.keyring, Kind.SESSION, token):
            raise NotSignedIn(_ENDED)
        with self._records.read() as work:
            found, now = rows.session(work, tokens.digest(token)), work.now
        if found is None or found[0].ends_at <= now or found[1].disabled_at is not None:
            raise NotSignedIn(_ENDED)
        session, account = found
        if uses and now - session.seen_at >= access.SEEN_EVERY:
            with self._records.write() as work:
                rows.seen(work, session.id)
        return caller_of(session, account)

    def by_key(self, secret: str) -> Caller:
        """Return who shows an API key.

        Raises:
            NotSignedIn: there is no such key, it has ended, or its account is disabled.
        """
        if not tokens.is_ours(self._records.keyring, Kind.KEY, secret):
            raise NotSignedIn(_NO_KEY)
        with self._records.read() as work:
            found, now = rows.key(work, tokens.digest(secret)), work.now
        if found is None or not found[0].opens(now) or found[1].disabled_at is not None:
            raise NotSignedIn(_NO_KEY)
        key, account = found
        if key.used_at is None or now - key.used_at >= access.SEEN_EVERY:
            with self._records.write() as work:
                rows.key_used(work, key.id)
        return Caller(account.id, account.role, account.client, account.subject, key.id, True, key.scopes)

    def sign_out(self, token: str) -> None:
        """End the session of a token; one that is over already stays over."""
        if not tokens.is_ours(self._records.keyring, Kind.SESSION, token):
            return
        with self._records.write() as work:
            found = rows.session(work, tokens.digest(token))
            if found is not None:
                _end(work, found[0].id, found[1])

    def sessions(self, account: AccountId) -> list[Session]:
        """Return the sessions of an account that are open, newest first."""
        with self._records.read() as work:
            return [one for one in rows.sessions(work, account) if one.ends_at > work.now]

    def end_session(self, caller: Caller, session: str) -> None:
        """End one of the caller's own sessions; another than this one takes having signed in lately.

        Raises:
            NotFound: the caller has no such session.
            NotAllowed: the caller is a key, or signed in too long ago to end another session.
        """
        with self._records.write() as work:
            if session != caller.credential:
                require_fresh(work, caller)
            if session not in {one.id for one in rows.sessions(work, caller.account)}:
                raise NotFound(f"no session {session} of yours")
            _end(work, session, account_rows.get(work, caller.account))

    def end_others(self, caller: Caller) -> int:
        """End all of the caller's own sessions but this one; return how many.

        Raises:
            NotAllowed: the caller is a key, or signed in too long ago.
        """
        with self._records.write() as work:
            require_fresh(work, caller)
            account = account_rows.get(work, caller.account)
            others = [one.id for one in rows.sessions(work, account.id) if one.id != caller.credential]
            for session in others:
                _end(work, session, account)
        return len(others)

    def history(self, account: AccountId) -> list[Notice]:
        """Return what happened to an account lately: sign-ins, tries that failed, changes; newest first."""
        with self._records.read() as work:
            return notices.latest(work, account, _NOTICES)

    def told(self, caller: Caller) -> None:
        """Record that the caller has looked at what happened to the account."""
        with self._records.write() as work:
            notices.told(work, caller.account)

    def require_fresh(self, caller: Caller) -> None:
        """Refuse a step that weighs much to a session that was left open; a key's making took a fresh sign-in.

        Raises:
            NotFresh: the caller signed in too long ago.
            NotSignedIn: the session ended meanwhile.
        """
        if caller.is_key:
            return
        with self._records.read() as work:
            require_fresh(work, caller)

    def new_key(self, caller: Caller, scopes: Iterable[str], days: int, label: str) -> tuple[str, str]:
        """Make an API key of the caller's account.

        Args:
            scopes: verbs that it may, of those that the caller's role holds.
            days: it ends after this many, 1 to 365.
            label: what its maker calls it.

        Returns:
            Its id, and the key itself, which cannot be shown again.

        Raises:
            NotAllowed: a key asks for a key, or for more than the maker may; logged.
            BadInput: no scope, no label, or a time that is too long.
        """
        wanted = frozenset(scopes)
        if not wanted or not label.strip() or len(label) > _LONGEST_LABEL:
            raise BadInput(f"a key has a label of at most {_LONGEST_LABEL} characters and at least one scope")
        if not 1 <= days <= access.LONGEST_KEY_DAYS:
            raise BadInput(f"a key lives 1 to {access.LONGEST_KEY_DAYS} days, not {days}")
        too_much = access.beyond(caller, wanted)
        with self._records.write() as work:
            account = account_rows.get(work, caller.account)
            if not (caller.is_key or too_much):
                require_fresh(work, caller)
            if caller.is_key or too_much:
                why = "a_key_asks" if caller.is_key else "beyond_role"
                work.log(EventTag.ACCESS_REFUSED, subject=account.subject, account=account.id, reason=why)
            else:
                secret, now = tokens.new(work.keyring, Kind.KEY), work.now
                until = now + timedelta(days=days)
                key = ApiKey(new_id("key"), account.id, label.strip(), wanted, now, until, None, None)
                rows.add_key(work, key, tokens.digest(secret), account_rows.owner(account.client, account.subject))
                work.log(
                    EventTag.KEY_MADE,
                    subject=account.subject,
                    account=account.id,
                    key=key.id,
                    scopes=sorted(wanted),
                    days=days,
                )
                tell(work, caller, account.id, Happened.KEY_MADE)
                return key.id, secret
        if caller.is_key:
            raise NotAllowed("a key cannot make keys; sign in and make it on the page of your sessions and keys")
        raise NotAllowed(f"your role does not hold {', '.join(sorted(too_much))}, so no key of yours can")

    def keys(self, account: AccountId) -> list[ApiKey]:
        """Return the keys of an account, newest first, also those that are over.

        Raises:
            NotFound: no such account.
        """
        with self._records.read() as work:
            return rows.keys(work, account_rows.get(work, account))

    def revoke_key(self, caller: Caller, key: str) -> None:
        """End a key: one's own, or one of an account that one's role takes on.

        Raises:
            NotFound: no such key, or it is somebody else's.
        """
        with self._records.write() as work:
            account = account_rows.get(work, rows.key_owner(work, key))
            own = account.id == caller.account
            if not own and (caller.is_key or not access.takes_on(account_rows.get(work, caller.account), account.role)):
                raise NotFound(f"no key {key} that you may end")
            rows.revoke_key(work, key)
            work.log(EventTag.KEY_REVOKED, subject=account.subject, account=account.id, key=key, by=caller.account)
            tell(work, caller, account.id, Happened.KEY_REVOKED)


def caller_of(session: Session, account: Account) -> Caller:
    """Return who calls with a session; one that an invitation opened may nothing but set up a way to sign in."""
    scopes = frozenset({Verb.ACCESS_ENROL.value}) if session.method is Method.INVITE else None
    return Caller(account.id, account.role, account.client, account.subject, session.id, False, scopes, session.untold)


def open_session(work: Transaction, account: Account, method: Method, agent: str) -> tuple[str, Caller]:
    """Open a session; return its token and who calls with it.

    Args:
        agent: word of `model.agent` for the browser; empty where no door told it.
    """
    token, enrolling = tokens.new(work.keyring, Kind.SESSION), method is Method.INVITE
    lasts = access.ENROLLING if enrolling else access.SESSION
    is_known = not notices.is_new(work, account.id, agent)
    notices.add(work, account.id, Happened.SIGNED_IN, method=method, agent=agent, told=is_known)
    if rows.remind(work, account.id, work.now + access.KEY_ENDS_SOON):
        notices.add(work, account.id, Happened.KEY_ENDS)
    session = Session(
        id=new_id("ses"),
        account=account.id,
        method=method,
        created_at=work.now,
        seen_at=work.now,
        idle=access.idle(account.role),
        expires_at=work.now + lasts,
        agent=agent,
        untold=notices.has_untold(work, account.id),
    )
    rows.add_session(work, session, tokens.digest(token))
    if not enrolling:
        account_rows.signed_in(work, account.id)
    work.log(
        EventTag.SESSION_OPENED,
        subject=account.subject,
        account=account.id,
        session=session.id,
        method=method.value,
    )
    return token, caller_of(session, account)


def require_fresh(work: Transaction, caller: Caller) -> None:
    """Refuse who signed in too long ago: what was left open may not be used to come back another day.

    Raises:
        NotAllowed: the caller is a key.
        NotFresh: the caller signed in too long ago.
        NotSignedIn: the session ended meanwhile.
    """
    if caller.is_key:
        raise NotAllowed("a key changes no way to sign in")
    session = next((one for one in rows.sessions(work, caller.account) if one.id == caller.credential), None)
    if session is None:
        raise NotSignedIn(_ENDED)
    if not access.is_fresh(session, work.now):
        minutes = int(access.FRESH.total_seconds()) // 60
        raise NotFresh(f"sign in again for this: it takes having signed in within the last {minutes} minutes")


def agent_of(work: Transaction, caller: Caller) -> str:
    """Return the word for the browser of a caller's session; empty of a key, and where no door told it."""
    found = (one.agent for one in rows.sessions(work, caller.account) if one.id == caller.credential)
    return next(found, "")


def tell(work: Transaction, caller: Caller, account: AccountId, what: Happened, method: Method | None = None) -> None:
    """Leave word for the owner of an account of what a caller did to it."""
    agent = agent_of(work, caller) if caller.account == account else ""
    notices.add(work, account, what, method=method, agent=agent, session=caller.credential)


def _end(work: Transaction, session: str, account: Account) -> None:
    if rows.end_session(work, session):
        work.log(EventTag.SESSION_ENDED, subject=account.subject, account=account.id, session=session)
