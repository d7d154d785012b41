# SPDX-License-Identifier: Apache-2.0
"""Signing in and out, invitations, and one's own ways to sign in, sessions and keys."""

from __future__ import annotations

import hmac
from typing import Annotated, Any
from urllib.parse import quote

from fastapi import APIRouter, Form
from starlette.requests import Request
from starlette.responses import HTMLResponse, Response

from countenance.api.door import Browser, Knock, Passwords, PlaceOf, let_in, let_out, token_of
from countenance.api.guard import EngineOf, SettingsOf, Visitor, cookie_name, may
from countenance.api.problems import headers_of, problem_of, request_id
from countenance.api.settings import Settings
from countenance.bootstrap import Engine
from countenance.errors import CountenanceError, NotAllowed, NotFound, NotSignedIn
from countenance.model.account import Caller
from countenance.policy import access
from countenance.policy.roles import Verb
from countenance.services.passkeys import Place
from countenance.web.codes import qr
from countenance.web.render import back_to, page, shown_at

router = APIRouter()

Own = Annotated[Caller, may(Verb.ACCESS_OWN)]
Enrolling = Annotated[Caller, may(Verb.ACCESS_ENROL)]
Text = Annotated[str, Form(max_length=1000)]
OWN = "/access"
_DAYS = 90
_STATE = "provider-state"
_STATE_S = 300


def local(path: str) -> str:
    """Return a path of this site to go on to; the first page where it is anything else."""
    return path if path.startswith("/") and path[1:2] not in {"/", "\\"} and path.isprintable() else "/"


def failed(request: Request, template: str, error: CountenanceError, **values: Any) -> HTMLResponse:
    """Return a page again with what went wrong."""
    problem = problem_of(error, request_id(request))
    response = page(request, template, status=problem.status, problem=problem, **values)
    response.headers.update(headers_of(error))
    return response


@router.get("/sign-in")
def sign_in(request: Request, _visitor: Visitor, place: PlaceOf, settings: SettingsOf, next: str = "/") -> HTMLResponse:  # noqa: A002 - the name in the address
    """Show the form."""
    return page(
        request, "access/sign-in.html", problem=None, **_form(settings, place, go_on=shown_at(request, local(next)))
    )


@router.post("/sign-in", dependencies=[Knock, Passwords])
def enter(
    request: Request,
    engine: EngineOf,
    place: PlaceOf,
    settings: SettingsOf,
    browser: Browser,
    name: Text,
    password: Text,
    code: Text,
    next: Annotated[str, Form(max_length=500)] = "/",  # noqa: A002 - the name in the form
) -> Response:
    """Sign in by password and code."""
    try:
        token, _ = engine.sign_in.password(name, password, code, browser)
    except CountenanceError as error:
        return failed(request, "access/sign-in.html", error, **_form(settings, place, name, next))
    response = back_to(local(next))
    let_in(request, response, token)
    return response


@router.get("/sign-in/provider", dependencies=[Knock])
def provider(
    request: Request,
    engine: EngineOf,
    settings: SettingsOf,
    place: PlaceOf,
    next: str = "/",  # noqa: A002 - as above
) -> Response:
    """Send a browser to the identity provider."""
    if settings.provider is None:
        raise NotFound("no identity provider is known here")
    if request.headers.get("sec-fetch-site") == "cross-site":
        # Another site's link or picture opens no session: somebody presses the button of ours.
        return back_to(f"/sign-in?next={quote(local(next))}")
    try:
        address, state = engine.federation.begin(settings.provider, _way_back(settings), local(next))
    except CountenanceError as error:
        return failed(request, "access/sign-in.html", error, **_form(settings, place, go_on=next))
    response = back_to(address)
    # Lax: the way back comes from another site; the state proves that it was this browser that went.
    response.set_cookie(
        cookie_name(settings, _STATE), state, _STATE_S, secure=settings.is_https, httponly=True, samesite="lax"
    )
    return response


@router.get("/sign-in/provider/back", dependencies=[Knock])
def from_provider(
    request: Request,
    engine: EngineOf,
    settings: SettingsOf,
    place: PlaceOf,
    browser: Browser,
    state: str = "",
    code: str = "",
) -> Response:
    """Sign in who came back from the identity provider."""
    try:
        kept = request.cookies.get(cookie_name(settings, _STATE), "")
        if settings.provider is None or not state or not hmac.compare_digest(kept.encode(), state.encode()):
            raise NotSignedIn("this sign-in was not begun in this browser; begin anew")
        back = _way_back(settings)
        token, _, go_on = engine.federation.finish(settings.provider, back, state, code, browser)
    except CountenanceError as error:
        response: Response = failed(request, "access/sign-in.html", error, **_form(settings, place))
    else:
        response = back_to(go_on)
        let_in(request, response, token)
    response.delete_cookie(cookie_name(settings, _STATE), secure=settings.is_https, httponly=True, samesite="lax")
    return response


@router.post("/sign-out")
def leave(request: Request, _caller: Enrolling, engine: EngineOf) -> Response:
    """End this session."""
    engine.accounts.sign_out(token_of(request))
    response = back_to("/")
    let_out(request, response)
    return response


@router.get("/invitation/{token}")
def invitation(request: Request, token: str) -> HTMLResponse:
    """Ask whether to accept; a preview of the link uses up nothing."""
    return page(request, "access/invitation.html", problem=None, token=token)


@router.post("/invitation/{token}", dependencies=[Knock])
def accept(request: Request, engine: EngineOf, browser: Browser, token: str) -> Response:
    """Open the session of an invitation."""
    try:
        opened, caller = engine.accounts.redeem(token, browser)
    except CountenanceError as error:
        return failed(request, "access/invitation.html", error, token=None)
    response = back_to("/" if caller.scopes is None else f"{OWN}/enrol")
    let_in(request, response, opened)
    return response


@router.get(f"{OWN}/enrol")
def enrol(request: Request, caller: Enrolling, engine: EngineOf, settings: SettingsOf, place: PlaceOf) -> HTMLResponse:
    """Show how to set up a way to sign in."""
    values = {"passkeys_only": settings.passkeys_only, **_codes(engine, caller)}
    return page(request, "access/enrol.html", problem=None, **values, host=place.host)


@router.post(f"{OWN}/password", dependencies=[Passwords])
def set_password(
    request: Request,
    caller: Enrolling,
    engine: EngineOf,
    settings: SettingsOf,
    place: PlaceOf,
    password: Text,
    again: Text,
    pending: Text,
    code: Text,
) -> Response:
    """Set a password with codes."""
    try:
        token = engine.factors.set_password(caller, password, pending, code, again=again, breached=settings.breached)
    except NotAllowed as error:
        return _own(request, engine, caller, error)
    except CountenanceError as error:
        values = {"passkeys_only": False, **_codes(engine, caller, pending)}
        return failed(request, "access/enrol.html", error, **values, host=place.host)
    response = back_to(OWN)
    if token is not None:
        let_in(request, response, token)
    return response


@router.get(OWN)
def own(request: Request, caller: Own, engine: EngineOf) -> HTMLResponse:
    """Show one's ways to sign in, sessions and keys."""
    return _own(request, engine, caller)


@router.post(f"{OWN}/factors/{{factor}}/remove")
def remove_factor(request: Request, caller: Own, engine: EngineOf, factor: str) -> Response:
    """Remove a way to sign in."""
    try:
        engine.factors.remove(caller, factor)
    except CountenanceError as error:
        return _own(request, engine, caller, error)
    return back_to(OWN)


@router.post(f"{OWN}/sessions/{{session}}/end")
def end_session(request: Request, caller: Own, engine: EngineOf, session: str) -> Response:
    """End a session."""
    try:
        engine.accounts.end_session(caller, session)
    except CountenanceError as error:
        return _own(request, engine, caller, error)
    return back_to(OWN if session != caller.credential else "/")


@router.post(f"{OWN}/sessions/end-others")
def end_others(request: Request, caller: Own, engine: EngineOf) -> Response:
    """End all sessions but this one."""
    try:
        engine.accounts.end_others(caller)
    except CountenanceError as error:
        return _own(request, engine, caller, error)
    return back_to(OWN)


@router.post(f"{OWN}/told")
def told(caller: Own, engine: EngineOf) -> Response:
    """Record that one has looked at what happened to the account."""
    engine.accounts.told(caller)
    return back_to(OWN)


@router.post(f"{OWN}/keys")
def make_key(
    request: Request,
    caller: Own,
    engine: EngineOf,
    label: Text = "",
    days: Annotated[int, Form()] = _DAYS,
    scopes: Annotated[list[str] | None, Form()] = None,
) -> Response:
    """Make a key; the answer is the only page that ever shows it."""
    chosen = scopes or []
    try:
        made, secret = engine.accounts.new_key(caller, chosen, days, label)
    except CountenanceError as error:
        return _own(request, engine, caller, error, label=label, days=days, scopes=chosen)
    return page(request, "access/new-key.html", key=made, secret=secret, label=label.strip(), scopes=sorted(chosen))


@router.post(f"{OWN}/keys/{{key}}/revoke")
def revoke_key(caller: Own, engine: EngineOf, key: str) -> Response:
    """End a key."""
    engine.accounts.revoke_key(caller, key)
    return back_to(OWN)


def _form(settings: Settings, place: Place, name: str = "", go_on: str = "/") -> dict[str, Any]:
    return {
        "name": name,
        "next": local(go_on),
        "host": place.host,
        "provider": settings.provider,
        "passkeys_only": settings.passkeys_only,
    }


def _way_back(settings: Settings) -> str:
    return f"{settings.origin}/sign-in/provider/back"


def _own(
    request: Request, engine: Engine, caller: Caller, error: CountenanceError | None = None, **typed: Any
) -> HTMLResponse:
    account = engine.accounts.get(caller.account)
    values = {
        "account": account,
        "factors": engine.factors.everything(caller.account),
        "sessions": engine.accounts.sessions(caller.account),
        "notices": engine.accounts.history(caller.account),
        "keys": engine.accounts.keys(caller.account),
        "verbs": [verb.value for verb in access.grantable(caller.role)],
        "most_days": access.LONGEST_KEY_DAYS,
        "label": "",
        "days": _DAYS,
        "scopes": [],
        **typed,
    }
    if error is None:
        return page(request, "access/own.html", problem=None, **values)
    return failed(request, "access/own.html", error, **values)


def _codes(engine: Engine, caller: Caller, pending: str | None = None) -> dict[str, Any]:
    codes = engine.factors.new_codes(caller, pending)
    secret = " ".join(codes.secret[start : start + 4] for start in range(0, len(codes.secret), 4))
    return {
        "name": engine.accounts.get(caller.account).name,
        "qr": qr(codes.uri),
        "secret": secret,
        "pending": codes.pending,
        "shortest": access.SHORTEST_PASSWORD,
    }
