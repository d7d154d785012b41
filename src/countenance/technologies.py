# SPDX-License-Identifier: Apache-2.0
"""The only place that names a technology.

Back ends bring large libraries (ONNX Runtime, Numba, OpenCV); each is imported when a verb first needs it, so
that `subject add` does not wait for what it does not use.
"""

from __future__ import annotations

from contextlib import AbstractContextManager
from pathlib import Path
from typing import TYPE_CHECKING

from countenance.ports.eyes import Eyes
from countenance.ports.gallery import Scan
from countenance.ports.photos import PhotoReader
from countenance.ports.vision import DEFAULT_PACK, FacePack
from countenance.ports.web import Web
from countenance.services.looking import Looking

if TYPE_CHECKING:
    from countenance.backends.five_point.store import ModelStore as ModelStore  # noqa: PLC0414 - what `bootstrap` may name


def photo_reader() -> PhotoReader:
    """Return what decodes photos."""
    from countenance.backends.photos import PillowReader  # noqa: PLC0415 - see the module

    return PillowReader()


def model_store(folder: Path) -> ModelStore:
    """Return the face packs that are installed in a folder."""
    from countenance.backends.five_point.store import ModelStore  # noqa: PLC0415 - see the module

    return ModelStore(folder)


def web() -> Web:
    """Return what fetches addresses."""
    from countenance.backends.http_get import HttpGet  # noqa: PLC0415 - see the module

    return HttpGet()


def pack(models: ModelStore, name: str) -> FacePack:
    """Return a face pack: that of a new data directory, or one that is installed."""
    return default_pack() if name == DEFAULT_PACK else models.load(name)


def default_pack() -> FacePack:
    """Return the face pack that a new data directory uses."""
    from countenance.backends import dlib_pack  # noqa: PLC0415 - see the module

    return dlib_pack.load()


def crowd(models: Path, pack_name: str, count: int) -> AbstractContextManager[Eyes]:
    """Return so many processes that look at photos with a face pack; entering starts them, leaving ends them."""
    from countenance.backends.crowd import Crowd  # noqa: PLC0415 - see the module

    return Crowd(("countenance.cli.eyes", str(models), pack_name), count)


def be_eyes(models: Path, pack_name: str, socket: int) -> None:
    """Look at the photos that come through a socket until it closes: all that a process of a crowd does."""
    from countenance.backends import crowd as crowds  # noqa: PLC0415 - see the module

    faces = default_pack() if pack_name == DEFAULT_PACK else model_store(models).load(pack_name)
    crowds.serve(socket, Looking(photo_reader(), faces))


def scan(dim: int) -> Scan:
    """Return an empty search kernel for rows float32 (N, dim): on a graphics processor, where FAISS finds one."""
    from countenance.backends.scan import GpuScan, gpu  # noqa: PLC0415 - see the module
    from countenance.backends.scan import Scan as Kernel  # noqa: PLC0415

    device = gpu.found()
    return Kernel(dim) if device is None else GpuScan(dim, device)
