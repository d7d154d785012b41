# SPDX-License-Identifier: Apache-2.0
"""A graphics processor: memory on it that can be overwritten, and FAISS's brute-force search over that memory.

FAISS's own indexes free what is removed without overwriting it. So the memory is Numba's, and FAISS is only shown
where it lies (`bfKnn`). It is the first device that CUDA shows; `CUDA_VISIBLE_DEVICES` chooses another, or none.
"""

from __future__ import annotations

import importlib.util
import threading
from functools import cache
from pathlib import Path
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

Halves = NDArray[np.float16]
MOST = 2048
"""Rows that one search can return: FAISS's limit."""
SLACK = 2.0**-8
"""How far a score can lie from the exact one: eight times what rounding to half precision does."""
_DRIVER = Path("/dev/nvidiactl")
_CHECKED = 4096  # rows


class Held(Protocol):
    """Rows float16 (N, D) in a device's memory."""

    def copy_to_device(self, rows: Halves) -> None:
        """Overwrite all rows."""
        ...

    def copy_to_host(self) -> Halves:
        """Return a copy of all rows."""
        ...

    def __getitem__(self, rows: slice) -> Held:
        """Return some rows, in the same memory."""
        ...


class Device(Protocol):
    """What holds rows and looks through them."""

    def zeros(self, rows: int, dim: int) -> Held | None:
        """Return memory full of zeros; None where there is no room."""
        ...

    def nearest(
        self, held: Held, count: int, queries: Halves, most: int
    ) -> tuple[NDArray[np.float32], NDArray[np.intp]]:
        """Return the scores of the best of the first `count` rows, (Q, most), best first, and which rows they are.

        Args:
            queries: float16 (Q, D).
            most: at most `MOST`, and at most `count`.
        """
        ...


class Gpu:
    """`Device`: the first graphics processor, by FAISS and Numba; safe to use from several threads."""

    def __init__(self) -> None:
        """Ask for what FAISS needs: about a GiB of the device's memory."""
        import faiss  # noqa: PLC0415 - need not be installed
        from numba import cuda  # noqa: PLC0415 - takes a second, and most machines do without

        self._faiss, self._cuda = faiss, cuda
        self._resources = faiss.StandardGpuResources()
        self._lock = threading.Lock()

    def zeros(self, rows: int, dim: int) -> Held | None:
        """Return memory full of zeros; see `Device`."""
        try:
            held: Held = self._cuda.device_array((rows, dim), np.float16)
        except self._cuda.cudadrv.driver.CudaAPIError:
            return None
        held.copy_to_device(np.zeros((rows, dim), np.float16))
        return held

    def nearest(
        self, held: Held, count: int, queries: Halves, most: int
    ) -> tuple[NDArray[np.float32], NDArray[np.intp]]:
        """Return the best of the first `count` rows; see `Device`."""
        faiss = self._faiss
        scores, rows = np.empty((len(queries), most), np.float32), np.empty((len(queries), most), np.int64)
        asked = faiss.GpuDistanceParams()
        asked.metric, asked.dims, asked.k = faiss.METRIC_INNER_PRODUCT, queries.shape[1], most
        asked.vectors = faiss.cast_integer_to_void_ptr(held.device_ctypes_pointer.value)  # type: ignore[attr-defined]
        asked.numVectors, asked.vectorType, asked.vectorsRowMajor = count, faiss.DistanceDataType_F16, True
        asked.queries = faiss.swig_ptr(queries)
        asked.numQueries, asked.queryType, asked.queriesRowMajor = len(queries), faiss.DistanceDataType_F16, True
        asked.outDistances, asked.outIndices = faiss.swig_ptr(scores), faiss.swig_ptr(rows)
        asked.outIndicesType, asked.device = faiss.IndicesDataType_I64, 0
        with self._lock:
            faiss.bfKnn(self._resources, asked)
        return scores, rows


@cache
def found() -> Gpu | None:
    """Return the graphics processor, where there is one and FAISS is installed with support for it."""
    if not _DRIVER.exists() or importlib.util.find_spec("faiss") is None:
        return None
    import faiss  # noqa: PLC0415 - need not be installed
    from numba import cuda  # noqa: PLC0415 - as above

    if not hasattr(faiss, "StandardGpuResources") or faiss.get_num_gpus() == 0 or not cuda.is_available():  # type: ignore[no-untyped-call]
        return None
    gpu = Gpu()
    return gpu if is_exact_enough(gpu) else None


def is_exact_enough(device: Device, dim: int = 128) -> bool:
    """Return whether a device finds the best of random rows, with scores well within `SLACK` of the exact ones."""
    random = np.random.default_rng(1)
    rows = random.standard_normal((_CHECKED, dim), np.float32)
    rows /= np.linalg.norm(rows, axis=1, keepdims=True)
    held = device.zeros(_CHECKED, dim)
    if held is None:
        return False
    held.copy_to_device(rows.astype(np.float16))
    scores, places = device.nearest(held, _CHECKED, rows[:8].astype(np.float16), 100)
    true = rows[:8] @ rows.T
    exact = np.take_along_axis(true, places, axis=1)
    last = np.sort(true, axis=1)[:, -100]
    return bool(
        (np.abs(scores - exact) < SLACK / 2).all()
        and (exact.min(axis=1) > last - SLACK).all()
        and all(len(set(row)) == len(row) for row in places.tolist())
    )
