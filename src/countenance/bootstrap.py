# SPDX-License-Identifier: Apache-2.0
"""From a data directory to an `Engine`: the only place that names a technology.

engine = Engine.init(Path("countenance-data"), operator="Example Museum")
ada = engine.subjects.add("Ada Example", residency=["US-IL"])
...
engine = Engine.open(Path("countenance-data"))
engine.searches.search(photo, request)

Back ends bring large libraries (ONNX Runtime, FAISS, OpenCV); each is imported when a verb first needs it, so
that `subject add` does not wait for what it does not use.
"""

from __future__ import annotations

import errno
import os
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

from countenance import canonical
from countenance.clock import Clock, SystemClock
from countenance.errors import AlreadyInitialised, BadInput, DiskFull, NotInitialised, NotWritable
from countenance.ids import new_id
from countenance.model.event import EventTag
from countenance.policy.notice import policy_text
from countenance.policy.pack import shipped
from countenance.ports.gallery import Scan
from countenance.ports.photos import PhotoReader
from countenance.ports.vision import FacePack
from countenance.services.backup import Backups
from countenance.services.certify import Deferred
from countenance.services.destruction import Destruction
from countenance.services.doctor import Doctor
from countenance.services.enrolment import Enrolments
from countenance.services.gallery import LiveGallery
from countenance.services.gallery_files import GalleryFiles
from countenance.services.holds import Holds
from countenance.services.ingest import Ingest
from countenance.services.journal import ORIGIN, Journal
from countenance.services.law import LawBook
from countenance.services.lineage import Lineage
from countenance.services.models import DEFAULT_PACK, chosen_pack, use_pack
from countenance.services.register import Register
from countenance.services.residency import Homes
from countenance.services.restore import KeySource, Names, Restored, refuse_living, restore, sealed_keys
from countenance.services.restore_test import FILE as RESTORE_TEST
from countenance.services.review import Review
from countenance.services.search import Searches
from countenance.services.subjects import Subjects
from countenance.services.verification import Place, Verifications
from countenance.store import root_key
from countenance.store import subjects as subject_rows
from countenance.store.keyring import Keyring
from countenance.store.records import Records, set_setting
from countenance.store.root_key import RootKey

if TYPE_CHECKING:
    from countenance.backends.five_point.store import ModelStore

_ROOT_KEY = "root.key"
_KEYRING = "keyring.sqlite"
_RECORDS = "records.sqlite"
_POLICY = "policy.txt"
_LOCK = "ingest.lock"
_MODELS = "models"
_GALLERY = "gallery"
_OWNED = frozenset(
    {_ROOT_KEY, f"{_ROOT_KEY}.new", _POLICY, _LOCK, _MODELS, _GALLERY}
    | {f"{name}{tail}" for name in (_KEYRING, _RECORDS, RESTORE_TEST) for tail in ("", "-wal", "-shm")}
)


class Engine:
    """Everything that a door can ask for, on one data directory.

    Attributes:
        subjects: `add`, `everyone`, `deliver_notice`, `sign`, `show`, `withdraw`.
        register: `add_client`, `clients`, `add_source`, `sources`.
        ingest: `run`.
        review: `waiting`, `assign`, `dismiss`.
        searches: `search`, `verify`.
        destruction: `destroy`.
        backups: `make`, `spread_tombstones`, `new_recovery_key`.
        doctor: `problems`.
        models: `manifests`, `pull`; `use` chooses one.
    """

    def __init__(self, directory: Path, records: Records) -> None:
        self.directory = directory
        self._records = records
        self._law = law = LawBook(shipped())
        self._gallery = LiveGallery(_scan, law, GalleryFiles(records, directory / _GALLERY), os.cpu_count() or 1)
        self.backups = Backups(records, directory)
        self.subjects = Subjects(records, law, self.backups.spread_tombstones)
        self.register = Register(records, law)
        self.doctor = Doctor(records, lambda: self.pack, directory, _OWNED, self._gallery.files)

    @classmethod
    def init(
        cls,
        directory: Path,
        *,
        operator: str,
        contact: str | None = None,
        policy_url: str | None = None,
        clock: Clock | None = None,
    ) -> Engine:
        """Make a data directory (0700) with a root key (0600), and publish the public retention policy.

        Args:
            operator: who runs this; named in every notice.
            contact: address for questions and requests, for the notices.
            policy_url: where the policy will be found by the public.

        Raises:
            BadInput: no operator was named, or the folder holds something else.
            AlreadyInitialised: there is a data directory already; nothing was changed.
            NotWritable, DiskFull: it cannot be made here; what was begun is removed.
        """
        if not operator.strip():
            raise BadInput("name the operator (--operator): it stands in every notice and in the policy")
        if (directory / _ROOT_KEY).exists() or (directory / _RECORDS).exists():
            raise AlreadyInitialised(f"there is a data directory at {directory} already; nothing was changed")
        with _writing(directory):
            directory.mkdir(mode=0o700, parents=True, exist_ok=True)
            if any(directory.iterdir()):
                raise BadInput(f"{directory} holds other files; name a new or an empty folder (--data)")
            directory.chmod(0o700)
            root_key.make(directory / _ROOT_KEY)
        try:
            engine = cls(directory, _records(directory, root_key.source(directory / _ROOT_KEY), clock))
            engine._publish(operator.strip(), contact, policy_url)
        except BaseException:
            for name in _OWNED:  # half a data directory could neither be opened nor be made anew
                (directory / name).unlink(missing_ok=True)
            raise
        return engine

    @classmethod
    def open(cls, directory: Path, *, clock: Clock | None = None) -> Engine:
        """Open a data directory.

        Raises:
            NotInitialised: there is none.
            WrongRootKey: the root key does not open the keyring.
            NotWritable, Damaged, Busy: its files cannot be used.
        """
        if not (directory / _RECORDS).is_file():
            raise NotInitialised(f"there is no data directory at {directory}; `countenance init` makes one")
        if not os.access(directory, os.W_OK):
            raise NotWritable(f"{directory} cannot be written; every search is logged there, so none is answered")
        return cls(directory, _records(directory, root_key.source(directory / _ROOT_KEY), clock))

    def close(self) -> None:
        """Write what a long start would wait for to the gallery's sealed files; nothing is lost without this."""
        self._gallery.settle()

    @cached_property
    def ingest(self) -> Ingest:
        """Verbs on files and folders."""
        return Ingest(self._records, self._law, self._reader, self._enrolments, self.directory / _LOCK)

    @cached_property
    def review(self) -> Review:
        """Verbs on faces that wait for a person's decision."""
        return Review(self._records, self._reader, self._enrolments, self.ingest.content_tag)

    @cached_property
    def searches(self) -> Searches:
        """Verbs of a client's searcher."""
        return Searches(self._records, self._law, self._reader, lambda: self.pack, self._gallery)

    @cached_property
    def destruction(self) -> Destruction:
        """Verbs on destruction runs: `plan`, `freeze`, `approve`, `resume`, `destroy`, `status`, `runs`."""
        place = Place(self.directory, self.directory / _RECORDS, self.directory / _KEYRING, self._owns)
        verification = Verifications(self._records, lambda: self.pack, self._gallery, place)
        return Destruction(
            self._records, self._law, self._reader, self._gallery, self.journal, verification, self._deferred
        )

    @cached_property
    def homes(self) -> Homes:
        """Verbs on residency facts: `add`, `of`."""
        return Homes(self._records, self._law)

    @cached_property
    def holds(self) -> Holds:
        """Verbs on legal holds: `place`, `lift`, `everyone`."""
        return Holds(self._records)

    @cached_property
    def lineage(self) -> Lineage:
        """Verbs on what was made from faceprints: `record`, `require_fresh`, `artefacts`, `retire`."""
        return Lineage(self._records, self._law)

    @cached_property
    def journal(self) -> Journal:
        """Verbs on the log for strangers: `checkpoint`, `prove`, `publish`, `export_release`."""
        return Journal(self._records)

    def _deferred(self, before: datetime) -> list[Deferred]:
        """Tell the backups of a destruction; return those in which keys from before it live on."""
        now = self._records.clock.now()
        states = self.backups.spread_tombstones(before)
        return [
            Deferred(str(s.folder), s.keys_until) for s in states if s.keys_until is not None and s.keys_until > now
        ]

    def rotate_root_key(self) -> int:
        """Wrap all keys by a new root key and put it in the place of the old one; return how many keys there are.

        Raises:
            Busy: another process reads the keyring; the key is rotated, but bytes of old wrapped keys may remain.
            BadInput, NotWritable: the new root key cannot be stored; nothing was changed.
        """
        with self._records.write() as work:
            count = work.keyring.rotate(root_key.source(self.directory / _ROOT_KEY))
            work.log(EventTag.ROOT_KEY_ROTATED, keys=count)
        return count

    @classmethod
    def restore(
        cls,
        folder: Path,
        into: Path,
        *,
        identity: Path | None = None,
        keys: Path | None = None,
        keyring_of: Path | None = None,
        tombstones_of: Path | None = None,
        at: datetime | None = None,
        clock: Clock | None = None,
    ) -> Restored:
        """Make a new data directory of a backup folder; see `services.restore`.

        Args:
            identity: the recovery key's file; opens a keys backup.
            keys: that keys backup; by default the newest of the folder.
            keyring_of: a data directory whose keyring is used instead.
            tombstones_of: a data directory whose tombstones are applied too.

        Raises:
            BadInput: not just one of identity and keyring was named, or the recovery key is another one.
            AlreadyInitialised, NotFound, Damaged, NotWritable: see `services.restore.restore`.
        """
        clock = clock or SystemClock()
        if (identity is None) == (keyring_of is None):
            raise BadInput("name the recovery key (--identity), or a data directory with its keyring (--keyring-of)")
        refuse_living(into)
        if keyring_of is not None:
            ring = _keyring_of(keyring_of)
            source = KeySource(ring.contents(), frozenset(ring.tombstones()))
        elif identity is not None:
            source = sealed_keys(folder, identity, keys, clock.now())
        if tombstones_of is not None:
            source = KeySource(source.keys, source.tombstones | set(_keyring_of(tombstones_of).tombstones()))
        from countenance.backends.photos import PillowReader  # noqa: PLC0415 - see the module

        names = Names(_ROOT_KEY, _KEYRING, _RECORDS, _POLICY)
        return restore(folder, into, source, names=names, reader=PillowReader(), clock=clock, at=at)

    @cached_property
    def models(self) -> ModelStore:
        """Verbs on face packs: `manifests`, `pull`."""
        from countenance.backends.five_point.store import ModelStore  # noqa: PLC0415 - see the module

        return ModelStore(self.directory / _MODELS)

    @cached_property
    def pack(self) -> FacePack:
        """The face pack in use, loaded on first need."""
        return self._load(self.pack_name)

    @property
    def pack_name(self) -> str:
        """Name of the face pack in use, whether it loads or not."""
        return chosen_pack(self._records)

    @property
    def policy_sha256(self) -> str:
        """SHA-256 of the current public policy's text (UTF-8)."""
        with self._records.read() as work:
            policy = subject_rows.current_policy(work)
        return "" if policy is None else policy.sha256

    def use(self, name: str) -> FacePack:
        """Use another face pack from now on.

        Raises:
            MixedEncoders: references of another encoder are held.
            NotFound, ModelError: no such pack, or it does not load.
        """
        self.__dict__["pack"] = pack = use_pack(self._records, name, self._load)
        return pack

    @cached_property
    def _reader(self) -> PhotoReader:
        from countenance.backends.photos import PillowReader  # noqa: PLC0415 - see the module

        return PillowReader()

    def _owns(self, path: Path) -> bool:
        """Say whether a path, relative to the data directory, belongs to a store."""
        first, *rest = path.parts
        if first == _GALLERY and len(rest) == 1:
            return self._gallery.files.owns(rest[0])
        return self.models.owns(Path(*rest)) if first == _MODELS and rest else first in _OWNED

    def _enrolments(self) -> Enrolments:
        return Enrolments(self._records, self._law, self._reader, self.pack, self._gallery)

    def _load(self, name: str) -> FacePack:
        if name != DEFAULT_PACK:
            return self.models.load(name)
        from countenance.backends import dlib_pack  # noqa: PLC0415 - see the module

        return dlib_pack.load()

    def _publish(self, operator: str, contact: str | None, policy_url: str | None) -> None:
        text = policy_text(operator, shipped().values())
        with _writing(self.directory):
            (self.directory / _POLICY).write_text(text, encoding="utf-8")
        where = f"the file {_POLICY} that {operator} publishes"
        with self._records.write() as work:
            set_setting(work, "operator", operator)
            set_setting(work, "contact", contact or f"the office of {operator} that gave you this notice")
            set_setting(work, "policy_url", policy_url or where)
            set_setting(work, ORIGIN, f"countenance/{new_id('log')}")
            sha256 = canonical.sha256(text.encode())
            subject_rows.publish(work, sha256, text)
            work.log(EventTag.POLICY_PUBLISHED, policy=sha256)


def _scan(dim: int) -> Scan:
    from countenance.backends import scan  # noqa: PLC0415 - see the module

    return scan.Scan(dim)


@contextmanager
def _writing(directory: Path) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        kind = DiskFull if error.errno in (errno.ENOSPC, errno.EDQUOT, errno.EFBIG) else NotWritable
        raise kind(f"nothing can be written to {directory}: {error.strerror}") from error


def _keyring_of(directory: Path) -> Keyring:
    if not (directory / _KEYRING).is_file():
        raise NotInitialised(f"there is no keyring in {directory}")
    return Keyring.open(directory / _KEYRING, root_key.source(directory / _ROOT_KEY))


def _records(directory: Path, place: RootKey, clock: Clock | None) -> Records:
    with _writing(directory):
        for name in (_KEYRING, _RECORDS):  # SQLite gives its -wal and -shm files the mode of the database
            (directory / name).touch(mode=0o600)
    keyring = Keyring.open(directory / _KEYRING, place)
    return Records(directory / _RECORDS, keyring, clock or SystemClock())
