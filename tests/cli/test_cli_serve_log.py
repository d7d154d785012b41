# SPDX-License-Identifier: Apache-2.0
"""The lines that a server writes to standard error."""

from __future__ import annotations

import logging
import time

import pytest

from countenance.cli.serve import _log_to_stderr


def test_lines_are_stamped_in_utc(monkeypatch: pytest.MonkeyPatch) -> None:
    """Wherever the machine stands, a line says its moment in UTC, so that it can be laid beside the log's entries."""
    monkeypatch.setenv("TZ", "America/New_York")
    time.tzset()
    log = logging.getLogger("countenance")
    level, before = log.level, list(log.handlers)
    try:
        _log_to_stderr()
        (added,) = [one for one in log.handlers if one not in before]
        record = logging.makeLogRecord({"name": "x", "levelname": "INFO", "msg": "said", "created": 0.0})
        assert added.format(record) == "1970-01-01T00:00:00Z INFO x said"
    finally:
        log.handlers[:] = before
        log.setLevel(level)
        monkeypatch.undo()
        time.tzset()
