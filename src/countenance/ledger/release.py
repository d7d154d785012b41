# SPDX-License-Identifier: Apache-2.0
"""The export of a signed release: the evidence, signed by the service, proved by the log.

It is handed to the person who signed, and to nobody else without need: the evidence names the signer, and the salt in
it is what links the person to the log's entry.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime

from countenance import canonical
from countenance.canonical import Value
from countenance.errors import Contradiction, Malformed
from countenance.ledger import entry as entries
from countenance.ledger.document import Body, parse_hex, parse_moment
from countenance.ledger.entry import Entry
from countenance.model.event import EventTag

SCHEMA = "countenance-release-export-1"
ISO_SCHEMA = "countenance-release-iso27560-1"
SCHEMAS = (SCHEMA, ISO_SCHEMA)
EVIDENCE_SCHEMA = "countenance-release-1"


@dataclass(frozen=True)
class ReleaseExport:
    """A release as it is exported.

    Attributes:
        evidence: the record of the act of signing, schema `countenance-release-1`.
        salt: of the entry `subject:release:signed`, 32 bytes.
        notice_text: what was signed; None in exports from before it was part of them.
        record: members of a JSON-LD consent record (ISO/IEC TS 27560) around it; empty in our own form.
    """

    evidence: Body
    salt: bytes
    notice_text: str | None = None
    record: Body = field(default_factory=dict)

    def body(self) -> dict[str, Value]:
        """Return what is signed."""
        text = {} if self.notice_text is None else {"notice_text": self.notice_text}
        schema = ISO_SCHEMA if self.record else SCHEMA
        return {**self.record, "schema": schema, "evidence": self.evidence, "salt": self.salt.hex(), **text}

    def check_act(self) -> None:
        """Check that the evidence tells of an act of signing, and that the text here is the one that was signed.

        Raises:
            Malformed: no kind, method, signer or stated intent.
            Contradiction: the text is not the one whose digest was signed.
        """
        for member in ("kind", "method", "signer", "intent", "role"):
            if not self.text("signature", member).strip():
                raise Malformed(f"the evidence's signature.{member} is empty: nobody signed")
        signed = self.text("notice", "sha256")
        if self.notice_text is not None and canonical.digest(self.notice_text) != signed:
            raise Contradiction("the text of the notice is not the one that was signed: its SHA-256 is another")

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
    schema, text, own = body.get("schema"), body.get("notice_text"), {"schema", "evidence", "salt", "notice_text"}
    record = {name: value for name, value in body.items() if name not in own}
    if schema not in SCHEMAS or not isinstance(evidence, dict) or bool(record) != (schema == ISO_SCHEMA):
        raise Malformed(f"not an export of a release: {SCHEMA}, evidence, salt and notice_text")
    if text is not None and not isinstance(text, str):
        raise Malformed("the notice_text is no text")
    if evidence.get("schema") != EVIDENCE_SCHEMA:
        raise Malformed(f"the evidence is not of the schema {EVIDENCE_SCHEMA}")
    return ReleaseExport(evidence, salt, text, record)
