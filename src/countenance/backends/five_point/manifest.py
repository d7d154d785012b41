# SPDX-License-Identifier: Apache-2.0
"""Manifests of model packs: which files, from where, under which licence, and how to feed them.

A manifest is TOML with the tables `pack`, `detector` and `encoder`; `manifests/opencv-zoo.toml` is an
example. A pack of kind `dlib` has no files of its own: its weights come with a dependency.
"""

from __future__ import annotations

import json
import re
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

from countenance.errors import BadPack

_PLAIN = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]*")
_SHA256 = re.compile(r"[0-9a-f]{64}")

_FILE: dict[str, type] = {"file": str, "sha256": str, "url": str, "bytes": int}
_FEED: dict[str, type] = {
    "size": int, "colour": str, "scale": float, "mean": list, "std": list, "points": str, "dim": int,
}  # fmt: skip
_PACK: dict[str, type] = {"name": str, "licence": str, "commercial_use": bool, "homepage": str}
_KIND: dict[str, type] = {"kind": str}
_TABLES = {
    "dlib": {"pack": _PACK, "detector": _KIND},
    "yunet": {"pack": _PACK, "detector": _KIND | _FILE, "encoder": _FILE | _FEED},
}


@dataclass(frozen=True)
class ModelFile:
    """One pinned file of weights.

    Attributes:
        name: of the file, without folders.
        sha256: lower-case hex.
        size_bytes: its exact size.
        url: https, where it is published.
    """

    name: str
    sha256: str
    size_bytes: int
    url: str


@dataclass(frozen=True)
class EncoderSpec:
    """How an encoder wants its crops: `(pixel * scale - mean) / std`, per channel in its colour order.

    Attributes:
        model: its weights.
        size_px: side of the crop, 112.
        colour: `rgb` or `bgr`.
        scale: factor from pixels 0..255.
        mean: three numbers.
        std: three numbers, none of them 0.
        dim: D, the length of its vectors.
    """

    model: ModelFile
    size_px: int
    colour: Literal["rgb", "bgr"]
    scale: float
    mean: tuple[float, ...]
    std: tuple[float, ...]
    dim: int


@dataclass(frozen=True)
class PackManifest:
    """One pack that can be installed.

    Attributes:
        name: such as `opencv-zoo`.
        licence: of the weights, an SPDX expression or a plain name.
        commercial_use: False where the licence forbids it.
        homepage: who publishes it.
        kind: `dlib` (weights come with a dependency) or `yunet` (five points).
        detector: weights of the detector; None for `dlib`.
        encoder: the encoder; None for `dlib`.
        installed: every file is there with its pinned size; their digests are checked at load.
    """

    name: str
    licence: str
    commercial_use: bool
    homepage: str
    kind: Literal["dlib", "yunet"]
    detector: ModelFile | None = None
    encoder: EncoderSpec | None = None
    installed: bool = False

    @property
    def files(self) -> tuple[ModelFile, ...]:
        """The files to pull, none for `dlib`."""
        return (self.detector, self.encoder.model) if self.detector and self.encoder else ()


def is_plain(name: str) -> bool:
    """Return whether a name can be a file or folder name anywhere: no separators, no leading dot."""
    return bool(_PLAIN.fullmatch(name))


def parse(text: str, origin: str) -> PackManifest:
    """Return the manifest that a TOML text holds.

    Args:
        text: the manifest.
        origin: the file it comes from, for messages.

    Raises:
        BadPack: naming the file and the key.
    """
    try:
        tables = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise BadPack(f"{origin}: not TOML: {error}") from error
    return _Reader(origin).manifest(tables)


def written(manifest: PackManifest) -> str:
    """Return the TOML text of a five-point pack's manifest; `parse` reads it.

    Raises:
        ValueError: it is the pack of kind `dlib`, which is never written.
    """
    if manifest.detector is None or manifest.encoder is None:
        raise ValueError(f"{manifest.name} has no files of its own")
    encoder = manifest.encoder
    tables = {
        "pack": {key: getattr(manifest, key) for key in _PACK},
        "detector": {"kind": manifest.kind, **_file_keys(manifest.detector)},
        "encoder": {
            **_file_keys(encoder.model),
            **{key: getattr(encoder, key) for key in ("colour", "scale", "mean", "std", "dim")},
            "size": encoder.size_px,
            "points": "five",
        },
    }
    lines = []
    for table, keys in tables.items():
        lines += [f"[{table}]", *(f"{key} = {json.dumps(value)}" for key, value in keys.items())]
    return "\n".join(lines) + "\n"


def _file_keys(file: ModelFile) -> dict[str, str | int]:
    return {"file": file.name, "sha256": file.sha256, "url": file.url, "bytes": file.size_bytes}


@dataclass(frozen=True)
class _Reader:
    origin: str

    def manifest(self, tables: Mapping[str, Any]) -> PackManifest:
        detector = tables.get("detector")
        kind = detector.get("kind") if isinstance(detector, dict) else None
        if kind not in _TABLES:
            raise BadPack(f"{self.origin}: key `detector.kind`: is `yunet` or `dlib`")
        self._keys(tables, _TABLES[kind])
        pack = tables["pack"]
        self._check(is_plain(pack["name"]), "pack.name", "has letters, digits and . _ - only")
        self._check(bool(pack["licence"].strip()), "pack.licence", "is empty")
        head = (pack["name"], pack["licence"], pack["commercial_use"], pack["homepage"])
        if kind == "dlib":
            return PackManifest(*head, "dlib")
        found, encoder = self._file(tables, "detector"), self._encoder(tables)
        self._check(found.name != encoder.model.name, "encoder.file", "is the detector's file as well")
        return PackManifest(*head, "yunet", found, encoder)

    def _keys(self, tables: Mapping[str, Any], wanted: Mapping[str, Mapping[str, type]]) -> None:
        for table in tables:
            self._check(table in wanted, table, "is no known table")
        for table, types in wanted.items():
            given = tables.get(table)
            if not isinstance(given, dict):
                raise BadPack(f"{self.origin}: table [{table}] is missing")
            for key in given:
                self._check(key in types, f"{table}.{key}", "is no known key")
            for key, kind in types.items():
                self._check(key in given, f"{table}.{key}", "is missing")
                value = given[key]
                fits = type(value) is kind or (kind is float and type(value) is int)
                self._check(fits, f"{table}.{key}", f"is not of type {kind.__name__}")

    def _file(self, tables: Mapping[str, Any], table: str) -> ModelFile:
        given = tables[table]
        self._check(is_plain(given["file"]), f"{table}.file", "is a file name without folders")
        self._check(bool(_SHA256.fullmatch(given["sha256"])), f"{table}.sha256", "is 64 lower-case hex digits")
        self._check(given["url"].startswith("https://"), f"{table}.url", "starts with https://")
        self._check(given["bytes"] > 0, f"{table}.bytes", "is above 0")
        return ModelFile(given["file"], given["sha256"], given["bytes"], given["url"])

    def _encoder(self, tables: Mapping[str, Any]) -> EncoderSpec:
        given = tables["encoder"]
        self._check(given["size"] == 112, "encoder.size", "is 112, the size of the five-point template")
        self._check(given["points"] == "five", "encoder.points", "is `five`")
        self._check(given["colour"] in {"rgb", "bgr"}, "encoder.colour", "is `rgb` or `bgr`")
        self._check(given["dim"] > 0, "encoder.dim", "is above 0")
        mean, std = self._channels(given, "mean"), self._channels(given, "std")
        self._check(0.0 not in std, "encoder.std", "holds a 0")
        model = self._file(tables, "encoder")
        return EncoderSpec(model, given["size"], given["colour"], float(given["scale"]), mean, std, given["dim"])

    def _channels(self, given: Mapping[str, Any], key: str) -> tuple[float, ...]:
        values = given[key]
        right = len(values) == 3 and all(type(value) in {int, float} for value in values)
        self._check(right, f"encoder.{key}", "is three numbers")
        return tuple(float(value) for value in values)

    def _check(self, right: bool, key: str, rule: str) -> None:
        if not right:
            raise BadPack(f"{self.origin}: key `{key}`: {rule}")
