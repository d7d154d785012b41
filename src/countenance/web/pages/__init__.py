# SPDX-License-Identifier: Apache-2.0
"""One module per area of pages."""

from __future__ import annotations

from fastapi import APIRouter

from countenance.web.pages import (
    access,
    accounts,
    custody,
    desk,
    holds,
    home,
    ingests,
    law,
    orders,
    overview,
    people,
    registers,
    requests,
    retention,
    review,
    runs,
    sources,
)

PAGES: tuple[APIRouter, ...] = (
    home.router,
    access.router,
    accounts.router,
    overview.router,
    sources.router,
    ingests.router,
    review.router,
    people.router,
    desk.router,
    custody.router,
    orders.router,
    holds.router,
    runs.router,
    requests.router,
    retention.router,
    registers.router,
    law.router,
)
