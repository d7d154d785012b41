# SPDX-License-Identifier: Apache-2.0
"""Legal holds: what is under one is not destroyed, not searched, and opens only with the escrow key of the hold.

The keys of the people under a hold leave the ring for the hold's escrow, and their references the gallery's table. A
hold that ends gives the keys back and starts the destruction that it deferred.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from countenance.errors import BadInput, NotFound, Refused
from countenance.ids import ConflictId, HoldId, PhotoId, ReferenceId, RunId, SubjectId, new_id
from countenance.model.destruction import Hold, HoldBasis, TargetKind
from countenance.model.event import EventTag
from countenance.services.law import LawBook
from countenance.services.order_gate import refused
from countenance.store import conflicts, escrow, requests, runs
from countenance.store import holds as rows
from countenance.store import photos as photo_rows
from countenance.store import subjects as subject_rows
from countenance.store.conflicts import Conflict
from countenance.store.keyring import HOLD_TURN
from countenance.store.keyring_rows import frozen_mark
from countenance.store.records import Records, Transaction

BASIS = "hold_basis"
_KEY = "destruction.hold_bases_recognised"


@dataclass(frozen=True)
class Placed:
    """A hold that was placed.

    Attributes:
        conflicts: one for each law that does not recognise its ground; counsel decides.
    """

    hold: Hold
    conflicts: tuple[Conflict, ...]


Erase = Callable[[Mapping[ReferenceId, SubjectId]], object]
"""Takes references out of the gallery's sealed files."""


class Holds:
    """Verbs on legal holds."""

    def __init__(
        self,
        records: Records,
        law: LawBook,
        take_up: Callable[[Sequence[SubjectId]], object],
        spread: Callable[[], object],
        erase: Erase,
    ) -> None:
        self._records = records
        self._erase = erase
        self._law = law
        self._take_up = take_up
        self._spread = spread

    def place(
        self,
        *subjects: SubjectId,
        basis: HoldBasis,
        matter: str,
        by: str,
        review_every_days: int | None = None,
        recipient: str | None = None,
    ) -> Placed:
        """Keep what is held of people from destruction; frozen and sealed at once, and no search finds them.

        Args:
            matter: the case or instrument that asks for it.
            by: the account that places it.
            review_every_days: how often somebody has to look whether it is still needed.
            recipient: the age recipient of an outside key holder, without whom it cannot be opened.

        Raises:
            NotFound: no such subject.
            BadInput: no matter or nobody is named, or the recipient is none.
        """
        if not matter.strip():
            raise BadInput("a hold names its matter, such as a case number (--matter)")
        if not subjects:
            raise BadInput("a hold on nothing keeps nothing: name subjects, or an order that has frozen somebody")
        if review_every_days is not None and review_every_days < 1:
            raise BadInput("a hold is reviewed every day or less often (--review-every-days)")
        escrow.check_recipient(recipient)
        self._finish()
        people = tuple(dict.fromkeys(subjects))
        with self._records.write() as work:
            missing = [one for one in people if not subject_rows.exists(work, one)]
            if missing:
                raise NotFound(f"no subject {', '.join(missing[:5])}; `countenance subject list` shows them")
            placed = Hold(
                HoldId(new_id("hol")), people, basis, matter.strip(), by, work.now, None, recipient, review_every_days
            )
            work.keyring.bury((work.keyring.mac(frozen_mark(one, HOLD_TURN)) for one in people), work.now)
            if recipient is None:
                work.keyring.create([placed.id])
            rows.add(work, placed)
            rows.freeze(work, placed.id)
            rows.seal_references(work, placed.id)
            about = people[0] if len(people) == 1 else None
            work.log(EventTag.HOLD_PLACED, subject=about, hold=placed.id, basis=basis.value, people=len(people))
            found = self._unrecognised(work, placed)
        self._finish()
        self._spread()
        return Placed(placed, found)

    def _unrecognised(self, work: Transaction, hold: Hold) -> tuple[Conflict, ...]:
        """Open a conflict for counsel where the law of somebody does not recognise the ground of a hold."""
        against = Counter[str]()
        for person in subject_rows.unsealed(work, rows.is_under(hold.id)):
            law = self._law.of_subject(person, now=work.now)
            if hold.basis.value not in law.items(_KEY):
                against[", ".join(pack.id for pack in law.packs)] += 1
        found = []
        for packs, people in against.items():
            one = Conflict(
                ConflictId(new_id("con")), BASIS, hold.id, f"{_KEY} of {packs}", people, work.now, None, None
            )
            conflicts.add(work, one)
            work.log(EventTag.CONFLICT_RAISED, conflict=one.id, one=hold.id, other=one.other, people=people)
            found.append(one)
        return tuple(found)

    def lift(self, hold: HoldId, *, by: str, identity: str | None = None) -> Hold:
        """End a hold, and start the destruction that it deferred; where nothing was, the people stay frozen.

        Where the law of the people asks for two, the first one's word waits for somebody else's.

        Args:
            identity: the outside key holder's age identity, where the hold has one.

        Returns:
            The hold; still in force where it waits for a second person.

        Raises:
            NotFound: no such hold.
            BadInput: it was lifted before; nobody is named; the identity is missing or another one.
            Refused: the same person twice; logged.
        """
        if not by.strip():
            raise BadInput("say who lifts the hold (--by)")
        self._finish()
        with self._records.write() as work:
            found = rows.get(work, hold)
            if found.lifted_at is not None:
                raise BadInput(f"hold {hold} was lifted before")
            first = rows.asked_to_lift(work, hold)
            if first is None and self._needs_two(work, found):
                rows.ask_to_lift(work, hold, by.strip())
                return found
        if first is not None and first.casefold() == by.strip().casefold():
            raise refused(self._records, "hold.dual_control", "a hold is lifted by two people (--by)", hold=hold)
        return self._let_go(found, found.subjects, identity)

    def release(self, matter: str, people: Sequence[SubjectId]) -> None:
        """Let people out of the holds of a matter, as counsel decided."""
        with self._records.read() as work:
            found = [one for one in rows.everyone(work) if one.matter == matter and one.lifted_at is None]
        for hold in found:
            self._let_go(hold, [one for one in people if one in set(hold.subjects)], None)

    def _let_go(self, hold: Hold, people: Sequence[SubjectId], identity: str | None) -> Hold:
        """Give keys back, then end the hold for these people, then go on with what it deferred."""
        with self._records.read() as work:
            kept = {one for other in rows.everyone(work) if _other(other, hold) for one in other.subjects}
        escrow.open_hold(self._records.keyring, hold, identity)
        with self._records.write() as work:
            if len(people) == len(hold.subjects):
                rows.lift(work, hold.id)
            else:
                rows.release(work, hold.id, people)
            about = people[0] if len(people) == 1 else None
            work.log(EventTag.HOLD_LIFTED, subject=about, hold=hold.id, people=len(people))
            done = rows.get(work, hold.id)
        self._finish()
        self._take_up([one for one in people if one not in kept])
        return done

    def review(self, hold: HoldId, *, by: str) -> Hold:
        """Record that somebody looked whether a hold is still needed, and found that it is.

        Raises:
            NotFound: no such hold.
            BadInput: it was lifted, or nobody is named.
        """
        if not by.strip():
            raise BadInput("say who reviewed it (--by)")
        with self._records.write() as work:
            if rows.get(work, hold).lifted_at is not None:
                raise BadInput(f"hold {hold} was lifted before")
            rows.reviewed(work, hold)
            work.log(EventTag.HOLD_REVIEWED, hold=hold)
            return rows.get(work, hold)

    def get(self, hold: HoldId) -> Hold:
        """Return one hold.

        Raises:
            NotFound: no such hold.
        """
        with self._records.read() as work:
            return rows.get(work, hold)

    def everyone(self) -> list[Hold]:
        """Return all holds, oldest first."""
        with self._records.read() as work:
            return rows.everyone(work)

    def ending(self) -> dict[HoldId, str]:
        """Return the holds whose end waits for a second person, each with who asked for it."""
        with self._records.read() as work:
            asked = {one.id: rows.asked_to_lift(work, one.id) for one in rows.everyone(work) if one.lifted_at is None}
        return {hold: by for hold, by in asked.items() if by is not None}

    def overdue(self) -> set[HoldId]:
        """Return the holds in force that somebody should have reviewed by now."""
        with self._records.read() as work:
            return {one.id for one in rows.everyone(work) if one.review_at is not None and one.review_at < work.now}

    def _finish(self) -> None:
        """Put into escrow what a hold in force has not put there yet, and delete the keys of those that were lifted.

        A crash may have come in between.
        """
        with self._records.read() as work:
            holds = rows.everyone(work)
            waiting = [
                (one, owners)
                for one in holds
                if one.lifted_at is None and (owners := work.keyring.holding(rows.keys_of(work, one.id)))
            ]
            over = work.keyring.holding({one.id for one in holds if one.lifted_at is not None})
            kept = rows.references(work) if waiting else {}
        if over:
            self._records.keyring.discard(over)
        if kept:
            self._erase(kept)  # the gallery's sealed files open without the escrow key
        for hold, owners in waiting:
            escrow.seal_hold(self._records.keyring, hold, owners)

    def _needs_two(self, work: Transaction, hold: Hold) -> bool:
        people = subject_rows.unsealed(work, rows.is_under(hold.id))
        return any("hold" in self._law.of_subject(one, now=work.now).items("audit.dual_control") for one in people)


HOLD_RULE = "hold.active"


def _other(one: Hold, hold: Hold) -> bool:
    return one.id != hold.id and one.lifted_at is None


def under_hold(work: Transaction, kind: TargetKind, ids: Sequence[str]) -> list[str]:
    """Return which of these subjects, or photos of subjects, are under a legal hold or wait for their own request.

    A hold on somebody whose key has died comes too late: nothing can be kept of this person.
    """
    held = rows.held(work) | requests.waiting(work)
    if not held or kind not in (TargetKind.SUBJECT, TargetKind.PHOTO):
        return []
    if kind is TargetKind.SUBJECT:
        mine = held.intersection(ids)
        alive = work.keyring.holding(mine) | (mine & work.keyring.escrowed().keys())
        return [one for one in ids if one in alive]
    return [one for one in ids if any(f.subject in held for f in photo_rows.faces(work, photo=PhotoId(one)))]


def all_held() -> Refused:
    """Return the refusal of a run all of which is under a hold."""
    return Refused(
        HOLD_RULE,
        "all of it is under a legal hold, or waits until the person's own request is answered; frozen and kept. "
        "`countenance hold list` and `request list` show why; once holds are lifted and requests answered it can be "
        "destroyed",
        "destruction.hold_bases_recognised",
    )


def hold_back(work: Transaction, run: RunId) -> bool:
    """Take out what came under a hold since the run was planned; say whether anything is left, else change nothing."""
    left = [
        one
        for kind in (TargetKind.SUBJECT, TargetKind.PHOTO, TargetKind.LINK)
        for one in set(runs.targets(work, run, kind)) - set(under_hold(work, kind, runs.targets(work, run, kind)))
    ]
    if not left:
        return False
    subjects = runs.targets(work, run, TargetKind.SUBJECT)
    held = under_hold(work, TargetKind.SUBJECT, subjects)
    if held:
        runs.hold_back(work, run, TargetKind.SUBJECT, held)
        runs.forget_photos(work, run)  # they follow from the subjects
        add_photos(work, run)
    elif not subjects:
        photos = runs.targets(work, run, TargetKind.PHOTO)
        runs.hold_back(work, run, TargetKind.PHOTO, under_hold(work, TargetKind.PHOTO, photos))
    return True


def add_photos(work: Transaction, run: RunId) -> None:
    """Add the photos that go with the subjects of a run: those to forget, and those to mask."""
    forget, shared = runs.photos_of(work, run)
    kept = under_hold(work, TargetKind.PHOTO, forget)  # somebody else in it is under a hold
    runs.add_targets(work, run, TargetKind.PHOTO, set(forget) - set(kept))
    runs.add_targets(work, run, TargetKind.MASK, [*shared, *kept])
