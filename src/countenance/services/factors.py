# SPDX-License-Identifier: Apache-2.0
"""Ways to sign in: set up, listed, removed. Changing them takes having signed in within the last minutes."""

from __future__ import annotations

import base64
import binascii
import secrets
from dataclasses import dataclass
from typing import Any

from countenance.errors import BadInput, Damaged, NotFound, NotSignedIn
from countenance.ids import AccountId
from countenance.model.account import Account, Caller
from countenance.model.credential import Factor, Happened, Method, Passkey, Password
from countenance.model.event import EventTag
from countenance.policy import access
from countenance.services import passkeys, passwords
from countenance.services.breached import BreachedPasswords
from countenance.services.credentials import agent_of, open_session, require_fresh, tell
from countenance.services.passkeys import Place
from countenance.store import accounts as account_rows
from countenance.store import credentials as credential_rows
from countenance.store import factors as rows
from countenance.store.keyring import LOG_KEY
from countenance.store.records import Records, Transaction, settings

_CHALLENGE_BYTES = 32
_ENROL = "enrol"
_LONGEST_LABEL = 100
_PROGRAM = "countenance"


@dataclass(frozen=True)
class NewCodes:
    """A secret for codes that is not in force yet.

    Attributes:
        secret: base 32, to type into an authenticator app.
        uri: the same, for a QR code.
        pending: sealed; comes back with the first code.
    """

    secret: str
    uri: str
    pending: str


class Factors:
    """Verbs on one's own ways to sign in."""

    def __init__(self, records: Records) -> None:
        self._records = records

    def everything(self, account: AccountId) -> list[Factor]:
        """Return the ways in which somebody can sign in to an account, oldest first."""
        with self._records.read() as work:
            return rows.everything(work, account_rows.get(work, account))

    def methods(self) -> dict[AccountId, set[Method]]:
        """Return in which ways each account can be signed in to."""
        with self._records.read() as work:
            return rows.methods(work)

    def passkey_options(self, caller: Caller, place: Place) -> dict[str, Any]:
        """Return what a browser makes a passkey from, within minutes.

        Raises:
            NotAllowed: the caller signed in too long ago, or is a key.
        """
        challenge = secrets.token_bytes(_CHALLENGE_BYTES)
        with self._records.write() as work:
            account = _fresh(work, caller)
            known = [one.id for one in rows.everything(work, account) if one.method is Method.PASSKEY]
            rows.ask(work, challenge, _ENROL, account.id)
        return passkeys.ask_new(place, account, challenge, known)

    def add_passkey(self, caller: Caller, place: Place, answer: str, label: str) -> str | None:
        """Add the passkey that a browser made.

        Returns:
            The token of a full session in place of one that an invitation opened; None where the session stays.

        Raises:
            NotAllowed: the caller signed in too long ago, or is a key.
            NotSignedIn: the browser's answer proves nothing.
            BadInput: no label, or the passkey is known here.
        """
        plain = label.strip()
        if not plain or len(plain) > _LONGEST_LABEL:
            raise BadInput(f"name the passkey after its device, in at most {_LONGEST_LABEL} characters")
        challenge = passkeys.challenge_of(answer)
        with self._records.write() as work:
            account = _fresh(work, caller)
            asked = rows.answered(work, challenge, _ENROL, account.id) is not None
        if not asked:
            raise NotSignedIn("this was not asked, or too long ago; try again")
        key = passkeys.new(place, account, challenge, answer)
        with self._records.write() as work:
            _fresh(work, caller)
            if rows.passkey(work, key.id) is not None:
                raise BadInput("this passkey is known here already")
            token = _instead_of_invitation(work, caller, account, Method.PASSKEY)
            rows.add_passkey(work, account, Passkey(key.id, account.id, key.public_key, key.sign_count), plain)
            self._added(work, caller, account, Method.PASSKEY)
        return token

    def new_codes(self, caller: Caller, again: str | None = None) -> NewCodes:
        """Return a secret for an authenticator app; it is in force when `set_password` gets a code of it.

        Args:
            again: `pending` of an earlier call, to show the same secret once more.

        Raises:
            NotAllowed: the caller signed in too long ago, or is a key.
            BadInput: `again` is of another session.
        """
        with self._records.read() as work:
            account = _fresh(work, caller)
            secret = passwords.new_secret() if again is None else _pending(work, caller, again)
            sealed = work.seal(LOG_KEY, secret.encode(), f"totp.pending:{caller.credential}")
            operator = settings(work)["operator"]
        pending = base64.urlsafe_b64encode(sealed).decode()
        return NewCodes(secret, passwords.uri(secret, account.name, operator), pending)

    def set_password(
        self,
        caller: Caller,
        password: str,
        pending: str,
        code: str,
        *,
        again: str | None = None,
        breached: BreachedPasswords | None = None,
    ) -> str | None:
        """Set a password and its codes, in place of earlier ones.

        Args:
            pending: of `new_codes`.
            code: what the authenticator app shows.
            again: the password typed a second time, where nobody sees it.
            breached: the list that this server looks new passwords up in.

        Returns:
            The token of a full session in place of one that an invitation opened; None where the session stays.

        Raises:
            NotAllowed: the caller signed in too long ago, or is a key.
            BadInput: the password is too weak, or known from a breach, or the code is not of this secret.
        """
        with self._records.read() as work:
            account, operator = _fresh(work, caller), settings(work)["operator"]
            secret, now = _pending(work, caller, pending), work.now
        weakness = access.weak(password, passwords.guesses(password), account.name, operator, _PROGRAM)
        if weakness is None and breached is not None and breached.holds(password):
            weakness = "this password is known from a breach somewhere, so it is tried everywhere; choose another one"
        if weakness is not None or (again is not None and again != password):
            raise BadInput(weakness or "the two passwords are not the same")
        step = passwords.step_of(code, secret, now, 0)
        if step is None:
            raise BadInput("the code is wrong; type the one that the app shows now, and check the device's clock")
        encoded = passwords.encode(password)
        with self._records.write() as work:
            _fresh(work, caller)
            token = _instead_of_invitation(work, caller, account, Method.PASSWORD)
            if token is None:
                credential_rows.end_sessions(work, account.id, but=caller.credential)
            rows.set_password(work, account, Password(encoded, secret, step))
            self._added(work, caller, account, Method.PASSWORD)
        return token

    def remove(self, caller: Caller, factor: str) -> None:
        """Remove one of one's own ways to sign in, but not the last; other sessions end.

        Raises:
            NotAllowed: the caller signed in too long ago, or is a key.
            NotFound: the caller has no such way to sign in.
            BadInput: it is the last one.
        """
        with self._records.write() as work:
            account = _fresh(work, caller)
            found = rows.everything(work, account)
            one = next((known for known in found if known.id == factor), None)
            if one is None:
                raise NotFound("you have no such way to sign in")
            if len(found) == 1:
                raise BadInput("this is your only way to sign in; add another one first")
            rows.remove(work, account.id, factor)
            credential_rows.end_sessions(work, account.id, but=caller.credential)
            work.log(EventTag.FACTOR_REMOVED, subject=account.subject, account=account.id, method=one.method.value)
            tell(work, caller, account.id, Happened.FACTOR_REMOVED, one.method)

    def _added(self, work: Transaction, caller: Caller, account: Account, method: Method) -> None:
        work.log(EventTag.FACTOR_ADDED, subject=account.subject, account=account.id, method=method.value)
        if caller.scopes is None:  # who comes by an invitation knows; nobody else has a session
            tell(work, caller, account.id, Happened.FACTOR_ADDED, method)


def _fresh(work: Transaction, caller: Caller) -> Account:
    """Return the caller's account.

    Raises:
        NotAllowed: the caller is a key, or signed in too long ago.
        NotSignedIn: the session ended meanwhile.
    """
    require_fresh(work, caller)
    return account_rows.get(work, caller.account)


def _instead_of_invitation(work: Transaction, caller: Caller, account: Account, method: Method) -> str | None:
    """Replace the session of an invitation by a full one; who comes back so has lost the earlier ways to sign in."""
    if caller.scopes is None:
        return None
    agent = agent_of(work, caller)
    for factor in rows.everything(work, account):
        rows.remove(work, account.id, factor.id)
    credential_rows.end_sessions(work, account.id)
    return open_session(work, account, method, agent)[0]


def _pending(work: Transaction, caller: Caller, pending: str) -> str:
    try:
        sealed = base64.urlsafe_b64decode(pending.encode())
        return work.unseal(LOG_KEY, sealed, f"totp.pending:{caller.credential}").decode()
    except (Damaged, binascii.Error, ValueError) as error:
        raise BadInput("open the page again: it was of an earlier session") from error
