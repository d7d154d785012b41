# SPDX-License-Identifier: Apache-2.0
"""`python -m countenance.cli.eyes MODELS PACK SOCKET`: a process that looks at photos for an ingest.

No command for people: `ingest` starts it, with one end of a socket, and ends it by closing the other.
"""

from __future__ import annotations

import sys
from pathlib import Path

from countenance.technologies import be_eyes


def main() -> None:
    """Look at photos until the socket closes."""
    models, pack, socket = sys.argv[1:]
    be_eyes(Path(models), pack, int(socket))


if __name__ == "__main__":
    main()
