# SPDX-License-Identifier: Apache-2.0
"""The export of a signed release: the evidence, signed by the service, proved by the log.

It is handed to the person who signed, and to nobody else without need: the evidence names the signer, and the salt in
it is what links the person to the log's entry.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from countenance.canonical import Value
from countenance.errors import Malformed
from countenance.ledger import entry as entries
from countenance.ledger.document import Body, parse_hex, parse_moment
from countenance.ledger.entry import Entry
from countenance.model.event import EventTag

SCHEMA = "countenance-release-export-1"
EVIDENCE_SCHEMA = "countenance-release-1"


@dataclass(frozen=True)
class ReleaseExport:
    """A release as it is exported.

    Attributes:
        evidence: the record of the act of signing, schema `countenance-release-1`.
        salt: of the entry `subject:release:signed`, 32 bytes.
    """

    evidence: Body
    salt: bytes

    def body(self) -> dict[str, Value]:
        """Return what is signed."""
        return {"schema": SCHEMA, "evidence": self.evidence, "salt": self.salt.hex()}

    def entry(self) -> Entry:
        """Return the log's entry: tag, hour of the signature, commitment to the evidence.

        Raises:
            Malformed: the evidence has no time of signing.
        """
        return entries.make(self.signed_at, EventTag.RELEASE_SIGNED, self.salt, self.evidence)

    @property
    def signed_at(self) -> datetime:
        """When the release was signed."""
        return parse_moment(self.text("signature", "signed_at"))

    @property
    def purposes(self) -> list[str]:
        """The purposes that the release allows."""
        value = self._at("scope", "purposes")
        if not isinstance(value, Sequence) or isinstance(value, str):
            raise Malformed("the evidence's scope.purposes is no list")
        return [str(one) for one in value]

    def text(self, *keys: str) -> str:
        """Return a text of the evidence, such as `text("notice", "sha256")`.

        Raises:
            Malformed: the evidence has no such text.
        """
        value = self._at(*keys)
        if not isinstance(value, str):
            raise Malformed(f"the evidence's {'.'.join(keys)} is no text")
        return value

    def _at(self, *keys: str) -> Value:
        value: Value = self.evidence
        for key in keys:
            if not isinstance(value, dict) or key not in value:
                raise Malformed(f"the evidence has no {'.'.join(keys)}")
            value = value[key]
        return value


def parse(body: Body) -> ReleaseExport:
    """Return the export that a document's body is.

    Raises:
        Malformed: it is none.
    """
    evidence, salt = body.get("evidence"), parse_hex(body.get("salt"), entries.SALT_BYTES)
    if body.get("schema") != SCHEMA or not isinstance(evidence, dict) or set(body) != {"schema", "evidence", "salt"}:
        raise Malformed(f"not an export of a release: {SCHEMA}, evidence and salt")
    if evidence.get("schema") != EVIDENCE_SCHEMA:
        raise Malformed(f"the evidence is not of the schema {EVIDENCE_SCHEMA}")
    return ReleaseExport(evidence, salt)
