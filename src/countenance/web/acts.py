# SPDX-License-Identifier: Apache-2.0
"""What pages of people who act share: a form is carried out or comes again, and who is who among accounts."""

from __future__ import annotations

from collections.abc import Callable

from starlette.requests import Request
from starlette.responses import HTMLResponse, Response

from countenance.api.problems import Problem, headers_of, problem_of, request_id
from countenance.bootstrap import Engine
from countenance.errors import CountenanceError
from countenance.web.render import back_to

Show = Callable[[Problem | None], HTMLResponse]
"""Renders a page, with what was wrong where something was."""


def carry_out(request: Request, act: Callable[[], str], show: Show) -> Response:
    """Carry out a form: lead to the path that `act` returns, or show the page again with what was wrong.

    Args:
        act: what the form asks for.
        show: renders the page that the form stands on.
    """
    try:
        to = act()
    except CountenanceError as error:
        problem = problem_of(error, request_id(request))
        response = show(problem)
        response.status_code = problem.status
        response.headers.update(headers_of(error))
        return response
    return back_to(to)


def who_is_who(engine: Engine) -> Callable[[str | None], str]:
    """Return the function that names an account to those who work with it: `Ann (acc_...)`; others as they are."""
    names = {str(one.id): one.name for one in engine.accounts.everyone()}
    return lambda known: "" if known is None else names.get(known, known)
