# SPDX-License-Identifier: Apache-2.0
"""One module per area of pages."""

from __future__ import annotations

from fastapi import APIRouter

from countenance.web.pages import access, accounts, desk, home, ingests, log, overview, people, public, review, sources

PAGES: tuple[APIRouter, ...] = (
    home.router,
    public.router,
    access.router,
    accounts.router,
    overview.router,
    sources.router,
    ingests.router,
    review.router,
    people.router,
    desk.router,
    log.router,
)
