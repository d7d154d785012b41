# SPDX-License-Identifier: Apache-2.0
"""Reading files of the data directory byte by byte, without taking SQLite's locks away.

A process that closes any descriptor of a file loses all POSIX locks that it holds on that file, those of SQLite's
connections among them. Another process would then take itself for the last one: at its end it deletes the write-ahead
log that the connections here go on writing to, and what they write is lost. So descriptors of databases are kept, and
used again by the next who reads; those of other files are closed.

Source: https://www.sqlite.org/howtocorrupt.html, 2.2.
"""

from __future__ import annotations

import os
import threading
from collections.abc import Iterator
from pathlib import Path

_CHUNK_BYTES = 1 << 24
_DATABASE = ".sqlite"  # stands in the names of databases, and of their logs and lock tables
_kept: dict[tuple[int, int], list[int]] = {}
_lock = threading.Lock()


def pieces(path: Path, size: int = _CHUNK_BYTES) -> Iterator[bytes]:
    """Yield the bytes of a file in pieces of at most `size` bytes.

    Raises:
        OSError: it cannot be read.
    """
    if _DATABASE in path.name:
        descriptor, at = _descriptor(path), 0
        while piece := os.pread(descriptor, size, at):
            yield piece
            at += len(piece)
        return
    with path.open("rb") as file:
        while piece := file.read(size):
            yield piece


def _descriptor(path: Path) -> int:
    """Return a descriptor of a database file; one that is open already where there is one."""
    with _lock:
        _let_go()
        seen = path.stat()
        known = _kept.get((seen.st_dev, seen.st_ino))
        if known:
            return known[0]
        opened = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
        found = os.fstat(opened)  # another file may have taken its place since
        _kept.setdefault((found.st_dev, found.st_ino), []).append(opened)
        return opened


def _let_go() -> None:
    """Close descriptors of files that were deleted: nobody can open these any more, so their locks keep nobody out."""
    for key, those in list(_kept.items()):
        if os.fstat(those[0]).st_nlink == 0:
            for one in _kept.pop(key):
                os.close(one)
