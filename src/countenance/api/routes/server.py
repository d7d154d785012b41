# SPDX-License-Identifier: Apache-2.0
"""The server itself: does it live, can it serve, what it counts, who one is."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter
from prometheus_client import CONTENT_TYPE_LATEST, generate_latest
from pydantic import BaseModel
from starlette.requests import Request
from starlette.responses import Response

from countenance.api.guard import EngineOf, may
from countenance.model.account import Caller, Role
from countenance.policy.roles import MAY, Verb, holds

router = APIRouter(tags=["server"])


class Alive(BaseModel):
    """The process answers."""

    status: str = "alive"


class Ready(BaseModel):
    """Requests can be served."""

    status: str = "ready"


class Me(BaseModel):
    """Who the caller is, and what this caller may do."""

    account: str
    role: Role
    client: str | None
    subject: str | None
    verbs: list[str]


@router.get("/health")
def health() -> Alive:
    """Say that the process lives; asks nothing else of it."""
    return Alive()


@router.get("/ready")
def ready(engine: EngineOf) -> Ready:
    """Say that requests can be served: records and keyring open, the log can be written, the face models load."""
    engine.health.require_ready()
    return Ready()


@router.get("/me")
def me(caller: Annotated[Caller, may(Verb.HOME_READ)]) -> Me:
    """Return who the caller is."""
    return Me(
        account=caller.account,
        role=caller.role,
        client=caller.client,
        subject=caller.subject,
        verbs=sorted(verb.value for verb in MAY if holds(caller, verb)),
    )


@router.get("/metrics", response_class=Response, responses={200: {"content": {"text/plain": {}}}})
def metrics(request: Request, _caller: Annotated[Caller, may(Verb.METRICS_READ)]) -> Response:
    """Return the counters, in Prometheus' text format."""
    return Response(generate_latest(request.app.state.registry), media_type=CONTENT_TYPE_LATEST)
