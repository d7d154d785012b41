# SPDX-License-Identifier: Apache-2.0
"""Signing in at the organisation's identity provider: to an account that was linked before, never to a new one."""

from __future__ import annotations

import json
import secrets

from countenance.errors import BadInput, NotAllowed, NotSignedIn
from countenance.ids import AccountId
from countenance.model.account import COMMAND_LINE, Account, Caller, Role
from countenance.model.credential import Happened, Method
from countenance.model.event import EventTag
from countenance.policy import access
from countenance.services import provider as oidc
from countenance.services.credentials import open_session
from countenance.services.provider import Asked, Provider
from countenance.store import accounts as account_rows
from countenance.store import factors as rows
from countenance.store import notices
from countenance.store.records import Records, Transaction

_KIND = "provider"
_BYTES = 32
_LONGEST = 254  # of an address, RFC 5321; a subject has at most 255 characters


class Federation:
    """Verbs on signing in at an identity provider."""

    def __init__(self, records: Records) -> None:
        self._records = records

    def link(self, account: AccountId, issuer: str, who: str, *, by: str) -> None:
        """Let who is known as `who` at an issuer sign in to an account; an empty `who` ends that.

        Raises:
            NotFound: no such account.
            BadInput: a custodian's account, whose rights no other organisation's operator may lend; one that is
                disabled; or a `who` that is too long.
            NotAllowed: the role of `by` does not take on this one; logged.
        """
        known = who.strip()
        with self._records.write() as work:
            found = account_rows.get(work, account)
            acting = None if by == COMMAND_LINE else account_rows.get(work, by)
            if found.role is Role.CUSTODIAN or found.disabled_at is not None or len(known) > _LONGEST:
                raise BadInput("an account that is disabled, or a custodian's, is not linked; custodians have passkeys")
            allowed = access.takes_on(acting, found.role) and by != account
            if allowed:
                rows.link(work, account, issuer, known)
                work.log(EventTag.PROVIDER_LINKED, subject=found.subject, account=account, by=by, linked=bool(known))
                if account_rows.has_signed_in(work, account):
                    notices.add(work, account, Happened.LINKED)
            else:
                work.log(EventTag.ACCESS_REFUSED, subject=found.subject, account=by, reason="role", other=account)
        if not allowed:
            raise NotAllowed(f"your role does not link accounts of the role {found.role.value}")

    def begin(self, provider: Provider, back: str, go_on: str) -> tuple[str, str]:
        """Return where a browser goes to sign in, and the state that it has to bring back.

        Args:
            back: where the provider sends it afterwards.
            go_on: the page that it wanted.

        Raises:
            NotSignedIn: the provider cannot be used now.
        """
        asked = Asked(*(secrets.token_urlsafe(_BYTES) for _ in range(3)))
        address = oidc.address(provider, back, asked)
        data = json.dumps([asked.nonce, asked.verifier, go_on]).encode()
        with self._records.write() as work:
            rows.ask(work, asked.state.encode(), _KIND, None, data)
        return address, asked.state

    def finish(self, provider: Provider, back: str, state: str, code: str, agent: str = "") -> tuple[str, Caller, str]:
        """Sign in who came back from the provider.

        Args:
            state: what the browser brought back, and had kept.
            agent: word of `model.agent` for the browser.

        Returns:
            The session's token, who calls with it, and the page that was wanted.

        Raises:
            NotSignedIn: it was not asked or is too late, the provider does not vouch, or no account is linked; logged.
        """
        with self._records.write() as work:
            data = rows.answered(work, state.encode(), _KIND, None)
            now = work.now
            if data is None:
                _log_failure(work, None)
        if data is None:
            raise NotSignedIn("this sign-in was not begun here, or too long ago; begin anew")
        nonce, verifier, go_on = json.loads(data)
        try:
            known = oidc.who(provider, back, Asked(state, nonce, verifier), code, now)
        except NotSignedIn:
            with self._records.write() as work:
                _log_failure(work, None)
            raise
        with self._records.write() as work:
            account = rows.linked(work, provider.issuer, known)
            if account is not None and account.disabled_at is None:
                return *open_session(work, account, Method.PROVIDER, agent), go_on
            _log_failure(work, account)
        raise NotSignedIn("no account here is linked to you; ask a custodian or an operator to link it")


def _log_failure(work: Transaction, account: Account | None) -> None:
    subject, one = (None, None) if account is None else (account.subject, account.id)
    work.log(EventTag.SIGN_IN_REFUSED, subject=subject, account=one, method=Method.PROVIDER.value)
