# SPDX-License-Identifier: Apache-2.0
"""Restore: backups become a new data directory, and whatever was destroyed since is destroyed again before it opens.

Everything is built beside the new directory and moved to its place as the last step: a restore that fails leaves
nothing, and one that is killed no directory that could be searched; the next one into the same place sweeps it.
"""

from __future__ import annotations

import hmac
import json
import shutil
from collections.abc import Iterable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from countenance import canonical
from countenance.clock import Clock, from_text, to_text
from countenance.errors import AlreadyInitialised, BadInput, Damaged, NotFound, NotWritable
from countenance.ids import SubjectId, new_id
from countenance.model.event import EventTag
from countenance.ports.photos import PhotoReader
from countenance.services.backup import LONGEST_DAYS, MANIFEST, POLICY, RECORDS, described, head_of, remember
from countenance.services.journal import ORIGIN
from countenance.services.masking import remask_returned
from countenance.store import accounts, burial, changes, recovery, root_key, tombstones
from countenance.store.burial import Buried
from countenance.store.keyring import Keyring
from countenance.store.records import Records, Transaction, owners, set_setting
from countenance.store.root_key import sync_folder


@dataclass(frozen=True)
class Names:
    """The names of files in a data directory."""

    root_key: str
    keyring: str
    records: str
    policy: str


@dataclass(frozen=True)
class Restored:
    """What came of a restore.

    Attributes:
        made_at: when the data backup was made.
        tombstones: how many were held against it.
        reapplied: what had come back and was ended again: subjects, photos, sources, clients, single faces, releases.
        subjects: how many of these were destroyed subjects.
        withdrawn: how many of these were withdrawn releases; their subjects are frozen.
    """

    directory: Path
    made_at: datetime
    tombstones: int
    reapplied: int
    subjects: int
    withdrawn: int


@dataclass(frozen=True)
class KeySource:
    """Where the keys come from.

    Attributes:
        keys: by owner, unwrapped.
        tombstones: of living copies of the keyring, besides those in the backup folder.
    """

    keys: Mapping[str, bytes]
    tombstones: frozenset[bytes] = frozenset()


def sealed_keys(folder: Path, identity: Path, keys: Path | None, now: datetime) -> KeySource:
    """Return the keys of a keys backup, by default the newest of a folder.

    Raises:
        NotFound: the folder has none.
        BadInput: the recovery key is another one, or the backup is no longer valid.
        Damaged: the backup is not as it was written.
    """
    path = keys or max(folder.glob("keys-*.age"), default=None, key=lambda file: file.name)
    if path is None:
        raise NotFound(f"{folder} holds no keys backup (keys-*.age); name one with --keys")
    opened = recovery.unseal(path, identity)
    if opened.until < now:
        raise BadInput(f"{path.name} was valid until {to_text(opened.until)}: it had to be deleted, and is not used")
    return KeySource(opened.keys)


def restore(
    folder: Path,
    into: Path,
    source: KeySource,
    *,
    names: Names,
    reader: PhotoReader,
    clock: Clock,
    at: datetime | None = None,
) -> Restored:
    """Make a new data directory of a data backup and keys.

    Args:
        at: take the newest backup that is not newer than this; by default the newest.

    Raises:
        AlreadyInitialised: the new directory exists and is not empty.
        NotFound: there is no such backup.
        Damaged: backup, tombstones and keys are not as they were written, or do not belong together.
        NotWritable: the new directory cannot be made.
    """
    folder, into = folder.resolve(), into.resolve()
    refuse_living(into)
    data = _chosen(folder, at)
    manifest = _checked(data)
    for left in into.parent.glob(f".restoring-{into.name}-*"):  # of a restore that was killed: it holds keys
        shutil.rmtree(left)
    building = into.with_name(f".restoring-{into.name}-{new_id('new')}")
    try:
        building.mkdir(mode=0o700, parents=True)
        shutil.copyfile(data / RECORDS, building / names.records)
        shutil.copyfile(data / POLICY, building / names.policy)
        (building / names.records).chmod(0o600)
        done = _Restoration(folder, manifest, building, names, reader, clock).run(source)
        sync_folder(building)
        building.rename(into)
        sync_folder(into.parent)
    except OSError as error:
        raise NotWritable(f"{into} cannot be made: {error.strerror}; nothing of it is left") from error
    finally:
        shutil.rmtree(building, ignore_errors=True)
    return Restored(into, from_text(manifest["made_at"]), *done)


def refuse_living(into: Path) -> None:
    """Refuse to restore over anything.

    Raises:
        AlreadyInitialised: the directory exists and is not empty.
    """
    if into.exists() and not (into.is_dir() and not any(into.iterdir())):
        raise AlreadyInitialised(f"{into} exists; a restore goes into a new or empty folder. Nothing was changed")


class _Restoration:
    """One restore, in the directory that is being built."""

    def __init__(
        self, folder: Path, manifest: dict[str, Any], building: Path, names: Names, reader: PhotoReader, clock: Clock
    ) -> None:
        self._folder = folder
        self._manifest = manifest
        self._building = building
        self._names = names
        self._reader = reader
        self._clock = clock

    def run(self, source: KeySource) -> tuple[int, int, int, int]:
        """Return the counts of `Restored`, in its order."""
        root = root_key.make(self._building / self._names.root_key)
        (self._building / self._names.keyring).touch(mode=0o600)
        keyring = Keyring.filled(self._building / self._names.keyring, root, source.keys)
        if not _is_of(keyring, self._manifest):
            raise Damaged(f"{MANIFEST} was changed, or these keys belong to other data; nothing was restored")
        keyring.bury(tombstones.read(self._folder / tombstones.NAME, keyring), self._clock.now())
        keyring.bury(source.tombstones, self._clock.now())
        records = Records(self._building / self._names.records, keyring, self._clock)
        with records.write() as work:
            buried = burial.find(work)
            self._replay(work, buried)
        records.compact()
        with suppress(OSError):  # the folder may be read-only; doctor tells
            tombstones.spread(self._folder / tombstones.NAME, keyring)
        return len(keyring.tombstones()), len(buried), len(buried.subjects), len(buried.withdrawn)

    def _replay(self, work: Transaction, buried: Buried) -> None:
        """Destroy again what was destroyed, and go on under a new name of the log."""
        head = head_of(work)
        if head != self._manifest["log"]:
            raise Damaged("the log is not the one that the manifest tells of; nothing was restored")
        for photo in buried.shared:
            remask_returned(work, self._reader, photo)
        burial.remove(work, buried)
        accounts.shut(work)
        changes.set_files(work, "", ())  # no backup holds the gallery's sealed files: they are made anew
        lost = owners(work) - work.keyring.owners()
        if lost:
            raise Damaged(f"the keys are older than the data: {len(lost)} are missing; use newer keys or older data")
        work.keyring.keep(owners(work))
        set_setting(work, ORIGIN, f"countenance/{new_id('log')}")
        remember(work, self._folder, self._keys_backups(work))
        # The log may be shorter than what was published, so it is another log from here on: no fork of the old one.
        work.log(EventTag.SYSTEM_RESTORED, old=head, reapplied=len(buried))
        for subject in sorted(buried.subjects):
            work.log(EventTag.SUBJECT_DESTROYED, subject=SubjectId(subject), reapplied=True)
        for subject in sorted({release.subject for release in buried.withdrawn} | buried.frozen):
            work.log(EventTag.SUBJECT_FROZEN, subject=SubjectId(subject), reapplied=True)

    def _keys_backups(self, work: Transaction) -> dict[str, str]:
        """Return the keys backups of the folder with their dates; the latest possible where no manifest tells one."""
        told = {}
        for manifest in map(_manifest, _backups_in(self._folder)):
            if _is_of(work.keyring, manifest):
                told[manifest["keys"]["file"]] = manifest["keys"]["valid_until"]
        latest = to_text(work.now + timedelta(days=LONGEST_DAYS))
        return {path.name: told.get(path.name, latest) for path in self._folder.glob("keys-*.age")}


def _chosen(folder: Path, at: datetime | None) -> Path:
    """Return the data backup to restore."""
    found = [data for data in _backups_in(folder) if at is None or _made_at(data) <= at]
    if not found:
        raise NotFound(f"{folder} holds no data backup{'' if at is None else f' of {to_text(at)} or before'}")
    return max(found, key=_made_at)


def _checked(data: Path) -> dict[str, Any]:
    """Return the manifest of a data backup whose files are as it says."""
    manifest = _manifest(data)
    for name in (RECORDS, POLICY):
        if not (data / name).is_file() or described(data / name) != manifest["files"].get(name):
            raise Damaged(f"{data / name} is not the file that was backed up; use another copy. Nothing was restored")
    return manifest


def _backups_in(folder: Path) -> Iterable[Path]:
    return (path.parent for path in folder.glob(f"data-*/{MANIFEST}"))


def _made_at(data: Path) -> datetime:
    return from_text(_manifest(data)["made_at"])


def _is_of(keyring: Keyring, manifest: Mapping[str, Any]) -> bool:
    """Say whether a manifest was written by the owner of these keys."""
    signed = {name: value for name, value in manifest.items() if name != "mac"}
    return hmac.compare_digest(manifest["mac"].encode(), keyring.mac(canonical.encode(signed)).hex().encode())


def _manifest(data: Path) -> dict[str, Any]:
    try:
        manifest: dict[str, Any] = json.loads((data / MANIFEST).read_bytes())
        from_text(manifest["made_at"])
        if not (isinstance(manifest["mac"], str) and manifest["files"].keys()):
            raise ValueError("incomplete")
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
        raise Damaged(f"{data / MANIFEST} cannot be read; use another copy. Nothing was restored") from error
    return manifest
