# SPDX-License-Identifier: Apache-2.0
"""Signing at a desk or by an invitation: what is offered, how far it is, and a signature that was drawn."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from countenance.errors import InvalidRelease
from countenance.ids import ClientId, NoticeId, ReleaseId, SigningId, SourceId, SubjectId
from countenance.model.consent import SignatureMethod
from countenance.model.purpose import ClientKind, Purpose

STROKE_BOX = (1000, 400)
"""(width, height) of the box that strokes are drawn in; whole numbers, origin top left."""
MOST_POINTS = 4000
_FEWEST_POINTS = 8  # a slip of the finger is no signature

Stroke = tuple[tuple[int, int], ...]
"""Points (x, y) in the order in which a pen passed them."""


class SigningState(StrEnum):
    """How far a signing is; `OPEN` and `SHOWN` end by themselves when its time is up."""

    OPEN = "open"
    """Nothing was chosen yet."""
    SHOWN = "shown"
    """The notice of what was chosen is on the screen."""
    SIGNED = "signed"
    REFUSED = "refused"
    """The person does not want it: nothing follows."""
    ENDED = "ended"
    """Stopped by the desk, or replaced by another."""


class Relation(StrEnum):
    """What gives a representative the right to sign for a minor, as the representative states it."""

    PARENT = "parent"
    GUARDIAN = "guardian"
    AUTHORISED = "authorised"
    """By a court or an authority."""


@dataclass(frozen=True)
class Offer:
    """What the desk asks for; the person chooses of it, and may choose nothing.

    Attributes:
        term_days: how long a release lasts at most, in days from the signature.
    """

    purposes: frozenset[Purpose]
    clients: frozenset[ClientId]
    kinds: frozenset[ClientKind]
    term_days: int


@dataclass(frozen=True)
class Signing:
    """One signing of one person.

    Attributes:
        source: whose permission covers the selfie.
        started_by: the account at the desk.
        is_invitation: sent to the person, who signs elsewhere.
        expires_at: the first moment at which its link opens nothing.
        shown_at: since when the notice is on the screen.
        law: digest of the law under which the notice was written.
        release: what was signed.
    """

    id: SigningId
    subject: SubjectId
    offer: Offer
    source: SourceId
    started_by: str
    is_invitation: bool
    opened_at: datetime
    expires_at: datetime
    state: SigningState
    notice: NoticeId | None = None
    shown_at: datetime | None = None
    law: str | None = None
    release: ReleaseId | None = None
    pictured: bool = False

    def is_over(self, now: datetime) -> bool:
        """Say whether its link opens nothing any more."""
        return now >= self.expires_at or self.state in (SigningState.REFUSED, SigningState.ENDED)


@dataclass(frozen=True)
class Act:
    """The act of signing, as the signer carried it out.

    Attributes:
        signer: the name as typed.
        strokes: what was drawn; empty where the name was typed only.
        agreed: the statements that stand by themselves, each ticked; None where one signature stands for all of them.
        relation: of a minor's representative.
    """

    signer: str
    method: SignatureMethod = SignatureMethod.TYPED
    strokes: tuple[Stroke, ...] = ()
    agreed: frozenset[str] | None = None
    relation: Relation | None = None


def strokes_of(raw: Sequence[Sequence[Sequence[float]]]) -> tuple[Stroke, ...]:
    """Return drawn strokes as they are kept: whole numbers inside of `STROKE_BOX`.

    Raises:
        InvalidRelease: nothing that could be a signature was drawn, or more than anybody draws.
    """
    right, bottom = STROKE_BOX
    try:
        strokes = tuple(
            tuple((min(max(round(x), 0), right), min(max(round(y), 0), bottom)) for x, y in stroke)
            for stroke in raw
            if stroke
        )
    except (TypeError, ValueError, OverflowError) as error:
        raise InvalidRelease(("signature",), "the drawn signature is no list of strokes of points (x, y)") from error
    points = sum(map(len, strokes))
    if not _FEWEST_POINTS <= points <= MOST_POINTS:
        raise InvalidRelease(
            ("signature",),
            f"draw your signature in the box, or type your name; what was drawn has {points} points, "
            f"a signature has {_FEWEST_POINTS} to {MOST_POINTS}",
        )
    return strokes


def svg(strokes: Sequence[Stroke]) -> str:
    """Return drawn strokes as an SVG image, black on nothing."""
    width, height = STROKE_BOX
    lines = "".join(
        f'<polyline points="{" ".join(f"{x},{y}" for x, y in (stroke if len(stroke) > 1 else stroke * 2))}"/>'
        for stroke in strokes
    )
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}" fill="none" stroke="#000" '
        f'stroke-width="6" stroke-linecap="round" stroke-linejoin="round">{lines}</svg>'
    )
