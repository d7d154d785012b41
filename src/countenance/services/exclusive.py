# SPDX-License-Identifier: Apache-2.0
"""One at a time, over all processes on a data directory: a lock that ends with its process."""

from __future__ import annotations

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from countenance.errors import Busy, NotWritable


@contextmanager
def exclusive(lock: Path, who: str) -> Iterator[None]:
    """Run a block while nobody else does who names the same file.

    Args:
        who: names the other one in the message, such as `another retention run`.

    Raises:
        Busy: somebody else does.
        NotWritable: the file cannot be made.
    """
    try:
        opened = os.open(lock, os.O_WRONLY | os.O_CREAT, 0o600)
    except OSError as error:
        raise NotWritable(f"the data directory cannot be written: {error.strerror}") from error
    with os.fdopen(opened):
        try:
            fcntl.flock(opened, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            raise Busy(f"{who} works on this data directory; it finishes by itself") from error
        yield
