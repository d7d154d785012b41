# SPDX-License-Identifier: Apache-2.0
"""Finding faces, and turning a permitted crop into a faceprint."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

from countenance.model.face import Crop, DetectedFace, Image
from countenance.model.faceprint import Faceprint
from countenance.policy.permit import PermittedCrop

DEFAULT_PACK = "dlib"
"""Name of the pack that a new data directory uses."""


class Detector(Protocol):
    """Finds faces. Stateless and safe to call from several threads at once.

    Attributes:
        digest: SHA-256 (hex) of everything that decides its answer.
    """

    digest: str

    def detect(self, image: Image) -> list[DetectedFace]:
        """Return every face of an RGB image, best score first; none is an empty list.

        Faces from 40 px (box width) up to the whole frame are found in images of up to 1,920 px on the
        longer side; in larger ones, which the photo reader gives up to 2,400 px, from about a fiftieth of that side.
        """
        ...


class Encoder(Protocol):
    """Aligns and encodes faces. Stateless and safe to call from several threads at once.

    Attributes:
        digest: SHA-256 (hex) of weights, alignment, preprocessing and averaging.
        dim: D, the length of a faceprint.
    """

    digest: str
    dim: int

    def align(self, image: Image, face: DetectedFace) -> Crop:
        """Return the aligned crop, uint8 RGB, of a face that the pack's detector found."""
        ...

    def encode(self, crops: Sequence[PermittedCrop]) -> list[Faceprint]:
        """Return one faceprint per permitted crop, in input order.

        Args:
            crops: as `align` made them, each under a permit.

        Raises:
            TypeError: something else than a permitted crop was given.
            EncodingFailed: the session failed or a vector is zero or not finite; no partial result.
        """
        ...


@dataclass(frozen=True)
class FacePack:
    """A detector and the encoder that goes with its landmarks.

    Attributes:
        name: such as `dlib`.
        licence: of the weights, an SPDX id or a plain name.
    """

    name: str
    licence: str
    detector: Detector
    encoder: Encoder
