# SPDX-License-Identifier: Apache-2.0
"""Legal holds: what is under one is not destroyed, and not searched either."""

from __future__ import annotations

from collections.abc import Sequence

from countenance.errors import BadInput, Refused
from countenance.ids import HoldId, PhotoId, RunId, SubjectId, new_id
from countenance.model.destruction import Hold, HoldBasis, TargetKind
from countenance.model.event import EventTag
from countenance.store import holds as rows
from countenance.store import photos as photo_rows
from countenance.store import requests, runs
from countenance.store import subjects as subject_rows
from countenance.store.records import Records, Transaction


class Holds:
    """Verbs on legal holds."""

    def __init__(self, records: Records) -> None:
        self._records = records

    def place(self, subject: SubjectId, *, basis: HoldBasis, matter: str, by: str) -> Hold:
        """Keep what is held of a person from destruction; it is frozen at once, and no search finds it.

        Args:
            matter: the case or instrument that asks for it.
            by: the account that places it.

        Raises:
            NotFound: no such subject.
            BadInput: no matter is named.
        """
        if not matter.strip():
            raise BadInput("a hold names its matter, such as a case number (--matter)")
        with self._records.write() as work:
            subject_rows.get(work, subject)
            subject_rows.freeze(work, subject)
            hold = Hold(HoldId(new_id("hol")), subject, basis, matter.strip(), by, work.now, None)
            rows.add(work, hold)
            work.log(EventTag.HOLD_PLACED, subject=subject, hold=hold.id, basis=basis.value)
        return hold

    def lift(self, hold: HoldId) -> Hold:
        """End a hold; what it deferred can be destroyed now, and the person stays frozen.

        Raises:
            NotFound: no such hold.
            BadInput: it was lifted before.
        """
        with self._records.write() as work:
            found = rows.get(work, hold)
            if found.lifted_at is not None:
                raise BadInput(f"hold {hold} was lifted before")
            rows.lift(work, hold)
            work.log(EventTag.HOLD_LIFTED, subject=found.subject, hold=hold)
            return rows.get(work, hold)

    def everyone(self) -> list[Hold]:
        """Return all holds, oldest first."""
        with self._records.read() as work:
            return rows.everyone(work)


HOLD_RULE = "hold.active"


def under_hold(work: Transaction, kind: TargetKind, ids: Sequence[str]) -> list[str]:
    """Return which of these subjects, or photos of subjects, are under a legal hold or wait for their own request.

    A hold on somebody whose key has died comes too late: nothing can be kept of this person.
    """
    held = rows.held(work) | requests.waiting(work)
    if not held or kind not in (TargetKind.SUBJECT, TargetKind.PHOTO):
        return []
    if kind is TargetKind.SUBJECT:
        return [one for one in ids if one in held and one in work.keyring]
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
