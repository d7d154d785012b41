# SPDX-License-Identifier: Apache-2.0
"""Identifiers: random, typed by prefix, meaningless outside this data directory."""

from __future__ import annotations

import secrets
from contextvars import ContextVar
from typing import NewType

SubjectId = NewType("SubjectId", str)
ReleaseId = NewType("ReleaseId", str)
NoticeId = NewType("NoticeId", str)
ClientId = NewType("ClientId", str)
SourceId = NewType("SourceId", str)
PhotoId = NewType("PhotoId", str)
FaceId = NewType("FaceId", str)
ReferenceId = NewType("ReferenceId", str)
SearchId = NewType("SearchId", str)
RunId = NewType("RunId", str)
CertificateId = NewType("CertificateId", str)
HoldId = NewType("HoldId", str)
OrderId = NewType("OrderId", str)
ConflictId = NewType("ConflictId", str)
ArtefactId = NewType("ArtefactId", str)
EvidenceId = NewType("EvidenceId", str)
RequestId = NewType("RequestId", str)
BreachId = NewType("BreachId", str)
InstructionId = NewType("InstructionId", str)
ProcessorId = NewType("ProcessorId", str)
AccountId = NewType("AccountId", str)
SigningId = NewType("SigningId", str)
JobId = NewType("JobId", str)

REQUEST_UNDER_WAY: ContextVar[str | None] = ContextVar("request under way", default=None)
"""The number of the server's request that is being answered here; the log's entries carry it (`store.records`)."""

# Crockford's base 32: no i, l, o, u, so an id survives being read aloud or copied by hand.
_ALPHABET = "0123456789abcdefghjkmnpqrstvwxyz"
_BYTES = _ALPHABET.encode() * 8  # what each byte stands for: 256 is a multiple of 32, so all are as likely
_LENGTH = 16  # 80 random bits: no collision to expect below 10^11 ids (birthday bound 10^-2).


def new_id(prefix: str) -> str:
    """Return a fresh random id such as `sub_7k2m0q9x4t8b5c1d`."""
    return f"{prefix}_{secrets.token_bytes(_LENGTH).translate(_BYTES).decode()}"
