# SPDX-License-Identifier: Apache-2.0
"""The lines that a server writes to standard error."""

from __future__ import annotations

import logging
import sys
import time
from collections.abc import Iterator

import pytest

from countenance.cli.serve import _log_to_stderr


@pytest.fixture
def line(monkeypatch: pytest.MonkeyPatch) -> Iterator[logging.Handler]:
    """The handler that `countenance serve` adds, in another time zone; taken away afterwards."""
    monkeypatch.setenv("TZ", "America/New_York")
    time.tzset()
    logs = [logging.getLogger(name) for name in ("countenance", "uvicorn")]
    before = [(log, log.level, list(log.handlers), log.propagate) for log in logs]
    _log_to_stderr()
    (added,) = [one for one in logs[0].handlers if one not in before[0][2]]
    assert added in logs[1].handlers
    yield added
    for log, level, handlers, propagate in before:
        log.handlers[:] = handlers
        log.setLevel(level)
        log.propagate = propagate
    monkeypatch.undo()
    time.tzset()


def said(handler: logging.Handler, message: str, **more: object) -> str:
    """Return the line of a record."""
    fields = {"name": "x", "levelname": "INFO", "msg": message, "created": 0.0, **more}
    return handler.format(logging.makeLogRecord(fields))


def test_lines_are_stamped_in_utc(line: logging.Handler) -> None:
    """Wherever the machine stands, a line says its moment in UTC, so that it can be laid beside the log's entries."""
    assert said(line, "said") == "1970-01-01T00:00:00Z INFO x said"


@pytest.mark.parametrize("mark", ["\n", "\r\n", "\x1b[2J", "\x85", "\u2028", "\0", "\x9b"])
def test_no_sent_text_begins_a_line_or_moves_a_terminal(line: logging.Handler, mark: str) -> None:
    """Line breaks and control characters stand as escapes, so one record is one line, with nothing forged after it."""
    shown = said(line, f"name{mark}2026-01-01T00:00:00Z ERROR y forged")
    assert len(shown.splitlines()) == 1
    assert shown.isprintable()


def test_an_error_that_nobody_caught_says_where_and_not_what(line: logging.Handler) -> None:
    """Its kind and the places, on the same line; its words may be somebody's name."""
    try:
        raise KeyError("Ada Lovelace")
    except KeyError:
        shown = said(line, "failed", exc_info=sys.exc_info())
    assert "KeyError at test_cli_serve_log.py:" in shown
    assert "Ada" not in shown
    assert len(shown.splitlines()) == 1
