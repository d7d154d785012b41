# SPDX-License-Identifier: Apache-2.0
"""Verifying a destruction: by key in a fresh process, in raw bytes, and by searching with what was destroyed.

What is needed for that is remembered in memory for the length of one run, and overwritten.
"""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from countenance.ids import ReferenceId, RunId, SubjectId
from countenance.ledger.certificate import Check
from countenance.model.client import DEFAULT_FPIR
from countenance.model.destruction import RunState, TargetKind
from countenance.model.faceprint import Faceprint
from countenance.ports.vision import Encoder, FacePack
from countenance.services import residue
from countenance.services.certify import Verified
from countenance.services.gallery import LiveGallery
from countenance.services.restore_test import RestoreTest
from countenance.services.tails import tail_in_use
from countenance.store import holds as hold_rows
from countenance.store import photos as photo_rows
from countenance.store import runs as rows
from countenance.store.records import Records, Transaction, owners

Progress = Callable[[str, int, int], None]
"""Called with the name of a step, how much of it is done, and how much there is."""


@dataclass(frozen=True)
class Place:
    """Where the data directory lies, and which files in it belong to a store.

    Attributes:
        owns: whether a path, relative to the directory, belongs to a store.
    """

    directory: Path
    records: Path
    keyring: Path
    owns: Callable[[Path], bool]

    def foreign(self) -> list[str]:
        """Return the files that no store owns: copies that somebody made and forgot."""
        files = (path.relative_to(self.directory) for path in self.directory.rglob("*") if not path.is_dir())
        return sorted(str(path) for path in files if not self.owns(path))


@dataclass
class Evidence:
    """What is remembered of the targets for the length of one run, to look for afterwards.

    Attributes:
        windows: of their ciphertexts and wrapped keys.
        owners: of the keys that die.
        suspects: files in which an earlier verification of this run found bytes of the targets.
        vectors: float32 (N, D), their faceprints; wiped with the rest.
        references: the reference of each vector, in the same order, and whose it is.
        notes: what could not be remembered.
        held: all references that the run destroys, also of other encoders.
    """

    windows: residue.Windows
    owners: set[str]
    suspects: tuple[str, ...]
    vectors: NDArray[np.float32]
    references: dict[ReferenceId, SubjectId]
    notes: list[str]
    held: frozenset[ReferenceId]

    def wipe(self) -> None:
        """Overwrite it."""
        self.windows.fill(0)
        self.vectors.fill(0.0)


class Verifications:
    """Looks for what should be gone."""

    def __init__(self, records: Records, pack: Callable[[], FacePack], gallery: LiveGallery, place: Place) -> None:
        self._records = records
        self._pack = pack
        self._gallery = gallery
        self._place = place
        self.restore_test = RestoreTest(records, place.directory)

    def remember(self, run: RunId) -> Evidence:
        """Remember ciphertexts, wrapped keys and faceprints of the targets, in memory."""
        with self._records.read() as work:
            now = rows.get(work, run)
            doomed = rows.doomed_keys(work, run)
            wrapped = work.keyring.wrapped(doomed)
            held = rows.references(work, run)
            sealed = self._gallery.files.windows(held)
            windows = residue.windows([*rows.sealed_values(work, run), *wrapped, *sealed])
            readable: dict[ReferenceId, SubjectId] = {}
            ids: list[ReferenceId] = []
            vectors = np.zeros((0, 0), np.float32)
            if held:
                encoder = self._pack().encoder
                ours = rows.references(work, run, encoder.digest)
                keys = work.keyring.holding(set(ours.values()))
                readable = {one: subject for one, subject in ours.items() if subject in keys}
                ids, vectors = photo_rows.vectors(work, encoder.digest, encoder.dim, readable.keys())
            vectors = self._with_escrow(work, run, readable, ids, vectors)
        suspects = (p.removeprefix(_BYTES_IN) for p in now.problems if p.startswith(_BYTES_IN))
        notes = [_INTERRUPTED] if now.state is not RunState.APPROVED else []
        if len(readable) < len(held):
            notes.append(_NOT_SEARCHED.format(len(held) - len(readable)))
        return Evidence(
            windows, doomed, tuple(suspects), vectors, {one: readable[one] for one in ids}, notes, frozenset(held)
        )

    def _with_escrow(
        self,
        work: Transaction,
        run: RunId,
        readable: dict[ReferenceId, SubjectId],
        ids: list[ReferenceId],
        vectors: NDArray[np.float32],
    ) -> NDArray[np.float32]:
        """Add the faceprints that a hold had kept of the targets; return all vectors."""
        people = work.keyring.holding(rows.targets(work, run, TargetKind.SUBJECT))
        if not people or not hold_rows.faces(work):
            return vectors
        kept = hold_rows.vectors(work, people, self._pack().encoder.digest)
        for reference, subject in kept:
            readable[reference] = subject
            ids.append(reference)
        own = [np.frombuffer(plain, "<f4") for plain in kept.values()]
        return np.vstack([*vectors, *own]) if own else vectors

    def verify(self, run: RunId, evidence: Evidence, report: Progress) -> Verified:
        """Look for what should be gone: by key, in a fresh process, in raw bytes, and with the faceprints."""
        report("restoring a backup from before", 0, 1)
        try:
            restored = self.restore_test.checks(run)
        finally:
            self.restore_test.discard()
        report("compacting", 0, 1)
        self._records.compact()
        self._records.keyring.compact()
        report("verifying", 0, 3)
        checks = self._by_fresh_process(run, evidence)
        report("verifying", 1, 3)
        found, named = self._by_bytes(evidence)
        report("verifying", 2, 3)
        searched, notes = self._by_search(run, evidence, report)
        with self._records.read() as work:
            left = work.keyring.holding(rows.targets(work, run, TargetKind.SUBJECT))
            checks += [*found, *searched, *restored, Check("keys of the targets in the open keyring", 0, len(left))]
            report("verifying", 3, 3)
            level = 3 if restored and not evidence.notes else 2
            return Verified(level, work.now, tuple(checks), (*evidence.notes, *notes), tuple(named))

    def residues(self) -> tuple[list[Check], list[str]]:
        """Return what there should be none of, whatever was destroyed, and the files that no store owns."""
        looked = self._look({"subjects": [], "photos": [], "keys": []})
        with self._records.read() as work:
            orphans = work.keyring.owners() - owners(work)
        foreign = self._place.foreign()
        checks = [
            *(check for check in looked if "rows" not in check.name and not check.name.startswith("keys")),
            Check(_FOREIGN, 0, len(foreign)),
            Check("keys that no record names, left by a crash", 0, len(orphans)),
        ]
        return checks, foreign

    def _by_fresh_process(self, run: RunId, evidence: Evidence) -> list[Check]:
        with self._records.read() as work:
            subjects = rows.targets(work, run, TargetKind.SUBJECT)
            photos = rows.targets(work, run, TargetKind.PHOTO)
        wanted = {"subjects": subjects, "photos": photos, "keys": sorted({*subjects, *evidence.owners})}
        return self._look(wanted)

    def _look(self, wanted: dict[str, list[str]]) -> list[Check]:
        answer = subprocess.run(  # noqa: S603 - our own module, on paths of our own
            [sys.executable, "-m", "countenance.store.recheck", self._place.records, self._place.keyring],
            input=json.dumps(wanted).encode(),
            capture_output=True,
            check=True,
        )
        found: dict[str, int] = json.loads(answer.stdout)
        return [Check(f"{name}, seen by a fresh process", 0, number) for name, number in found.items()]

    def _by_bytes(self, evidence: Evidence) -> tuple[list[Check], list[str]]:
        """Look for the bytes of the targets, and for files without a store; name the files."""
        hits = residue.count(self._place.directory, evidence.windows)
        foreign = self._place.foreign()
        # What an interrupted run remembered is gone, so a copy that was found then has to go as it was found.
        copies = [one for one in evidence.suspects if one not in hits and not self._is_ours(one)]
        again = [one for one in copies if (self._place.directory / one).exists()]
        checks = [
            Check("ciphertexts and wrapped keys of the targets in any file", 0, sum(hits.values()) + len(again)),
            Check(_FOREIGN, 0, len(foreign)),
            Check(
                "references of the targets in the gallery's sealed files", 0, self._gallery.files.count(evidence.held)
            ),
        ]
        return checks, [
            *(_BYTES_IN + one for one in [*hits, *again]),
            *(f"{one} belongs to no store" for one in foreign),
        ]

    def _is_ours(self, name: str) -> bool:
        """Say whether a file is one of the databases, which are compacted before they are looked at."""
        return any(name.startswith(path.name) for path in (self._place.records, self._place.keyring))

    def _by_search(self, run: RunId, evidence: Evidence, report: Progress) -> tuple[list[Check], list[str]]:
        """Search with the destroyed faceprints in all that is left."""
        total = len(evidence.vectors)
        if not total:
            return [], []
        encoder = self._pack().encoder
        people, same, others = list(evidence.references.values()), 0, set()
        with self._records.read() as work:
            targets = set(rows.targets(work, run, TargetKind.SUBJECT))
            size = photo_rows.encoders(work).get(encoder.digest, 0)
            rate = DEFAULT_FPIR / max(1, size)  # of each pair, so that of all of them it is at most that
            threshold = tail_in_use(work, encoder.digest).pair_threshold(rate).value
            rest = self._unsearched(work, encoder)
            for start in range(0, total, _PROBES_AT_ONCE):
                report("searching for what is left", start, total)
                some = evidence.vectors[start : start + _PROBES_AT_ONCE]
                for number, reference, subject in self._found(work, encoder, some, threshold, rest):
                    owner = people[start + number]
                    # Of a photo's people, other photos may well be left.
                    same += reference in evidence.references or (subject == owner and owner in targets)
                    others |= {subject} - {owner}
        report("searching for what is left", total, total)
        found = Check("references of the targets that the destroyed faceprints find", 0, same)
        return [found], [_DUPLICATES.format(len(others), threshold, ", ".join(sorted(others)[:20]))] if others else []

    def _unsearched(self, work: Transaction, encoder: Encoder) -> dict[ReferenceId, SubjectId]:
        """Return the references that the gallery does not hold and that can be read: those of frozen people."""
        rest = self._gallery.outside(work, encoder)
        keys = work.keyring.holding(set(rest.values()))
        return {ref: subject for ref, subject in rest.items() if subject in keys}

    def _found(
        self,
        work: Transaction,
        encoder: Encoder,
        vectors: NDArray[np.float32],
        minimum: float,
        rest: Mapping[ReferenceId, SubjectId],
    ) -> Iterator[tuple[int, ReferenceId, SubjectId]]:
        """Yield (number of the vector, reference, whose) for every reference near it: in the gallery, or frozen."""
        probes = [Faceprint(vector, encoder.digest) for vector in vectors]
        for number, hits in enumerate(self._gallery.near(work, encoder, probes, minimum)):
            yield from ((number, hit.reference, hit.subject) for hit in hits)
        if rest:
            ids, unsealed = photo_rows.vectors(work, encoder.digest, encoder.dim, rest.keys())
            # One at a time: a product of matrices would leave copies of faceprints in the buffers of BLAS.
            near = np.argwhere(np.stack([unsealed @ vector for vector in vectors]) >= minimum)
            unsealed.fill(0.0)
            yield from ((int(number), ids[at], rest[ids[at]]) for number, at in near)


_PROBES_AT_ONCE = 1024
_FOREIGN = "files in the data directory that no store owns"
_BYTES_IN = "bytes of the targets lie in "
_INTERRUPTED = (
    "This run was interrupted and taken up again. What had been destroyed by then could not be remembered, so the scan "
    "for its bytes and the search with its faceprints cover what was left at that moment; for the rest it is checked "
    "that no row, no key, no free page and no byte of a write-ahead log is left."
)
_NOT_SEARCHED = (
    "{} of the destroyed faceprints could not be searched with: their key was gone already, or another model made them."
)

_DUPLICATES = (
    "{} other subjects have references that score above {:.3f} with a destroyed faceprint; they may be the same person "
    "under another id, which a person must decide: {}."
)
