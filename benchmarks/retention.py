# SPDX-License-Identifier: Apache-2.0
"""`python -m benchmarks.retention`: a retention run over very many releases, of which few are due.

Fills a data directory with people of one signed release each, through bulk SQL: rows, keys, seals and triggers are the
real ones, and the sealed texts are short. Then, each in a process of its own:

(a) the clocks of everybody computed anew, as after a change of the law files;
(b) `retention status`;
(c) `retention run` that destroys those who are due, with its certificate, and how long each step of it took;
(d) `retention run` with nothing to do, as cron starts it most days.
"""

from __future__ import annotations

import argparse
import json
import platform
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from datetime import datetime, timedelta
from pathlib import Path

from sqlalchemy import insert

from countenance import canonical
from countenance.bootstrap import Engine
from countenance.clock import to_text
from countenance.ids import new_id
from countenance.model.event import EventTag
from countenance.store import log, schema
from countenance.store import subjects as subject_rows
from countenance.store.records import Transaction

_BATCH = 20_000
_TERM_DAYS = 300
_HOMES = ('["US-IL"]', '["US-VT"]', '["unknown"]', '["US-VT", "US-IL<2023-06-01"]')
_SCOPE = '{"clients":[],"kinds":["photographer"],"purposes":["photo_delivery"]}'


def fill(directory: Path, people: int, due: int) -> None:
    """Make a data directory with so many people, so many of them with a release that has just ended."""
    engine = Engine.init(directory, operator="Benchmark")
    records = engine._records  # noqa: SLF001 - the store is what is filled
    for start in range(0, people, _BATCH):
        owners = [new_id("sub") for _ in range(min(_BATCH, people - start))]
        records.keyring.create(owners)
        with records.write() as work:
            policy = subject_rows.current_policy(work)
            if policy is None:
                raise RuntimeError("init publishes it")
            for table, rows in _rows(work, owners, policy.sha256, range(start, start + len(owners)), due):
                work.connection.execute(insert(table), rows)
                if table is schema.release:  # evidence of a signature outlives the person, so it is in the log
                    _log_signatures(work, rows[: max(0, due - start)])
        print(f"\rfilled {start + len(owners)} of {people}", end="", file=sys.stderr, flush=True)
    print(file=sys.stderr)


def _rows(
    work: Transaction, owners: list[str], policy: str, numbers: range, due: int
) -> list[tuple[object, list[dict[str, object]]]]:
    subjects, notices, releases, events = [], [], [], []
    for number, owner in zip(numbers, owners, strict=True):
        age = timedelta(days=_TERM_DAYS, hours=1) if number < due else timedelta(days=number % (_TERM_DAYS - 5))
        signed, notice, release = work.now - age, new_id("not"), new_id("rel")
        at = to_text(signed)
        subjects.append(
            {
                "id": owner,
                "sealed_label": work.seal(owner, b"Somebody", "subject.label"),
                "residency": _HOMES[number % len(_HOMES)],
                "age_band": "adult",
                "created_at": at,
            }
        )
        sealed = work.seal(owner, b"notice", f"notice.text:{notice}")
        notices.append({"id": notice, "subject": owner, "sealed_text": sealed, "delivered_at": at})
        releases.append(_release(work, owner, (notice, release, policy), signed))
        events += [{"release": release, "status": status, "at": at} for status in ("requested", "given")]
    return [
        (schema.subject, subjects),
        (schema.notice, notices),
        (schema.release, releases),
        (schema.release_event, events),
    ]


def _log_signatures(work: Transaction, releases: list[dict[str, object]]) -> None:
    signed = [(EventTag.RELEASE_SIGNED, str(one["subject"]), {"release": str(one["id"])}) for one in releases]
    log.append_all(work.connection, work.keyring, work.now, signed)  # type: ignore[arg-type]


def _release(work: Transaction, owner: str, ids: tuple[str, str, str], signed: datetime) -> dict[str, object]:
    notice, release, policy = ids
    return {
        "id": release,
        "subject": owner,
        "notice": notice,
        "policy": policy,
        "scope": _SCOPE,
        "signed_at": to_text(signed),
        "term_end": to_text(signed + timedelta(days=_TERM_DAYS)),
        "signer_is_representative": 0,
        "law": "benchmark",
        "sealed_record": work.seal(owner, canonical.encode({"release": release}), f"release.record:{release}"),
    }


def _timed(what: Callable[[], object]) -> float:
    started = time.perf_counter()
    what()
    return time.perf_counter() - started


def _measure(directory: Path, part: str) -> dict[str, object]:
    engine = Engine.open(directory)
    retention = engine.retention
    found: dict[str, object] = {}
    steps: dict[str, float] = {}
    last: list[tuple[str, float]] = [("plan and freeze", time.perf_counter())]

    def told(step: str, _done: int, _total: int) -> None:
        now = time.perf_counter()
        name, since = last[-1]
        steps[name] = steps.get(name, 0.0) + now - since
        last.append((step, now))

    if part == "clocks":
        found["seconds"] = _timed(retention._level)  # noqa: SLF001 - the step that is measured
    elif part == "status":
        found["seconds"] = _timed(retention.status)
    else:
        started = time.perf_counter()
        done = retention.run(progress=told)
        found |= {"seconds": time.perf_counter() - started, "destroyed": done.destroyed, "overdue": done.status.overdue}
        told("end", 0, 1)
        found["steps"] = {name: round(seconds, 2) for name, seconds in steps.items()} if done.destroyed else {}
        found["problems"] = list(done.problems)
    found["peak_mib"] = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024
    return found


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--people", type=int, default=1_000_000)
    parser.add_argument("--due", type=int, default=1_000)
    parser.add_argument("--measure", nargs=2, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.measure:
        print(json.dumps(_measure(Path(options.measure[0]), options.measure[1])))
        return
    with tempfile.TemporaryDirectory() as temporary:
        data = Path(temporary) / "data"
        print(f"fill: {_timed(lambda: fill(data, options.people, options.due)):.1f} s")
        size = sum(path.stat().st_size for path in data.iterdir()) / 2**20
        print(f"{options.people} people, {options.due} due, {size:.0f} MiB on disk, {platform.machine()}")
        for name, part in (
            ("(a) all clocks", "clocks"),
            ("(b) status", "status"),
            ("(c) run", "run"),
            ("(d) run, nothing due", "run"),
        ):
            command = [sys.executable, "-m", "benchmarks.retention", "--measure", str(data), part]
            answer = subprocess.run(command, check=True, stdout=subprocess.PIPE).stdout.splitlines()[-1]
            found = json.loads(answer)
            rest = {key: value for key, value in found.items() if key != "seconds"}
            print(f"{name}: {found['seconds']:.2f} s  {rest}", flush=True)


if __name__ == "__main__":
    main()
