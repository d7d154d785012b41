# SPDX-License-Identifier: Apache-2.0
"""Signing in: by a passkey, or by a password with a code. Whoever fails learns nothing but that it failed."""

from __future__ import annotations

import math
import secrets
from typing import Any

from countenance.errors import NotSignedIn, TooMany
from countenance.model.account import Account, Caller
from countenance.model.credential import Happened, Method, Password
from countenance.model.event import EventTag
from countenance.policy import access
from countenance.services import passkeys, passwords
from countenance.services.credentials import open_session
from countenance.services.passkeys import Place
from countenance.store import accounts as account_rows
from countenance.store import factors as rows
from countenance.store import notices
from countenance.store.records import Records, Transaction

_WRONG = "name, password or code is wrong; a code can be used once"
_CHALLENGE_BYTES = 32
_SIGN_IN = "sign_in"


class SignIn:
    """Verbs on signing in."""

    def __init__(self, records: Records) -> None:
        self._records = records

    def password(self, name: str, password: str, code: str, agent: str = "") -> tuple[str, Caller]:
        """Sign in by a password and a code of an authenticator app.

        Args:
            agent: word of `model.agent` for the browser.

        Returns:
            The session's token, and who calls with it.

        Raises:
            NotSignedIn: name, password or code is wrong, whichever; logged.
            TooMany: too many tries of this name failed lately; this one was not looked at.
        """
        with self._records.read() as work:
            self._refuse_haste(work, name)
            account = account_rows.named(work, name)
            known = None if account is None else rows.password(work, account)
        right = passwords.is_right(password, None if known is None else known.encoded)
        with self._records.write() as work:
            step = None
            if right and account is not None:
                step = self._step(work, account, known, code)
            if account is not None and step is not None:
                rows.password_used(work, account.id, step)
                rows.succeeded(work, name)
                return open_session(work, account, Method.PASSWORD, agent)
            rows.failed(work, name)
            self._log_failure(work, account, Method.PASSWORD, agent, half=right)
        raise NotSignedIn(_WRONG)

    def _step(self, work: Transaction, account: Account, known: Password | None, code: str) -> int | None:
        """Return the step of a code that is good now; the password is looked at again: it may have been changed."""
        password = rows.password(work, account)
        if password is None or known is None or password.encoded != known.encoded:
            return None
        if account_rows.get(work, account.id).disabled_at is not None:
            return None
        return passwords.step_of(code, password.totp, work.now, password.step)

    def _refuse_haste(self, work: Transaction, name: str) -> None:
        """Look at no try of a name that failed too often lately, whether or not there is an account of it."""
        before = rows.failures(work, name)
        if before is not None:
            wait = before[1] + access.wait_after(before[0]) - work.now
            if wait.total_seconds() > 0:
                seconds = math.ceil(wait.total_seconds())
                raise TooMany(f"too many tries of this name failed; wait {seconds} s, or use a passkey", seconds)

    def passkey_options(self, place: Place) -> dict[str, Any]:
        """Return what a browser asks a passkey, which it has to answer within minutes."""
        challenge = secrets.token_bytes(_CHALLENGE_BYTES)
        with self._records.write() as work:
            rows.ask(work, challenge, _SIGN_IN, None)
        return passkeys.ask(place, challenge)

    def passkey(self, place: Place, answer: str, agent: str = "") -> tuple[str, Caller]:
        """Sign in by what a passkey answered.

        Args:
            agent: word of `model.agent` for the browser.

        Raises:
            NotSignedIn: it did not prove itself, is not known here, or its account is disabled; logged.
        """
        challenge, error = passkeys.challenge_of(answer), NotSignedIn("this passkey is not known here")
        with self._records.write() as work:
            asked = rows.answered(work, challenge, _SIGN_IN, None) is not None
            key = rows.passkey(work, passkeys.id_of(answer)) if asked else None
            account = None if key is None else account_rows.get(work, key.account)
            if key is not None and account is not None and account.disabled_at is None:
                try:
                    rows.passkey_used(work, key.id, passkeys.proved(place, key, challenge, answer))
                    return open_session(work, account, Method.PASSKEY, agent)
                except NotSignedIn as failed:
                    error = failed
            self._log_failure(work, account, Method.PASSKEY, agent)
        raise error

    def _log_failure(
        self, work: Transaction, account: Account | None, method: Method, agent: str, *, half: bool = False
    ) -> None:
        subject, one = (None, None) if account is None else (account.subject, account.id)
        if account is not None:
            notices.add(
                work, account.id, Happened.HALF_REFUSED if half else Happened.REFUSED, method=method, agent=agent
            )
        work.log(EventTag.SIGN_IN_REFUSED, subject=subject, account=one, method=method.value)
