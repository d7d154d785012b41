# SPDX-License-Identifier: Apache-2.0
"""A second verifier, written from docs/formats alone: nothing of the program is imported here.

Each function asserts what the documents say a verifier checks, in their order.
"""

from __future__ import annotations

import base64
import hashlib
import json
from typing import Any

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

_TAGS = {
    "countenance-certificate-1": "custodian:certificate:signed",
    "countenance-release-export-1": "subject:release:signed",
}


def _sha(data: bytes) -> bytes:
    return hashlib.sha256(data).digest()


def _canonical(value: object) -> bytes:
    return json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=False).encode()


def _key(line: str) -> tuple[str, bytes, int, Ed25519PublicKey]:
    name, hexid, encoded = line.split("+", 2)
    raw = base64.b64decode(encoded)
    key_id = _sha(name.encode() + b"\n" + raw)[:4]
    assert key_id.hex() == hexid
    return name, key_id, raw[0], Ed25519PublicKey.from_public_bytes(raw[1:])


def checkpoint(note: str, keys: list[str]) -> tuple[str, int, bytes, int]:
    """Return origin, size, root, and how many of the keys signed or cosigned."""
    text, lines = note.rsplit("\n\n", 1)
    text += "\n"
    origin, size, root = text.split("\n")[:3]
    signed = 0
    for line in lines.splitlines():
        dash, name, encoded = line.split(" ")
        assert dash == "\u2014"
        raw = base64.b64decode(encoded)
        for key_name, key_id, kind, public in map(_key, keys):
            if (key_name, key_id) == (name, raw[:4]):
                if kind == 1:
                    assert name == origin
                    public.verify(raw[4:], text.encode())
                else:
                    seconds = int.from_bytes(raw[4:12], "big")
                    public.verify(raw[12:], f"cosignature/v1\ntime {seconds}\n{text}".encode())
                signed += 1
    return origin, int(size), base64.b64decode(root), signed


def _root_from(leaf: bytes, index: int, size: int, path: list[bytes]) -> bytes:
    """The recursion of RFC 6962, read backwards: fold the path from the root's child down to the leaf."""
    if size == 1:
        assert not path
        return leaf
    half = 1
    while half * 2 < size:
        half *= 2
    if index < half:
        return _sha(b"\x01" + _root_from(leaf, index, half, path[:-1]) + path[-1])
    return _sha(b"\x01" + path[-1] + _root_from(leaf, index - half, size - half, path[:-1]))


def proof(text: str, entry: bytes | None, keys: list[str]) -> tuple[str, int, bytes]:
    """Return origin, index and entry of a proof that holds."""
    head, note = text.split("\n\n", 1)
    version, *lines = head.split("\n")
    assert version == "c2sp.org/tlog-proof@v1"
    if lines[0].startswith("extra "):
        entry = base64.b64decode(lines.pop(0).removeprefix("extra "))
    assert entry is not None
    index = int(lines.pop(0).removeprefix("index "))
    origin, size, root, signed = checkpoint(note, keys)
    assert signed
    assert index < size
    assert _root_from(_sha(b"\x00" + entry), index, size, [base64.b64decode(line) for line in lines]) == root
    return origin, index, entry


def document(data: str, keys: list[str]) -> dict[str, Any]:
    """Return the body of a certificate or an exported release that holds."""
    body = json.loads(data)
    assert _canonical(body) + b"\n" == data.encode()
    signatures, tlog_proof = body.pop("signatures"), body.pop("tlog_proof")
    signers = set()
    for one in signatures:
        for name, key_id, _, public in map(_key, keys):
            if one["key"] == f"{name}+{key_id.hex()}":
                public.verify(base64.b64decode(one["sig"]), _canonical(body))
                signers.add(name)
    is_release = body["schema"] == "countenance-release-export-1"
    record = body["evidence"] if is_release else body
    signed_at = record["signature"]["signed_at"] if is_release else record["signed_at"]
    entry = {
        "v": 1,
        "hour": signed_at[:13] + "Z",
        "tag": _TAGS[body["schema"]],
        "commitment": _sha(bytes.fromhex(body["salt"]) + _canonical(record)).hex(),
    }
    origin, _, _ = proof(tlog_proof, _canonical(entry), keys)
    assert origin in signers
    return body
