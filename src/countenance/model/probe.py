# SPDX-License-Identifier: Apache-2.0
"""A probe as it is looked at before a search: which faces it shows. Lives for one answer, is stored nowhere."""

from __future__ import annotations

from dataclasses import dataclass, field

from countenance.model.face import Box


@dataclass(frozen=True)
class ProbeFace:
    """A face that a probe shows.

    Attributes:
        number: from 1, from the left.
        box: in full-size pixels of the upright photo.
        reason: why it cannot be searched, a code of the quality gate; None where it can.
        detail: the measured value beside its limit; empty where it can.
    """

    number: int
    box: Box
    reason: str | None
    detail: str


@dataclass(frozen=True)
class Look:
    """What a probe shows.

    Attributes:
        size: (height, width) of the upright photo in pixels.
        crop: JPEG of the one face that was chosen, aligned as the encoder gets it; None where none was.
    """

    size: tuple[int, int]
    faces: tuple[ProbeFace, ...]
    crop: bytes | None = field(repr=False)
