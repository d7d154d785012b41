# SPDX-License-Identifier: Apache-2.0
"""The certificate of destruction: what was destroyed, how, how that was verified, and what was not.

A certificate that contradicts itself cannot be made, nor read: counts add up, whatever was held, failed or deferred is
explained, every check found what it expected, and the title is computed from the counts. A wrong certificate is
superseded by another one, never deleted.

Source: NIST SP 800-88 (content of a certificate of sanitization), 28 U.S.C. 1746 (declaration).
"""

from __future__ import annotations

import dataclasses
import types
import typing
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from countenance.canonical import Value
from countenance.clock import to_text
from countenance.errors import Contradiction, Malformed
from countenance.ledger import entry as entries
from countenance.ledger.document import Body, parse_hex, parse_moment
from countenance.ledger.entry import Entry
from countenance.model.event import EventTag

SCHEMA = "countenance-certificate-1"
COMPLETE, PARTIAL = "complete", "partial"
_HIGHEST_LEVEL = 4
_Record = typing.TypeVar("_Record")


class Left(StrEnum):
    """Why something is left. Evidence is no target: what was signed outlives the data, as the law asks."""

    HELD = "held"
    FAILED = "failed"
    DEFERRED = "deferred"
    EVIDENCE = "evidence"


TARGETS_LEFT = (Left.HELD, Left.FAILED, Left.DEFERRED)
"""The reasons for which a target can be left; any of them makes a certificate partial."""


@dataclass(frozen=True)
class Counts:
    """How many were targeted, and what became of them; the last four add up to the first."""

    targeted: int
    destroyed: int
    held: int
    failed: int
    deferred: int

    def __post_init__(self) -> None:
        """Refuse counts that do not add up.

        Raises:
            Contradiction: they do not, or one is below zero.
        """
        parts = (self.destroyed, self.held, self.failed, self.deferred)
        if min(parts) < 0 or sum(parts) != self.targeted:
            raise Contradiction(
                f"{self.destroyed} destroyed, {self.held} held, {self.failed} failed and {self.deferred} deferred "
                f"are not the {self.targeted} targeted"
            )

    def left(self, why: Left) -> int:
        """Return how many targets were left for this reason, one of `TARGETS_LEFT`."""
        return {Left.HELD: self.held, Left.FAILED: self.failed, Left.DEFERRED: self.deferred}[why]


@dataclass(frozen=True)
class StoreResult:
    """What was done in one store.

    Attributes:
        kind: database, write-ahead log, keyring, index, cache, backup, recipient, ...
        method: how, such as `crypto_erase` or `rewrite_compact`.
        before: how many items it held.
        keys_destroyed: how many keys died here; their ids would name persons and are not published.
        evidence_sha256: of the record of the check, lower-case hex.
    """

    store: str
    kind: str
    method: str
    before: int
    counts: Counts
    keys_destroyed: int
    tool: str
    evidence_sha256: str | None


@dataclass(frozen=True)
class CarveOut:
    """What was left in a store, and why.

    Attributes:
        until: when it ends, where that is known.
    """

    kind: Left
    store: str
    count: int
    reason: str
    until: datetime | None


@dataclass(frozen=True)
class Software:
    """What did it.

    Attributes:
        commit: of the source, where it is known.
        dependencies: name to version.
    """

    version: str
    commit: str | None
    sbom_sha256: str | None
    dependencies: Mapping[str, str]


@dataclass(frozen=True)
class Period:
    """From the start of the run to the end of its verification."""

    start: datetime
    end: datetime


@dataclass(frozen=True)
class Check:
    """One thing that was looked at afterwards, and how many of it there should be and were."""

    name: str
    expected: int
    observed: int


@dataclass(frozen=True)
class Verification:
    """How the destruction was verified.

    Attributes:
        level: 0 attempted, 1 primary store, 2 all derived stores in a fresh process, 3 residual search and restored
            backup, 4 by an independent verifier.
    """

    id: str
    level: int
    at: datetime
    checks: tuple[Check, ...]


@dataclass(frozen=True)
class Declarant:
    """Who declares it."""

    name: str
    title: str


@dataclass(frozen=True)
class Certificate:
    """A certificate of destruction.

    Attributes:
        order_ref: the order, request or rule that asked for it.
        scope_text: what was to be destroyed, in words.
        class_snapshot_root: Merkle root over the members of the class, lower-case hex; None for a single subject.
        unknown_treated_as_member: how many targets were members only because their residency is unknown.
        place: where the media are; with `destination`, what becomes of them, a part of NIST's form.
        policy_pack_hashes: id of a law file to its SHA-256.
        limitations: what it does not say, in words.
        declaration: in words, under penalty of perjury where the law knows that.
        supersedes: id of the certificate that this one corrects.
        salt: of its entry in the log, 32 bytes in lower-case hex; public with the certificate.
    """

    id: str
    run_id: str
    order_ref: str
    operator: str
    place: str
    destination: str
    scope_text: str
    class_snapshot_root: str | None
    counts: Counts
    unknown_treated_as_member: int
    methods: tuple[str, ...]
    stores: tuple[StoreResult, ...]
    carve_outs: tuple[CarveOut, ...]
    policy_pack_hashes: Mapping[str, str]
    software: Software
    period: Period
    verification: Verification
    limitations: tuple[str, ...]
    declarant: Declarant
    declaration: str
    signed_at: datetime
    supersedes: str | None
    salt: str

    def __post_init__(self) -> None:
        """Refuse a certificate that contradicts itself.

        Raises:
            Contradiction: it does; the message says in what.
            Malformed: the salt is none.
        """
        parse_hex(self.salt, entries.SALT_BYTES)
        for why in TARGETS_LEFT:
            _explain(self, why)
        if not 0 <= self.unknown_treated_as_member <= self.counts.targeted:
            raise Contradiction("more members of unknown residency than targets")
        for store in self.stores:
            if store.before < store.counts.targeted:
                raise Contradiction(f"{store.store} held {store.before}, of which {store.counts.targeted} targeted")
        if not 0 <= self.verification.level <= _HIGHEST_LEVEL:
            raise Contradiction(f"there is no verification level {self.verification.level}")
        for check in self.verification.checks:
            if check.observed != check.expected:
                raise Contradiction(
                    f"the check {check.name} found {check.observed} where {check.expected} are certified"
                )
        if not self.period.start <= self.period.end <= self.signed_at:
            raise Contradiction("signed before the run had ended, or ended before it started")

    @property
    def title(self) -> str:
        """`complete` where nothing was held, failed or deferred; otherwise `partial`."""
        return PARTIAL if any(self.counts.left(why) for why in TARGETS_LEFT) else COMPLETE

    def body(self) -> dict[str, Value]:
        """Return what is signed."""
        return {"schema": SCHEMA, "title": self.title, **_fields(self)}

    def entry(self) -> Entry:
        """Return the log's entry: tag, hour of the signature, commitment to the body."""
        return entries.make(self.signed_at, EventTag.CERTIFICATE_SIGNED, bytes.fromhex(self.salt), self.body())


def parse(body: Body) -> Certificate:
    """Return the certificate that a document's body is.

    Raises:
        Malformed: it is none, or has other fields than a certificate.
        Contradiction: it contradicts itself, in its title or otherwise.
    """
    fields = dict(body)
    if fields.pop("schema", None) != SCHEMA:
        raise Malformed(f"not a certificate: its schema is not {SCHEMA}")
    title = fields.pop("title", None)
    certificate = _read_record(Certificate, fields, "certificate")
    if title != certificate.title:
        raise Contradiction(f"titled {title!r}, while its counts make it {certificate.title}")
    return certificate


def _explain(certificate: Certificate, why: Left) -> None:
    """Check that what was left for one reason is explained, store by store."""
    explained = sum(one.count for one in certificate.carve_outs if one.kind is why)
    if explained != certificate.counts.left(why):
        raise Contradiction(f"{certificate.counts.left(why)} {why} in all, but {explained} explained")
    stores = [one.store for one in certificate.stores if one.counts.left(why)]
    if stores and not explained:
        raise Contradiction(f"nothing {why} in all, but something in {', '.join(stores)}")


def _fields(record: typing.Any) -> dict[str, Value]:
    return {field.name: _write(getattr(record, field.name)) for field in dataclasses.fields(record)}


def _write(value: object) -> Value:
    """Return a field as JSON: nested records as objects, moments as text."""
    match value:
        case None | int() | str():
            return value
        case datetime():
            return to_text(value)
        case tuple():
            return [_write(item) for item in value]
        case Mapping():
            return {str(key): _write(item) for key, item in value.items()}
    return _fields(value)


def _left(text: str) -> Left:
    try:
        return Left(text)
    except ValueError as error:
        raise Malformed(f"{text!r} is no reason to leave something") from error


_FROM_TEXT: dict[object, Callable[[str], object]] = {str: str, datetime: parse_moment, Left: _left}


def _read(kind: typing.Any, value: Value, where: str) -> object:
    """Return a field from JSON, by its annotated type; the inverse of `_write`."""
    origin, inner = typing.get_origin(kind), typing.get_args(kind)
    if origin is types.UnionType:  # Only `... | None` occurs.
        return None if value is None else _read(inner[0], value, where)
    if origin is tuple and isinstance(value, list):
        return tuple(_read(inner[0], item, f"{where}[{at}]") for at, item in enumerate(value))
    if origin is Mapping and isinstance(value, dict):
        return {key: _read(inner[1], item, f"{where}.{key}") for key, item in value.items()}
    if kind in _FROM_TEXT and isinstance(value, str):
        return _FROM_TEXT[kind](value)
    if kind is int and type(value) is int:
        return value
    if isinstance(kind, type) and dataclasses.is_dataclass(kind) and isinstance(value, dict):
        return _read_record(kind, value, where)
    raise Malformed(f"{where} is not what a certificate holds there")


def _read_record(kind: type[_Record], value: Mapping[str, Value], where: str) -> _Record:
    hints = typing.get_type_hints(kind)
    if set(value) != set(hints):
        raise Malformed(f"{where} has other fields than {', '.join(sorted(hints))}")
    return kind(**{name: _read(hint, value[name], f"{where}.{name}") for name, hint in hints.items()})
