# SPDX-License-Identifier: Apache-2.0
"""The frame of every page, in a real browser."""

from __future__ import annotations

from house import House


def test_the_first_page_loads_nothing_from_elsewhere(house: House) -> None:
    """The start page asks this server only, and weighs less than 60 kB in all."""
    page = house.browser()
    asked: list[str] = []
    weight: list[int] = []
    page.on("request", lambda request: asked.append(request.url))
    page.on("response", lambda response: weight.append(len(response.body())))
    page.goto("/", wait_until="networkidle")
    assert all(url.startswith(house.address) for url in asked)
    assert sum(weight) < 60_000
    assert page.title()
