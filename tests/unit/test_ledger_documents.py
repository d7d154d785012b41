# SPDX-License-Identifier: Apache-2.0
"""Certificates and exported releases: what they prove, and every way to make them lie."""

from __future__ import annotations

import dataclasses
import json
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from ledger_world import NOON, ORIGIN, Log, certificate, filler, release, salt, signer

from countenance import canonical
from countenance.errors import (
    BadSignature,
    Contradiction,
    Malformed,
    NotIncluded,
    UnknownKey,
    VerificationFailed,
    WrongLog,
)
from countenance.ledger import certificate as certificates
from countenance.ledger import document, verify
from countenance.ledger import release as releases
from countenance.ledger.certificate import CarveOut, Certificate, Check, Counts, Left, Period
from countenance.ledger.checkpoint import Trust

_COMPLETE = {"counts": Counts(12, 12, 0, 0, 0), "stores": (), "carve_outs": ()}


def _changed(data: bytes, **fields: object) -> bytes:
    """The document with other fields, still in canonical form."""
    return canonical.encode({**json.loads(data), **fields}) + b"\n"


def _resigned(data: bytes, by: Log, **fields: object) -> bytes:
    """The document with other fields, signed anew by the service's own key, under the old proof."""
    document_ = document.read(data)
    return document.write({**document_.body, **fields}, [by.signer], document_.proof)


@pytest.mark.parametrize(("changes", "title"), [({}, "partial"), (_COMPLETE, "complete")])
def test_a_certificate_is_proved(changes: dict[str, object], title: str) -> None:
    """A signed and logged certificate reads back as it was made, with its place in the log and its title."""
    log, made = Log(20), certificate(**changes)
    proved = verify.verify_certificate(log.certify(made), log.trust())
    assert proved.certificate == made
    assert (proved.index, proved.head.checkpoint, made.title) == (20, log.head(), title)


def test_the_document_is_canonical_and_signed_without_its_proof() -> None:
    """A certificate's file is canonical JSON and a line break; its signature covers all but signatures and proof."""
    log = Log(3)
    data = log.certify(certificate())
    fields = json.loads(data)
    assert canonical.encode(fields) + b"\n" == data
    assert [one["key"] for one in fields["signatures"]] == [log.signer.verifier().label]
    body = {name: value for name, value in fields.items() if name not in {"signatures", "tlog_proof"}}
    assert document.read(data).body == body == certificate().body()


@settings(max_examples=300, deadline=None)
@given(st.data())
def test_any_changed_byte_breaks_a_certificate(data: st.DataObject) -> None:
    """A certificate is refused whatever byte of it is changed."""
    log = Log(3)
    whole = log.certify(certificate())
    at, value = data.draw(st.integers(0, len(whole) - 1)), data.draw(st.integers(1, 255))
    with pytest.raises(VerificationFailed):
        verify.verify_certificate(whole[:at] + bytes([whole[at] ^ value]) + whole[at + 1 :], log.trust())


def test_a_changed_statement_breaks_the_signature() -> None:
    """A certificate that says something else under the old signature is refused as badly signed."""
    log = Log(3)
    data = log.certify(certificate())
    with pytest.raises(BadSignature, match="not of that key over these bytes"):
        verify.verify_certificate(_changed(data, scope_text="everybody"), log.trust())


def test_a_statement_signed_anew_is_not_in_the_log() -> None:
    """Even the service's own key cannot change a certificate afterwards: the log holds the first one."""
    log = Log(3)
    data = log.certify(certificate())
    for fields in ({"scope_text": "everybody"}, {"salt": salt(7).hex()}, {"signed_at": "2026-11-24T13:30:00.000Z"}):
        with pytest.raises(NotIncluded, match="does not lead from this leaf"):
            verify.verify_certificate(_resigned(data, log, **fields), log.trust())


def test_a_certificate_of_another_log_is_refused() -> None:
    """Another service's certificate is unknown; one whose proof is of another log than its signer's is refused."""
    log, other = Log(3), Log(3, name="other.example/log", seed=7)
    data = other.certify(certificate())
    with pytest.raises(UnknownKey, match=r"signed by other\.example/log\+[0-9a-f]{8}"):
        verify.verify_certificate(data, log.trust())
    both = Trust((log.signer.verifier(), other.signer.verifier()))
    assert verify.verify_certificate(data, both).head.checkpoint.origin == "other.example/log"
    with pytest.raises(WrongLog, match=r"signed by museum\.example/log, but proved by the log other\.example/log"):
        verify.verify_certificate(_resigned(data, log), both)
    with pytest.raises(WrongLog, match=r"of the log other\.example/log"):
        verify.verify_certificate(_resigned(data, log), log.trust())


def test_the_signing_key_may_be_another_one_of_the_same_name() -> None:
    """A service may sign documents with a second key under the log's name; unknown signatures beside it are ignored."""
    log, second = Log(3), signer(ORIGIN, 77)
    made = certificate()
    proof = log.prove(log.append(made.entry()))
    data = document.write(made.body(), [signer("stranger.example/x", 5), second], proof)
    assert verify.verify_certificate(data, Trust((log.signer.verifier(), second.verifier()))).certificate == made
    with pytest.raises(UnknownKey):
        verify.verify_certificate(data, log.trust())


@settings(deadline=None)
@given(*[st.integers(0, 5)] * 5)
def test_counts_add_up_or_are_refused(targeted: int, destroyed: int, held: int, failed: int, deferred: int) -> None:
    """Counts exist only where destroyed, held, failed and deferred add up to targeted."""
    if destroyed + held + failed + deferred == targeted:
        assert Counts(targeted, destroyed, held, failed, deferred).targeted == targeted
    else:
        with pytest.raises(Contradiction, match=f"are not the {targeted} targeted"):
            Counts(targeted, destroyed, held, failed, deferred)


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"carve_outs": ()}, "2 held in all, but 0 explained"),
        ({"carve_outs": (CarveOut(Left.HELD, "records", 3, "x", None),)}, "2 held in all, but 3 explained"),
        ({"counts": Counts(12, 12, 0, 0, 0)}, "0 held in all, but 2 explained"),
        ({"counts": Counts(12, 12, 0, 0, 0), "carve_outs": ()}, "nothing held in all, but something in records"),
        ({"counts": Counts(12, 9, 2, 1, 0)}, "1 failed in all, but 0 explained"),
        ({"unknown_treated_as_member": 13}, "more members of unknown residency"),
        ({"verification": dataclasses.replace(certificate().verification, level=5)}, "no verification level 5"),
        (
            {"verification": dataclasses.replace(certificate().verification, checks=(Check("rows", 0, 3),))},
            "the check rows found 3 where 0 are certified",
        ),
        ({"signed_at": NOON - timedelta(minutes=3)}, "signed before the run had ended"),
        ({"period": Period(NOON, NOON - timedelta(minutes=1))}, "ended before it started"),
        ({"stores": (dataclasses.replace(certificate().stores[0], before=3),)}, "records held 3, of which 12 targeted"),
    ],
)
def test_a_certificate_that_contradicts_itself_cannot_be_made(changes: dict[str, object], reason: str) -> None:
    """Unexplained remains, failed checks, impossible times and counts are refused when the certificate is made."""
    with pytest.raises(Contradiction, match=reason):
        certificate(**changes)


@pytest.mark.parametrize("title", ["complete", "final", None])
def test_a_wrong_title_is_refused_even_if_signed(title: str | None) -> None:
    """A certificate over held targets that calls itself complete is refused, though its service signed it."""
    log = Log(3)
    with pytest.raises(Contradiction, match="while its counts make it partial"):
        verify.verify_certificate(_resigned(log.certify(certificate()), log, title=title), log.trust())


@pytest.mark.parametrize(
    "fields",
    [
        {"schema": "countenance-certificate-2"},
        {"extra": 1},
        {"id": None},
        {"id": 5},
        {"methods": "crypto_erase"},
        {"methods": [1]},
        {"unknown_treated_as_member": True},
        {"carve_outs": [{"kind": "lost"}]},
        {"carve_outs": [{"kind": "lost", "store": "records", "count": 2, "reason": "x", "until": None}]},
        {"policy_pack_hashes": []},
        {"signed_at": "2026-11-24"},
        {"signed_at": "2026-11-24T12:30:00.000+00:00"},
        {"signed_at": "noon"},
        {"salt": "ab"},
        {"salt": "AB" * 32},
        {"salt": "zz" * 32},
        {"counts": {"targeted": 1}},
    ],
)
def test_what_is_no_certificate_is_refused(fields: dict[str, object]) -> None:
    """Other schemas, fields, types and forms are refused, though the service signed them."""
    log = Log(3)
    with pytest.raises(Malformed):
        verify.verify_certificate(_resigned(log.certify(certificate()), log, **fields), log.trust())


@pytest.mark.parametrize(
    "change",
    [
        lambda data: b"",
        lambda data: b"[]\n",
        lambda data: b"{" * 100_000,
        lambda data: data[:-1],
        lambda data: data + b"\n",
        lambda data: json.dumps(json.loads(data), indent=1).encode(),
        lambda data: data.replace(b'{"', b'{"a":1,"a":1,"', 1),
        lambda data: data.replace(b'"before":40', b'"before":40.0'),
        lambda data: data.replace(b'"before":40', b'"before":NaN'),
        lambda data: data.replace(b"everything", b"\xff"),
        lambda data: data.replace(b"All that", b"\\ud800"),
        lambda data: _changed(data, signatures=None),
        lambda data: _changed(data, signatures=[{"key": "x"}]),
        lambda data: _changed(data, signatures=[{"key": "x", "sig": "!"}]),
        lambda data: _changed(data, tlog_proof=3),
        lambda data: _changed(data, tlog_proof="proof"),
        lambda data: _changed(
            data, tlog_proof=json.loads(data)["tlog_proof"].replace("\nindex", "\nextra AAAA\nindex")
        ),
        lambda data: data + b" " * (16 * 2**20),
    ],
)
def test_a_document_is_written_in_one_way_only(change: object) -> None:
    """White space, doubled keys, fractions, missing parts and an unproved extra line are refused."""
    log = Log(3)
    data = log.certify(certificate())
    if (changed := change(data)) != data:  # type: ignore[operator]
        with pytest.raises(Malformed):
            verify.verify_certificate(changed, log.trust())


def test_a_document_that_nobody_signed_is_refused() -> None:
    """Without a signature nothing is proved, though the proof holds."""
    log = Log(3)
    with pytest.raises(UnknownKey, match="signed by nobody"):
        verify.verify_certificate(_changed(log.certify(certificate()), signatures=[]), log.trust())


def test_every_field_of_a_certificate_survives() -> None:
    """A certificate with every optional field set reads back as it was made."""
    made = certificate(
        class_snapshot_root="ef" * 32,
        supersedes="crt_0000000000000000",
        software=dataclasses.replace(certificate().software, commit="abc", sbom_sha256="01" * 32),
        carve_outs=(
            CarveOut(Left.HELD, "records", 1, "hold", None),
            CarveOut(Left.HELD, "records", 1, "hold", datetime(2030, 1, 1, tzinfo=UTC)),
        ),
    )
    assert certificates.parse(made.body()) == made
    assert set(made.body()) == {"schema", "title", *(field.name for field in dataclasses.fields(Certificate))}


def test_a_release_is_proved() -> None:
    """An exported release proves its evidence and its place in the log."""
    log = Log(3)
    proved = verify.verify_release(log.export(release()), log.trust())
    assert proved.release == release()
    assert (proved.index, proved.release.purposes, proved.release.signed_at) == (3, ["photo_delivery"], NOON)
    assert proved.release.text("notice", "sha256") == "12" * 32


@settings(max_examples=200, deadline=None)
@given(st.data())
def test_any_changed_byte_breaks_a_release(data: st.DataObject) -> None:
    """An exported release is refused whatever byte of it is changed."""
    log = Log(3)
    whole = log.export(release())
    at, value = data.draw(st.integers(0, len(whole) - 1)), data.draw(st.integers(1, 255))
    with pytest.raises(VerificationFailed):
        verify.verify_release(whole[:at] + bytes([whole[at] ^ value]) + whole[at + 1 :], log.trust())


def test_a_release_with_other_evidence_is_not_in_the_log() -> None:
    """A wider scope, signed anew by the service, is not what was logged when the person signed."""
    log = Log(3)
    evidence = {**release().evidence, "scope": {"purposes": ["venue_access"], "clients": [], "kinds": []}}
    with pytest.raises(NotIncluded):
        verify.verify_release(_resigned(log.export(release()), log, evidence=evidence), log.trust())


def test_a_certificates_proof_does_not_prove_a_release() -> None:
    """Documents of one kind are refused where the other kind is asked for."""
    log = Log(3)
    with pytest.raises(Malformed, match="not an export of a release"):
        verify.verify_release(log.certify(certificate()), log.trust())
    with pytest.raises(Malformed, match="not a certificate"):
        verify.verify_certificate(log.export(release()), log.trust())


@pytest.mark.parametrize(
    ("evidence", "reason"),
    [
        ([], "not an export"),
        ({"schema": "countenance-release-2"}, "schema countenance-release-1"),
        ({"schema": "countenance-release-1"}, "no signature"),
        ({"schema": "countenance-release-1", "signature": "x"}, "no signature.signed_at"),
        ({"schema": "countenance-release-1", "signature": {"signed_at": 5}}, "is no text"),
        ({"schema": "countenance-release-1", "signature": {"signed_at": "now"}}, "is no time"),
    ],
)
def test_what_is_no_evidence_is_refused(evidence: object, reason: str) -> None:
    """Evidence without schema, signature or time is refused, though the service signed it."""
    log = Log(3)
    with pytest.raises(Malformed, match=reason):
        verify.verify_release(_resigned(log.export(release()), log, evidence=evidence), log.trust())


def test_a_scope_that_is_no_list_is_refused() -> None:
    """Purposes are a list of texts."""
    with pytest.raises(Malformed, match=r"scope\.purposes is no list"):
        _ = releases.ReleaseExport({"scope": {"purposes": "all"}}, salt(1)).purposes


def test_fillers_are_told_apart() -> None:
    """The entries of the test log differ, so that a proof of one cannot hold for another by chance."""
    assert len({filler(number).encode() for number in range(300)}) == 300
