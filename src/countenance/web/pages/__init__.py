# SPDX-License-Identifier: Apache-2.0
"""One module per area of pages."""

from __future__ import annotations

from fastapi import APIRouter

from countenance.web.pages import (
    access,
    accounts,
    clients,
    custody,
    desk,
    flags,
    holds,
    home,
    ingests,
    kiosk,
    law,
    log,
    orders,
    overview,
    own,
    people,
    public,
    registers,
    requests,
    retention,
    review,
    runs,
    signings,
    sources,
)

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
    signings.router,
    kiosk.router,
    own.router,
    custody.router,
    orders.router,
    holds.router,
    runs.router,
    requests.router,
    retention.router,
    registers.router,
    law.router,
    clients.router,
    flags.router,
)
