# SPDX-License-Identifier: Apache-2.0
"""`python -m benchmarks.ledger`: what the ledger's logic costs without a database, and how fast `verify` starts.

One thread. An append is: a record committed to under a fresh salt, the entry encoded and hashed, the frontier moved.
The start is that of a fresh process that checks one certificate, over an empty interpreter's start.
"""

from __future__ import annotations

import argparse
import itertools
import resource
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from countenance.ledger import checkpoint, document, entry, merkle, proof, tiles, verify
from countenance.ledger.certificate import Certificate, Counts, Declarant, Period, Software, Verification
from countenance.ledger.checkpoint import Checkpoint, Trust
from countenance.ledger.merkle import Frontier
from countenance.ledger.note import Signer

_ORIGIN = "museum.example/log"
_NOW = datetime(2026, 11, 24, 12, 30, tzinfo=UTC)


def _seconds(action: Callable[[], object], repeats: int = 5) -> float:
    spent = []
    for _ in range(repeats):
        started = time.process_time()
        action()
        spent.append(time.process_time() - started)
    return min(spent)


def _entry(number: int) -> entry.Entry:
    return entry.make(_NOW, "client:search:answered", entry.new_salt(), {"search": f"sea_{number}", "candidates": 0})


def _certificate() -> Certificate:
    return Certificate(
        id="crt_1",
        run_id="run_1",
        order_ref="request",
        operator="Example Museum",
        place="Chicago",
        destination="in use",
        scope_text="one subject",
        class_snapshot_root=None,
        counts=Counts(12, 12, 0, 0, 0),
        unknown_treated_as_member=0,
        methods=("crypto_erase",),
        stores=(),
        carve_outs=(),
        policy_pack_hashes={},
        software=Software("0.1.0", None, None, {}),
        period=Period(_NOW, _NOW),
        verification=Verification("ver_1", 3, _NOW, ()),
        limitations=(),
        declarant=Declarant("C. Example", "privacy officer"),
        declaration="declared",
        signed_at=_NOW,
        supersedes=None,
        salt=entry.new_salt().hex(),
    )


def _append(batch: list[int], frontier: Frontier) -> Frontier:
    return frontier.append(_entry(number).leaf_hash() for number in batch)[0]


def _start(arguments: list[str], repeats: int) -> tuple[float, float]:
    """Return the medians of wall-clock and processor seconds of a fresh process."""
    wall, cpu = [], []
    for _ in range(repeats):
        before = resource.getrusage(resource.RUSAGE_CHILDREN)
        started = time.perf_counter()
        subprocess.run([sys.executable, *arguments], check=True, stdout=subprocess.DEVNULL)
        wall.append(time.perf_counter() - started)
        after = resource.getrusage(resource.RUSAGE_CHILDREN)
        cpu.append(after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime)
    return statistics.median(wall), statistics.median(cpu)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--entries", type=int, default=100_000)
    parser.add_argument("--starts", type=int, default=15)
    options = parser.parse_args()
    signer = Signer(_ORIGIN, Ed25519PrivateKey.generate())
    trust = Trust((signer.verifier(),))

    count = options.entries
    spent = _seconds(lambda: _append(list(range(count)), Frontier()), 1)
    print(f"append, in one batch of {count}: {count / spent:,.0f} entries/s")

    def one_by_one() -> None:
        frontier = Frontier()
        for number in range(2_000):
            frontier = _append([number], frontier)
            checkpoint.sign(Checkpoint(_ORIGIN, frontier.size, frontier.root()), signer).encode()

    print(f"append, each with a signed checkpoint: {2_000 / _seconds(one_by_one, 3):,.0f} entries/s")

    data = [_entry(number).encode() for number in range(count)]
    frontier, nodes = Frontier().append(merkle.leaf_hash(one) for one in data)
    stored = {(node.level, node.number): node.hash for node in nodes}
    head = Checkpoint(_ORIGIN, count, frontier.root())
    note = checkpoint.sign(head, signer).encode()
    indices = itertools.cycle(range(0, count, 997))

    def prove() -> proof.EntryProof:
        index = next(indices)
        hashes = merkle.inclusion_proof(index, count, lambda level, number: stored[level, number])
        return proof.EntryProof(index, hashes, note, data[index])

    print(f"make an inclusion proof of {count}: {1e6 * _seconds(prove, 200):,.0f} us")
    text = prove().encode()
    print(f"verify one: {1e6 * _seconds(lambda: verify.verify_entry(text, trust), 200):,.0f} us")
    files = tiles.publish(data, note)
    spent = _seconds(lambda: verify.verify_published_log(files.get, trust), 1)
    print(f"verify the whole published log: {count / spent:,.0f} entries/s")

    made = _certificate()
    frontier, _ = Frontier().append([made.entry().leaf_hash()])
    signed = checkpoint.sign(Checkpoint(_ORIGIN, 1, frontier.root()), signer).encode()
    whole = document.write(made.body(), [signer], proof.EntryProof(0, (), signed))
    print(f"verify a certificate: {1e6 * _seconds(lambda: verify.verify_certificate(whole, trust), 100):,.0f} us")
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "certificate.json"
        path.write_bytes(whole)
        for name, arguments in (
            ("an empty interpreter", ["-c", "pass"]),
            (
                "python -m countenance.ledger",
                ["-m", "countenance.ledger", str(path), "--key", signer.verifier().text()],
            ),
            ("countenance verify", ["-m", "countenance", "verify", str(path), "--key", signer.verifier().text()]),
        ):
            wall, cpu = _start(arguments, options.starts)
            print(f"cold start of {name}: {1000 * wall:.0f} ms, of which the processor {1000 * cpu:.0f} ms")


if __name__ == "__main__":
    main()
