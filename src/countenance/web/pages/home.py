# SPDX-License-Identifier: Apache-2.0
"""The first page: what this is, and where to go."""

from __future__ import annotations

from fastapi import APIRouter
from starlette.requests import Request
from starlette.responses import HTMLResponse

from countenance.api.guard import Visitor
from countenance.web.render import page

router = APIRouter()


@router.get("/")
def home(request: Request, _visitor: Visitor) -> HTMLResponse:
    """Show the first page."""
    return page(request, "home.html")
