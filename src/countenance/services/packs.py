# SPDX-License-Identifier: Apache-2.0
"""Law files in use: add, retire and declare them, by two accounts, and hold stored releases against them.

The public policy is made of them, so it is published anew whenever they change: an operator is held to its own words.
Added files are kept in the records, so that a backup has the law that its releases were signed under.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from sqlalchemy import true

from countenance import canonical
from countenance.errors import BadInput, BadPack, NotFound, Refused
from countenance.ids import SubjectId, new_id
from countenance.model.consent import ConsentStatus, ReleaseEvent
from countenance.model.event import EventTag
from countenance.policy.cases import failures
from countenance.policy.engine import Standing, lacking
from countenance.policy.notice import policy_text
from countenance.policy.pack import Pack, load, shipped
from countenance.services.law import LawBook
from countenance.store import law_changes as rows
from countenance.store import schema
from countenance.store import subjects as subject_rows
from countenance.store.law_changes import Change, Verb
from countenance.store.records import Records, Transaction, set_setting, settings

__all__ = ["Change", "Listed", "Packs", "Reevaluated", "checked"]

_EVALUATED = "law_evaluated"  # digest of the law that stored releases were last held against


@dataclass(frozen=True)
class Listed:
    """One law file: whether it came with the program, and whether it can apply here."""

    pack: Pack
    shipped: bool
    in_use: bool


@dataclass(frozen=True)
class Reevaluated:
    """What holding releases against the law found.

    Attributes:
        releases: how many that are given were looked at.
        lapsed: how many of them need a renewal now.
        reasons: how often each rule was the reason; a release may have several.
    """

    releases: int
    lapsed: int
    reasons: Mapping[str, int]


def checked(text: str, name: str) -> Pack:
    """Return the law file of a text that loads, cites, and decides its own cases as it says.

    Raises:
        BadPack: it does not; the message starts with `name:line:`.
    """
    pack = load(text, name)
    if {case.expect for case in pack.cases} != {"permit", "deny"}:
        raise BadPack(f"{name}:1: a law file brings at least one case that permits and one that denies")
    for failure in failures(pack):
        case = failure.split("'")[1]
        line = next((at for at, one in enumerate(text.splitlines(), 1) if case in one), 1)
        raise BadPack(f"{name}:{line}: {failure}")
    return pack


class Packs:
    """Verbs on law files.

    Attributes:
        last: what the last look at the stored releases found.
    """

    def __init__(self, records: Records, law: LawBook, show: Callable[[str], None]) -> None:
        """Hold releases and policy against the law files where the program was upgraded, and they with it.

        Args:
            show: writes the public policy's text to where the public finds it.
        """
        self._records = records
        self._law = law
        self._show = show
        self._load()
        self.last = Reevaluated(0, 0, {})
        with records.read() as work:
            known = settings(work).get(_EVALUATED)
        if known is None:
            with records.write() as work:
                set_setting(work, _EVALUATED, law.digest)
        elif known != law.digest:
            self.reevaluate()
        self.publish()

    def everyone(self) -> list[Listed]:
        """Return every law file, by id."""
        law = self._law
        return [
            Listed(pack, name in shipped(), not pack.applies.declared or name in law.declared)
            for name, pack in sorted(law.packs.items())
        ]

    def waiting(self) -> list[Change]:
        """Return the changes that wait for another account."""
        with self._records.read() as work:
            return rows.waiting(work)

    def get(self, name: str) -> Pack:
        """Return one law file.

        Raises:
            NotFound: there is none of this id.
        """
        if name not in self._law.packs:
            raise NotFound(f"no law file {name}; `countenance packs list` shows them")
        return self._law.packs[name]

    def add(self, text: str, name: str, *, by: str) -> Change:
        """Enter a law file, or a new version of one; another account confirms it.

        Args:
            text: the file's text.
            name: the file's name, for messages.
            by: the account that enters it.

        Raises:
            BadPack: unknown key, no citation, looser than the core, or a case decided otherwise; with its line.
            BadInput: no account; a shipped file has this id, or this version is in use.
        """
        pack = checked(text, name)
        if pack.id in shipped():
            raise BadInput(
                f"{pack.id} is shipped with the program; give yours an id of its own, files for one place are joined"
            )
        held = self._law.packs.get(pack.id)
        if held is not None and held.version == pack.version:
            raise BadInput(f"version {pack.version} of {pack.id} is in use; give the changed file a new version")
        return self._enter(Verb.ADD, pack, by, text)

    def retire(self, name: str, *, by: str) -> Change:
        """Enter that an added law file is used no more; another account confirms it.

        Raises:
            NotFound: no such file.
            BadInput: no account, or it is a shipped one.
        """
        pack = self.get(name)
        if name in shipped():
            raise BadInput(f"{name} is shipped with the program and stays")
        return self._enter(Verb.RETIRE, pack, by, None)

    def declare(self, name: str, *, by: str) -> Change:
        """Declare that a law file binds this operator; in force at once, since it only adds strictness.

        Raises:
            NotFound: no such file.
            BadInput: no account; it applies by place, or is declared already.
        """
        pack = self.get(name)
        if not pack.applies.declared:
            raise BadInput(f"{name} applies by place and needs no declaration")
        if name in self._law.declared:
            raise BadInput(f"{name} is declared already")
        return self.confirm(self._enter(Verb.USE, pack, by, None).id, by=by)

    def drop(self, name: str, *, by: str) -> Change:
        """Enter that a declaration is taken back, which another account confirms.

        Raises:
            NotFound: no such file.
            BadInput: no account, or it is not declared.
        """
        if name not in self._law.declared:
            raise BadInput(f"{name} is not declared")
        return self._enter(Verb.DROP, self.get(name), by, None)

    def confirm(self, change: str, *, by: str) -> Change:
        """Put a change in force, and hold the stored releases against the new law.

        Raises:
            NotFound: no such change.
            BadInput: no account, or it is in force already.
            Refused: the account that entered it; logged. A declaration needs no second account.
        """
        account = _account(by)
        with self._records.write() as work:
            found = rows.get(work, change)
            if found.confirmed_at is not None:
                raise BadInput(f"change {change} is in force already")
            law = self._law.of_probe()
            two = found.verb is not Verb.USE and "policy" in law.items("audit.dual_control")
            allowed = not two or account.casefold() != found.entered_by.casefold()
            tag = EventTag.LAW_CONFIRMED if allowed else EventTag.LAW_REFUSED
            rule = None if allowed else "law.dual_control"
            work.log(tag, change=change, verb=found.verb.value, pack=found.pack, sha256=found.sha256, rule=rule)
            if allowed:
                rows.confirm(work, change, account)
        if not allowed:
            raise Refused(
                "law.dual_control",
                "a change of the law in use is confirmed by another account than the one that entered it (--by)",
                law.cite("audit.dual_control"),
            )
        self._load()
        self.reevaluate()
        self.publish()
        with self._records.read() as work:
            return rows.get(work, change)

    def publish(self) -> None:
        """Publish the public policy where it says something else than the law files in use; before `init` nothing."""
        with self._records.read() as work:
            text = self._policy(work)
            if text is None:
                return
            current = subject_rows.current_policy(work)
        if current is None or current.text != text:
            with self._records.write() as work:
                text = policy_text(settings(work)["operator"], self._law.packs.values(), work.now)
                sha256 = canonical.sha256(text.encode())
                subject_rows.publish(work, sha256, text)
                work.log(EventTag.POLICY_PUBLISHED, policy=sha256)
        self._show(text)

    def _policy(self, work: Transaction) -> str | None:
        """Return what the current policy would say today; None before there is an operator."""
        operator, current = settings(work).get("operator"), subject_rows.current_policy(work)
        if operator is None:
            return None
        return policy_text(operator, self._law.packs.values(), work.now if current is None else current.published_at)

    def reevaluate(self, subject: SubjectId | None = None) -> Reevaluated:
        """Hold stored releases against the law of today; those that lack something need a renewal from now on.

        Args:
            subject: look at the releases of one person only, as after a move.
        """
        with self._records.write() as work:
            found = self._reevaluate(work, subject)
            if subject is None:
                set_setting(work, _EVALUATED, self._law.digest)
            work.log(
                EventTag.LAW_REEVALUATED,
                subject=subject,
                law=self._law.digest,
                releases=found.releases,
                lapsed=found.lapsed,
                reasons=dict(found.reasons),
            )
        self.last = found
        return found

    def _reevaluate(self, work: Transaction, subject: SubjectId | None) -> Reevaluated:
        signed = subject_rows.releases(work, subject)
        looked, lapsed, reasons = 0, 0, Counter[str]()
        for person in subject_rows.unsealed(work, true() if subject is None else schema.subject.c.id == subject):
            for release in signed.get(person.id, []):
                if release.status(work.now) is not ConsentStatus.GIVEN:
                    continue
                looked += 1
                law = self._law.of_subject(person, now=work.now)
                missing = lacking(Standing(work.now, person, release), law)
                if missing:
                    lapsed += 1
                    reasons.update(missing.keys())
                    event = ReleaseEvent(ConsentStatus.NEEDS_RENEWAL, work.now)
                    subject_rows.add_release_event(work, release.id, event)
                    rules = list(missing)
                    work.log(
                        EventTag.RELEASE_LAPSED, subject=person.id, release=release.id, rules=rules, law=law.digest
                    )
        return Reevaluated(looked, lapsed, dict(reasons))

    def _enter(self, verb: Verb, pack: Pack, by: str, text: str | None) -> Change:
        with self._records.write() as work:
            for one in rows.waiting(work):
                if (one.verb, one.pack, one.sha256) == (verb, pack.id, pack.sha256):
                    raise BadInput(f"this waits already, as {one.id}: `countenance packs confirm {one.id} --by ...`")
            change = Change(new_id("law"), verb, pack.id, pack.sha256, _account(by), work.now, None)
            rows.enter(work, change, text)
            work.log(EventTag.LAW_ENTERED, change=change.id, verb=verb.value, pack=pack.id, sha256=pack.sha256)
        return change

    def _load(self) -> None:
        with self._records.read() as work:
            self._law.replace(*rows.in_force(work))


def _account(by: str) -> str:
    if not by.strip():
        raise BadInput("say which account does this (--by)")
    return by.strip()
