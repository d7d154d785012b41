# SPDX-License-Identifier: Apache-2.0
"""From a data directory to an `Engine`.

engine = Engine.init(Path("countenance-data"), operator="Example Museum")
ada = engine.subjects.add("Ada Example", residency=["US-IL"])
...
engine = Engine.open(Path("countenance-data"))
engine.searches.search(photo, request)
"""

from __future__ import annotations

import os
from contextlib import AbstractContextManager
from datetime import datetime
from functools import cached_property, partial
from pathlib import Path
from typing import TYPE_CHECKING

from countenance import directory as files
from countenance import technologies
from countenance.clock import Clock, SystemClock
from countenance.errors import AlreadyInitialised, BadInput, NotInitialised, NotWritable
from countenance.ids import new_id
from countenance.model.event import EventTag
from countenance.policy.pack import shipped
from countenance.ports.eyes import Eyes
from countenance.ports.photos import PhotoReader
from countenance.ports.vision import FacePack
from countenance.services.backup import Backups
from countenance.services.calibration import Calibrations
from countenance.services.certify import Deferred
from countenance.services.custody import Custody
from countenance.services.dataset import DataSets
from countenance.services.desk import Desk
from countenance.services.destruction import Destruction
from countenance.services.doctor import Doctor
from countenance.services.evaluation import Evaluations
from countenance.services.fetch import Fetches
from countenance.services.gallery import LiveGallery
from countenance.services.gallery_files import GalleryFiles
from countenance.services.health import Health
from countenance.services.intake import Intake
from countenance.services.journal import ORIGIN
from countenance.services.law import LawBook
from countenance.services.looking import Looking
from countenance.services.models import chosen_pack, use_pack
from countenance.services.own import OwnView
from countenance.services.packs import Packs
from countenance.services.production import Production
from countenance.services.quantising import Quantising
from countenance.services.register import Register
from countenance.services.remedies import Remedies
from countenance.services.residency import Homes
from countenance.services.restore import KeySource, Names, Restored, refuse_living, restore, sealed_keys
from countenance.services.retention import Retention
from countenance.services.search import Searches
from countenance.services.signing import Signings
from countenance.services.sources import Sources
from countenance.services.subjects import Subjects
from countenance.services.verification import Place, Verifications
from countenance.store import root_key
from countenance.store import subjects as subject_rows
from countenance.store.records import Records, set_setting, settings

if TYPE_CHECKING:
    from countenance.technologies import ModelStore


class Engine(Intake, Remedies):
    """Everything that a door can ask for, on one data directory; each property names its verbs.

    Attributes:
        subjects: `add`, `everyone`, `deliver_notice`, `sign`, `show`, `withdraw`.
        register: `add_client`, `clients`, `add_source`, `sources`.
        backups: `make`, `spread_tombstones`, `new_recovery_key`.
        doctor: `problems`.
    """

    def __init__(self, directory: Path, records: Records) -> None:
        self.directory = directory
        self._records = records
        self._law = law = LawBook(shipped())
        self.packs = Packs(records, law, partial(files.show_policy, directory))
        self._gallery = LiveGallery(
            technologies.scan, law, GalleryFiles(records, directory / files.GALLERY), os.cpu_count() or 1
        )
        self.backups = Backups(records, directory)
        self.subjects = Subjects(records, law, self.backups.spread_tombstones)
        self.register = Register(records, law)
        self.doctor = Doctor(records, lambda: self.pack, directory, files.OWNED, self._gallery.files)

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
        if (directory / files.ROOT_KEY).exists() or (directory / files.RECORDS).exists():
            raise AlreadyInitialised(f"there is a data directory at {directory} already; nothing was changed")
        with files.writing(directory):
            directory.mkdir(mode=0o700, parents=True, exist_ok=True)
            if any(directory.iterdir()):
                raise BadInput(f"{directory} holds other files; name a new or an empty folder (--data)")
            directory.chmod(0o700)
            root_key.make(directory / files.ROOT_KEY)
        try:
            engine = cls(directory, files.open_records(directory, root_key.source(directory / files.ROOT_KEY), clock))
            engine._begin(operator.strip(), contact, policy_url)
        except BaseException:
            for name in files.OWNED:  # half a data directory could neither be opened nor be made anew
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
        if not (directory / files.RECORDS).is_file():
            raise NotInitialised(f"there is no data directory at {directory}; `countenance init` makes one")
        if not os.access(directory, os.W_OK):
            raise NotWritable(f"{directory} cannot be written; every search is logged there, so none is answered")
        return cls(directory, files.open_records(directory, root_key.source(directory / files.ROOT_KEY), clock))

    def close(self) -> None:
        """Write what a long start would wait for to the gallery's sealed files; nothing is lost without this."""
        if "jobs" in self.__dict__:
            self.jobs.stop()
        pack = self.__dict__.get("pack")
        if pack is not None:  # else nothing was searched or enrolled
            with self._records.read() as work:
                self._gallery.level(work, pack.encoder)
        self._gallery.settle()

    @cached_property
    def health(self) -> Health:
        """Verbs on how this installation is."""
        name, pack = (lambda: self.pack_name), (lambda: self.pack)
        return Health(self._records, self._law, self.doctor, self.directory, name, pack)

    @cached_property
    def production(self) -> Production:
        """The verb `unsafe`: what speaks against production."""
        return Production(self._records, self._law, self.doctor)

    @cached_property
    def searches(self) -> Searches:
        """Verbs of a client's searcher."""
        return Searches(self._records, self._law, self._reader, lambda: self.pack, self._gallery)

    @cached_property
    def desk(self) -> Desk:
        """Verbs on a client's own searches: `search`, `answer`, `history`, `crop`, `decide`, `authorise`."""
        eyes = (self._reader, lambda: self.pack, self.ingest.content_tag)
        return Desk(self._records, self._law, self.searches, eyes, self._gallery, self.results)

    @cached_property
    def datasets(self) -> DataSets:
        """Data sets, encoded in memory for a measurement."""
        return DataSets(self._records, self._law, self._reader, lambda: self.pack)

    @cached_property
    def evaluations(self) -> Evaluations:
        """The verb `run` on data sets."""
        return Evaluations(self._records, self.datasets, self._reader, lambda: self.pack)

    @cached_property
    def destruction(self) -> Destruction:
        """Verbs on destruction runs: `plan`, `freeze`, `approve`, `resume`, `destroy`, `status`, `runs`."""
        place = Place(self.directory, self.directory / files.RECORDS, self.directory / files.KEYRING, self._owns)
        verification = Verifications(self._records, lambda: self.pack, self._gallery, place)
        of_this, lock = (self._records, self._law, self._reader), self.directory / files.DESTRUCTION_LOCK
        return Destruction(*of_this, self._gallery, self.journal, verification, self._deferred, lock)

    @cached_property
    def sources(self) -> Sources:
        """The verb `revoke` on a source."""
        return Sources(self._records, lambda: self.destruction)

    @cached_property
    def fetches(self) -> Fetches:
        """The verb `fetch` on one photo of a released person."""
        return Fetches(self._records, self._law, technologies.web, lambda: self.ingest, self.directory)

    @cached_property
    def retention(self) -> Retention:
        """Verbs on the retention clock: `status`, `run`, `notices`, `interaction`, `purpose_met`, `review`."""
        lock = self.directory / files.RETENTION_LOCK
        late = (lambda: self.destruction), (lambda: self.evidence), (lambda: self.repetition)
        return Retention(self._records, self._law, *late, self.results.purge_overdue, lock)

    @cached_property
    def homes(self) -> Homes:
        """Verbs on residency facts: `add`, `of`."""
        return Homes(self._records, self._law, self.packs.reevaluate, self.custody.orders.froze)

    @cached_property
    def signings(self) -> Signings:
        """Verbs on signings: `start`, `enter`, `screen`, `choose`, `sign`, `refuse`, `picture`."""
        late = (lambda: self.homes), self._looking, (lambda: self.ingest)
        return Signings(self._records, self._law, self.subjects, *late)

    @cached_property
    def own(self) -> OwnView:
        """Verbs of the person pictured: `link`, `follow`, `show`, `photo`, `ask`, `not_me`, `withdraw`."""
        return OwnView(self._records, self.subjects, self.requests, self.homes, self.journal)

    @cached_property
    def custody(self) -> Custody:
        """Holds, orders, their conflicts and their execution."""
        spread, erase = self.backups.spread_tombstones, self._gallery.erase
        return Custody(self._records, self._law, self.register, lambda: self.destruction, spread, erase)

    @cached_property
    def calibrations(self) -> Calibrations:
        """Verbs on thresholds: `from_data_set`, `from_gallery`, `explain`."""
        pack, gallery = (lambda: self.pack), self._gallery
        return Calibrations(self._records, self._law, self.datasets, pack, gallery, self.lineage)

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
            count = work.keyring.rotate(root_key.source(self.directory / files.ROOT_KEY))
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
            ring = files.keyring_of(keyring_of)
            source = KeySource(ring.contents(), frozenset(ring.tombstones()))
        elif identity is not None:
            source = sealed_keys(folder, identity, keys, clock.now())
        if tombstones_of is not None:
            source = KeySource(source.keys, source.tombstones | set(files.keyring_of(tombstones_of).tombstones()))
        names = Names(files.ROOT_KEY, files.KEYRING, files.RECORDS, files.POLICY)
        return restore(folder, into, source, names=names, reader=technologies.photo_reader(), clock=clock, at=at)

    @cached_property
    def models(self) -> ModelStore:
        """Verbs on face packs: `manifests`, `pull`."""
        return technologies.model_store(self.directory / files.MODELS)

    @cached_property
    def quantising(self) -> Quantising:
        """The verb `quantise` on a face pack."""
        return Quantising(self._records, self.datasets, self._load, self.models.quantise)

    @cached_property
    def pack(self) -> FacePack:
        """The face pack in use, loaded on first need."""
        return self._load(self.pack_name)

    @property
    def pack_name(self) -> str:
        """Name of the face pack in use, whether it loads or not."""
        return chosen_pack(self._records)

    @property
    def operator(self) -> str:
        """Who runs this."""
        with self._records.read() as work:
            return settings(work)["operator"]

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
        return technologies.photo_reader()

    def _owns(self, path: Path) -> bool:
        """Say whether a path, relative to the data directory, belongs to a store."""
        first, *rest = path.parts
        if first == files.GALLERY and len(rest) == 1:
            return self._gallery.files.owns(rest[0])
        return self.models.owns(Path(*rest)) if first == files.MODELS and rest else first in files.OWNED

    @property
    def _ingest_lock(self) -> Path:
        return self.directory / files.LOCK

    def _looking(self) -> Eyes:
        return Looking(self._reader, self.pack)

    def _crowd(self, count: int) -> AbstractContextManager[Eyes]:
        return technologies.crowd(self.directory / files.MODELS, self.pack_name, count)

    def _load(self, name: str) -> FacePack:
        return technologies.pack(self.models, name)

    def _begin(self, operator: str, contact: str | None, policy_url: str | None) -> None:
        where = f"the file {files.POLICY} that {operator} publishes"
        with self._records.write() as work:
            set_setting(work, "operator", operator)
            set_setting(work, "contact", contact or f"the office of {operator} that gave you this notice")
            set_setting(work, "policy_url", policy_url or where)
            set_setting(work, ORIGIN, f"countenance/{new_id('log')}")
        self.packs.publish()
