# SPDX-License-Identifier: Apache-2.0
"""One module per area of pages."""

from __future__ import annotations

from fastapi import APIRouter

from countenance.web.pages import custody, desk, holds, home, law, orders, registers, requests, retention, runs

PAGES: tuple[APIRouter, ...] = (
    home.router,
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
