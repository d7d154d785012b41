# SPDX-License-Identifier: Apache-2.0
"""How long one decision takes with every law file merged: cold (law found and merged anew) and warm.

python -m benchmarks.policy [--decisions 20000]
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import numpy as np

from countenance.ids import ClientId, NoticeId, ReleaseId, SourceId, SubjectId
from countenance.model.client import Client
from countenance.model.consent import ConsentStatus, Delivered, Release, ReleaseEvent, Scope
from countenance.model.purpose import ClientKind, Purpose
from countenance.model.search import ProbeBasis
from countenance.model.source import Source
from countenance.model.subject import AgeBand, Subject
from countenance.policy import engine
from countenance.policy.pack import Law, shipped
from countenance.policy.permit import Deny
from countenance.policy.schema import NOTICE_FIELDS, SCHEMA

NOW = datetime(2026, 7, 1, tzinfo=UTC)
PAST = NOW - timedelta(days=10)
CLIENT = Client(ClientId("cli"), "", ClientKind.MUSEUM, frozenset(Purpose), 0.01, PAST)
SUBJECT = Subject(SubjectId("sub"), "", ("US-IL",), AgeBand.ADULT, None, PAST)
SOURCE = Source(SourceId("src"), "", "contract", None, "house rules", "memo", PAST)
RELEASE = Release(
    id=ReleaseId("rel"),
    subject=SUBJECT.id,
    notice=NoticeId("not"),
    policy_published_at=PAST,
    delivered_at=PAST,
    signed_at=PAST,
    term_end=NOW + timedelta(days=30),
    signer_is_representative=False,
    scope=Scope(frozenset(Purpose), frozenset({CLIENT.id})),
    law="",
    events=(ReleaseEvent(ConsentStatus.REQUESTED, PAST), ReleaseEvent(ConsentStatus.GIVEN, PAST)),
    delivered=Delivered(NOTICE_FIELDS, "esign_explicit", SCHEMA["consent.separate_for"].words),
)


def main() -> None:
    """Print the median and the 99th percentile of each decision, in microseconds."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--decisions", type=int, default=20_000)
    number = parser.parse_args().decisions
    packs = list(shipped().values())
    law = Law.of(packs)
    enrolment = engine.Enrolment("pho/0", NOW, SUBJECT, RELEASE, SOURCE, PAST)
    probe = engine.ProbeUse("probe", NOW, CLIENT, Purpose.ARCHIVE_SEARCH, ProbeBasis.SUBJECT_PRESENT, PAST)
    shown = engine.Disclosure(NOW, SUBJECT, RELEASE, CLIENT, Purpose.ARCHIVE_SEARCH)
    refused = replace(enrolment, release=replace(RELEASE, term_end=NOW))
    decisions = [engine.decide_enrolment(enrolment, law), engine.decide_probe(probe, law)]
    if any(isinstance(one, Deny) for one in decisions) or engine.deny_disclosure(shown, law) is not None:
        raise SystemExit("a lawful request is refused; these timings would be of something else")
    print(f"{len(packs)} law files merged, {len(SCHEMA)} keys, {number} decisions each")
    report(
        "cold: merge all and permit an enrolment",
        lambda: engine.decide_enrolment(enrolment, Law.of(packs)),
        number // 20,
    )
    report("warm: permit an enrolment", lambda: engine.decide_enrolment(enrolment, law), number)
    report("warm: refuse an enrolment, with citation", lambda: engine.decide_enrolment(refused, law), number)
    report("warm: permit a probe", lambda: engine.decide_probe(probe, law), number)
    report("warm: show a subject", lambda: engine.deny_disclosure(shown, law), number)


def report(name: str, call: Callable[[], object], number: int) -> None:
    """Time a call and print one line."""
    taken = np.empty(number)
    for at in range(number):
        start = time.perf_counter()
        call()
        taken[at] = time.perf_counter() - start
    p50, p99 = np.percentile(taken * 1e6, (50, 99))
    print(f"{name:44} p50 {p50:8.1f} us   p99 {p99:8.1f} us")


if __name__ == "__main__":
    main()
