# SPDX-License-Identifier: Apache-2.0
"""A custodian's first page: what waits for this one's word, what is late or soon."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter
from starlette.requests import Request
from starlette.responses import HTMLResponse

from countenance.api.guard import EngineOf, may
from countenance.api.routes import retention, runs
from countenance.model.account import Caller
from countenance.policy.roles import Verb
from countenance.web.acts import who_is_who
from countenance.web.render import page

router = APIRouter()


@router.get("/custody")
def custody(request: Request, caller: Annotated[Caller, may(Verb.WORKLIST_READ)], engine: EngineOf) -> HTMLResponse:
    """Show what waits."""
    tasks = runs.get_worklist(caller, engine)
    clock = retention.get_retention(caller, engine)
    open_runs = engine.background.open_ones()
    return page(request, "custody/home.html", tasks=tasks, clock=clock, errands=open_runs, who=who_is_who(engine))
