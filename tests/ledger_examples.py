# SPDX-License-Identifier: Apache-2.0
"""The worked examples of docs/formats, made by the program; run it to write them into the documents anew."""

from __future__ import annotations

import re
from pathlib import Path

from ledger_world import WITNESSES, Log, certificate, filler, release, salt

from countenance import canonical
from countenance.ledger import proof
from countenance.ledger.note import KeyType

FORMATS = Path(__file__).resolve().parents[1] / "docs" / "formats"
FILES = ("entry.md", "checkpoint.md", "proof.md", "certificate.md", "release.md")
_BLOCK = re.compile(r"(<!-- example: ([a-z-]+) -->\n```[a-z]*\n)(.*?)(```\n)", re.DOTALL)


def make() -> dict[str, str]:
    """Return every example by its name: a log of five searches, then a release, then a certificate."""
    log = Log(5)
    exported = log.export(release())
    certified = log.certify(certificate())
    entry, tiny = filler(0), Log(2)
    return {
        "record": canonical.encode({"search": "sea_0"}).decode() + "\n",
        "salt": salt(0).hex() + "\n",
        "entry": entry.encode().decode() + "\n",
        "leaf-hash": entry.leaf_hash().hex() + "\n",
        "keys": f"{log.signer.verifier().text()}\n{WITNESSES[0].verifier(KeyType.COSIGNATURE).text()}\n",
        "checkpoint": log.note(witnesses=WITNESSES[:1]).decode(),
        "published": "".join(
            f"{path}\n  {data.hex()}\n" for path, data in sorted(tiny.publish().items()) if path != "checkpoint"
        ),
        "entry-proof": log.prove(2, carry=True, witnesses=WITNESSES[:1]).encode().decode(),
        "growth-start": log.note(3).decode(),
        "growth-proof": log.growth(3).encode().decode(),
        "certificate": certified.decode(),
        "certificate-proof": proof.EntryProof.encode(log.prove(6)).decode(),
        "release": exported.decode(),
    }


def blocks() -> dict[str, str]:
    """Return the examples that stand in the documents."""
    return {
        name: text
        for file in FILES
        for _, name, text, _ in _BLOCK.findall((FORMATS / file).read_text(encoding="utf-8"))
    }


def _rewrite() -> None:
    examples = make()
    for file in FILES:
        path = FORMATS / file
        text = path.read_text(encoding="utf-8")
        path.write_text(_BLOCK.sub(lambda found: found[1] + examples[found[2]] + found[4], text), encoding="utf-8")


if __name__ == "__main__":
    _rewrite()
