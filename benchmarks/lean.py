# SPDX-License-Identifier: Apache-2.0
"""`python -m benchmarks.lean`: memory of a live gallery of codes for each reference, bookkeeping included.

Index and memory are filled as `countenance bench` fills them; what a search would fetch is not measured here. "Arrays"
adds up every array that is held, with the room that is not used; "resident" is how much more memory the process has
than before, as the kernel says.
"""

from __future__ import annotations

import argparse
import os
from pathlib import Path

from benchmarks.startup import told
from countenance.bench.fill import PER_SUBJECT
from countenance.bench.live import filled

_DIM = 128
_WARM = 200_000  # references of a first gallery, which compiles and learns


def _resident() -> int:
    return int(Path("/proc/self/statm").read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--references", type=int, default=1_000_000)
    parser.add_argument("--per-subject", type=int, default=PER_SUBJECT)
    asked = parser.parse_args()
    count = asked.references
    filled(_WARM, _DIM, lean_from=0, per_subject=PER_SUBJECT)
    before = _resident()
    live = filled(count, _DIM, lean_from=0, per_subject=asked.per_subject, progress=told)
    resident = _resident() - before
    print(
        f"{count} references of {_DIM} dimensions, {asked.per_subject} a subject; bytes a reference: codes "
        f"{live.codes() / count:.1f}, ids and places {live.bookkeeping() / count:.1f}, arrays "
        f"{live.bytes() / count:.1f}, resident {resident / count:.1f}"
    )


if __name__ == "__main__":
    main()
