# SPDX-License-Identifier: Apache-2.0
"""Verifying a destruction: by key in a fresh process, in raw bytes, and by searching with what was destroyed.

What is needed for that is remembered in memory for the length of one run, and overwritten.
"""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from countenance.ids import RunId, SubjectId
from countenance.ledger.certificate import Check
from countenance.model.client import DEFAULT_FPIR
from countenance.model.destruction import TargetKind
from countenance.model.faceprint import Faceprint
from countenance.ports.vision import FacePack
from countenance.services import residue
from countenance.services.certify import Verified
from countenance.services.gallery import LiveGallery
from countenance.store import photos as photo_rows
from countenance.store import runs as rows
from countenance.store.records import Records, owners
from countenance.vision.calibration import tail_for

Progress = Callable[[str, int, int], None]
"""Called with the name of a step, how much of it is done, and how much there is."""


@dataclass(frozen=True)
class Place:
    """Where the data directory lies, and which files in it belong to a store."""

    directory: Path
    records: Path
    keyring: Path
    owned: frozenset[str]


@dataclass
class Evidence:
    """What is remembered of the targets for the length of one run, to look for afterwards."""

    windows: residue.Windows
    owners: set[str] = field(default_factory=set)
    vectors: dict[SubjectId, list[Faceprint]] = field(default_factory=dict)

    def wipe(self) -> None:
        """Overwrite it."""
        self.windows = np.zeros(0, np.uint64)
        for faceprints in self.vectors.values():
            for faceprint in faceprints:
                faceprint.wipe()
        self.vectors.clear()


class Verifications:
    """Looks for what should be gone."""

    def __init__(self, records: Records, pack: Callable[[], FacePack], gallery: LiveGallery, place: Place) -> None:
        self._records = records
        self._pack = pack
        self._gallery = gallery
        self._place = place

    def remember(self, run: RunId) -> Evidence:
        """Remember ciphertexts, wrapped keys and faceprints of the targets, in memory."""
        with self._records.read() as work:
            doomed = rows.doomed_keys(work, run)
            sealed = rows.sealed_values(work, run)
            wrapped = work.keyring.wrapped(doomed)
            held = rows.references(work, run)
            pack = self._pack() if held else None
            evidence = Evidence(residue.windows([*sealed, *wrapped]), doomed)
            readable = {one for one, subject in held.items() if subject in work.keyring}
            if pack is not None and readable:
                ids, vectors = photo_rows.vectors(work, pack.encoder.digest, pack.encoder.dim, readable)
                for one, vector in zip(ids, vectors, strict=True):
                    evidence.vectors.setdefault(held[one], []).append(Faceprint(vector, pack.encoder.digest))
        return evidence

    def verify(self, run: RunId, evidence: Evidence, report: Progress) -> Verified:
        """Look for what should be gone: by key, in a fresh process, in raw bytes, and with the faceprints."""
        report("compacting", 0, 1)
        self._records.compact()
        self._records.keyring.compact()
        report("verifying", 0, 3)
        checks = [*self._by_fresh_process(run, evidence), *self._by_bytes(evidence)]
        report("verifying", 2, 3)
        found, notes = self._by_search(evidence, report)
        checks += found
        with self._records.read() as work:
            left = set(rows.targets(work, run, TargetKind.SUBJECT)) & work.keyring.owners()
            checks.append(Check("keys of the targets in the open keyring", 0, len(left)))
            report("verifying", 3, 3)
            return Verified(2, work.now, tuple(checks), tuple(notes))

    def residues(self) -> list[Check]:
        """Return what there should be none of, whatever was destroyed: what `scan` shows."""
        looked = self._look({"subjects": [], "photos": [], "keys": []})
        with self._records.read() as work:
            orphans = work.keyring.owners() - owners(work)
        return [
            *(check for check in looked if "rows" not in check.name and not check.name.startswith("keys")),
            self._foreign_files(),
            Check("keys that no record names, left by a crash", 0, len(orphans)),
        ]

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
        return [Check(f"{name}, fresh process", 0, number) for name, number in json.loads(answer.stdout).items()]

    def _by_bytes(self, evidence: Evidence) -> list[Check]:
        hits = residue.count(self._place.directory, evidence.windows)
        return [
            Check("ciphertexts and wrapped keys of the targets in any file", 0, sum(hits.values())),
            self._foreign_files(),
        ]

    def _foreign_files(self) -> Check:
        foreign = [path for path in self._place.directory.iterdir() if path.name not in self._place.owned]
        return Check("files in the data directory that no store owns", 0, len(foreign))

    def _by_search(self, evidence: Evidence, report: Progress) -> tuple[list[Check], list[str]]:
        """Search with the destroyed faceprints in all that is left."""
        if not evidence.vectors:
            return [], []
        encoder = self._pack().encoder
        with self._records.read() as work:
            view = self._gallery.everything(work, encoder)
        threshold = tail_for(encoder.digest).threshold(DEFAULT_FPIR, max(1, len(view.references))).value
        same, others = 0, set()
        for number, (subject, faceprints) in enumerate(evidence.vectors.items(), start=1):
            for faceprint in faceprints:
                for hit in self._gallery.search(faceprint, view, threshold):
                    same += hit.subject == subject
                    others |= {hit.subject} - {subject}
            report("searching for what is left", number, len(evidence.vectors))
        found = Check("references of the same subjects found with the destroyed faceprints", 0, same)
        return [found], [_DUPLICATES.format(len(others), threshold, ", ".join(sorted(others)[:20]))] if others else []


_DUPLICATES = (
    "{} other subjects have references that score above {:.3f} with a destroyed faceprint; they may be the same person "
    "under another id, which a person must decide: {}."
)
