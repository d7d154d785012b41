# SPDX-License-Identifier: Apache-2.0
"""Calls of `signing`; made by tests/api/make_client.py, not by hand."""

from __future__ import annotations

from typing import cast
from urllib.parse import quote

from countenance.client import models
from countenance.client.transport import Transport


class Signing:
    """Calls of `signing`."""

    def __init__(self, transport: Transport) -> None:
        self._transport = transport

    def read_screen(self, token: str) -> models.ScreenOut:
        """Return what the screen shows."""
        answer = self._transport.send("GET", f"/api/v1/signing/{quote(token, safe='')}")
        return cast("models.ScreenOut", answer.json())

    def say_residence(self, token: str, body: models.HomeIn) -> models.ScreenOut:
        """Say where the person lives; it decides which law the notice follows."""
        answer = self._transport.send("POST", f"/api/v1/signing/{quote(token, safe='')}/residence", body=body)
        return cast("models.ScreenOut", answer.json())

    def choose_release(self, token: str, body: models.ChoiceIn) -> models.DraftOut:
        """Choose purposes and clients; returns the notice to read."""
        answer = self._transport.send("POST", f"/api/v1/signing/{quote(token, safe='')}/choice", body=body)
        return cast("models.DraftOut", answer.json())

    def sign_release(self, token: str, body: models.SignatureIn) -> models.SignedOut:
        """Sign what is shown."""
        answer = self._transport.send("POST", f"/api/v1/signing/{quote(token, safe='')}/signature", body=body)
        return cast("models.SignedOut", answer.json())

    def refuse_release(self, token: str) -> None:
        """Say no; it ends here, and nothing else follows."""
        answer = self._transport.send("POST", f"/api/v1/signing/{quote(token, safe='')}/refusal")
        answer.read()

    def send_picture(self, token: str, photo: bytes) -> models.PictureOut:
        """Send the picture of the person who signed; refused, without a look at it, before the signature."""
        answer = self._transport.send("POST", f"/api/v1/signing/{quote(token, safe='')}/picture", data=photo)
        return cast("models.PictureOut", answer.json())

    def make_private_link(self, token: str) -> models.PrivateLink:
        """Make the private link of the person who signed."""
        answer = self._transport.send("POST", f"/api/v1/signing/{quote(token, safe='')}/link")
        return cast("models.PrivateLink", answer.json())

    def read_receipt(self, token: str) -> None:
        """Return the signed release as a document that verifies offline."""
        answer = self._transport.send("GET", f"/api/v1/signing/{quote(token, safe='')}/receipt")
        answer.read()
