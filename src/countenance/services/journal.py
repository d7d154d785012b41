# SPDX-License-Identifier: Apache-2.0
"""The log for strangers: its signed head, proofs of entries and of growth, and files that any web server can serve."""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum
from pathlib import Path
from typing import Any

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from countenance import canonical
from countenance.errors import BadInput, NotWritable
from countenance.ids import ReleaseId
from countenance.ledger import checkpoint as checkpoints
from countenance.ledger import consent_record, document, merkle, tiles
from countenance.ledger.checkpoint import Checkpoint
from countenance.ledger.consent_record import RecordFacts
from countenance.ledger.note import Signer
from countenance.ledger.proof import EntryProof, GrowthProof
from countenance.ledger.release import ReleaseExport
from countenance.model.consent import Release
from countenance.model.event import Event, EventTag
from countenance.model.residency import homes
from countenance.store import clients as client_rows
from countenance.store import log
from countenance.store import subjects as subject_rows
from countenance.store.keyring import SIGNING_KEY
from countenance.store.records import Records, Transaction, events, settings

ORIGIN = "log_origin"  # the setting that names the log; made once, by `init`


class ReleaseForm(StrEnum):
    """In which form a release is exported."""

    COUNTENANCE = "countenance"
    ISO27560 = "iso27560"
    KANTARA = "kantara"


class Journal:
    """Verbs on the log."""

    def __init__(self, records: Records) -> None:
        self._records = records

    def verifier_key(self) -> str:
        """Return the public key of the log as one line: what a stranger needs, besides the proofs."""
        with self._records.read() as work:
            return self.signer(work).verifier().text()

    def entries(self, last: int | None = None) -> list[Event]:
        """Return the events, oldest first; the last so many where a number is given."""
        with self._records.read() as work:
            found = events(work)
        return found if last is None else found[-last:] if last else []

    def checkpoint(self) -> bytes:
        """Return the signed head of the log, a C2SP checkpoint."""
        with self._records.read() as work:
            return self.head(work)

    def prove(self, index: int) -> bytes:
        """Return the proof that an entry is in the log, a C2SP tlog-proof that carries the entry.

        Raises:
            NotFound: there is no such entry.
        """
        with self._records.read() as work:
            entry = log.entry_at(work.connection, index)
            return self.proof_of(work, index, extra=entry.encode()).encode()

    def prove_growth(self, old: int) -> bytes:
        """Return the proof that the log of `old` entries became that of today by appending alone.

        Raises:
            BadInput: the log never had so many entries.
        """
        with self._records.read() as work:
            size = log.tree_size(work.connection)
            if not 1 <= old <= size:
                raise BadInput(f"the log has {size} entries; name a size from 1 to {size}")
            hashes = merkle.consistency_proof(old, size, log.node_reader(work.connection))
            return GrowthProof(old, tuple(hashes), self.head(work)).encode()

    def export_release(self, release: ReleaseId, form: ReleaseForm = ReleaseForm.COUNTENANCE) -> bytes:
        """Return a release as a document: what the person who signed is given.

        Our own form and the ISO/IEC TS 27560 record are signed and proved; a Kantara receipt is for others to read.

        Raises:
            NotFound: no such release, or its person was destroyed.
        """
        with self._records.read() as work:
            subject = subject_rows.signer_of(work, release)
            evidence = subject_rows.release_record(work, subject, release)
            if not isinstance(evidence, dict):
                raise TypeError("the evidence is an object")
            one = next(r for r in subject_rows.releases(work, subject)[subject] if r.id == release)
            if form is ReleaseForm.KANTARA:
                return canonical.encode(consent_record.kantara(one, self._facts(work, one, evidence))) + b"\n"
            index = log.find(work.connection, EventTag.RELEASE_SIGNED, "release", release)
            salt = log.salt_of(work.connection, work.keyring, index)
            if salt is None:
                raise RuntimeError("the salt lives as long as the person's key")
            text = subject_rows.notice_text(work, subject, one.notice)
            iso = form is ReleaseForm.ISO27560
            record = consent_record.iso27560(one, self._facts(work, one, evidence)) if iso else {}
            body = ReleaseExport(evidence, salt, text, record).body()
            return document.write(body, [self.signer(work)], self.proof_of(work, index))

    def _facts(self, work: Transaction, release: Release, evidence: Mapping[str, Any]) -> RecordFacts:
        """Return what a record tells beside the release."""
        known, signed = settings(work), subject_rows.releases(work, release.subject)[release.subject]
        earlier = [one.id for one in signed if one.signed_at < release.signed_at]
        clients = [(str(one), client_rows.get(work, one).name) for one in sorted(release.scope.clients)]
        kinds = [(f"kind:{one}", f"any vetted client of the kind {one}") for one in sorted(release.scope.kinds)]
        return RecordFacts(
            now=work.now,
            controller=known["operator"],
            contact=known["contact"],
            policy_url=known["policy_url"],
            residency=homes(subject_rows.get(work, release.subject).residency),
            packs=sorted(evidence["law"]["packs"]),
            recipients=[*clients, *kinds],
            notice_sha256=evidence["notice"]["sha256"],
            method=evidence["signature"]["method"],
            intent=evidence["signature"]["intent"],
            renews=earlier[-1] if earlier else None,
            public_key=self.signer(work).verifier().text(),
        )

    def publish(self, folder: Path) -> int:
        """Write the log as C2SP tiles into a folder that any static web server can serve; return its size.

        Files that are there already stay; the checkpoint comes last, so a reader never sees a head without its
        entries.

        Raises:
            NotWritable: the folder cannot be written.
        """
        with self._records.read() as work:
            size = log.tree_size(work.connection)
            entries = [entry.encode() for entry in log.all_entries(work.connection, size)]
            files = tiles.publish(entries, self.head(work))
        try:
            for path, data in sorted(files.items(), key=lambda item: item[0] == tiles.CHECKPOINT_PATH):
                _replace(folder / path, data)
        except OSError as error:
            raise NotWritable(f"the log cannot be written to {folder}: {error.strerror}") from error
        return size

    def head(self, work: Transaction) -> bytes:
        """Return the signed head of the log as this transaction sees it."""
        size = log.tree_size(work.connection)
        root = log.frontier(work.connection, size).root()
        signer = self.signer(work)
        return checkpoints.sign(Checkpoint(signer.name, size, root), signer).encode()

    def proof_of(self, work: Transaction, index: int, extra: bytes | None = None) -> EntryProof:
        """Return the proof of an entry in the log as this transaction sees it."""
        size = log.tree_size(work.connection)
        hashes = merkle.inclusion_proof(index, size, log.node_reader(work.connection))
        return EntryProof(index, tuple(hashes), self.head(work), extra)

    def signer(self, work: Transaction) -> Signer:
        """Return the private key of this service, under the log's name."""
        seed = work.keyring.key(SIGNING_KEY)
        return Signer(settings(work)[ORIGIN], Ed25519PrivateKey.from_private_bytes(seed))


def _replace(path: Path, data: bytes) -> None:
    """Write a file at once or not at all; one that holds these bytes already is left alone."""
    if path.is_file() and path.read_bytes() == data:
        return
    path.parent.mkdir(parents=True, exist_ok=True)
    new = path.with_name(f".{path.name}.new")
    new.write_bytes(data)
    new.replace(path)
