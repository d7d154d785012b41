# SPDX-License-Identifier: Apache-2.0
"""Every place that can hold personal bytes: what it holds, how it is emptied, how emptiness is proved.

What is not in this list must not exist: `scan` and every destruction report a file in the data directory that no store
owns, such as a copy that somebody made and forgot.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Store:
    """One place.

    Attributes:
        kind: as a certificate names it.
        counted: the names of the counts of a run that are items of this store.
        method: as a certificate names it.
    """

    name: str
    kind: str
    holds: str
    counted: tuple[str, ...]
    method: str
    proof: str


STORES = (
    Store(
        "records",
        "database",
        "labels, homes, notices, signed releases, faces, sealed faceprints, photo paths",
        (
            *(
                "subject",
                "residency_fact",
                "retention_fact",
                "retention_clock",
                "retention_notice",
                "retention_conflict",
                "notice",
                "release",
                "release_event",
            ),
            *("reference", "escrow_reference", "face", "face_decision", "photo", "source_links"),
        ),
        "delete",
        "no row by any key, seen by a fresh process; no ciphertext in any file",
    ),
    Store("previews", "blob", "sealed previews, in the records", ("previews",), "rewrite_or_delete", "as the records"),
    Store(
        "uploaded photos",
        "blob",
        "sealed photos that came without a file, in the records",
        ("photo_file",),
        "rewrite_or_delete",
        "as the records",
    ),
    Store(
        "search history",
        "search_hist",
        "who was found",
        ("search_candidate", "confirmation"),
        "delete",
        "as the records",
    ),
    Store(
        "keyring", "kms", "the keys that seal all of this", ("keys",), "crypto_erase", "no row by owner; no wrapped key"
    ),
    Store("write-ahead logs", "wal", "pages before a checkpoint", (), "checkpoint_truncate", "0 bytes long"),
    Store("free pages", "db", "pages that deleted rows left", (), "vacuum", "0 free pages"),
    Store(
        "gallery in memory", "ann_index", "faceprints in use", ("reference",), "overwrite", "residual search finds none"
    ),
    Store(
        "gallery files",
        "ann_index",
        "sealed copies of the faceprints, by segments, each under a key of its own",
        (),
        "rewrite_or_delete",
        "no reference of theirs in any file that counts; no ciphertext of before; no other file, no other key",
    ),
    Store("caches", "cache", "nothing on disk", (), "none", "no such file"),
    Store("job queue", "queue", "nothing: an ingest keeps no queue", (), "none", "no such file"),
    Store("temporary files", "cache", "nothing: SQLite's lie in memory", (), "none", "no file without a store"),
    Store("exports", "export", "nothing: what was handed out is the recipient's", (), "none", "no such file"),
    Store(
        "artefacts made of faceprints",
        "model",
        "calibrations, evaluation sets, codebooks: by hash, with whom they were made from",
        ("artefact_subject",),
        "mark_stale",
        "a stale one refuses to load",
    ),
    Store(
        "backups",
        "backup",
        "sealed keys, until a stated date",
        (),
        "tombstones",
        "restored in a test; deferred until then",
    ),
    Store("recipients", "client_copy", "answers that clients were given", (), "notice", "named among the limitations"),
)
