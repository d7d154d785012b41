# SPDX-License-Identifier: Apache-2.0
"""From how many references on a gallery keeps codes alone."""

from __future__ import annotations

import os

import pytest

from countenance.errors import BadInput
from countenance.services.gallery_lean import NEVER, VARIABLE, lean_from


def test_the_environment_decides_or_else_the_memory_of_the_machine(monkeypatch: pytest.MonkeyPatch) -> None:
    """Yes and no are obeyed, anything else is refused; by default faceprints take a quarter of the memory at most."""
    for asked, answer in (("yes", 0), ("no", NEVER)):
        monkeypatch.setenv(VARIABLE, asked)
        assert lean_from(128) == answer
    monkeypatch.setenv(VARIABLE, "perhaps")
    with pytest.raises(BadInput, match="perhaps"):
        lean_from(128)
    monkeypatch.delenv(VARIABLE)
    for gib, answer in ((64, 5_000_000), (2, 1 << 20)):
        monkeypatch.setattr(os, "sysconf", lambda name, gib=gib: 4096 if name == "SC_PAGE_SIZE" else gib << 18)
        assert lean_from(128) == answer
