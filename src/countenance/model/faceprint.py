# SPDX-License-Identifier: Apache-2.0
"""Faceprints: a unit vector that says which encoder made it."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from countenance.errors import EncodingFailed, MixedEncoders

_NORM_TOLERANCE = 1e-3


@dataclass(frozen=True, eq=False)
class Faceprint:
    """A face as numbers. Biometric data: held in memory, stored only sealed, never shown.

    Attributes:
        vector: float32 (D,), L2 norm 1 within 1e-3.
        encoder: digest of the encoder that made it (weights, alignment, preprocessing).

    Raises:
        EncodingFailed: the vector is zero, not finite or not of unit length.
    """

    vector: NDArray[np.float32] = field(repr=False)
    encoder: str

    def __post_init__(self) -> None:
        if self.vector.dtype != np.float32 or self.vector.ndim != 1:
            raise EncodingFailed("a faceprint is one row of float32")
        norm = float(np.linalg.norm(self.vector))
        if not abs(norm - 1.0) <= _NORM_TOLERANCE:  # also catches nan
            raise EncodingFailed("the encoder gave a vector that is zero, not finite or not of unit length")

    def score(self, other: Faceprint) -> float:
        """Return the cosine of the two faceprints, in [-1, 1]; higher is more alike.

        Raises:
            MixedEncoders: they come from different encoders.
        """
        self.require(other.encoder)
        return float(np.dot(self.vector, other.vector))

    def require(self, encoder: str) -> None:
        """Raise `MixedEncoders` unless this encoder made the faceprint."""
        if self.encoder != encoder:
            raise MixedEncoders(
                f"faceprints of encoder {self.encoder[:12]} and {encoder[:12]} cannot be compared; "
                "encode again with one of them (`countenance models list`)"
            )

    def wipe(self) -> None:
        """Overwrite the vector in memory with zeros."""
        self.vector.setflags(write=True)
        self.vector.fill(0.0)


def unit(vector: NDArray[np.float32], encoder: str) -> Faceprint:
    """Return the vector, scaled to unit length, as a faceprint of this encoder.

    Raises:
        EncodingFailed: the vector is zero or not finite.
    """
    norm = float(np.linalg.norm(vector))
    if not np.isfinite(norm) or norm == 0.0:
        raise EncodingFailed("the encoder gave a vector that is zero or not finite")
    return Faceprint((vector / norm).astype(np.float32), encoder)
