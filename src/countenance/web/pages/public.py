# SPDX-License-Identifier: Apache-2.0
"""Pages for everybody: policy, register of clients, transparency report, rights, and the check of certificates."""

from __future__ import annotations

import re
from datetime import date
from functools import cache

from fastapi import APIRouter
from starlette.requests import Request
from starlette.responses import HTMLResponse, Response

from countenance.api.conditional import FOR_GOOD, conditional
from countenance.api.guard import EngineOf, Visitor
from countenance.api.routes import public
from countenance.web.plain_text import blocks
from countenance.web.render import STATIC, page

router = APIRouter()
_TEXT = "text/plain; charset=utf-8"


@router.get("/policy")
def policy(request: Request, engine: EngineOf, _visitor: Visitor) -> HTMLResponse:
    """Show the retention policy."""
    found = public.read_policy(engine)
    return page(request, "public/policy.html", policy=found, blocks=blocks(found.text))


@router.get("/register")
def register(request: Request, engine: EngineOf, _visitor: Visitor) -> HTMLResponse:
    """Show who may search here."""
    return page(request, "public/register.html", clients=public.read_register(engine).clients)


@router.get("/transparency")
def transparency(request: Request, engine: EngineOf, _visitor: Visitor, quarter: str = "") -> HTMLResponse:
    """Show the transparency report; of the newest quarter that has ended, unless another one is named."""
    told = public.read_report(engine, None)
    chosen = _day(quarter) or (told.quarters[0] if told.quarters else None)
    if chosen is not None:
        told = public.read_report(engine, chosen)
    return page(request, "public/report.html", told=told.report, quarters=told.quarters, chosen=chosen)


@router.get("/your-rights")
def rights(request: Request, engine: EngineOf, _visitor: Visitor) -> HTMLResponse:
    """Show how people see, correct and withdraw."""
    return page(request, "public/rights.html", about=engine.transparency.about())


@router.get("/verify")
def verify(request: Request, engine: EngineOf, _visitor: Visitor) -> HTMLResponse:
    """Show the page that checks certificates in the browser."""
    return page(request, "public/verify.html", key=engine.transparency.about().key)


@router.get("/verify/offline")
def offline(request: Request, _visitor: Visitor) -> Response:
    """Return the same page as one file that needs no server, and no trust in this one."""
    shown = page(request, "public/verify_offline.html", style=_style(), script=_script())
    return conditional(request, bytes(shown.body), "text/html; charset=utf-8", name="verify-certificates.html")


@router.get("/log/checkpoint")
def checkpoint(request: Request, engine: EngineOf) -> Response:
    """Return the signed head of the log (C2SP tlog-checkpoint)."""
    return conditional(request, engine.public_log.checkpoint(), _TEXT)


@router.get("/log/tile/{path:path}")
def tile(request: Request, engine: EngineOf, path: str) -> Response:
    """Return a tile or a bundle of entries of the log (C2SP tlog-tiles)."""
    found = engine.public_log.file(f"tile/{path}")
    return conditional(request, found, "application/octet-stream", cache=FOR_GOOD)


def _day(text: str) -> date | None:
    try:
        return date.fromisoformat(text)
    except ValueError:
        return None


@cache
def _style() -> str:
    return (STATIC / "style.css").read_text(encoding="utf-8")


@cache
def _script() -> str:
    """Return the verifier and its page as one module, without imports: a page from a disk can load none."""
    parts = [(STATIC / "js" / name).read_text(encoding="utf-8") for name in ("proofs.js", "documents.js", "verify.js")]
    whole = "\n".join(parts)
    whole = re.sub(r"^import [^;]*;\n", "", whole, flags=re.MULTILINE)
    return re.sub(r"^export ", "", whole, flags=re.MULTILINE)
