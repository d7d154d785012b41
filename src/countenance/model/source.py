# SPDX-License-Identifier: Apache-2.0
"""Where photos come from, and how a face got its subject."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date, datetime
from enum import StrEnum

from countenance.ids import FaceId, PhotoId, ReferenceId, SourceId, SubjectId
from countenance.model.face import Box


@dataclass(frozen=True)
class Source:
    """A place photos come from and the permission for it.

    Attributes:
        name, basis: sealed at rest.
        capture_place: place code, or None where it was not recorded.
        bystander_basis: the written permission that covers people in the pictures who signed nothing.
        counsel_opt_in: counsel's written opt-in to comparing their faces in memory.
        hosts: hosts on the web that the permission names, from which single photos may be fetched; sealed at rest.
        revoked_at: since when the permission is withdrawn; None while it holds.
    """

    id: SourceId
    name: str
    basis: str
    capture_place: str | None
    bystander_basis: str | None
    counsel_opt_in: str | None
    created_at: datetime
    hosts: tuple[str, ...] = field(default=(), repr=False)
    revoked_at: datetime | None = None


class Attribution(StrEnum):
    """Who said that this face is this subject. A name routes; only a release authorises."""

    MANIFEST = "manifest"
    METADATA = "metadata"
    SOLE_FACE = "sole_face"
    REVIEWER = "reviewer"
    TRANSIENT = "transient"


class FaceState(StrEnum):
    """What became of a detected face."""

    BYSTANDER = "bystander"
    """Counted, never encoded."""
    REFERENCE = "reference"
    """Encoded under a permit; a reference exists."""
    SKIPPED = "skipped"
    """Attributed to a subject and left out, with a reason."""
    WAITING = "waiting"
    """A name or manifest may mean this face; a reviewer decides."""
    DISMISSED = "dismissed"
    """A reviewer said that it is nobody enrolled; never asked again."""


NEEDS_PREVIEW = (FaceState.REFERENCE, FaceState.WAITING)
"""States of a face for which a preview of its photo is kept."""


@dataclass(frozen=True)
class FaceRecord:
    """A face in a stored photo; the box is in full-size pixels."""

    id: FaceId
    photo: PhotoId
    box: Box
    state: FaceState
    reason: str | None
    subject: SubjectId | None
    reference: ReferenceId | None = None


@dataclass(frozen=True)
class PhotoRecord:
    """A stored photo: where it lies (sealed at rest) and its upright size (height, width).

    Attributes:
        taken_on: the day of the exposure, as the camera stated it; None where it did not.
    """

    id: PhotoId
    uri: str = field(repr=False)
    size: tuple[int, int]
    ingested_at: datetime
    taken_on: date | None = None
