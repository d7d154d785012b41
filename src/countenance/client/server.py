# SPDX-License-Identifier: Apache-2.0
"""Calls of `server`; made by tests/api/make_client.py, not by hand."""

from __future__ import annotations

from typing import cast

from countenance.client import models
from countenance.client.transport import Transport


class Server:
    """Calls of `server`."""

    def __init__(self, transport: Transport) -> None:
        self._transport = transport

    def health(self) -> models.Alive:
        """Say that the process lives; asks nothing else of it."""
        answer = self._transport.send("GET", "/api/v1/health")
        return cast("models.Alive", answer.json())

    def ready(self) -> models.Ready:
        """Say that requests can be served: records and keyring open, the log can be written, the face models load."""
        answer = self._transport.send("GET", "/api/v1/ready")
        return cast("models.Ready", answer.json())

    def me(self) -> models.Me:
        """Return who the caller is."""
        answer = self._transport.send("GET", "/api/v1/me")
        return cast("models.Me", answer.json())

    def metrics(self) -> str:
        """Return the counters, in Prometheus' text format."""
        answer = self._transport.send("GET", "/api/v1/metrics")
        return answer.text
