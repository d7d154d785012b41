# SPDX-License-Identifier: Apache-2.0
"""Who calls, and whether this caller holds the verb of the route. Every route has a `may`, or is in `PUBLIC`."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import Depends
from starlette.requests import Request

from countenance.api.limits import Limits
from countenance.api.settings import Settings
from countenance.bootstrap import Engine
from countenance.errors import NotAllowed, NotSignedIn
from countenance.model.account import Caller
from countenance.policy.roles import Verb, holds

BEARER = "bearer "
FOLLOWS = "countenance-follows"
"""Header of what a page asks by itself, to keep up to date: nobody sits before it for that."""


def cookie_name(settings: Settings, cookie: str = "session") -> str:
    """Return a cookie's name: bound to the host where browsers can be told so."""
    return f"__Host-{cookie}" if settings.is_https else cookie


def engine_of(request: Request) -> Engine:
    """Return the engine that the server was started with."""
    engine: Engine = request.app.state.engine
    return engine


def settings_of(request: Request) -> Settings:
    """Return the settings that the server was started with."""
    settings: Settings = request.app.state.settings
    return settings


def caller_of(request: Request) -> Caller:
    """Return who calls: by an API key, where one is shown, else by the session of a browser.

    Raises:
        NotSignedIn: neither, or it has ended.
        TooMany: this caller makes too many requests.
    """
    known = getattr(request.state, "caller", None)
    if isinstance(known, Caller):
        return known
    caller = _proved(request)
    limits: Limits = request.app.state.limits
    request.state.caller = caller  # also where it is sent away: the line of the request says whom
    limits.spend(caller.account)
    return caller


def visitor_of(request: Request) -> Caller | None:
    """Return who calls, or None for somebody who is not signed in; for pages that everybody may see."""
    try:
        return caller_of(request)
    except NotSignedIn:
        return None


def _proved(request: Request) -> Caller:
    header, accounts = request.headers.get("authorization"), engine_of(request).accounts
    if header is not None:
        if not header.lower().startswith(BEARER):
            raise NotSignedIn("send an API key as `Authorization: Bearer KEY`")
        return accounts.by_key(header[len(BEARER) :].strip())
    token = request.cookies.get(cookie_name(settings_of(request)))
    if token is None:
        raise NotSignedIn("sign in, or send an API key as `Authorization: Bearer KEY`")
    return accounts.by_session(token, uses=FOLLOWS not in request.headers)


class May:
    """The dependency of a route that asks for one verb.

    Attributes:
        verb: what the caller must hold.
    """

    def __init__(self, verb: Verb) -> None:
        self.verb = verb

    def __call__(self, request: Request) -> Caller:
        """Return the caller.

        Raises:
            NotSignedIn, TooMany: see `caller_of`.
            NotAllowed: the role, or the scopes of its key, do not hold the verb.
        """
        caller = caller_of(request)
        if not holds(caller, self.verb):
            if caller.scopes == frozenset({Verb.ACCESS_ENROL.value}) and not caller.is_key:
                raise NotAllowed("set up a way to sign in first, at /access/enrol; the invitation opens nothing else")
            raise NotAllowed(f"this needs {self.verb.value}, which the role {caller.role.value} or this key lacks")
        return caller


def may(verb: Verb) -> Any:
    """Mark the parameter of a route as a caller who holds a verb; goes into `Annotated[Caller, ...]`."""
    return Depends(May(verb))


async def _engine(request: Request) -> Engine:
    return engine_of(request)


async def _settings(request: Request) -> Settings:
    return settings_of(request)


# FastAPI sends what is no coroutine to a thread of its own, which takes longer than what these two do.
EngineOf = Annotated[Engine, Depends(_engine)]
SettingsOf = Annotated[Settings, Depends(_settings)]
Visitor = Annotated[Caller | None, Depends(visitor_of)]
