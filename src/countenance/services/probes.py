# SPDX-License-Identifier: Apache-2.0
"""The faces of a probe: numbered from the left, held against the quality gate, and one of them chosen."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from countenance.errors import BadPhoto
from countenance.model.face import DetectedFace
from countenance.model.probe import ProbeFace
from countenance.ports.photos import DecodedPhoto
from countenance.vision.quality import PROBE, assess


def from_left(faces: Iterable[DetectedFace]) -> list[DetectedFace]:
    """Return faces in the order of their numbers, from 1."""
    return sorted(faces, key=lambda face: face.box.left)


def described(photo: DecodedPhoto, faces: Sequence[DetectedFace]) -> tuple[ProbeFace, ...]:
    """Return what is said of the faces of a probe before a search, in the order of their numbers."""
    qualities = [assess(photo.image, face, PROBE) for face in faces]
    return tuple(
        ProbeFace(number, face.box.scaled(1.0 / photo.scale), quality.reason, quality.detail)
        for number, (face, quality) in enumerate(zip(faces, qualities, strict=True), start=1)
    )


def chosen_face(faces: Sequence[DetectedFace], number: int | None, scale: float) -> DetectedFace:
    """Return the face to search for.

    Args:
        faces: in the order of their numbers.
        scale: image pixels per full-size pixel.

    Raises:
        BadPhoto: no face; several and none was chosen; or no such number.
    """
    if not faces:
        raise BadPhoto("no_face", "no face was found in the photo; try one that shows the face larger and sharper")
    if number is None and len(faces) == 1:
        return faces[0]
    if number is not None and 1 <= number <= len(faces):
        return faces[number - 1]
    places = ", ".join(
        f"{at}: {face.box.width / scale:.0f} px wide at x = {face.box.left / scale:.0f}, y = {face.box.top / scale:.0f}"
        for at, face in enumerate(faces, start=1)
    )
    raise BadPhoto("several_faces", f"say which face is meant (--face 1 to {len(faces)}), from the left; {places}")
