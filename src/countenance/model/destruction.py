# SPDX-License-Identifier: Apache-2.0
"""Destruction runs: their states, what they target, and what became of each target."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum

from countenance.ids import HoldId, RunId, SourceId, SubjectId


class RunState(StrEnum):
    """Where a run stands; a run that was killed goes on from here."""

    PLANNED = "planned"
    FROZEN = "frozen"
    APPROVED = "approved"
    EXECUTING = "executing"
    VERIFYING = "verifying"
    CERTIFIED = "certified"
    FAILED = "failed"
    CANCELLED = "cancelled"


NEXT: dict[RunState, frozenset[RunState]] = {
    RunState.PLANNED: frozenset({RunState.FROZEN, RunState.CANCELLED}),
    # Cancelled, where the order behind it was vacated before anything was destroyed.
    RunState.FROZEN: frozenset({RunState.APPROVED, RunState.CANCELLED}),
    # Frozen again, where a hold is lifted before anything was destroyed.
    RunState.APPROVED: frozenset({RunState.EXECUTING, RunState.CANCELLED, RunState.FROZEN}),
    RunState.EXECUTING: frozenset({RunState.VERIFYING}),
    RunState.VERIFYING: frozenset({RunState.CERTIFIED, RunState.FAILED}),
    # What failed is executed and verified again; what was certified as partial may become complete, and what a hold
    # kept is executed once the hold is lifted.
    RunState.FAILED: frozenset({RunState.EXECUTING}),
    RunState.CERTIFIED: frozenset({RunState.VERIFYING, RunState.FROZEN}),
    RunState.CANCELLED: frozenset(),
}


class TargetKind(StrEnum):
    """What a target of a run is."""

    SUBJECT = "subject"
    """Everything that is held of a person."""
    PHOTO = "photo"
    """A photo that is forgotten: record, preview, faces, references made from it."""
    MASK = "mask"
    """A photo that others are in too: the face is blacked out and the preview sealed under a new key."""
    HELD = "held"
    """A subject, or a photo of one, that a legal hold keeps from this run."""
    LINK = "link"
    """A photo that other sources hold too: only its link to the revoked source goes."""


@dataclass(frozen=True)
class Scope:
    """What a run was asked to destroy; one of the four is given.

    Attributes:
        photo: id of a photo.
        source: all photos that came from nowhere else.
    """

    subjects: tuple[SubjectId, ...] = ()
    photo: str | None = None
    source: SourceId | None = None

    @property
    def text(self) -> str:
        """In words, with ids only."""
        if self.photo is not None:
            return f"the photo {self.photo}, its faces and the references made from it"
        if self.source is not None:
            return f"everything whose only source is {self.source}"
        if len(self.subjects) == 1:
            return f"everything held of the subject {self.subjects[0]}"
        return f"everything held of {len(self.subjects)} subjects"


@dataclass(frozen=True)
class Run:
    """One destruction run.

    Attributes:
        scope_text: what it destroys, in words with ids only.
        order_ref: the request, order or rule that asked for it.
        law: the law files that bear on the targets, id to SHA-256.
        needs_approval: a second person must approve before anything is destroyed.
        counts: items per store, as planned on the frozen snapshot.
        problems: why it failed, where it did.
    """

    id: RunId
    state: RunState
    scope_text: str
    source: SourceId | None
    order_ref: str
    requested_by: str
    approved_by: str | None
    needs_approval: bool
    created_at: datetime
    frozen_at: datetime | None
    started_at: datetime | None
    law: dict[str, str] = field(default_factory=dict)
    counts: dict[str, int] = field(default_factory=dict)
    problems: tuple[str, ...] = ()


class HoldBasis(StrEnum):
    """On what ground something is kept from destruction."""

    WARRANT = "warrant"
    SUBPOENA = "subpoena"
    COURT_ORDER = "court_order"
    REGULATOR = "regulator"
    LITIGATION_ANTICIPATED = "litigation_anticipated"


@dataclass(frozen=True)
class Hold:
    """A legal hold on all that is held of some people; it suspends destruction and never permits a search.

    Attributes:
        subjects: whom it is on.
        matter, placed_by: sealed at rest.
        lifted_at: None while it is in force.
        recipient: the age recipient of an outside key holder; None where the escrow key lies in the keyring.
        review_every_days: how often somebody has to look whether it is still needed; None for never.
        reviewed_at: when somebody last did.
    """

    id: HoldId
    subjects: tuple[SubjectId, ...]
    basis: HoldBasis
    matter: str = field(repr=False)
    placed_by: str = field(repr=False)
    placed_at: datetime
    lifted_at: datetime | None
    recipient: str | None = None
    review_every_days: int | None = None
    reviewed_at: datetime | None = None

    @property
    def review_at(self) -> datetime | None:
        """By when it is to be reviewed; None where it is lifted or nobody has to."""
        if self.review_every_days is None or self.lifted_at is not None:
            return None
        return (self.reviewed_at or self.placed_at) + timedelta(days=self.review_every_days)
