# SPDX-License-Identifier: Apache-2.0
"""Calls of `own`; made by tests/api/make_client.py, not by hand."""

from __future__ import annotations

from typing import cast
from urllib.parse import quote

from countenance.client import models
from countenance.client.transport import Transport


class Own:
    """Calls of `own`."""

    def __init__(self, transport: Transport) -> None:
        self._transport = transport

    def own_held(self) -> models.OwnOut:
        """Return what is held about me, and who searched and found me; the look is logged."""
        answer = self._transport.send("GET", "/api/v1/me/held")
        return cast("models.OwnOut", answer.json())

    def own_photo(self, photo: str) -> None:
        """Return the preview of a photo that shows me; everybody else is blacked out."""
        answer = self._transport.send("GET", f"/api/v1/me/photos/{quote(photo, safe='')}")
        answer.read()

    def own_release(self, release: str) -> None:
        """Return a release of mine as a signed document that verifies offline."""
        answer = self._transport.send("GET", f"/api/v1/me/releases/{quote(release, safe='')}")
        answer.read()

    def own_export(self) -> None:
        """Return everything that is held about me as a ZIP archive, to take along."""
        answer = self._transport.send("POST", "/api/v1/me/export")
        answer.read()

    def own_withdraw(self) -> None:
        """Withdraw every release; nobody finds me from the next search on."""
        answer = self._transport.send("POST", "/api/v1/me/withdraw")
        answer.read()

    def own_ask(self, body: models.AskIn) -> models.OwnRequest:
        """Ask for a correction or for erasure, or object; it is acknowledged at once, and answered by its day."""
        answer = self._transport.send("POST", "/api/v1/me/requests", body=body)
        return cast("models.OwnRequest", answer.json())

    def own_not_me(self, face: str) -> models.OwnRequest:
        """Say that a face is not mine; its faceprint is deleted at once."""
        answer = self._transport.send("POST", f"/api/v1/me/faces/{quote(face, safe='')}/not-me")
        return cast("models.OwnRequest", answer.json())

    def own_move(self, body: models.MoveIn) -> None:
        """Say where I live now, and since when."""
        answer = self._transport.send("POST", "/api/v1/me/residence", body=body)
        answer.read()
