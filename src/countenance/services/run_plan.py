# SPDX-License-Identifier: Apache-2.0
"""What a run is about to destroy: under which law, how much, and what a hold keeps from it for now."""

from __future__ import annotations

from countenance.ids import RunId
from countenance.model.destruction import RunState, TargetKind
from countenance.services.holds import add_photos, hold_back, under_hold
from countenance.services.law import LawBook
from countenance.store import runs as rows
from countenance.store.records import Transaction, counts

_UNDONE = (RunState.FROZEN, RunState.APPROVED)
"""States in which nothing was destroyed since the run was frozen."""


def note_law(work: Transaction, law: LawBook, run: RunId) -> None:
    """Record the law of everybody who loses something, and whether it asks for a second person."""
    found = [law.of_subject(one) for one in rows.losers(work, run)] or [law.of_bystander(())]
    laws = {one.digest: one for one in found}.values()
    files = {pack.id: pack.sha256 for one in laws for pack in one.packs}
    two = any("destroy" in one.items("audit.dual_control") for one in laws)
    now = rows.get(work, run)
    rows.set_law(work, run, {**now.law, **files}, needs_approval=two or now.needs_approval)


def snapshot(work: Transaction, run: RunId) -> None:
    """Add the photos that go with the subjects, and count what would go as the records stand."""
    add_photos(work, run)
    rows.set_counts(work, run, rows.counts(work, run))


def count_all(work: Transaction, run: RunId) -> None:
    """Count what is held of everybody, for the certificate."""
    doomed, held = rows.counts(work, run), dict(counts(work))
    held |= {"previews": held["photo"], "source_links": held["photo_source"], "keys": work.keyring.count()}
    held["recipients"] = doomed["recipients"]
    rows.set_counts(work, run, {**{f"before:{name}": held[name] for name in doomed}, **doomed})


def mind_holds(work: Transaction, law: LawBook, run: RunId) -> bool:
    """Take out what came under a hold, and in what is held no more; say whether anything is left to destroy.

    A run all of which is under a hold is left as it is.
    """
    state = rows.get(work, run).state
    if state is RunState.CERTIFIED or state in _UNDONE:
        kept = rows.targets(work, run, TargetKind.HELD)
        still = {*under_hold(work, TargetKind.SUBJECT, kept), *under_hold(work, TargetKind.PHOTO, kept)}
        if set(kept) - still:
            _take_up_again(work, law, run, set(kept) - still)
    if rows.get(work, run).state is not RunState.APPROVED:
        return True
    if not hold_back(work, run):
        return False
    snapshot(work, run)
    return True


def _take_up_again(work: Transaction, law: LawBook, run: RunId, ids: set[str]) -> None:
    rows.take_up_again(work, run, ids)
    note_law(work, law, run)
    now = rows.get(work, run)
    if not now.needs_approval or now.approved_by is not None:
        rows.move(work, run, RunState.APPROVED)
    else:
        snapshot(work, run)  # who approves it is told what would go
