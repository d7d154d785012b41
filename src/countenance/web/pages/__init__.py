# SPDX-License-Identifier: Apache-2.0
"""One module per area of pages."""

from __future__ import annotations

from fastapi import APIRouter

from countenance.web.pages import desk, home, log, public

PAGES: tuple[APIRouter, ...] = (
    home.router,
    public.router,
    desk.router,
    log.router,
)
