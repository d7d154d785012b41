# SPDX-License-Identifier: Apache-2.0
"""Files on their way through an ingest, what is said about them from outside, and whoever looks at them."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path

from countenance.errors import BadPhoto
from countenance.ids import PhotoId, SubjectId
from countenance.model.source import Attribution
from countenance.model.subject import Subject
from countenance.ports.eyes import Eyes, SeenPhoto
from countenance.services.attribution import Claim
from countenance.services.manifest import ManifestLine
from countenance.store.subjects import labels

UPLOADED = "upload:"
"""How the place of a photo begins that lies in no file; the name that it was given follows."""
_LONGEST_NAME = 200


class Claims:
    """What is said about photos from outside of them.

    Args:
        people: everybody; read where a name is to be understood.
        manifest: the lines of a manifest by file.
        only: whoever is said to be the one person of each photo.
        ask: a reviewer is asked about the faces that nobody named.
    """

    def __init__(
        self,
        people: Callable[[], Sequence[Subject]],
        *,
        manifest: Mapping[Path, Sequence[ManifestLine]] | None = None,
        only: SubjectId | None = None,
        ask: bool = False,
    ) -> None:
        self._everyone = people
        self._manifest = manifest or {}
        self._only = only
        self.ask = ask

    def speak_of(self, file: File) -> bool:
        """Say whether a known photo is spoken of by more than its own metadata and folder."""
        return self._only is not None or (file.resolved is not None and file.resolved in self._manifest)

    def about(self, file: File, photo: SeenPhoto) -> tuple[Claim, ...]:
        """Return every claim about a photo.

        Raises:
            BadManifest: a box of the manifest reaches outside of it.
        """
        claims: list[Claim] = []
        for line in self._manifest.get(file.resolved, ()) if file.resolved is not None else ():
            line.check(photo.full_size)
            claims.append(line.claim)
        for region in photo.regions:
            found = self._labels.get(region.name.casefold(), ())
            if len(found) == 1:
                claims.append(Claim(found[0], Attribution.METADATA, region.box))
        declared = [] if file.resolved is None else self._named_by_folder(file.resolved.parent.name)
        if self._only is not None:
            declared = [self._only]
        if len(declared) == 1:
            claims.append(Claim(declared[0], Attribution.SOLE_FACE))
        return tuple(claims)

    def _named_by_folder(self, folder: str) -> Sequence[SubjectId]:
        return [SubjectId(folder)] if folder in self._ids else self._labels.get(folder.casefold(), ())

    @cached_property
    def _people(self) -> Sequence[Subject]:
        return self._everyone()

    @cached_property
    def _ids(self) -> frozenset[SubjectId]:
        return frozenset(one.id for one in self._people)

    @cached_property
    def _labels(self) -> Mapping[str, Sequence[SubjectId]]:
        return labels(list(self._people))


@dataclass
class File:
    """A file on its way.

    Attributes:
        name: what it is called in an outcome.
        path: where it lies; None where it was uploaded.
        data: the bytes of one that was uploaded.
        known: the photo that its content was ingested as before.
        linked: that photo is known to come from this source.
        may_have_news: looking at it may change something; it is being looked at.
        error: why it could not be read.
    """

    name: Path
    path: Path | None
    tag: bytes = b""
    data: bytes | None = field(default=None, repr=False)
    known: PhotoId | None = None
    linked: bool = True
    may_have_news: bool = True
    seen: Future[SeenPhoto] | None = None
    error: BadPhoto | None = None

    @property
    def uri(self) -> str:
        """Where the photo is said to lie."""
        return f"{UPLOADED}{self.name}" if self.resolved is None else str(self.resolved)

    @cached_property
    def resolved(self) -> Path | None:
        """Where it really lies; None where it was uploaded."""
        return None if self.path is None else self.path.resolve()

    def photo(self) -> SeenPhoto:
        """Return what was seen, when it was; once, so that its pixels live no longer than they are needed.

        Raises:
            BadPhoto: it could not be read, or shows no photo.
        """
        if self.seen is None:
            raise self.error or RuntimeError("nobody was asked to look")
        seen, self.seen = self.seen, None
        return seen.result()


@dataclass(frozen=True)
class Look:
    """Whoever looks, and the threads that wait for it."""

    eyes: Eyes
    threads: ThreadPoolExecutor

    def at(self, data: bytes) -> Future[SeenPhoto]:
        """Begin to look at a photo."""
        return self.threads.submit(self.eyes.look, data)


def plain_name(name: str) -> Path:
    """Return the last part of a file's name as a browser gave it, without what no screen shows; `photo` for none."""
    last = name.replace("\\", "/").rsplit("/", 1)[-1]
    kept = "".join(char for char in last if char.isprintable()).strip()
    return Path(kept[:_LONGEST_NAME] if kept not in ("", ".", "..") else "photo")
