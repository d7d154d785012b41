# SPDX-License-Identifier: Apache-2.0
"""Calls of `ingests`; made by tests/api/make_client.py, not by hand."""

from __future__ import annotations

from typing import cast
from urllib.parse import quote

from countenance.client import models
from countenance.client.transport import Transport


class Ingests:
    """Calls of `ingests`."""

    def __init__(self, transport: Transport) -> None:
        self._transport = transport

    def roots(self) -> models.RootsOut:
        """Return the folders that the server was started with (`serve --photos`)."""
        answer = self._transport.send("GET", "/api/v1/folders")
        return cast("models.RootsOut", answer.json())

    def folder(self, body: models.FolderIn) -> models.FolderOut:
        """Return what lies in a folder; named in the body, for addresses end up in logs and folders may name people."""
        answer = self._transport.send("POST", "/api/v1/folders/list", body=body)
        return cast("models.FolderOut", answer.json())

    def jobs(self, *, before: str | None = None, limit: int | None = None) -> models.JobsOut:
        """Return ingests, newest first."""
        answer = self._transport.send("GET", "/api/v1/ingests", query={"before": before, "limit": limit})
        return cast("models.JobsOut", answer.json())

    def start(self, body: models.JobIn) -> models.JobOut:
        """Start to ingest a folder, or open an upload; it goes on whatever becomes of the connection."""
        answer = self._transport.send("POST", "/api/v1/ingests", body=body)
        return cast("models.JobOut", answer.json())

    def job_by_id(self, job: str) -> models.JobOut:
        """Return an ingest as it stands."""
        answer = self._transport.send("GET", f"/api/v1/ingests/{quote(job, safe='')}")
        return cast("models.JobOut", answer.json())

    def outcomes(
        self, job: str, *, mark: str | None = None, after: int | None = None, limit: int | None = None
    ) -> models.OutcomesOut:
        """Return what became of each file, as far as it is still in memory."""
        answer = self._transport.send(
            "GET",
            f"/api/v1/ingests/{quote(job, safe='')}/outcomes",
            query={"mark": mark, "after": after, "limit": limit},
        )
        return cast("models.OutcomesOut", answer.json())

    def send_photo(self, job: str, photo: bytes) -> models.OutcomeOut:
        """Send one photo of an upload; sent twice, it is known the second time."""
        answer = self._transport.send("POST", f"/api/v1/ingests/{quote(job, safe='')}/photos", data=photo)
        return cast("models.OutcomeOut", answer.json())

    def finish(self, job: str) -> models.JobOut:
        """Say that an upload is complete."""
        answer = self._transport.send("POST", f"/api/v1/ingests/{quote(job, safe='')}/finish")
        return cast("models.JobOut", answer.json())

    def cancel(self, job: str) -> models.JobOut:
        """End an ingest; what was stored stays."""
        answer = self._transport.send("POST", f"/api/v1/ingests/{quote(job, safe='')}/cancel")
        return cast("models.JobOut", answer.json())

    def resume(self, job: str) -> models.JobOut:
        """Take up a folder again that was interrupted, cancelled or failed; what is known is passed over."""
        answer = self._transport.send("POST", f"/api/v1/ingests/{quote(job, safe='')}/resume")
        return cast("models.JobOut", answer.json())
