# SPDX-License-Identifier: Apache-2.0
"""Law files, their changes by two accounts, and why a decision is made as it is."""

from __future__ import annotations

from collections.abc import Callable
from typing import Annotated

from fastapi import APIRouter, Form
from starlette.requests import Request
from starlette.responses import HTMLResponse, Response

from countenance.api.guard import EngineOf, may
from countenance.api.photos import PhotoForm, file_in, name_in
from countenance.api.problems import Problem
from countenance.api.routes import law as api
from countenance.api.routes.law import LawFileIn
from countenance.bootstrap import Engine
from countenance.errors import BadInput
from countenance.model.account import Caller
from countenance.model.purpose import Purpose, parse_purpose
from countenance.model.search import ProbeBasis
from countenance.policy.roles import Verb, holds
from countenance.web.acts import carry_out, who_is_who
from countenance.web.render import page

router = APIRouter()

Reader = Annotated[Caller, may(Verb.LAW_READ)]
Writer = Annotated[Caller, may(Verb.LAW_WRITE)]
Explainer = Annotated[Caller, may(Verb.EXPLAIN_READ)]
Text = Annotated[str, Form()]
_ASKED = ("subject", "source", "client", "purpose", "basis", "authorisation", "key", "index")


@router.get("/law")
def list_law(request: Request, caller: Reader, engine: EngineOf) -> HTMLResponse:
    """Show the law files and the changes that wait."""
    return _list(request, caller, engine, None)


@router.post("/law/files")
def enter_law(request: Request, caller: Writer, engine: EngineOf, form: PhotoForm) -> Response:
    """Enter a law file; another account confirms it."""

    def act() -> str:
        try:
            text = file_in(form, "file").decode()
        except UnicodeDecodeError as error:
            raise BadInput("a law file is UTF-8 text") from error
        if not text.strip():
            raise BadInput("choose a law file")
        api.enter_law_file(caller, engine, LawFileIn(text=text, name=name_in(form, "file") or "law.toml"))
        return "/law"

    return carry_out(request, act, lambda problem: _list(request, caller, engine, problem))


@router.post("/law/act")
def act_on_law(request: Request, caller: Writer, engine: EngineOf, step: Text = "", known: Text = "") -> Response:
    """Retire, declare or drop a law file; confirm a change."""
    steps: dict[str, Callable[[Caller, Engine, str], object]] = {
        "retire": api.retire_law_file,
        "declare": api.declare_law_file,
        "drop": api.drop_law_file,
        "confirm": api.confirm_law_change,
    }

    def act() -> str:
        if step not in steps:
            raise BadInput("choose what to do with the law file")
        steps[step](caller, engine, known)
        return "/law"

    return carry_out(request, act, lambda problem: _list(request, caller, engine, problem))


@router.get("/law/files/{pack}")
def show_law(request: Request, caller: Reader, engine: EngineOf, pack: str) -> HTMLResponse:
    """Show what one law file says, and where it is stricter than the core."""
    return page(request, "custody/law_file.html", pack=api.get_law_file(caller, engine, pack))


@router.get("/explain")
def explain(request: Request, caller: Explainer, engine: EngineOf, what: str = "") -> HTMLResponse:
    """Show why a decision would be made as it is: the form, and what was asked."""
    said = {name: request.query_params.get(name, "").strip() for name in _ASKED}
    shown: dict[str, object] = {"parts": None, "key": None, "event": None}

    def act() -> str:
        if what == "enrol":
            shown["parts"] = api.explain_enrol(caller, engine, said["subject"], said["source"] or None)
        elif what == "search":
            shown["parts"] = _search(caller, engine, said)
        elif what == "key":
            shown["key"] = api.explain_key(caller, engine, said["key"], said["subject"] or None)
        elif what == "event":
            shown["event"] = _event(caller, engine, said["index"])
        return ""

    def show(problem: Problem | None) -> HTMLResponse:
        return page(
            request,
            "custody/explain.html",
            what=what,
            said=said,
            problem=problem,
            purposes=list(Purpose),
            bases=list(ProbeBasis),
            parts=shown["parts"],
            key=shown["key"],
            event=shown["event"],
        )

    answer = carry_out(request, act, show)
    return answer if isinstance(answer, HTMLResponse) else show(None)


def _search(caller: Caller, engine: Engine, said: dict[str, str]) -> object:
    if said["basis"] not in list(ProbeBasis):
        raise BadInput("say on what basis the face in the photo would be searched")
    return api.explain_search(
        caller,
        engine,
        said["client"],
        parse_purpose(said["purpose"]),
        ProbeBasis(said["basis"]),
        said["authorisation"][:200] or None,
        said["subject"] or None,
    )


def _event(caller: Caller, engine: Engine, index: str) -> object:
    if not (index.isascii() and index.isdigit() and len(index) < 16):
        raise BadInput("an entry of the log is named by its number, from 0")
    return api.explain_event(caller, engine, int(index))


def _list(request: Request, caller: Caller, engine: Engine, problem: Problem | None) -> HTMLResponse:
    return page(
        request,
        "custody/law.html",
        files=api.list_law_files(caller, engine),
        changes=api.list_law_changes(caller, engine),
        problem=problem,
        who=who_is_who(engine),
        mine=caller.account,
        can_write=holds(caller, Verb.LAW_WRITE),
    )
