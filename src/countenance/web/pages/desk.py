# SPDX-License-Identifier: Apache-2.0
"""The search desk: search by photo, the answer, the client's searches, reviews, a report to print, two photos compared.

The probe is not kept, so the answer is the response to the form itself, and is the only page that shows the probe. A
form sent twice (double click, reload) has the same key, and leads to the stored answer.
"""

from __future__ import annotations

import base64
import secrets
from typing import Annotated, Any
from urllib.parse import urlencode

from fastapi import APIRouter, Form
from markupsafe import Markup
from starlette.requests import Request as HttpRequest
from starlette.responses import HTMLResponse, Response

from countenance.api.guard import EngineOf, engine_of, may
from countenance.api.photos import PhotoForm, file_in, text_in, turn
from countenance.api.problems import headers_of, problem_of, request_id
from countenance.api.routes import searches as api
from countenance.api.routes.searches import ReviewIn, client_of
from countenance.api.settings import LARGEST_UPLOAD
from countenance.bootstrap import Engine
from countenance.errors import BadInput, CountenanceError
from countenance.ids import SearchId
from countenance.model.account import Caller
from countenance.model.purpose import parse_purpose
from countenance.model.review import Verdict
from countenance.model.search import ProbeBasis
from countenance.plot import Axis, Curve, Mark, chart
from countenance.policy.roles import Verb
from countenance.services.answers import Answer
from countenance.services.search import Request
from countenance.web.acts import who_is_who
from countenance.web.render import back_to, page

router = APIRouter()

Searcher = Annotated[Caller, may(Verb.SEARCH_MAKE)]
Reader = Annotated[Caller, may(Verb.SEARCH_READ)]
Reviewer = Annotated[Caller, may(Verb.RESULT_REVIEW)]
_ASKED = ("purpose", "basis", "authorisation", "case", "face")


@router.get("/search")
def desk(request: HttpRequest, caller: Searcher, engine: EngineOf) -> HTMLResponse:
    """Show the form of a search."""
    return _ask(request, caller, engine, "desk/search.html", {})


@router.post("/search", max_body_size=LARGEST_UPLOAD)
def search(request: HttpRequest, caller: Searcher, engine: EngineOf, form: PhotoForm) -> Response:
    """Search, and show the answer with the searched face beside each candidate."""
    said = {name: text_in(form, name) for name in _ASKED}
    try:
        asked = _request(request, said, caller)
        with turn():
            answer = engine.desk.search(
                file_in(form, "photo"), asked, face=_number(said["face"]), key=text_in(form, "key")
            )
    except CountenanceError as error:
        return _ask(request, caller, engine, "desk/search.html", said, error)
    if answer.repeated:
        return back_to(f"/searches/{answer.search.id}")
    return _show(request, "desk/answer.html", answer, caller)


@router.get("/searches")
def history(request: HttpRequest, caller: Reader, engine: EngineOf, before: str | None = None) -> HTMLResponse:
    """Show the client's searches, newest first."""
    entries, after = engine.desk.history(client_of(caller), before=None if before is None else SearchId(before))
    following = None if after is None else f"/searches?{urlencode({'before': after})}"
    usage, who = engine.meter.of(client_of(caller)), who_is_who(engine)
    later = before is not None
    return page(request, "desk/history.html", entries=entries, following=following, later=later, usage=usage, who=who)


@router.get("/searches/{search}")
def again(request: HttpRequest, caller: Reader, engine: EngineOf, search: str) -> HTMLResponse:
    """Show an answer again, as far as it may be shown at this moment."""
    answer = engine.desk.answer(SearchId(search), client_of(caller), by=caller.account)
    return _show(request, "desk/answer.html", answer, caller)


@router.get("/searches/{search}/report")
def report(request: HttpRequest, caller: Reader, engine: EngineOf, search: str) -> HTMLResponse:
    """Show an answer as a page to print."""
    answer = engine.desk.answer(SearchId(search), client_of(caller), by=caller.account)
    name = engine.desk.terms(client_of(caller)).name
    return _show(request, "desk/report.html", answer, caller, client_name=name)


@router.get("/searches/{search}/candidates/{subject}/crop")
def crop(caller: Reader, engine: EngineOf, search: str, subject: str) -> Response:
    """Return the picture of a candidate's face."""
    return api.crop(caller, engine, search, subject)


@router.post("/searches/{search}/candidates/{subject}/review")
def review(
    request: HttpRequest,
    caller: Reviewer,
    engine: EngineOf,
    search: str,
    subject: str,
    verdict: Annotated[Verdict, Form()],
) -> Response:
    """Record what one sees in probe and candidate."""
    try:
        api.review(caller, engine, search, subject, ReviewIn(verdict=verdict))
    except CountenanceError as error:
        problem = problem_of(error, request_id(request))
        answer = engine.desk.answer(SearchId(search), client_of(caller), by=caller.account)
        return _show(request, "desk/answer.html", answer, caller, status=problem.status, problem=problem)
    return back_to(f"/searches/{search}#{subject}")


@router.post("/searches/{search}/authorisation")
def authorise(
    request: HttpRequest,
    caller: Searcher,
    engine: EngineOf,
    search: str,
    reference: Annotated[str, Form(max_length=200)] = "",
    refused: Annotated[bool, Form()] = False,
) -> Response:
    """Record what was decided on the authorisation of a search; refused, the search is deleted."""
    try:
        engine.desk.authorise(SearchId(search), client_of(caller), None if refused else reference)
    except BadInput as error:
        problem = problem_of(error, request_id(request))
        answer = engine.desk.answer(SearchId(search), client_of(caller), by=caller.account)
        return _show(request, "desk/answer.html", answer, caller, status=problem.status, problem=problem)
    return back_to("/searches" if refused else f"/searches/{search}")


@router.get("/compare")
def compare(request: HttpRequest, caller: Searcher, engine: EngineOf) -> HTMLResponse:
    """Show the form of a comparison of two photos."""
    return _ask(request, caller, engine, "desk/compare.html", {}, found=None)


@router.post("/compare", max_body_size=LARGEST_UPLOAD)
def compared(request: HttpRequest, caller: Searcher, engine: EngineOf, form: PhotoForm) -> HTMLResponse:
    """Compare two photos of one face each, and show the form again with what came of it."""
    said = {name: text_in(form, name) for name in _ASKED}
    try:
        asked = _request(request, said, caller)
        found = api.verify(
            caller, engine, form, asked.purpose, asked.basis, asked.authorisation, asked.case, asked.request_id
        )
    except CountenanceError as error:
        return _ask(request, caller, engine, "desk/compare.html", said, error, found=None)
    return _ask(request, caller, engine, "desk/compare.html", said, found=found)


def _request(request: HttpRequest, said: dict[str, str | None], caller: Caller) -> Request:
    basis = said["basis"] or ""
    if basis not in list(ProbeBasis):
        raise BadInput("say on what basis the face in the photo may be searched")
    purpose = parse_purpose(said["purpose"] or "")
    return Request(
        client_of(caller),
        purpose,
        ProbeBasis(basis),
        caller.account,
        said["authorisation"],
        case=said["case"],
        request_id=request_id(request),
    )


def _number(text: str | None) -> int | None:
    if text is None:
        return None
    if not (text.isascii() and text.isdigit() and len(text) < 5):
        raise BadInput("a face is chosen by its number, from 1, counted from the left")
    return int(text)


def _ask(
    request: HttpRequest,
    caller: Caller,
    engine: Engine,
    template: str,
    said: dict[str, str | None],
    error: CountenanceError | None = None,
    **values: Any,
) -> HTMLResponse:
    """Return a form, with what was typed and what was wrong with it."""
    problem = None if error is None else problem_of(error, request_id(request))
    response = page(
        request,
        template,
        status=200 if problem is None else problem.status,
        terms=engine.desk.terms(client_of(caller)),
        usage=engine.meter.of(client_of(caller)),
        said={name: said.get(name) or "" for name in _ASKED},
        problem=problem,
        key=secrets.token_urlsafe(24),
        most=LARGEST_UPLOAD,
        **values,
    )
    response.headers.update({} if error is None else headers_of(error))
    return response


def _show(
    request: HttpRequest, template: str, answer: Answer, caller: Caller, *, status: int = 200, **values: Any
) -> HTMLResponse:
    probe = base64.b64encode(answer.probe).decode()
    return page(
        request,
        template,
        status=status,
        answer=answer,
        probe=f"data:image/jpeg;base64,{probe}" if probe else None,
        draw=lambda **texts: _drawn(answer, **texts),
        mine=caller.account,
        who=who_is_who(engine_of(request)),
        most=LARGEST_UPLOAD,
        **{"problem": None, **values},
    )


def _drawn(answer: Answer, *, title: str, score: str, density: str, chance: str, own: str, threshold: str) -> Markup:
    """Return the curves of an answer with its threshold and its candidates' scores, as SVG.

    Args:
        title, score, density, chance, own, threshold: texts in the language of the page.
    """
    curves = answer.curves
    if curves is None:
        return Markup()
    drawn = [Curve(chance, curves.chance, filled=True)]
    if curves.genuine:
        drawn.append(Curve(own, curves.genuine, filled=True))
    points = [point for curve in drawn for point in curve.points]
    scores = [x for x, _ in points] + [one.score for one in answer.candidates] + [answer.search.threshold.value]
    marks = [Mark(threshold, answer.search.threshold.value)]
    marks += [Mark(f"{one.rank}: {one.score:.3f}", one.score) for one in answer.candidates]
    axes = Axis(score, min(scores), max(scores)), Axis(density, 0, 1.05 * max(y for _, y in points))
    return Markup(chart(title, *axes, drawn, marks))  # noqa: S704 - every text in it is escaped by `plot`
