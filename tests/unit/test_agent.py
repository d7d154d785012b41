# SPDX-License-Identifier: Apache-2.0
"""Which browser somebody signed in with."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from countenance.model.agent import agent_of

_WEBKIT = "AppleWebKit/537.36 (KHTML, like Gecko)"


@pytest.mark.parametrize(
    ("header", "word"),
    [
        ("Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0", "firefox/linux"),
        (
            f"Mozilla/5.0 (Windows NT 10.0; Win64; x64) {_WEBKIT} Chrome/140.0.0.0 Safari/537.36 Edg/140.0",
            "edge/windows",
        ),
        (f"Mozilla/5.0 (Linux; Android 15) {_WEBKIT} Chrome/140.0.0.0 Mobile Safari/537.36", "chrome/android"),
        ("Mozilla/5.0 (iPhone; CPU iPhone OS 18_0 like Mac OS X) AppleWebKit/605 Version/18 Safari/604", "safari/ios"),
        ("python-httpx/0.28", "other/other"),
        ("", "other/other"),
    ],
)
def test_a_browser_is_told_by_a_word(header: str, word: str) -> None:
    """Also where it claims to be several, as all do."""
    assert agent_of(header) == word


@given(st.text())
def test_nothing_of_the_header_is_kept(header: str) -> None:
    """The word is of a closed list, whatever was sent: nobody can be traced by it, and no log be written to."""
    browser, system = agent_of(header).split("/")
    assert browser in {"edge", "opera", "samsung", "firefox", "chrome", "safari", "other"}
    assert system in {"android", "ios", "windows", "chromeos", "macos", "linux", "other"}
