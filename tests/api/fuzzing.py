# SPDX-License-Identifier: Apache-2.0
"""The whole API asked at random: what the description allows, and what it does not, by everybody there is.

Cases come from schemathesis, ids from what the server itself answered before, so that cases reach what lies behind
them. Every answer is held against the description.
"""

from __future__ import annotations

import copy
import random
import re
from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

import httpx
import requests
import schemathesis
from hypothesis import HealthCheck, Phase, given, seed, settings
from hypothesis import strategies as st
from hypothesis.errors import Unsatisfiable
from rightly import ASKED, PLACES, RIGHT, TOUR, beginnings, picture
from schemathesis.checks import not_a_server_error
from schemathesis.config import SchemathesisConfig
from schemathesis.core.errors import InvalidSchema
from schemathesis.core.failures import FailureGroup
from schemathesis.core.parameters import ParameterLocation as Where
from schemathesis.generation import GenerationMode
from schemathesis.specs.openapi import checks

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
PREFIX = "/api/v1"
_ID = re.compile(r"\b([a-z]{2,4})_[0-9a-z]{16}\b")
_NAMED = {
    "token": re.compile(r"/sign/([\w-]+)"),
    "invitation": re.compile(r"/invitation/([\w-]+)"),
    "text": re.compile(r'"text_sha256":"([0-9a-f]{64})"'),
    "refusal": re.compile(r'"index":(\d+),[^{}]*:(?:refused|denied)"'),
    "statements": re.compile(r'"statements":(\[[^\]]*\])'),
    "pack": re.compile(r'"pack":"([\w-]+)"'),
    "secret": re.compile(r'"secret":"([A-Z2-7]{32,})"'),
    "pending": re.compile(r'"pending":"([^"]+)"'),
    "root": re.compile(r'"roots":\["([^"]+)"'),
    "name": re.compile(r'"name":"([\w.-]+)","licence"'),
}
"""What is no id and opens something."""
_OURS = ("host", "origin", "cookie", "authorization", "content-length", "user-agent")
_REQUEST = ("method", "url", "headers", "params", "data", "json", "files")
_REJECTED = [400, 401, 403, 404, 405, 406, 409, 413, 415, 422, 429]
_TRACE = re.compile(r'Traceback \(most recent|File "[^"]+\.py", line \d')
_KINDS = {
    "account": "acc", "breach": "bre", "certificate": "cer", "change": "chg", "client": "cli", "conflict": "con",
    "evidence": "evd", "face": "fac", "flag": "flg", "factor": "fct", "hold": "hol",
    "instruction": "ins", "job": "job", "key": "key", "order": "ord",
    "photo": "pho", "processor": "prc", "release": "rel", "request": "req", "run": "run",
    "search": "sea", "session": "ses", "signing": "sgn", "source": "src", "subject": "sub", "subjects": "sub",
    "pack": "pack", "index": "entry", "old": "entry", "day": "day", "token": "token", "name": "name",
}  # fmt: skip
_TRIES = 3
_LIKELY = 0.8
"""How often something that exists is asked for."""


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


class Pool:
    """What was seen in answers and can be asked for."""

    def __init__(self) -> None:
        self._by_kind = {kind: dict.fromkeys(those) for kind, those in beginnings().items()}

    def learn(self, text: str) -> None:
        """Remember what a text names."""
        for match in _ID.finditer(text):
            self.add(match.group(1), match.group())
        for kind, pattern in _NAMED.items():
            for match in pattern.finditer(text):
                self.add(kind, match.group(1))

    def add(self, kind: str, one: str) -> None:
        """Remember one thing."""
        known = self._by_kind.setdefault(kind, {})
        known.pop(one, None)
        known[one] = None

    def of(self, kind: str, luck: random.Random) -> str | None:
        """Return one of a kind, often one that was seen of late; None where none was seen."""
        known = list(self._by_kind.get(kind, ()))
        return luck.choice(known[-3:] if luck.random() < 0.5 else known) if known else None

    def late(self, kind: str, nth: int = 0) -> str:
        """Return the n-th but last that was seen of a kind, or what nothing is called."""
        known = list(self._by_kind.get(kind, ()))
        return known[-1 - nth % len(known)] if known else f"{kind}_{'0' * 16}"


class Fuzzer:
    """Asks a server.

    Args:
        described: its description.
        callers: makes a client of somebody, by name; asked again when a caller's session ended.
        spared: a client that is never suspended, or its searchers would see nothing but 403 from then on.
    """

    def __init__(
        self, described: dict[str, Any], callers: Mapping[str, Callable[[], httpx.Client]], spared: str
    ) -> None:
        self._spared = spared
        self.schema = schemathesis.openapi.from_dict(_open(described), config=_config())
        self.verbs = {
            f"{method.upper()} {path}": one.get("x-verb")
            for path, operations in described["paths"].items()
            for method, one in operations.items()
        }
        self.found = Found()
        self.pool = Pool()
        self._callers = callers
        self._clients = {name: make() for name, make in callers.items()}

    def operations(self) -> dict[str, Any]:
        """Return every operation that is described, by method and path."""
        return {one.ok().label: one.ok() for one in self.schema.get_all_operations()}

    def able(self, name: str) -> list[str]:
        """Return who may ask for an operation; everybody where it is public."""
        verb = self.verbs[name]
        return [who for who in self._callers if verb is None or may(who, verb)]

    def tour(self, settle: Callable[[], object]) -> None:
        """Ask every operation rightly, in an order in which things come to be before they are asked for.

        Args:
            settle: waits until what was begun has ended.
        """
        operations = self.operations()
        first = [f"{method} {PREFIX}{path}" for method, path in (one.split() for one in TOUR)]
        begun = 0
        reads = [one for one in operations if one.startswith("GET")]
        for name in [*reads, *first, *(one for one in operations if one not in reads + first), *reads]:
            before = self.found.good[name]
            for nth in range(_TRIES):
                for who in self.able(name) if self.verbs[name] else ["nobody"]:
                    self._right(name, operations[name], who, nth)
                if self.found.good[name] > before:
                    break
            if self.found.statuses[202] > begun:
                begun = self.found.statuses[202]
                settle()

    def _right(self, name: str, operation: Any, who: str, nth: int) -> None:
        def pick(kind: str) -> str:
            return self.pool.late(kind, nth)

        short = name.replace(PREFIX, "")
        places = {
            one.name: pick(PLACES.get(short, {}).get(one.name) or _KINDS.get(one.name, "1"))
            for one in operation.path_parameters
        }
        said = RIGHT[short](pick) if short in RIGHT else None
        body = {} if said is None else {"body": said, "media_type": next(iter(operation.body)).media_type}
        query = ASKED[short](pick) if short in ASKED else {}
        if self._spares(short, places):
            return
        case = operation.Case(path_parameters=places, query=query, **body)
        self._send(name, case, who)

    def ask(self, name: str, operation: Any, examples: int, number: int) -> None:
        """Ask an operation so many times, in each of the two ways, by whoever the cases say."""
        everybody = list(self._callers)
        who_asks = st.sampled_from([*everybody, *(self.able(name) * len(everybody))])  # most are let in
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
        if _can_be_wrong(operation):
            self._ask(name, operation, GenerationMode.NEGATIVE, who_asks, settled)

    def _ask(self, name: str, operation: Any, mode: GenerationMode, who_asks: Any, settled: Any) -> None:
        @settled
        @given(case=operation.as_strategy(mode), who=who_asks, luck=st.integers(0, 1 << 30))
        def one(case: Any, who: str, luck: int) -> None:
            self._reach(name.replace(PREFIX, ""), case, random.Random(luck))
            if self._spares(name.replace(PREFIX, ""), case.path_parameters):
                return
            self._send(name, case, who)

        try:
            one()
        except (Unsatisfiable, InvalidSchema):
            pass  # nothing of this operation can be wrong: no parameter, no body
        except Exception as error:  # noqa: BLE001 - a case that cannot even be sent is a finding too
            self.found.failures.setdefault((name, type(error).__name__), f"{error}"[:2000])

    def _spares(self, short: str, places: Mapping[str, Any]) -> bool:
        return short == "POST /clients/{client}/suspend" and places.get("client") == self._spared

    def _send(self, name: str, case: Any, who: str) -> None:
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
        if response.status_code == 401 or name.startswith(f"DELETE {PREFIX}/sessions"):
            self._clients[who] = self._callers[who]()
        self._judge(name, case, response, who)
        if response.headers.get("content-type", "").startswith("application/json"):
            self.pool.learn(response.text)

    def _judge(self, name: str, case: Any, response: httpx.Response, who: str) -> None:
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

    def _reach(self, short: str, case: Any, luck: random.Random) -> None:
        """Put what exists where a case has something at random; what is wrong on purpose stays wrong."""
        right = set(Where) - {where for where, one in case.meta.components.items() if one.mode.is_negative}
        if Where.PATH in right:
            for key in list(case.path_parameters or {}):
                case.path_parameters[key] = self._place(short, key, luck) or case.path_parameters[key]
        if Where.QUERY in right and case.query is not None:
            if short in ASKED and luck.random() < _LIKELY:
                case.query.update(ASKED[short](self.pool.late))
            self._fill(case.query, luck)
        if Where.BODY in right:
            self._fill_body(short, case, luck)

    def _fill_body(self, short: str, case: Any, luck: random.Random) -> None:
        if isinstance(case.body, dict):
            if short in RIGHT and luck.random() < _LIKELY:
                said = RIGHT[short](lambda kind: self.pool.of(kind, luck) or self.pool.late(kind))
                kept = luck.sample(sorted(case.body), min(len(case.body), luck.randint(0, 1)))
                case.body = {**(said if isinstance(said, dict) else {}), **{key: case.body[key] for key in kept}}
            self._fill(case.body, luck)
        elif isinstance(case.body, bytes) and luck.random() < _LIKELY:
            case.body = picture(luck.randint(1, 9))

    def _fill(self, place: dict[str, Any], luck: random.Random) -> None:
        for key, value in place.items():
            one = self.pool.of(_KINDS.get(key, ""), luck)
            if one is not None and luck.random() < _LIKELY and isinstance(value, str | list):
                place[key] = one if isinstance(value, str) else [one]

    def _place(self, short: str, key: str, luck: random.Random) -> str | None:
        kind = PLACES.get(short, {}).get(key) or _KINDS.get(key, "")
        return self.pool.of(kind, luck) if luck.random() < _LIKELY else None


def _open(described: dict[str, Any]) -> dict[str, Any]:
    """Return a description that asks for no proof of who calls: callers have theirs, which no case is to spoil."""
    found = copy.deepcopy(described)
    for operations in found["paths"].values():
        for one in operations.values():
            one["security"] = []
    return found


def _can_be_wrong(operation: Any) -> bool:
    """Say whether anything that is described can be given wrongly: not any text in a path."""
    given = [*operation.definition.raw.get("parameters", [])]
    return bool(list(operation.body)) or any(one["schema"].get("type") != "string" for one in given)


def _config() -> SchemathesisConfig:
    # A body that is too large is rejected before it is read, and 413 says so.
    return SchemathesisConfig.from_dict({"checks": {"negative_data_rejection": {"expected-statuses": _REJECTED}}})


def may(who: str, verb: str) -> bool:
    """Return whether a caller's role may do what a route asks for."""
    role = who.split(maxsplit=1)[0]
    return role in list(Role) and Role(role) in MAY[Verb(verb)]
