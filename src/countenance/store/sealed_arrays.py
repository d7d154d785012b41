# SPDX-License-Identifier: Apache-2.0
"""Arrays in files of their own, sealed under a key of their own: what is on disk of the gallery.

A file is written once and never changed. Its first eight bytes are the length of the sealed header (JSON: what the
writer says of it, and dtype, shape and rows per block of each array); behind it follow the arrays in sealed blocks,
each under the file's key with file and block in its context, so that a few rows can be read without the rest. Whoever
throws a file away overwrites it and destroys its key.
"""

from __future__ import annotations

import json
import os
from collections.abc import Iterable, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

from countenance.errors import Damaged, DiskFull
from countenance.store.sealing import Opener, seal

_LENGTH_BYTES = 8
_OVERHEAD_BYTES = 28  # nonce and tag of a block
_BLOCK_BYTES = 1 << 15  # a row that is read alone costs one block: 64 faceprints of 128 dimensions
_ZEROS = bytes(1 << 20)

Array = NDArray[Any]


def write(path: Path, key: bytes, header: Any, arrays: Sequence[Array]) -> None:
    """Write a new file (0600), durable on return but for its name in the folder.

    Raises:
        DiskFull: it cannot be written; nothing is left of it.
    """
    blocks = [_rows_per_block(array.dtype, array.shape) for array in arrays]
    shapes = [[a.dtype.str, list(a.shape), rows] for a, rows in zip(arrays, blocks, strict=True)]
    plain = json.dumps({"of": header, "arrays": shapes}, sort_keys=True).encode()
    try:
        with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file:
            first = seal(key, plain, _context(path, "header", 0))
            file.write(len(first).to_bytes(_LENGTH_BYTES, "little") + first)
            for number, array in enumerate(arrays):
                rows = blocks[number]
                for block, start in enumerate(range(0, len(array), rows)):
                    part = np.ascontiguousarray(array[start : start + rows]).reshape(-1).view(np.uint8)
                    file.write(seal(key, part.data, _context(path, number, block)))
            file.flush()
            os.fsync(file.fileno())
    except OSError as error:
        with suppress(OSError):
            path.unlink(missing_ok=True)
        raise DiskFull(f"the gallery's file {path.name} cannot be written: {error.strerror}") from error


class SealedArrays:
    """One such file, open to read.

    Attributes:
        header: what its writer says of it.

    Raises:
        Damaged: on opening, where it is not there or not as it was written.
    """

    def __init__(self, path: Path, key: bytes) -> None:
        self._path = path
        self._opener = Opener(key)
        try:
            self._file = os.open(path, os.O_RDONLY)
        except OSError as error:
            raise Damaged(f"the gallery's file {path.name} cannot be read: {error.strerror}") from error
        length = int.from_bytes(self._read(0, _LENGTH_BYTES), "little")
        if not 0 < length <= os.fstat(self._file).st_size:
            raise Damaged(f"the gallery's file {path.name} is cut short")
        told = json.loads(self._opener.unseal(self._read(_LENGTH_BYTES, length), _context(path, "header", 0)))
        self.header: dict[str, Any] = told["of"]
        self._arrays: list[tuple[np.dtype[Any], tuple[int, ...], int, int]] = []
        offset = _LENGTH_BYTES + length
        for code, shape, rows in told["arrays"]:
            dtype = np.dtype(code)
            self._arrays.append((dtype, tuple(shape), rows, offset))
            blocks = -(-shape[0] // rows)
            offset += int(np.prod(shape, dtype=np.int64)) * dtype.itemsize + blocks * _OVERHEAD_BYTES

    def __enter__(self) -> Self:
        """Use it for a block."""
        return self

    def __exit__(self, *_: object) -> None:
        """Close it."""
        self.close()

    def close(self) -> None:
        """Close the file; nothing can be read from it any more."""
        os.close(self._file)

    def array(self, number: int, into: Array | None = None) -> Array:
        """Return an array, whole; in the memory of another of its kind where one is given, and nowhere else.

        Raises:
            Damaged: a block does not open.
        """
        dtype, shape, rows, _ = self._arrays[number]
        held = np.empty(shape, dtype) if into is None else into[: shape[0]]
        for block in range(-(-shape[0] // rows)):
            self._block(number, block, held[block * rows : (block + 1) * rows])
        return held

    def rows(self, number: int, wanted: Iterable[int]) -> Array:
        """Return some rows of an array, in the order asked for.

        Raises:
            Damaged: a block does not open.
        """
        dtype, shape, rows, _ = self._arrays[number]
        numbers = np.fromiter(wanted, np.int64)
        held = np.empty((len(numbers), *shape[1:]), dtype)
        for block in np.unique(numbers // rows).tolist():
            part = np.empty((min(rows, shape[0] - block * rows), *shape[1:]), dtype)
            self._block(number, block, part)
            own = numbers // rows == block
            copied = part[numbers[own] % rows]
            held[own] = copied
            copied.fill(0)
            part.fill(0)
        return held

    def windows(self) -> list[bytes]:
        """Return the beginnings of all blocks, as they lie in the file: what no other file may hold."""
        found = []
        for dtype, shape, rows, offset in self._arrays:
            size = rows * int(np.prod(shape[1:], dtype=np.int64)) * dtype.itemsize + _OVERHEAD_BYTES
            found += [self._read(offset + block * size, _OVERHEAD_BYTES) for block in range(-(-shape[0] // rows))]
        return found

    def _block(self, number: int, block: int, place: Array) -> None:
        dtype, shape, rows, offset = self._arrays[number]
        size = rows * int(np.prod(shape[1:], dtype=np.int64)) * dtype.itemsize + _OVERHEAD_BYTES
        sealed = self._read(offset + block * size, place.nbytes + _OVERHEAD_BYTES)
        view = place.reshape(-1).view(np.uint8).data
        self._opener.unseal_into(sealed, _context(self._path, number, block), view)

    def _read(self, offset: int, length: int) -> bytes:
        return os.pread(self._file, length, offset)


def throw_away(path: Path) -> None:
    """Overwrite a file and remove it; the bytes that lay there are zero before the name is gone."""
    with suppress(FileNotFoundError):
        with path.open("r+b") as file:
            left = path.stat().st_size
            while left > 0:
                left -= file.write(_ZEROS[: min(left, len(_ZEROS))])
            file.flush()
            os.fsync(file.fileno())
        path.unlink()


def _rows_per_block(dtype: np.dtype[Any], shape: tuple[int, ...]) -> int:
    return max(1, _BLOCK_BYTES // max(1, int(np.prod(shape[1:], dtype=np.int64)) * dtype.itemsize))


def _context(path: Path, part: int | str, block: int) -> str:
    return f"gallery:{path.name}:{part}:{block}"
