# SPDX-License-Identifier: Apache-2.0
"""Calls of `review`; made by tests/api/make_client.py, not by hand."""

from __future__ import annotations

from typing import cast
from urllib.parse import quote

from countenance.client import models
from countenance.client.transport import Transport


class Review:
    """Calls of `review`."""

    def __init__(self, transport: Transport) -> None:
        self._transport = transport

    def queue(self, *, after: str | None = None, limit: int | None = None) -> models.QueueOut:
        """Return photos in which faces wait for a reviewer."""
        answer = self._transport.send("GET", "/api/v1/review", query={"after": after, "limit": limit})
        return cast("models.QueueOut", answer.json())

    def undo(self) -> models.DecidedOut:
        """Take back one's own last decision of the last day; what it encoded is destroyed."""
        answer = self._transport.send("POST", "/api/v1/review/undo")
        return cast("models.DecidedOut", answer.json())

    def photo_by_id(self, photo: str) -> models.PhotoOut:
        """Return a photo with its faces; the look is logged."""
        answer = self._transport.send("GET", f"/api/v1/photos/{quote(photo, safe='')}")
        return cast("models.PhotoOut", answer.json())

    def picture(self, photo: str, *, large: bool | None = None, everybody: bool | None = None) -> bytes:
        """Return a picture to decide by; it is made for this look and kept nowhere."""
        answer = self._transport.send(
            "GET", f"/api/v1/photos/{quote(photo, safe='')}/picture", query={"large": large, "everybody": everybody}
        )
        return answer.content

    def assign(self, face: str, body: models.AssignIn) -> models.DecidedOut:
        """Say who a face is; it is encoded if a live release permits it."""
        answer = self._transport.send("POST", f"/api/v1/faces/{quote(face, safe='')}/assign", body=body)
        return cast("models.DecidedOut", answer.json())

    def dismiss(self, face: str) -> models.DecidedOut:
        """Say that a face is nobody who enrolled; it is never asked about again."""
        answer = self._transport.send("POST", f"/api/v1/faces/{quote(face, safe='')}/dismiss")
        return cast("models.DecidedOut", answer.json())

    def split(self, face: str, body: models.SplitIn) -> models.DecidedOut:
        """Take a face off the person whom it was wrongly taken for; what was encoded of it is destroyed."""
        answer = self._transport.send("POST", f"/api/v1/faces/{quote(face, safe='')}/split", body=body)
        return cast("models.DecidedOut", answer.json())
