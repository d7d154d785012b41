# SPDX-License-Identifier: Apache-2.0
"""The door: the cookie of a session, where passkeys are bound to, and how often one address may knock."""

from __future__ import annotations

from ipaddress import ip_address, ip_network
from typing import Annotated

from fastapi import Depends
from starlette.requests import Request
from starlette.responses import Response

from countenance.api.guard import cookie_name, engine_of, settings_of
from countenance.api.limits import Limits
from countenance.errors import NotAllowed
from countenance.model.agent import agent_of
from countenance.services.passkeys import Place

KNOCKS_PER_SECOND = 1.0
KNOCKS_AT_ONCE = 60
"""Tries to sign in from one address: enough for a house behind one address, too few to guess by."""


def place_of(request: Request) -> Place:
    """Return where passkeys of this server are bound to."""
    return Place(settings_of(request).origin, engine_of(request).operator)


def knock(request: Request) -> None:
    """Count a try to sign in; addresses are kept in memory alone, because they are personal data.

    Raises:
        TooMany: this address tries too often.
    """
    limits: Limits = request.app.state.door
    limits.spend(_house(request.client.host if request.client else ""))


def browser_of(request: Request) -> str:
    """Return the word for the browser that asks; what is kept of it."""
    return agent_of(request.headers.get("user-agent", ""))


def require_passwords(request: Request) -> None:
    """Refuse passwords where the server was started for passkeys alone.

    Raises:
        NotAllowed: it was.
    """
    if settings_of(request).passkeys_only:
        raise NotAllowed("passwords are not taken here; sign in with a passkey")


def _house(address: str) -> str:
    """Return what one house has of an address: of IPv6 the first half, since everybody has all of the other."""
    try:
        number = ip_address(address)
    except ValueError:  # a socket file
        return address
    return address if number.version == 4 else str(ip_network((number, 64), strict=False))


def token_of(request: Request) -> str:
    """Return the token of the session that a browser shows; empty where it shows none."""
    return request.cookies.get(cookie_name(settings_of(request)), "")


def let_in(request: Request, response: Response, token: str) -> None:
    """Give a browser the token of its session, in a cookie that no script reads and no other site sends along.

    The session that it had before ends.
    """
    engine_of(request).accounts.sign_out(token_of(request))
    is_https = settings_of(request).is_https
    # Lax: the way back from an identity provider comes from another site.
    response.set_cookie(cookie_name(settings_of(request)), token, secure=is_https, httponly=True, samesite="lax")


def let_out(request: Request, response: Response) -> None:
    """Take the token from a browser, with all that it kept of this site."""
    is_https = settings_of(request).is_https
    response.delete_cookie(cookie_name(settings_of(request)), secure=is_https, httponly=True, samesite="lax")
    response.headers["Clear-Site-Data"] = '"cache"'


Browser = Annotated[str, Depends(browser_of)]
PlaceOf = Annotated[Place, Depends(place_of)]
Knock = Depends(knock)
Passwords = Depends(require_passwords)
