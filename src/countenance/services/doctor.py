# SPDX-License-Identifier: Apache-2.0
"""Doctor: hold the whole data directory against the invariants, and say in words what is wrong."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

from sqlalchemy import select, text

from countenance.clock import to_text
from countenance.errors import CountenanceError
from countenance.ids import SubjectId
from countenance.model.source import FaceState
from countenance.ports.vision import FacePack
from countenance.services import erase_rules
from countenance.services.gallery_files import GalleryFiles
from countenance.services.retention import GRACE
from countenance.services.tails import tail_in_use
from countenance.store import changes, references, schema
from countenance.store import holds as hold_rows
from countenance.store import photos as photo_rows
from countenance.store import subjects as subject_rows
from countenance.store.records import Records, Transaction, owners
from countenance.store.retention import count_overdue

_PRIVATE_DIRECTORY = 0o700
_PRIVATE_FILE = 0o600


class Doctor:
    """The verb `doctor`."""

    def __init__(
        self,
        records: Records,
        pack: Callable[[], FacePack],
        directory: Path,
        owned: frozenset[str],
        gallery: GalleryFiles,
    ) -> None:
        self._records = records
        self._pack = pack
        self._directory = directory
        self._owned = owned
        self._gallery = gallery

    def problems(self) -> list[str]:
        """Return what is wrong, each with what to do; an empty list is health.

        Keys without a record are no problem: a crash leaves one, it seals nothing, the next destruction
        sweeps it.
        """
        found = [*self._files(), *self._models(), *self._gallery.problems()]
        with self._records.read() as work:
            found += [*_database(work), *_law(work), *_consent(work), *_overdue(work), *_faces(work), *_keys(work)]
            found += erase_rules.problems(work, self._directory)
            if not found:
                found += _vectors(work, self._pack())
        return found

    def _files(self) -> Iterator[str]:
        if self._directory.stat().st_mode & 0o777 != _PRIVATE_DIRECTORY:
            yield f"others may enter the data directory; chmod 700 {self._directory}"
        for path in sorted(self._directory.iterdir()):
            if path.name not in self._owned:
                yield f"{path.name} is in the data directory and belongs to no store; look at it, then move it away"
            elif path.is_file() and path.name != "policy.txt" and path.stat().st_mode & 0o777 != _PRIVATE_FILE:
                yield f"others may read {path.name}; chmod 600 {path}"

    def _models(self) -> Iterator[str]:
        try:
            with self._records.read() as work:
                tail_in_use(work, self._pack().encoder.digest)
        except CountenanceError as error:
            yield f"models: {error}"


def _database(work: Transaction) -> Iterator[str]:
    for (word,) in work.connection.execute(text("PRAGMA integrity_check")):
        if word != "ok":
            yield f"the records are damaged: {word}; restore them from a backup"
    for row in work.connection.execute(text("PRAGMA foreign_key_check")):
        yield f"a row of {row[0]} points to a missing row of {row[2]}"
    names = set(work.connection.execute(text("SELECT name FROM sqlite_master WHERE type = 'trigger'")).scalars())
    for needed in (
        "reference_needs_live_release",
        "reference_is_immutable",
        "event_is_kept",
        "event_is_immutable",
        "photo_source_is_not_revoked",
    ):
        if needed not in names:
            yield f"the database's own rule {needed} is gone; restore the records from a backup"


def _law(work: Transaction) -> Iterator[str]:
    if subject_rows.current_policy(work) is None:
        yield (
            "no public retention policy was published, so no face is encoded (740 ILCS 14/15(a)); "
            "`countenance init` publishes it"
        )


def _consent(work: Transaction) -> Iterator[str]:
    """Policy, notice, release, faceprint: in that order, for every reference."""
    table = schema.reference
    for subject, signed in subject_rows.releases(work).items():
        by_id = {release.id: release for release in signed}
        rows = work.connection.execute(
            select(table.c.id, table.c.release, table.c.created_at).where(table.c.subject == subject)
        )
        for row in rows:
            release = by_id.get(row.release)
            if release is None:
                yield f"reference {row.id} rests on a release of somebody else; destroy {subject}"
                continue
            steps = (release.policy_published_at, release.delivered_at, release.signed_at)
            moments = [*(to_text(step) for step in steps), row.created_at]
            if moments != sorted(moments) or row.created_at >= to_text(release.term_end):
                yield f"reference {row.id} was not made under a live release; destroy {subject}"


def _overdue(work: Transaction) -> Iterator[str]:
    late = count_overdue(work, work.now - GRACE)
    if late:
        yield f"people whose time is up and who are still held: {late}; `countenance retention run` destroys them"


def _faces(work: Transaction) -> Iterator[str]:
    sealed = hold_rows.faces(work)
    for face in photo_rows.faces(work):
        if face.id not in sealed and (face.state is FaceState.REFERENCE) != (face.reference is not None):
            yield f"face {face.id} is {face.state.value} but {'has a' if face.reference else 'has no'} reference"


def _keys(work: Transaction) -> Iterator[str]:
    cached = {one.id for one in changes.files(work)}  # what their keys sealed is in the records too
    missing = sorted(owners(work) - work.keyring.owners() - cached)
    interrupted = [owner for owner in missing if subject_rows.exists(work, SubjectId(owner))]
    for owner in interrupted:
        yield f"the destruction of {owner} was interrupted; run `countenance destroy {owner}` again"
    # The photos of somebody half destroyed have lost their keys as well, which is no damage.
    for owner in [] if interrupted else missing:
        yield f"the key of {owner} is gone: what it sealed cannot be read"


def _vectors(work: Transaction, pack: FacePack) -> Iterator[str]:
    for encoder, count in photo_rows.encoders(work).items():
        if encoder != pack.encoder.digest:
            yield (
                f"{count} references come from encoder {encoder[:12]}, which is not in use and are not searched; "
                "`countenance models use` its pack"
            )
    try:
        for some in references.owners_of(work, pack.encoder.digest):
            theirs = references.references_of(work, pack.encoder.digest, some)
            photo_rows.vectors(work, pack.encoder.digest, pack.encoder.dim, theirs)[1].fill(0.0)
        for subject in subject_rows.everyone(work):
            for release in subject_rows.releases(work, subject.id).get(subject.id, []):
                if subject.id in work.keyring:  # else a hold keeps it, or `_keys` says what happened
                    subject_rows.release_record(work, subject.id, release.id)
    except CountenanceError as error:
        yield str(error)
