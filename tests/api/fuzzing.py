# SPDX-License-Identifier: Apache-2.0
"""The whole API asked at random: what the description allows, and what it does not, by everybody there is.

Cases come from schemathesis, ids from what the server itself answered before, so that cases reach what lies behind
them. Every answer is held against the description.
"""

from __future__ import annotations

import random
import re
from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

import requests
import schemathesis
from fake_pack import face, photo, png
from httpx import Response
from hypothesis import HealthCheck, Phase, given, seed, settings
from hypothesis import strategies as st
from hypothesis.errors import Unsatisfiable
from schemathesis.checks import not_a_server_error
from schemathesis.config import SchemathesisConfig
from schemathesis.core.errors import InvalidSchema
from schemathesis.core.failures import FailureGroup
from schemathesis.generation import GenerationMode
from schemathesis.specs.openapi import checks
from starlette.testclient import TestClient

from countenance.model.account import Role
from countenance.policy.roles import MAY, Verb

CHECKS = [
    not_a_server_error,
    checks.status_code_conformance,
    checks.content_type_conformance,
    checks.response_headers_conformance,
    checks.response_schema_conformance,
    checks.negative_data_rejection,
    checks.allow_header_conformance,
]
"""What the answers are held against. Not `positive_data_acceptance`: the law refuses what is well-formed, and says so
with 403 and 422; not `use_after_free`, `ignored_auth` and the like, which tests of their own promise by name."""
_ID = re.compile(r"\b([a-z]{2,4})_[0-9a-z]{16}\b")
_OURS = ("host", "origin", "cookie", "authorization", "content-length", "user-agent")
_REQUEST = ("method", "url", "headers", "params", "data", "json", "files")
_REJECTED = [400, 401, 403, 404, 405, 406, 409, 413, 415, 422, 429]
_TRACE = re.compile(r'Traceback \(most recent|File "[^"]+\.py", line \d')
_PREFIX = {
    "account": "acc", "breach": "bre", "certificate": "cer", "change": "chg", "client": "cli", "conflict": "con",
    "evidence": "evd", "face": "fac", "hold": "hol", "instruction": "ins", "job": "job", "key": "key", "order": "ord",
    "photo": "pho", "processor": "prc", "release": "rel", "request": "req", "run": "run", "search": "sea",
    "session": "ses", "signing": "sgn", "source": "src", "subject": "sub", "subjects": "sub",
}  # fmt: skip


@dataclass
class Found:
    """What a run found.

    Attributes:
        cases: answered, by operation.
        good: of them with 2xx, by operation.
        statuses: how many answers had each status.
        failures: what is wrong, by operation and first line.
    """

    cases: Counter[str] = field(default_factory=Counter)
    good: Counter[str] = field(default_factory=Counter)
    statuses: Counter[int] = field(default_factory=Counter)
    failures: dict[tuple[str, str], str] = field(default_factory=dict)


class Fuzzer:
    """Asks a server.

    Args:
        described: its description.
        callers: makes a client of somebody, by name; asked again when a caller's session ended.
        ids: ids to start from.
    """

    def __init__(
        self, described: dict[str, Any], callers: Mapping[str, Callable[[], TestClient]], ids: set[str]
    ) -> None:
        self.schema = schemathesis.openapi.from_dict(described, config=_config())
        self.found = Found()
        self._callers = callers
        self._clients = {name: make() for name, make in callers.items()}
        self._ids: dict[str, list[str]] = {}
        self._known: set[str] = set()
        for one in ids:
            self._learn(one)

    def _learn(self, text: str) -> None:
        for match in _ID.finditer(text):
            if match.group() not in self._known:
                self._known.add(match.group())
                self._ids.setdefault(match.group(1), []).append(match.group())

    def operations(self) -> dict[str, Any]:
        """Return every operation that is described."""
        return {one.ok().label: one.ok() for one in self.schema.get_all_operations()}

    def ask(self, name: str, operation: Any, examples: int, number: int) -> None:
        """Ask an operation so many times, in each of the two ways, by whoever the cases say."""
        everybody = list(self._callers)
        verb = operation.definition.raw.get("x-verb")
        able = [who for who in everybody if verb is not None and may(who, verb)]
        who_asks = st.sampled_from([*everybody, *(able * len(everybody))])  # most are let in
        how = settings(
            max_examples=examples,
            deadline=None,
            database=None,
            phases=[Phase.generate],
            suppress_health_check=list(HealthCheck),
        )

        def settled(test: Callable[..., None]) -> Callable[..., None]:
            return seed(number)(how(test))

        self._ask(name, operation, GenerationMode.POSITIVE, who_asks, settled)
        self._ask(name, operation, GenerationMode.NEGATIVE, who_asks, settled)

    def _ask(self, name: str, operation: Any, mode: GenerationMode, who_asks: Any, settled: Any) -> None:
        @settled
        @given(case=operation.as_strategy(mode), who=who_asks, luck=st.integers(0, 1 << 30))
        def one(case: Any, who: str, luck: int) -> None:
            self._one(name, case, who, random.Random(luck), negative=mode is GenerationMode.NEGATIVE)

        try:
            one()
        except (Unsatisfiable, InvalidSchema):
            pass  # nothing of this operation can be wrong: no parameter, no body
        except Exception as error:  # noqa: BLE001 - a case that cannot even be sent is a finding too
            self.found.failures.setdefault((name, type(error).__name__), f"{error}"[:2000])

    def _one(self, name: str, case: Any, who: str, luck: random.Random, *, negative: bool) -> None:
        if not negative or luck.random() < 0.5:
            self._reach(case, luck)
        client = self._clients[who]
        kwargs = case.as_transport_kwargs(base_url=str(client.base_url))
        asked = {key: kwargs[key] for key in _REQUEST if kwargs.get(key) is not None}
        sent = requests.Request(**asked).prepare()
        headers = [(key, value) for key, value in sent.headers.items() if key.lower() not in _OURS]
        response = client.request(str(sent.method), str(sent.url), headers=headers, content=sent.body)
        self.found.cases[name] += 1
        self.found.statuses[response.status_code] += 1
        if response.is_success:
            self.found.good[name] += 1
        if response.status_code == 401 or name.startswith("DELETE /api/v1/sessions"):
            self._clients[who] = self._callers[who]()
        self._judge(name, case, response, who)
        if response.headers.get("content-type", "").startswith("application/json"):
            self._learn(response.text)

    def _judge(self, name: str, case: Any, response: Response, who: str) -> None:
        wrong: list[str] = []
        try:
            case.validate_response(response, checks=CHECKS)
        except FailureGroup as group:
            wrong += [f"{type(one).__name__}: {one.title}: {one.message}" for one in group.exceptions]
        kind = response.headers.get("content-type", "")
        if response.status_code >= 400 and kind != "application/problem+json":
            wrong.append(f"an error is no problem document: {response.status_code} {kind}")
        if kind.startswith(("application/json", "application/problem+json")) and _TRACE.search(response.text):
            wrong.append("a stack trace")
        for one in wrong:
            key = one.splitlines()[0][:140]
            self.found.failures.setdefault(
                (name, key),
                f"{who}: {one[:700]}\n  {response.status_code} {response.text[:400]}\n  {case.as_curl_command()[:700]}",
            )

    def _reach(self, case: Any, luck: random.Random) -> None:
        """Put ids that exist, and a photo, where the case has something at random."""
        for place in (case.path_parameters, case.query):
            for key in list(place or {}):
                self._put(place, key, luck)
        if isinstance(case.body, dict):
            for key in list(case.body):
                self._put(case.body, key, luck)
        elif isinstance(case.body, bytes) and luck.random() < 0.7:
            case.body = png(photo(face(luck.randint(1, 3), 500 + luck.randint(1, 50))))

    def _put(self, place: Any, key: str, luck: random.Random) -> None:
        value = place[key]
        if key in ("index", "old"):
            place[key] = luck.randint(0, 5)
        pool = self._ids.get(_PREFIX.get(key, ""))
        if pool and luck.random() < 0.8 and isinstance(value, str):
            place[key] = luck.choice(pool)
        elif pool and luck.random() < 0.8 and isinstance(value, list):
            place[key] = luck.sample(pool, min(len(pool), 2))


def _config() -> SchemathesisConfig:
    # A body that is too large is rejected before it is read, and 413 says so.
    return SchemathesisConfig.from_dict({"checks": {"negative_data_rejection": {"expected-statuses": _REJECTED}}})


def may(who: str, verb: str) -> bool:
    """Return whether a caller's role may do what a route asks for."""
    return who in list(Role) and Role(who) in MAY[Verb(verb)]
