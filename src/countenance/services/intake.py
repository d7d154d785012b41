# SPDX-License-Identifier: Apache-2.0
"""The part of an engine that takes photos in and lets a person decide who is in them."""

from __future__ import annotations

from abc import abstractmethod
from contextlib import AbstractContextManager
from functools import cached_property
from typing import TYPE_CHECKING

from countenance.services.enrolment import Enrolments
from countenance.services.ingest import Ingest
from countenance.services.jobs import Jobs
from countenance.services.review import Review
from countenance.services.review_photos import ReviewPhotos

if TYPE_CHECKING:
    from pathlib import Path

    from countenance.ports.eyes import Eyes
    from countenance.ports.photos import PhotoReader
    from countenance.ports.vision import FacePack
    from countenance.services.backup import Backups
    from countenance.services.gallery import LiveGallery
    from countenance.services.law import LawBook
    from countenance.store.records import Records


class Intake:
    """What `bootstrap.Engine` offers on photos; the engine sets what it stands on."""

    _records: Records
    _law: LawBook
    _gallery: LiveGallery
    backups: Backups

    @property
    @abstractmethod
    def pack(self) -> FacePack:
        """The face pack in use."""

    @property
    @abstractmethod
    def _reader(self) -> PhotoReader:
        """What decodes photos."""

    @property
    @abstractmethod
    def _ingest_lock(self) -> Path:
        """The file that whoever ingests holds."""

    @abstractmethod
    def _looking(self) -> Eyes:
        """Return who looks at photos in this process."""

    @abstractmethod
    def _crowd(self, count: int) -> AbstractContextManager[Eyes]:
        """Return so many processes that look at photos."""

    @cached_property
    def ingest(self) -> Ingest:
        """Verbs on files, folders and single photos: `run`, `one`."""
        lock = self._ingest_lock
        return Ingest(self._records, self._law, self._looking, self._crowd, self._enrolments, lock)

    @cached_property
    def jobs(self) -> Jobs:
        """Verbs on ingests in the background."""
        return Jobs(self._records, lambda: self.ingest)

    @cached_property
    def review(self) -> Review:
        """Verbs on faces that wait for a person's decision."""
        spread = self.backups.spread_tombstones
        return Review(self._records, self._looking, self._enrolments, self.ingest.content_tag, self._gallery, spread)

    @cached_property
    def review_photos(self) -> ReviewPhotos:
        """Verbs on the photos in which faces wait."""
        return ReviewPhotos(self._records, self._reader, self._looking, self.ingest.content_tag)

    def _enrolments(self, threads: int = 1) -> Enrolments:
        return Enrolments(self._records, self._law, self.pack.encoder, self._gallery, threads=threads)
