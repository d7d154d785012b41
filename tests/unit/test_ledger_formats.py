# SPDX-License-Identifier: Apache-2.0
"""docs/formats: its examples are what the program makes, and enough to write a second verifier from."""

from __future__ import annotations

import dataclasses
import json
import re
import resource
import subprocess
import sys
from pathlib import Path

import pytest
import second_verifier
from cryptography.exceptions import InvalidSignature
from ledger_examples import FORMATS, blocks, make
from ledger_world import Log

from countenance import errors
from countenance.ledger import certificate, checkpoint, note, proof, verify

_KEYS = blocks()["keys"].splitlines()
_TRUST = checkpoint.Trust((note.parse_key(_KEYS[0]),), (note.parse_key(_KEYS[1]),), 0)


@pytest.mark.parametrize("name", sorted(make()))
def test_the_documents_show_what_the_program_makes(name: str) -> None:
    """Each worked example stands in the documents byte by byte; `python tests/ledger_examples.py` writes them anew."""
    assert blocks()[name] == make()[name]


def test_the_program_verifies_the_documents() -> None:
    """The examples, copied out of the documents, verify."""
    shown = {name: text.encode() for name, text in blocks().items()}
    assert verify.verify_certificate(shown["certificate"], _TRUST).index == 6
    assert verify.verify_release(shown["release"], _TRUST).index == 5
    assert verify.verify_entry(shown["entry-proof"], dataclasses.replace(_TRUST, quorum=1)).index == 2
    assert verify.verify_consistency(shown["growth-start"], shown["growth-proof"], _TRUST).old.size == 3
    assert checkpoint.verify(shown["checkpoint"], dataclasses.replace(_TRUST, quorum=1)).checkpoint.size == 7
    assert json.loads(shown["certificate"])["tlog_proof"].encode() == shown["certificate-proof"]


def test_a_second_verifier_agrees() -> None:
    """A verifier written from the documents alone accepts the same examples."""
    shown = blocks()
    assert second_verifier.document(shown["certificate"], _KEYS)["title"] == "partial"
    assert second_verifier.document(shown["release"], _KEYS)["evidence"]["subject"] == "sub_7k2m0q9x4t8b5c1d"
    assert second_verifier.proof(shown["entry-proof"], None, _KEYS)[1] == 2
    assert second_verifier.checkpoint(shown["checkpoint"], _KEYS)[3] == 2


@pytest.mark.parametrize("size", [1, 2, 7, 255, 256, 300])
def test_both_verifiers_agree_on_other_proofs(size: int) -> None:
    """Whatever the size of the log, the second verifier accepts the proofs, and neither accepts another leaf."""
    log = Log(size)
    for index in {0, size // 2, size - 1}:
        text = log.prove(index).encode().decode()
        assert second_verifier.proof(text, log.entries[index], _KEYS)[1] == index
        with pytest.raises(AssertionError):
            second_verifier.proof(text, b"another", _KEYS)


@pytest.mark.parametrize("name", ["certificate", "release"])
def test_both_verifiers_refuse_what_was_changed(name: str) -> None:
    """A changed statement is refused by both verifiers."""
    changed = blocks()[name].replace("sub_7k2m0q9x4t8b5c1d", "sub_0000000000000000")
    with pytest.raises((AssertionError, InvalidSignature)):
        second_verifier.document(changed, _KEYS)
    with pytest.raises(errors.BadSignature):
        (verify.verify_certificate if name == "certificate" else verify.verify_release)(changed.encode(), _TRUST)


def test_every_field_and_reason_is_documented() -> None:
    """The certificate's fields and every reason code of the verifier stand in the documents."""
    text = (FORMATS / "certificate.md").read_text(encoding="utf-8")
    for record in (certificate.Certificate, certificate.StoreResult, certificate.CarveOut, certificate.Verification):
        for field in dataclasses.fields(record):
            assert f"`{field.name}`" in text, field.name
    reasons = (FORMATS / "proof.md").read_text(encoding="utf-8")
    for reason in errors.VerificationFailed.__subclasses__():
        assert f"`{reason.code}`" in reasons, reason.code
    assert proof.HEADER in reasons


def test_the_verifier_starts_fast(tmp_path: Path) -> None:
    """A fresh process that checks one certificate takes less than 0.3 s of processor time."""
    path = tmp_path / "certificate.json"
    path.write_text(blocks()["certificate"], encoding="utf-8")
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    done = subprocess.run(
        [sys.executable, "-m", "countenance.ledger", str(path), "--key", _KEYS[0]], capture_output=True, check=False
    )
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    assert done.returncode == 0, done.stderr
    assert re.search(rb"certificate\.json: proved", done.stdout)
    assert after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime < 0.3
