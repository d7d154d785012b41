# SPDX-License-Identifier: Apache-2.0
"""Where the parts of a drawn proof stand: the way from an entry of the log up to its signed root."""

from __future__ import annotations

from dataclasses import dataclass

from countenance.ledger import merkle
from countenance.services.public_log import Way

_STEP = 84
_LEFT, _MIDDLE, _RIGHT = 75, 180, 285
_WIDTH = 360
_TOP = 30
_FOOT = 60
_SHOWN = 8


@dataclass(frozen=True)
class Rung:
    """One step: two hashes side by side make the one above them.

    Attributes:
        x, y: where the running hash of this step stands; `sibling_x` beside it, at the same height.
        up_x, up_y: where the hash stands that the two make.
        hash, sibling: first digits, hex.
        covers: which entries the sibling stands for, `12` or `8-11`.
    """

    x: int
    y: int
    sibling_x: int
    up_x: int
    up_y: int
    hash: str
    sibling: str
    covers: str


@dataclass(frozen=True)
class Drawing:
    """A drawn proof; units are those of an SVG."""

    width: int
    height: int
    rungs: tuple[Rung, ...]
    root_x: int
    root_y: int
    root: str


def draw_way(way: Way) -> Drawing:
    """Return the drawing of an entry's way: the entry at the foot, the root on top.

    The running hash stands left or right of the middle, as it does in the tree; its sibling on the other side.
    """
    height = _TOP + _STEP * len(way.siblings) + _FOOT
    rungs: list[Rung] = []
    running = way.entry.leaf_hash()
    for step, sibling in enumerate(way.siblings):
        is_left = sibling.leaves.start < way.index
        y = height - _FOOT - step * _STEP
        x = _RIGHT if is_left else _LEFT
        above = way.siblings[step + 1] if step + 1 < len(way.siblings) else None
        up_x = _MIDDLE if above is None else _RIGHT if above.leaves.start < way.index else _LEFT
        other = _LEFT if is_left else _RIGHT
        covers = _covers(sibling.leaves)
        rungs.append(Rung(x, y, other, up_x, y - _STEP, _short(running), _short(sibling.hash), covers))
        pair = (sibling.hash, running) if is_left else (running, sibling.hash)
        running = merkle.node_hash(*pair)
    return Drawing(_WIDTH, height, tuple(rungs), _MIDDLE, height - _FOOT - len(rungs) * _STEP, _short(running))


def _short(data: bytes) -> str:
    return data.hex()[:_SHOWN]


def _covers(leaves: range) -> str:
    return str(leaves.start) if len(leaves) == 1 else f"{leaves.start}-{leaves.stop - 1}"
