# SPDX-License-Identifier: Apache-2.0
"""Photo files: found in folders, put into groups of bounded size, and read."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path

from countenance.errors import BadPhoto, NotFound

MAX_FILE_BYTES = 64 * 2**20  # the reader's own cap; checked before a file is read into memory
_GROUP_BYTES = 32 * 2**20  # a few groups are in memory at once
_SUFFIXES = frozenset(".jpg .jpeg .jpe .jfif .png .webp .heic .heif .hif .avif .tif .tiff .gif".split())


def find_files(paths: Iterable[Path]) -> Iterator[Path]:
    """Yield the files that were named, and from folders every photo by its suffix, in a stable order.

    Hidden files and folders are passed over; links to folders are not followed.

    Raises:
        NotFound: a path does not exist.
    """
    for path in paths:
        if path.is_file():
            yield path
        elif path.is_dir():
            for folder, folders, names in os.walk(path):
                folders[:] = sorted(name for name in folders if not name.startswith("."))
                for name in sorted(names):
                    if not name.startswith(".") and is_photo(Path(name)):
                        yield Path(folder, name)
        else:
            raise NotFound(f"there is no file or folder {path}")


def is_photo(path: Path) -> bool:
    """Say whether a file is taken for a photo, by its suffix."""
    return path.suffix.lower() in _SUFFIXES


def read(path: Path) -> bytes:
    """Return the bytes of a file.

    Raises:
        BadPhoto: `unreadable` or `too_many_bytes`.
    """
    try:
        if not path.is_file():  # a pipe would be waited on for ever
            raise BadPhoto("unreadable", "this is not a file, or a link to none")
        if path.stat().st_size > MAX_FILE_BYTES:
            raise BadPhoto("too_many_bytes", f"the file is larger than {MAX_FILE_BYTES >> 20} MiB; make it smaller")
        return path.read_bytes()
    except OSError as error:
        raise BadPhoto("unreadable", f"the file cannot be read: {error.strerror}") from error


def groups(files: Sequence[Path], at_most: int) -> Iterator[list[Path]]:
    """Yield the files in order, as many at once as are one unit of work: a bounded number, of bounded size."""
    group: list[Path] = []
    total = 0
    for path in files:
        size = min(_size(path), MAX_FILE_BYTES)
        if group and (len(group) == at_most or total + size > _GROUP_BYTES):
            yield group
            group, total = [], 0
        group.append(path)
        total += size
    if group:
        yield group


def _size(path: Path) -> int:
    try:
        return path.stat().st_size
    except OSError:  # told when it is read
        return 0
