# SPDX-License-Identifier: Apache-2.0
"""Calls of `runs`; made by tests/api/make_client.py, not by hand."""

from __future__ import annotations

from typing import cast
from urllib.parse import quote

from countenance.client import models
from countenance.client.transport import Transport


class Runs:
    """Calls of `runs`."""

    def __init__(self, transport: Transport) -> None:
        self._transport = transport

    def get_worklist(self) -> list[models.TaskOut]:
        """Return what waits for the caller's word, for somebody else's, and what is late or soon."""
        answer = self._transport.send("GET", "/api/v1/worklist")
        return cast("list[models.TaskOut]", answer.json())

    def list_runs(
        self, *, state: models.RunState | None = None, after: str | None = None, limit: int | None = None
    ) -> models.ListedRunOut:
        """Return destruction runs, newest first."""
        answer = self._transport.send("GET", "/api/v1/runs", query={"state": state, "after": after, "limit": limit})
        return cast("models.ListedRunOut", answer.json())

    def plan_run(self, body: models.RunIn) -> models.RunOut:
        """Record what is to be destroyed and count it; nothing is frozen or destroyed yet."""
        answer = self._transport.send("POST", "/api/v1/runs", body=body)
        return cast("models.RunOut", answer.json())

    def get_run(self, run: str) -> models.RunOut:
        """Return a run with its progress."""
        answer = self._transport.send("GET", f"/api/v1/runs/{quote(run, safe='')}")
        return cast("models.RunOut", answer.json())

    def approve_run(self, run: str, body: models.DeclarantIn | None) -> models.RunOut:
        """Approve a frozen run as a second person; the destruction begins."""
        answer = self._transport.send("POST", f"/api/v1/runs/{quote(run, safe='')}/approve", body=body)
        return cast("models.RunOut", answer.json())

    def continue_run(self, run: str, body: models.DeclarantIn | None) -> models.RunOut:
        """Freeze a planned run, take up one that stopped, or verify a certified one anew."""
        answer = self._transport.send("POST", f"/api/v1/runs/{quote(run, safe='')}/continue", body=body)
        return cast("models.RunOut", answer.json())

    def list_certificates(self, *, after: str | None = None, limit: int | None = None) -> models.ListedCertificateOut:
        """Return certificates of destruction, newest first, also those that were superseded."""
        answer = self._transport.send("GET", "/api/v1/certificates", query={"after": after, "limit": limit})
        return cast("models.ListedCertificateOut", answer.json())

    def get_certificate(self, certificate: str) -> bytes:
        """Return a signed certificate as it verifies offline."""
        answer = self._transport.send("GET", f"/api/v1/certificates/{quote(certificate, safe='')}")
        return answer.content

    def get_certificate_page(self, certificate: str) -> bytes:
        """Return a certificate as a page to print."""
        answer = self._transport.send("GET", f"/api/v1/certificates/{quote(certificate, safe='')}/page")
        return answer.content

    def revoke_source(self, source: str, body: models.RevokeIn) -> models.RunOut | None:
        """Withdraw the permission of a source at once; what came from it alone waits for a second person's word."""
        answer = self._transport.send("POST", f"/api/v1/sources/{quote(source, safe='')}/revoke", body=body)
        return cast("models.RunOut | None", answer.json())

    def invalidate_release(self, release: str, body: models.InvalidateIn) -> None:
        """Record that a ruling voided a release; it permits nothing from now on."""
        answer = self._transport.send("POST", f"/api/v1/releases/{quote(release, safe='')}/invalidate", body=body)
        answer.read()
