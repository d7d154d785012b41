# SPDX-License-Identifier: Apache-2.0
"""`python -m drawn_eyes FOLDER SOCKET`: a process of a crowd that sees drawn faces, and can be made to die.

A photo that holds `DEADLY` ends the process by SIGKILL; one that holds `DEADLY_ONCE` does so the first time. One that
holds `SLOW` is looked at for half a minute.
"""

from __future__ import annotations

import os
import signal
import sys
import time
from pathlib import Path

from fake_pack import drawn_pack

from countenance.backends import crowd
from countenance.backends.photos import PillowReader
from countenance.ports.eyes import SeenPhoto
from countenance.services.looking import Looking

DEADLY, DEADLY_ONCE, SLOW = b"deadly, always", b"deadly, but once", b"slow"


class MortalEyes:
    """Looks as the program does, unless the photo is deadly."""

    def __init__(self, folder: Path) -> None:
        self._died = folder / "died"
        self._looking = Looking(PillowReader(), drawn_pack())

    def look(self, data: bytes) -> SeenPhoto:
        """Return what a photo shows, or die."""
        if SLOW in data:
            time.sleep(30)
        if DEADLY in data or (DEADLY_ONCE in data and not self._died.exists()):
            self._died.touch()
            os.kill(os.getpid(), signal.SIGKILL)
        return self._looking.look(data)


if __name__ == "__main__":
    folder, socket = sys.argv[1:]
    crowd.serve(int(socket), MortalEyes(Path(folder)))
