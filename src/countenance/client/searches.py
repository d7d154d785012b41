# SPDX-License-Identifier: Apache-2.0
"""Calls of `searches`; made by tests/api/make_client.py, not by hand."""

from __future__ import annotations

from collections.abc import Mapping
from typing import cast
from urllib.parse import quote

from countenance.client import models
from countenance.client.transport import Transport


class Searches:
    """Calls of `searches`."""

    def __init__(self, transport: Transport) -> None:
        self._transport = transport

    def look(
        self,
        photo: bytes,
        *,
        purpose: models.Purpose,
        basis: models.ProbeBasis,
        face: int | None = None,
        authorisation: str | None = None,
        case: str | None = None,
    ) -> models.LookOut:
        """Return which faces a probe shows, decided and counted like a search; nothing is encoded and nothing kept."""
        answer = self._transport.send(
            "POST",
            "/api/v1/searches/look",
            data=photo,
            query={"purpose": purpose, "basis": basis, "face": face, "authorisation": authorisation, "case": case},
        )
        return cast("models.LookOut", answer.json())

    def search(
        self,
        photo: bytes,
        *,
        purpose: models.Purpose,
        basis: models.ProbeBasis,
        face: int | None = None,
        authorisation: str | None = None,
        case: str | None = None,
    ) -> models.AnswerOut:
        """Search by photo; no candidates is the answer that it is nobody."""
        answer = self._transport.send(
            "POST",
            "/api/v1/searches",
            data=photo,
            query={"purpose": purpose, "basis": basis, "face": face, "authorisation": authorisation, "case": case},
        )
        return cast("models.AnswerOut", answer.json())

    def searches(self, *, before: str | None = None) -> models.SearchesOut:
        """Return the searches of the caller's client, newest first."""
        answer = self._transport.send("GET", "/api/v1/searches", query={"before": before})
        return cast("models.SearchesOut", answer.json())

    def answer(self, search: str) -> models.AnswerOut:
        """Return an answer again, as far as it may be shown at this moment."""
        answer = self._transport.send("GET", f"/api/v1/searches/{quote(search, safe='')}")
        return cast("models.AnswerOut", answer.json())

    def crop(self, search: str, subject: str) -> bytes:
        """Return the picture of a candidate's face; others in the photo are blacked out."""
        answer = self._transport.send(
            "GET", f"/api/v1/searches/{quote(search, safe='')}/candidates/{quote(subject, safe='')}/crop"
        )
        return answer.content

    def review(self, search: str, subject: str, body: models.ReviewIn) -> models.CandidateOut:
        """Say what one sees in probe and candidate; sealed from others until all who must have decided."""
        answer = self._transport.send(
            "POST", f"/api/v1/searches/{quote(search, safe='')}/candidates/{quote(subject, safe='')}/reviews", body=body
        )
        return cast("models.CandidateOut", answer.json())

    def authorise(self, search: str, body: models.AuthorisationIn) -> None:
        """Record the authorisation of a search, or that it was refused: then the search and all of it are deleted."""
        answer = self._transport.send("PUT", f"/api/v1/searches/{quote(search, safe='')}/authorisation", body=body)
        answer.read()

    def verify(
        self,
        files: Mapping[str, bytes],
        *,
        purpose: models.Purpose,
        basis: models.ProbeBasis,
        authorisation: str | None = None,
        case: str | None = None,
    ) -> models.VerificationOut:
        """Compare two photos of one face each, in memory; nothing of them is kept."""
        answer = self._transport.send(
            "POST",
            "/api/v1/verifications",
            files=files,
            query={"purpose": purpose, "basis": basis, "authorisation": authorisation, "case": case},
        )
        return cast("models.VerificationOut", answer.json())
