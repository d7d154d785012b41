# SPDX-License-Identifier: Apache-2.0
"""The stranger's verifier: `countenance verify`, and `python -m countenance.ledger` without the rest of the program.

It needs the ledger's logic and Ed25519 and nothing else: no FAISS, no ONNX Runtime, no database, no image library and
not even Typer is imported, so that it starts at once and can be read in an hour.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Callable, Mapping, Sequence
from io import TextIOWrapper
from pathlib import Path

from countenance.cli.exits import exit_code
from countenance.cli.proved import Proved, describe
from countenance.errors import BadInput, CountenanceError, Malformed, NotFound, VerificationFailed
from countenance.ledger import checkpoint as checkpoints
from countenance.ledger import document as documents
from countenance.ledger import note as notes
from countenance.ledger import proof as proofs
from countenance.ledger import release as releases
from countenance.ledger import verify
from countenance.ledger.checkpoint import Checkpoint, Trust

_MAX_FILE_BYTES = 17 * 2**20  # The largest file of a published log is a bundle of 256 entries of 64 KiB.
_EPILOG = """\
Exit code: 0 all of it is proved; 7 something is not, the reason is printed;
3 a file or key cannot be used. A proof of growth needs the earlier checkpoint
among the files. Checkpoints of one log must agree with each other, and with a
published log that is given with them.

Example: countenance verify certificate.json --key museum.vkey
"""


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command and return its exit code."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")  # No text of a checked file ends the command.
    options = _parser().parse_args(arguments)
    try:
        trust = _trust(options.key, options.witness, options.quorum)
    except CountenanceError as error:
        _complain("", error, as_json=options.json)
        return exit_code(error)
    given = _checkpoints(options.files)
    heads: list[Checkpoint] = []
    codes = [0]
    for path in options.files:
        try:
            proved = _prove(path, trust, given)
        except CountenanceError as error:
            _complain(str(path), error, as_json=options.json)
            codes.append(exit_code(error))
        else:
            _show(str(path), proved, as_json=options.json)
            heads.append(proved.head)
    try:
        verify.verify_same_history(heads)
    except CountenanceError as error:
        _complain("these files together", error, as_json=options.json)
        codes.append(exit_code(error))
    return max(codes)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="countenance verify",
        description="Check certificates, releases, proofs and published logs, offline,\nwith public keys only.",
        epilog=_EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument(
        "files",
        nargs="+",
        type=Path,
        metavar="FILE",
        help="a document, proof or checkpoint, or a published log's folder",
    )
    parser.add_argument(
        "--key",
        action="append",
        required=True,
        help="public key of the log and of the service that signs: name+id+base64, or a file of such lines",
    )
    parser.add_argument("--witness", action="append", default=[], help="public key of a witness; may be repeated")
    parser.add_argument("--quorum", type=int, help="how many of the witnesses must have cosigned; all, if left out")
    parser.add_argument("--json", action="store_true", help="one JSON object per line on standard output")
    return parser


def _trust(keys: Sequence[str], witnesses: Sequence[str], quorum: int | None) -> Trust:
    known = tuple(key for text in witnesses for key in _keys(text))
    return Trust(tuple(key for text in keys for key in _keys(text)), known, len(known) if quorum is None else quorum)


def _keys(text: str) -> list[notes.VerifierKey]:
    """Return the key that a text is, or those in the file that it names; blank lines and # comments are skipped."""
    try:
        return [notes.parse_key(text)]
    except Malformed as error:
        if "+" in text or not _is(Path.is_file, Path(text)):
            raise BadInput(f"{error}; nor is it a file of keys") from error
    lines = _read(Path(text)).decode(errors="replace").splitlines()
    return [notes.parse_key(line) for line in lines if line.strip() and not line.startswith("#")]


def _prove(path: Path, trust: Trust, given: Mapping[Checkpoint, bytes]) -> Proved:
    """Prove one file, by what it holds.

    Args:
        given: the checkpoints among the files, not verified yet.

    Raises:
        VerificationFailed: it is not proved.
        BadInput: it cannot be read, or needs another file beside it.
    """
    if _is(Path.is_dir, path):
        # One that does not verify says nothing about the log; it is reported at its own turn.
        heads = [one for one, data in given.items() if _is_proved(data, trust)]
        return describe(verify.verify_published_log(lambda name: _read_if_there(path / name), trust, heads))
    data = _read(path)
    if data.startswith(b"{"):
        is_release = documents.read(data).body.get("schema") in releases.SCHEMAS
        return describe((verify.verify_release if is_release else verify.verify_certificate)(data, trust))
    if data.startswith(proofs.HEADER.encode()):
        return describe(verify.verify_entry(data, trust))
    if data.startswith(proofs.GROWTH_HEADER.encode()):
        size = proofs.parse_growth(data).old
        start = next((old for one, old in given.items() if one.size == size), None)
        if start is None:
            raise BadInput(f"this proof starts at {size} entries; give the checkpoint of that size too")
        return describe(verify.verify_consistency(start, data, trust))
    return describe(checkpoints.verify(data, trust))


def _checkpoints(files: Sequence[Path]) -> dict[Checkpoint, bytes]:
    """Return the checkpoints among the files, not verified yet; whatever is none is reported at its own turn."""
    found = {}
    for path in files:
        try:
            data = _read(path)
            found[checkpoints.parse(notes.parse(data).text)] = data
        except CountenanceError:
            continue
    return found


def _is_proved(data: bytes, trust: Trust) -> bool:
    try:
        checkpoints.verify(data, trust)
    except VerificationFailed:
        return False
    return True


def _is(kind: Callable[[Path], bool], path: Path) -> bool:
    try:
        return kind(path)
    except OSError:  # Such as a name that is too long for any file.
        return False


def _read_if_there(path: Path) -> bytes | None:
    try:
        return _read(path)
    except NotFound:
        return None


def _read(path: Path) -> bytes:
    try:
        with path.open("rb") as file:
            data = file.read(_MAX_FILE_BYTES + 1)
    except FileNotFoundError as error:
        raise NotFound(f"there is no file {path}") from error
    except OSError as error:
        raise BadInput(f"{path} cannot be read: {error.strerror}") from error
    if len(data) > _MAX_FILE_BYTES:
        raise BadInput(f"{path} is larger than anything that can be checked here")
    return data


def _show(name: str, proved: Proved, *, as_json: bool) -> None:
    if as_json:
        _print_json({"file": name, "proved": True, "kind": proved.kind, **proved.facts})
    else:
        sys.stdout.write(_plain(f"{name}: proved") + "\n")
        sys.stdout.writelines(f"  {_plain(sentence)}\n" for sentence in proved.sentences)


def _complain(name: str, error: CountenanceError, *, as_json: bool) -> None:
    if as_json:
        _print_json({"file": name, "proved": False, "error": error.code, "message": str(error)})
    else:
        sys.stderr.write(_plain(f"{name}: NOT PROVED ({error.code}): {error}") + "\n")


def _print_json(fields: Mapping[str, object]) -> None:
    sys.stdout.write(json.dumps(fields) + "\n")


def _plain(text: str) -> str:
    """Return a text that cannot steer the terminal: what is checked here may come from anybody."""
    return "".join(character if character.isprintable() else "\ufffd" for character in text)
