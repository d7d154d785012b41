# SPDX-License-Identifier: Apache-2.0
"""The model store: packs come in checked, or are written in 8 bits here, and are checked whenever they are opened.

`folder/NAME/` holds the files of an installed pack, `pack.toml` where the pack is not one that the program
ships, and `licence-accepted` where its licence had to be accepted in words.
"""

from __future__ import annotations

import errno
import fcntl
import hashlib
import os
import shutil
import tempfile
from collections.abc import Callable, Generator, Iterator, Sequence
from contextlib import closing, contextmanager
from dataclasses import replace
from importlib import resources
from pathlib import Path
from typing import IO

from countenance.backends.five_point import download
from countenance.backends.five_point.detector import YuNetDetector
from countenance.backends.five_point.encoder import FivePointEncoder
from countenance.backends.five_point.manifest import ModelFile, PackManifest, is_plain, parse, written
from countenance.backends.five_point.quantise import quantised
from countenance.errors import (
    BadPack,
    Busy,
    DiskFull,
    LicenceNotAccepted,
    ModelDamaged,
    ModelMissing,
    NotFound,
    NotWritable,
)
from countenance.policy.permit import PermittedCrop
from countenance.ports.vision import FacePack

Progress = Callable[[int, int], None]
"""Called with the bytes done and the bytes in all."""

INT8 = "-int8"
"""How the name of a pack ends whose encoder was written in 8-bit integers here."""
_MANIFEST = "pack.toml"
_ACCEPTED = "licence-accepted"
_STAGING = ".pull-"
_CHUNK_BYTES = 1 << 18


class ModelStore:
    """Lists, installs and opens packs.

    Args:
        folder: made at the first pull.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def manifests(self) -> list[PackManifest]:
        """Return the packs that the program ships, then those added here, each by name.

        Raises:
            BadPack: a manifest is wrong.
        """
        added = sorted(path.parent.name for path in self._folder.glob(f"[!.]*/{_MANIFEST}"))
        shipped = _shipped()
        return [self.manifest(name) for name in (*shipped, *(name for name in added if name not in shipped))]

    def manifest(self, name: str) -> PackManifest:
        """Return one pack's manifest.

        Raises:
            NotFound: no such pack.
            BadPack: its manifest is wrong.
        """
        found = _shipped().get(name)
        added = self._folder / name / _MANIFEST
        if found is None and is_plain(name) and added.is_file():
            found = _described(added, name)
        if found is None:
            raise NotFound(f"no pack {name!r}; `countenance models list` shows those there are")
        sizes = [(self._folder / name / file.name, file.size_bytes) for file in found.files]
        there = all(path.is_file() and path.stat().st_size == size for path, size in sizes)
        return replace(found, installed=there)

    def owns(self, path: Path) -> bool:
        """Say whether a path, relative to the folder, is that of a file of an installed pack."""
        name, *rest = path.parts
        if len(rest) != 1 or not (self._folder / name).is_dir():
            return False
        try:
            files = {file.name for file in self.manifest(name).files}
        except (NotFound, BadPack):
            return False
        return rest[0] in files | {_MANIFEST, _ACCEPTED}

    def pull(
        self,
        name: str,
        *,
        source: Path | None = None,
        accept_licence: str | None = None,
        progress: Progress | None = None,
    ) -> PackManifest:
        """Install a pack: all of it, or nothing where a file is not the pinned one.

        Args:
            name: of a known pack, or of the one that `source` describes.
            source: a folder with the files (or one of the files in it), and with `pack.toml` where the
                program does not ship the pack; None downloads what is not there intact.
            accept_licence: the licence in the manifest's words; needed where it forbids commercial use.
            progress: called as bytes arrive.

        Returns:
            The manifest, installed.

        Raises:
            NotFound: no such pack.
            BadPack: the manifest is wrong, or of another name.
            LicenceNotAccepted: the message holds the words to accept.
            ModelMissing: a file is not in `source`.
            ModelDamaged: a file is not the pinned one.
            ModelError: the download failed.
            Busy: another process is pulling.
            DiskFull, NotWritable: the folder takes no more.
        """
        if source is not None and source.is_file():
            source = source.parent
        brought = source / _MANIFEST if source is not None and (source / _MANIFEST).is_file() else None
        if brought and name in _shipped():
            raise BadPack(f"{brought}: {name!r} is the name of a pack that the program ships")
        manifest = _described(brought, name) if brought else self.manifest(name)
        described = brought or self._folder / name / _MANIFEST
        _require(manifest, accept_licence)
        if manifest.files and (source is not None or not self._intact(manifest)):
            with self._staging() as staging:
                new = staging / "new"
                new.mkdir()
                _collect(manifest, source, new, progress)
                if described.is_file():
                    _write(new / _MANIFEST, described.read_bytes())
                if not manifest.commercial_use:
                    _write(new / _ACCEPTED, manifest.licence.encode())
                self._publish(new, name)
        return self.manifest(name)

    def quantise(self, name: str, crops: Sequence[PermittedCrop]) -> FacePack:
        """Write a pack's encoder in 8-bit integers, and install it beside the pack; return it, opened.

        Its name is the pack's with `-int8`. The same faces give the same file; one that was there is replaced.

        Args:
            name: of an installed five-point pack.
            crops: faces that it aligned, which show how large the encoder's activations get.

        Raises:
            NotFound, BadPack, LicenceNotAccepted, ModelMissing, ModelDamaged: as `load`; also where the encoder
                cannot be written in 8 bits.
            Busy, DiskFull, NotWritable: as `pull`.
        """
        pack, manifest = self.load(name), self.manifest(name)
        if manifest.detector is None or manifest.encoder is None:
            raise RuntimeError(f"pack {name!r} was opened without files")
        found, encoded = (self._checked(name, file) for file in manifest.files)
        small = quantised(manifest.encoder, encoded, crops)
        model = ModelFile(
            f"{Path(manifest.encoder.model.name).stem}{INT8}.onnx",
            hashlib.sha256(small).hexdigest(),
            len(small),
            manifest.encoder.model.url,
        )
        new = replace(manifest, name=f"{pack.name}{INT8}", encoder=replace(manifest.encoder, model=model))
        FivePointEncoder(replace(manifest.encoder, model=model), small, 1)  # before anything of it is installed
        files = {manifest.detector.name: found, model.name: small, _MANIFEST: written(new).encode()}
        if not manifest.commercial_use:
            files[_ACCEPTED] = manifest.licence.encode()
        with self._staging() as staging:
            folder = staging / "new"
            folder.mkdir()
            for file, data in files.items():
                _write(folder / file, data)
            self._publish(folder, new.name)
        return self.load(new.name)

    def load(self, name: str, threads: int = 1) -> FacePack:
        """Open an installed five-point pack.

        Args:
            name: of the pack.
            threads: of one inference.

        Raises:
            NotFound, BadPack: as `manifest`; also where a file does not do what the manifest says.
            LicenceNotAccepted: files were put there without `pull`.
            ModelMissing: it is not installed.
            ModelDamaged: a file is not the pinned one.
            RuntimeError: the pack is not a five-point pack; its own back end opens it.
        """
        manifest = self.manifest(name)
        if manifest.detector is None or manifest.encoder is None:
            raise RuntimeError(f"pack {name!r} is not a five-point pack")
        _require(manifest, self._accepted(name))
        found, encoded = (self._checked(name, file) for file in manifest.files)
        detector = YuNetDetector(manifest.detector.name, found, manifest.detector.sha256, threads)
        encoder = FivePointEncoder(manifest.encoder, encoded, threads)
        return FacePack(name, manifest.licence, detector, encoder)

    def _checked(self, name: str, file: ModelFile) -> bytes:
        """Return the bytes of a file; the bytes that are checked are the bytes that are used."""
        path = self._folder / name / file.name
        if not path.is_file():
            raise ModelMissing(f"{file.name} is not installed: `countenance models pull {name}`")
        data = path.read_bytes() if path.stat().st_size == file.size_bytes else b""
        if hashlib.sha256(data).hexdigest() != file.sha256:
            raise ModelDamaged(f"{path} is damaged: `countenance models pull {name}` replaces it")
        return data

    def _accepted(self, name: str) -> str | None:
        """Return the licence that was accepted in words when the pack was pulled."""
        path = self._folder / name / _ACCEPTED
        return path.read_text("utf-8") if path.is_file() else None

    def _intact(self, manifest: PackManifest) -> bool:
        try:
            for file in manifest.files:
                self._checked(manifest.name, file)
        except (ModelMissing, ModelDamaged):
            return False
        return manifest.commercial_use or self._accepted(manifest.name) == manifest.licence

    @contextmanager
    def _staging(self) -> Iterator[Path]:
        """Give a folder beside the packs that is gone afterwards, to one process at a time."""
        with _writing(self._folder):
            self._folder.mkdir(parents=True, exist_ok=True)
            handle = os.open(self._folder, os.O_RDONLY)
            try:
                _lock(handle)
                for left in self._folder.glob(f"{_STAGING}*"):  # by a pull that was killed
                    shutil.rmtree(left)
                with tempfile.TemporaryDirectory(prefix=_STAGING, dir=self._folder) as staging:
                    yield Path(staging)
                os.fsync(handle)
            finally:
                os.close(handle)

    def _publish(self, new: Path, name: str) -> None:
        """Put a complete pack in its place: at once, or file by file over one that is being repaired."""
        place = self._folder / name
        if not place.exists():
            new.replace(place)
            return
        for path in sorted(new.iterdir(), key=lambda path: path.name == _MANIFEST):
            path.replace(place / path.name)


def _shipped() -> dict[str, PackManifest]:
    folder = resources.files("countenance.backends.five_point") / "manifests"
    parsed = [parse(file.read_text("utf-8"), file.name) for file in folder.iterdir()]
    return {manifest.name: manifest for manifest in sorted(parsed, key=lambda manifest: manifest.name)}


def _described(path: Path, name: str) -> PackManifest:
    try:
        text = path.read_text("utf-8")
    except UnicodeDecodeError as error:
        raise BadPack(f"{path}: not UTF-8") from error
    manifest = parse(text, str(path))
    if manifest.name != name:
        raise BadPack(f"{path}: key `pack.name`: is {manifest.name!r}, not {name!r}")
    if manifest.kind == "dlib":
        raise BadPack(f"{path}: key `detector.kind`: only the shipped pack is `dlib`")
    return manifest


def _require(manifest: PackManifest, accepted: str | None) -> None:
    if not manifest.commercial_use and accepted != manifest.licence:
        raise LicenceNotAccepted(
            f"the licence of pack {manifest.name!r} forbids commercial use; read it at "
            f"{manifest.homepage}, then "
            f'`countenance models pull {manifest.name} --accept-licence "{manifest.licence}"`'
        )


def _collect(manifest: PackManifest, source: Path | None, folder: Path, progress: Progress | None) -> None:
    """Bring every file into a folder, checked."""
    total, before = sum(file.size_bytes for file in manifest.files), 0
    for file in manifest.files:
        digest, size = hashlib.sha256(), 0
        chunks = _local(source / file.name, file.url) if source else download.chunks(file.url, _CHUNK_BYTES)
        with (folder / file.name).open("xb") as target, closing(chunks):
            for chunk in chunks:
                size += len(chunk)
                if size > file.size_bytes:
                    break
                target.write(chunk)
                digest.update(chunk)
                if progress:
                    progress(before + size, total)
            _flush(target)
        if size != file.size_bytes or digest.hexdigest() != file.sha256:
            raise ModelDamaged(f"{file.name} is not the file that pack {manifest.name!r} pins; nothing was installed")
        before += size


def _local(path: Path, url: str) -> Generator[bytes, None, None]:
    if not path.is_file():
        raise ModelMissing(f"{path} is not there; it is published at {url}")
    with path.open("rb") as stream:
        while chunk := stream.read(_CHUNK_BYTES):
            yield chunk


def _write(path: Path, data: bytes) -> None:
    with path.open("xb") as target:
        target.write(data)
        _flush(target)


def _flush(target: IO[bytes]) -> None:
    target.flush()
    os.fsync(target.fileno())


def _lock(handle: int) -> None:
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError as error:
        raise Busy("another process is pulling a model pack; try again when it is done") from error


@contextmanager
def _writing(folder: Path) -> Iterator[None]:
    """Say in our own words why a folder cannot be written."""
    try:
        yield
    except OSError as error:
        if error.errno in {errno.ENOSPC, errno.EDQUOT}:
            raise DiskFull(f"no space is left for model packs in {folder}; nothing was installed") from error
        if error.errno in {errno.EACCES, errno.EPERM, errno.EROFS}:
            raise NotWritable(f"{error.filename or folder} cannot be used: {error.strerror}") from error
        raise
