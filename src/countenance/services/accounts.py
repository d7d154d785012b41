# SPDX-License-Identifier: Apache-2.0
"""Accounts: who is taken on, by whom, by which invitation, and who is let in no more."""

from __future__ import annotations

from datetime import timedelta

from countenance.errors import BadInput, NotAllowed, NotSignedIn, Refused
from countenance.ids import AccountId, ClientId, SubjectId, new_id
from countenance.model.account import COMMAND_LINE, Account, Caller, Role
from countenance.model.credential import Happened, Method
from countenance.model.event import EventTag
from countenance.policy import access
from countenance.services import tokens
from countenance.services.credentials import Credentials, open_session
from countenance.services.tokens import Kind
from countenance.store import accounts as rows
from countenance.store import clients as client_rows
from countenance.store import credentials as credential_rows
from countenance.store import notices
from countenance.store import subjects as subject_rows
from countenance.store.records import Transaction, set_setting, settings

_DEMO = "demo"
_LONGEST_NAME = 200


class Accounts(Credentials):
    """Verbs on accounts and invitations, and those on sessions and keys."""

    def add(
        self,
        name: str,
        role: Role,
        *,
        client: ClientId | None = None,
        subject: SubjectId | None = None,
        by: str,
    ) -> Account:
        """Add an account; nobody can sign in with it before an invitation is redeemed.

        Args:
            client: of a searcher, whom this account searches for.
            subject: of a subject, whose own view this is.
            by: the account that adds it, or `COMMAND_LINE`.

        Raises:
            BadInput: no name, one that is taken, or a client or subject that does not go with the role.
            NotFound: no such client or subject.
            NotAllowed: the role of `by` does not take on this one; logged.
        """
        plain = name.strip()
        if not plain or len(plain) > _LONGEST_NAME or not plain.isprintable():
            raise BadInput(f"an account has a name of 1 to {_LONGEST_NAME} printable characters")
        if (role is Role.SEARCHER) != (client is not None) or (role is Role.SUBJECT) != (subject is not None):
            raise BadInput("a searcher's account names a client, a subject's account a subject, and no other either")
        with self._records.write() as work:
            if client is not None:
                client_rows.get(work, client)
            if subject is not None:
                subject_rows.get(work, subject)
            if allowed := access.takes_on(_who(work, by), role):
                if rows.named(work, plain) is not None:
                    raise BadInput("an account of this name can sign in already; choose another name")
                account = Account(AccountId(new_id("acc")), plain, role, client, subject, work.now)
                rows.add(work, account)
                account = rows.get(work, account.id)  # its moment as it is stored
                work.log(
                    EventTag.ACCOUNT_ADDED, subject=subject, account=account.id, role=role.value, client=client, by=by
                )
            else:
                _log_refusal(work, by, "role")
        if not allowed:
            raise NotAllowed(f"your role does not take on the role {role.value}")
        return account

    def everyone(self) -> list[Account]:
        """Return all accounts, oldest first."""
        with self._records.read() as work:
            return rows.everyone(work)

    def get(self, account: AccountId) -> Account:
        """Return one account.

        Raises:
            NotFound: no such account.
        """
        with self._records.read() as work:
            return rows.get(work, account)

    def of_subject(self, subject: SubjectId) -> list[Account]:
        """Return the accounts of a subject, oldest first, also those that are disabled."""
        with self._records.read() as work:
            return rows.of_subject(work, subject)

    def disable(self, account: AccountId, *, by: str) -> None:
        """Let nobody sign in with an account any more; its sessions and keys end at once.

        Raises:
            NotFound: no such account.
            BadInput: it is disabled, or it is one's own.
            NotAllowed: the role of `by` does not take on this one; logged.
        """
        with self._records.write() as work:
            found = rows.get(work, account)
            if found.disabled_at is not None:
                raise BadInput(f"account {account} is disabled already")
            if by == account:
                raise BadInput("somebody else disables your account, so that nobody locks everybody out alone")
            if allowed := access.takes_on(_who(work, by), found.role):
                sessions = credential_rows.end_sessions(work, account)
                keys = credential_rows.revoke_keys(work, account)
                rows.disable(work, account)
                work.keyring.bury([work.keyring.tag(account)], work.now)  # no backup brings it back
                work.log(
                    EventTag.ACCOUNT_DISABLED,
                    subject=found.subject,
                    account=account,
                    by=by,
                    sessions=sessions,
                    keys=keys,
                )
            else:
                _log_refusal(work, by, "role", found)
        if not allowed:
            raise NotAllowed(f"your role does not disable accounts of the role {found.role.value}")

    def end_sessions(self, account: AccountId, *, by: str) -> int:
        """End every session of somebody whom one's role takes on, such as of a device that was lost; return how many.

        Raises:
            NotFound: no such account.
            NotAllowed: the role of `by` does not take on this one; logged.
        """
        with self._records.write() as work:
            found = rows.get(work, account)
            if allowed := access.takes_on(_who(work, by), found.role):
                ended = credential_rows.end_sessions(work, account)
                work.log(EventTag.SESSIONS_ENDED, subject=found.subject, account=account, by=by, sessions=ended)
                notices.add(work, account, Happened.SESSIONS_ENDED)
            else:
                _log_refusal(work, by, "role", found)
        if not allowed:
            raise NotAllowed(f"your role does not end sessions of the role {found.role.value}")
        return ended

    def invite(self, account: AccountId, *, minutes: int, by: str, link: bool = False) -> str | None:
        """Make a one-time invitation in place of earlier ones; also how somebody who lost a way to sign in comes back.

        Args:
            minutes: how long it is good for, at most a week.
            by: the account that invites, or `COMMAND_LINE`.
            link: it signs in at once; only in a demonstration's data directory.

        Returns:
            The token, which cannot be shown again; None where the account is a custodian's, it takes two people
            (`policy.access.needs_two`), and this was the first of them.

        Raises:
            NotFound: no such account.
            BadInput: it is disabled, one's own, or the time is too long; or a link outside a demonstration.
            NotAllowed: the role of `by` does not take on this one; logged.
            Refused: the same person twice; logged.
        """
        if not 1 <= minutes <= access.LONGEST_INVITE // timedelta(minutes=1):
            raise BadInput(f"an invitation is good for 1 minute to {access.LONGEST_INVITE.days} days")
        with self._records.write() as work:
            found, first = rows.get(work, account), rows.asked_by(work, account)
            is_demo = _DEMO in settings(work)
            if found.disabled_at is not None or by == account:
                raise BadInput("an account that is disabled, or one's own, cannot be invited")
            if link and not is_demo:
                raise BadInput("a link that signs in at once exists in a demonstration only; invite without it")
            refused = not access.takes_on(_who(work, by), found.role)
            takes_two = not is_demo and _takes_two(work, found, by)
            if refused:
                _log_refusal(work, by, "role", found)
            elif takes_two and first is None:
                rows.set_asked_by(work, account, by)
                work.log(EventTag.INVITE_ASKED, account=account, by=by)
                return None
            elif not takes_two or first != by:
                return self._invite(work, found, minutes, by=by, first=first, link=link)
            else:
                _log_refusal(work, by, "two_people", found)
        if refused:
            raise NotAllowed(f"your role does not invite accounts of the role {found.role.value}")
        raise Refused(
            "access.two_people",
            f"somebody else than {by} has to ask too, before account {account} is invited",
            "core",
        )

    def _invite(
        self, work: Transaction, account: Account, minutes: int, *, by: str, first: str | None, link: bool
    ) -> str:
        token = tokens.new(work.keyring, Kind.INVITE)
        rows.add_invite(work, account.id, tokens.digest(token), work.now + timedelta(minutes=minutes), is_link=link)
        rows.set_asked_by(work, account.id, None)
        work.log(
            EventTag.INVITE_MADE,
            subject=account.subject,
            account=account.id,
            by=by,
            first=first,
            minutes=minutes,
            link=link,
        )
        if rows.has_signed_in(work, account.id):
            notices.add(work, account.id, Happened.INVITED)
        return token

    def redeem(self, token: str, agent: str = "") -> tuple[str, Caller]:
        """Open a session by an invitation, which is used up.

        Args:
            agent: word of `model.agent` for the browser.

        Returns:
            The session's token, and who calls: with no scope at all but to set up a way to sign in, unless it is a link
            of a demonstration. Earlier sessions of the account end.

        Raises:
            NotSignedIn: there is no such invitation, or it was used or has expired.
        """
        with self._records.write() as work:
            ours = tokens.is_ours(work.keyring, Kind.INVITE, token)
            taken = rows.take_invite(work, tokens.digest(token)) if ours else None
            if taken is not None:
                account, is_link = taken
                if not is_link:
                    credential_rows.end_sessions(work, account.id)
                work.log(EventTag.INVITE_REDEEMED, subject=account.subject, account=account.id)
                return open_session(work, account, Method.LINK if is_link else Method.INVITE, agent)
        raise NotSignedIn("this invitation is not good: it was used, has expired, or a newer one took its place")

    def declare_demo(self) -> None:
        """Make this data directory a demonstration's, for good: links sign in at once, and nothing else guards it.

        Raises:
            BadInput: somebody has signed in here, so it is no demonstration.
        """
        with self._records.write() as work:
            if _DEMO in settings(work):
                return
            if any(rows.has_signed_in(work, one.id) for one in rows.everyone(work)):
                raise BadInput("people sign in to this data directory; a demonstration needs one of its own")
            set_setting(work, _DEMO, "yes")
            work.log(EventTag.DEMO_DECLARED)

    @property
    def is_demo(self) -> bool:
        """Whether links sign in at once here."""
        with self._records.read() as work:
            return _DEMO in settings(work)


def _takes_two(work: Transaction, account: Account, by: str) -> bool:
    # Whoever works at the command line holds the root key, and is who makes new custodians where all are gone.
    custodians = 0 if by == COMMAND_LINE else rows.how_many_signed_in(work, Role.CUSTODIAN)
    return access.needs_two(account, has_signed_in=rows.has_signed_in(work, account.id), custodians=custodians)


def _who(work: Transaction, by: str) -> Account | None:
    return None if by == COMMAND_LINE else rows.get(work, by)


def _log_refusal(work: Transaction, by: str, reason: str, about: Account | None = None) -> None:
    subject, other = (None, None) if about is None else (about.subject, about.id)
    work.log(EventTag.ACCESS_REFUSED, subject=subject, account=by, reason=reason, other=other)
