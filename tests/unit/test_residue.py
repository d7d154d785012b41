# SPDX-License-Identifier: Apache-2.0
"""The scan of raw bytes finds every window, wherever it lies, and nothing else."""

from __future__ import annotations

import functools
from pathlib import Path

import numpy as np
import pytest

from countenance.services import residue
from countenance.store.raw_bytes import pieces


@pytest.mark.parametrize("count", [1, 40, 5000])
@pytest.mark.parametrize(("chunk", "step"), [(1 << 24, 1 << 18), (1000, 64), (13, 3)])
def test_every_window_is_found_at_every_offset(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, count: int, chunk: int, step: int
) -> None:
    """One window at any offset of a file, across pieces too, is one hit; the others are none."""
    monkeypatch.setattr(residue, "pieces", functools.partial(pieces, size=chunk))
    monkeypatch.setattr(residue, "_STEP", step)
    rng = np.random.default_rng(count)
    values = [rng.bytes(40) for _ in range(count)]
    wanted = residue.windows(values)
    assert len(wanted) == count
    noise = rng.bytes(2100)
    for offset in (0, 1, 7, 12, 13, 990, 996, 1000, 2092):
        planted = noise[:offset] + values[-1][12:20] + noise[offset + 8 :]
        (tmp_path / "file").write_bytes(planted[:2100])
        assert residue.count(tmp_path, wanted) == {"file": 1}, offset
    (tmp_path / "file").write_bytes(noise)
    assert residue.count(tmp_path, wanted) == {}


def test_what_is_too_short_is_left_out(tmp_path: Path) -> None:
    """A value without a whole window behind its nonce, an empty list and a tiny file are no hit and no error."""
    assert len(residue.windows([b"", bytes(19)])) == 0
    (tmp_path / "tiny").write_bytes(b"1234567")
    assert residue.count(tmp_path, residue.windows([bytes(12) + b"12345678"])) == {}
    assert residue.count(tmp_path, residue.windows([])) == {}
