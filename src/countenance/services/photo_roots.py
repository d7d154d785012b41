# SPDX-License-Identifier: Apache-2.0
"""Folders of this machine that a server may ingest from: nothing outside of them can be named, nor reached by links."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from countenance.errors import BadInput, NotFound
from countenance.services.files import find_files, is_photo


@dataclass(frozen=True)
class Listing:
    """What lies in a folder.

    Attributes:
        inside: the folder, relative to its root; empty for the root itself.
        folders: names of the folders in it.
        photos: how many photos lie in it, folders in it not counted.
    """

    root: str
    inside: str
    folders: tuple[str, ...]
    photos: int


class PhotoRoots:
    """The folders that the server was started with, by their names."""

    def __init__(self, roots: Sequence[Path]) -> None:
        self._roots: dict[str, Path] = {}
        for root in roots:
            name, number = root.name or "photos", 2
            while name in self._roots:
                name, number = f"{root.name} ({number})", number + 1
            self._roots[name] = root.resolve()

    @property
    def names(self) -> tuple[str, ...]:
        """What the roots are called."""
        return tuple(self._roots)

    def folder(self, root: str, inside: str) -> Path:
        """Return a folder.

        Args:
            inside: relative to the root, parts by `/`.

        Raises:
            NotFound: no such root or folder.
            BadInput: it would lie outside of the root, as by `..` or a link.
        """
        base = self._root(root)
        try:
            found = (base / inside.strip("/")).resolve()
            is_dir = found.is_dir()
        except (OSError, ValueError) as error:  # a name too long, or with a zero byte
            raise NotFound("there is no such folder") from error
        if not found.is_relative_to(base):
            raise BadInput("the folder lies outside of those that this server may read (serve --photos)")
        if not is_dir:
            raise NotFound("there is no such folder")
        return found

    def listing(self, root: str, inside: str) -> Listing:
        """Return what lies in a folder; hidden folders and links to folders are passed over, as by an ingest.

        Raises:
            NotFound, BadInput: as `folder`.
        """
        found = self.folder(root, inside)
        folders, photos = [], 0
        try:
            for entry in found.iterdir():
                if entry.name.startswith("."):
                    continue
                if entry.is_dir():
                    folders += [] if entry.is_symlink() else [entry.name]
                else:
                    photos += is_photo(entry)
        except OSError as error:
            raise NotFound(f"the folder cannot be read: {error.strerror}") from error
        inside = found.relative_to(self._root(root)).as_posix()
        return Listing(root, "" if inside == "." else inside, tuple(sorted(folders)), photos)

    def photos(self, root: str, inside: str) -> tuple[list[Path], list[Path]]:
        """Return the photos below a folder, and those that are links to somewhere outside of the root.

        Raises:
            NotFound, BadInput: as `folder`.
        """
        base = self._root(root)
        files: list[Path] = []
        outside: list[Path] = []
        for path in find_files([self.folder(root, inside)]):
            escapes = path.is_symlink() and not path.resolve().is_relative_to(base)
            (outside if escapes else files).append(path)
        return files, outside

    def _root(self, name: str) -> Path:
        if name not in self._roots:
            raise NotFound("this server may not read such a folder; it is started with `serve --photos FOLDER`")
        return self._roots[name]
