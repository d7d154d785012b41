# SPDX-License-Identifier: Apache-2.0
"""What was made from people's faceprints: it must be made anew, or given up, once one of them is destroyed."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from countenance.ids import ArtefactId


class ArtefactKind(StrEnum):
    """What an artefact is."""

    CALIBRATION = "calibration"
    """Numbers from which thresholds follow, measured on references of the gallery."""
    EVALUATION_SET = "evaluation_set"
    """Photos or faceprints of subjects that accuracy is measured on."""
    CODEBOOK = "codebook"
    """A quantiser or index parameters that were trained on references."""
    MODEL = "model"
    """A network that was trained or tuned with photos of subjects."""
    EXPORT = "export"
    """A copy of records that was handed out."""


@dataclass(frozen=True)
class Artefact:
    """One artefact; whom it was made from is known by id, until the person is destroyed.

    Attributes:
        sha256: of its bytes, lower-case hex: by this it is known wherever it lies.
        subjects: from how many people it was made that are still here.
        stale_at: since when somebody it was made from is destroyed; it refuses to load from then on.
        retired_at: when it was given up, after it was made anew or deleted.
    """

    id: ArtefactId
    kind: ArtefactKind
    sha256: str
    made_at: datetime
    subjects: int
    stale_at: datetime | None
    retired_at: datetime | None

    @property
    def state(self) -> str:
        """`fresh`, `stale` or `retired`; only what is fresh may be loaded."""
        if self.retired_at is not None:
            return "retired"
        return "fresh" if self.stale_at is None else "stale"
