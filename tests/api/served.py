# SPDX-License-Identifier: Apache-2.0
"""The server of the tests, without a network."""

from __future__ import annotations

from collections.abc import Callable

from starlette.testclient import TestClient

ORIGIN = "https://faces.museum.example"
Server = Callable[..., TestClient]
ClientFor = Callable[..., TestClient]
