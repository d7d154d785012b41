# SPDX-License-Identifier: Apache-2.0
"""Which browser somebody signed in with, in a word of a closed list: enough to know one's own, too little to trace.

Neither the header itself nor an address is kept: both can single somebody out.
"""

from __future__ import annotations

_BROWSERS = (  # the first that the header names: most claim to be others besides
    ("Edg", "edge"),
    ("OPR/", "opera"),
    ("SamsungBrowser/", "samsung"),
    ("Firefox/", "firefox"),
    ("FxiOS/", "firefox"),
    ("Chrome/", "chrome"),
    ("CriOS/", "chrome"),
    ("Safari/", "safari"),
)
_SYSTEMS = (
    ("Android", "android"),
    ("iPhone", "ios"),
    ("iPad", "ios"),
    ("Windows", "windows"),
    ("CrOS", "chromeos"),
    ("Mac OS X", "macos"),
    ("Linux", "linux"),
)
_OTHER = "other"


def agent_of(header: str) -> str:
    """Return the word for a `User-Agent` header, such as `firefox/linux`; `other/other` for what is not known.

    It is what the caller says of itself: good to recognise one's own browser by, no proof of anything.
    """
    return f"{_first(header, _BROWSERS)}/{_first(header, _SYSTEMS)}"


def _first(header: str, known: tuple[tuple[str, str], ...]) -> str:
    return next((word for mark, word in known if mark in header), _OTHER)
