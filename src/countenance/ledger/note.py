# SPDX-License-Identifier: Apache-2.0
"""C2SP signed-note: a text under one or more Ed25519 signatures, and the keys as one-line texts.

A key is named by its name and its id, SHA-256(name || 0x0A || type || public key)[:4]. Signatures of unknown keys
are ignored, as the standard asks; one in a known key's name that does not verify rejects the whole note.

Source: https://c2sp.org/signed-note, https://c2sp.org/tlog-cosignature.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
from collections.abc import Iterable
from dataclasses import dataclass
from enum import IntEnum

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

from countenance.errors import BadSignature, Malformed, UnknownKey

MAX_NOTE_BYTES = 262_144  # The standard asks for room for 16 signatures of up to 5 kB; this is thrice that.
_KEY_BYTES = 32
_ID_BYTES = 4
_DASH = "\u2014"


class KeyType(IntEnum):
    """The signature type bytes that are understood here."""

    SIGNATURE = 0x01
    COSIGNATURE = 0x04


@dataclass(frozen=True)
class VerifierKey:
    """A public key and whose it is.

    Attributes:
        public: Ed25519, 32 bytes.
    """

    name: str
    type: KeyType
    public: bytes

    @property
    def id(self) -> bytes:
        """The first 4 bytes of SHA-256(name || 0x0A || type || public key); a label, not a fingerprint."""
        return hashlib.sha256(self.name.encode() + b"\n" + bytes([self.type]) + self.public).digest()[:_ID_BYTES]

    @property
    def label(self) -> str:
        """The name and the id in hex, such as `example.com/foo+530d903a`."""
        return f"{self.name}+{self.id.hex()}"

    def text(self) -> str:
        """Return the key as one line: name+id+base64(type || public key)."""
        return f"{self.label}+{encode_base64(bytes([self.type]) + self.public)}"

    def check(self, signature: bytes, message: bytes) -> None:
        """Check a signature of this key over a message.

        Raises:
            BadSignature: this key did not make it over these bytes.
        """
        try:
            Ed25519PublicKey.from_public_bytes(self.public).verify(signature, message)
        except InvalidSignature as error:
            raise BadSignature(f"the signature of {self.label} is not of that key over these bytes") from error


@dataclass(frozen=True)
class Signer:
    """A private key and whose it is; services unseal one for as long as they sign."""

    name: str
    private: Ed25519PrivateKey

    def verifier(self, kind: KeyType = KeyType.SIGNATURE) -> VerifierKey:
        """Return the public half, for signatures or for cosignatures."""
        return VerifierKey(self.name, kind, self.private.public_key().public_bytes_raw())

    def sign(self, message: bytes) -> bytes:
        """Return the Ed25519 signature over a message, 64 bytes."""
        return self.private.sign(message)


@dataclass(frozen=True)
class Signature:
    """One signature line; `blob` is what follows the key id."""

    name: str
    key_id: bytes
    blob: bytes

    def is_of(self, key: VerifierKey) -> bool:
        """Say whether this line claims to be by that key."""
        return (self.name, self.key_id) == (key.name, key.id)


@dataclass(frozen=True)
class Note:
    """A signed note; `text` ends with a newline."""

    text: str
    signatures: tuple[Signature, ...]

    def encode(self) -> bytes:
        """Return the note as it is published."""
        lines = (f"{_DASH} {s.name} {encode_base64(s.key_id + s.blob)}\n" for s in self.signatures)
        return f"{self.text}\n{''.join(lines)}".encode()


def sign(text: str, signers: Iterable[Signer]) -> Note:
    """Return the note of a text, signed by each of these keys."""
    message = text.encode()
    return Note(text, tuple(Signature(s.name, s.verifier().id, s.sign(message)) for s in signers))


def parse(data: bytes) -> Note:
    """Return the note that these bytes are; nothing is verified yet.

    Raises:
        Malformed: they are no signed note. There is one way only to write one: `encode` gives these bytes again.
    """
    if len(data) > MAX_NOTE_BYTES:
        raise Malformed(f"a signed note of {len(data)} bytes; at most {MAX_NOTE_BYTES} are read")
    try:
        whole = data.decode()
    except UnicodeDecodeError as error:
        raise Malformed("a signed note is UTF-8 text") from error
    text, blank, lines = whole.rpartition("\n\n")
    if not blank or not lines.endswith("\n") or any(character < " " and character != "\n" for character in whole):
        raise Malformed("not a signed note: a text, an empty line and signature lines")
    return Note(text + "\n", tuple(_signature(line) for line in lines[:-1].split("\n")))


def check(note: Note, keys: Iterable[VerifierKey]) -> list[VerifierKey]:
    """Return which of these keys signed the text.

    Raises:
        UnknownKey: none of them did.
        BadSignature: a signature in the name of one of them is not of that key.
    """
    known = [key for key in keys if any(signature.is_of(key) for signature in note.signatures)]
    if not known:
        names = ", ".join(sorted({f"{s.name}+{s.key_id.hex()}" for s in note.signatures}))
        raise UnknownKey(f"signed by {names}, and by none of the keys given")
    for key in known:
        for signature in note.signatures:
            if signature.is_of(key):
                key.check(signature.blob, note.text.encode())
    return known


def parse_key(text: str) -> VerifierKey:
    """Return the key that a one-line text names.

    Raises:
        Malformed: it is no Ed25519 key of a known type, or its id is not the one of its bytes.
    """
    name, _, rest = text.strip().partition("+")
    _, plus, encoded = rest.partition("+")
    raw = decode_base64(encoded) if plus else b""
    if not is_name(name) or len(raw) != 1 + _KEY_BYTES or raw[0] not in set(KeyType):
        raise Malformed(f"{text.strip()!r} is no key such as example.com/log+530d903a+AekyeRrm...")
    key = VerifierKey(name, KeyType(raw[0]), raw[1:])
    if key.text() != text.strip():
        raise Malformed(f"the id in {text.strip()!r} is not that of its bytes; it was mistyped or changed")
    return key


def is_name(text: str) -> bool:
    """Say whether a text can be the name of a key: not empty, no white space, no plus."""
    return bool(text) and "+" not in text and not any(character.isspace() for character in text)


def encode_base64(data: bytes) -> str:
    """Return standard base64 with padding, RFC 4648 section 4."""
    return base64.b64encode(data).decode()


def decode_base64(text: str) -> bytes:
    """Return the bytes of a base64 text in the one way to write it.

    Raises:
        Malformed: it is not base64, or its spare bits are not zero.
    """
    try:
        data = base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError) as error:
        raise Malformed("not base64") from error
    if encode_base64(data) != text:
        raise Malformed("base64 whose spare bits are not zero")
    return data


def _signature(line: str) -> Signature:
    dash, _, rest = line.partition(" ")
    name, _, encoded = rest.partition(" ")
    if dash != _DASH or not is_name(name):
        raise Malformed("a signature line is an em dash, the key's name and base64")
    raw = decode_base64(encoded)
    if len(raw) <= _ID_BYTES:
        raise Malformed(f"the signature of {name} is empty")
    return Signature(name, raw[:_ID_BYTES], raw[_ID_BYTES:])
