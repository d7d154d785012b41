# SPDX-License-Identifier: Apache-2.0
"""One module per area of pages."""

from __future__ import annotations

from fastapi import APIRouter

from countenance.web.pages import desk, home

PAGES: tuple[APIRouter, ...] = (home.router, desk.router)
