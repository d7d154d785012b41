# SPDX-License-Identifier: Apache-2.0
"""What a monitor sees: one line a request and counters, by pattern and never by path."""

from __future__ import annotations

import json
import logging

import pytest
from served import ClientFor, Server

from countenance.api.watch import LOG
from countenance.model.account import Role


def test_a_line_names_the_pattern_and_no_secret(
    server: Server, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A link's secret, a query and a name stand in no line; page and API route are told apart."""
    monkeypatch.setattr(LOG, "disabled", False)  # import-linter, run in this process, switches known loggers off
    caplog.set_level(logging.INFO, "countenance.requests")
    browser = server()
    for path in (
        "/mine/cnt_secret",
        "/api/v1/signing/cnt_secret",
        "/searches?before=Ada",
        "/api/v1/searches",
        "/none/Ada",
    ):
        browser.get(path)
    lines = [json.loads(one.getMessage()) for one in caplog.records if one.name == "countenance.requests"]
    assert [one["route"] for one in lines] == [
        "/mine/{token}",
        "/api/v1/signing/{token}",
        "/searches",
        "/api/v1/searches",
        "(none)",
    ]
    assert all(one["request"].startswith("req_") and one["account"] is None for one in lines)
    assert "secret" not in caplog.text
    assert "Ada" not in caplog.text


def test_counters_are_an_operators(client_for: ClientFor, server: Server) -> None:
    """Prometheus' text tells routes, states and seconds; who may not read it is told so."""
    operator = client_for(Role.OPERATOR)
    operator.get("/api/v1/me")
    text = operator.get("/api/v1/metrics").text
    assert 'countenance_requests_total{method="GET",route="/api/v1/me",status="200"} 1.0' in text
    assert 'countenance_request_seconds_count{route="/api/v1/me"} 1.0' in text
    assert server().get("/api/v1/metrics").status_code == 401
    assert client_for(Role.CUSTODIAN).get("/api/v1/metrics").status_code == 403
