# SPDX-License-Identifier: Apache-2.0
"""The pages of the documentation: their fenced blocks, their words in code, their links."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
_FENCE = re.compile(r"^```(?P<kind>\w*)\n(?P<text>.*?)^```", re.MULTILINE | re.DOTALL)
_INDENTED = re.compile(r"(?:^ {4}.*\n)+", re.MULTILINE)
_CODE = re.compile(r"`([^`\n]+)`")
_LINK = re.compile(r"\[[^\]]*\]\(([^)\s]+)\)")
_HEADING = re.compile(r"^#+ +(.*)$", re.MULTILINE)


@dataclass(frozen=True)
class Page:
    """One Markdown page.

    Attributes:
        path: below the root of the repository.
        text: as it is written.
    """

    path: Path
    text: str

    def blocks(self, kind: str | None = None) -> list[str]:
        """Return what stands in fenced blocks, of one kind or of all; of all also what is set in by four spaces."""
        fenced = [m["text"] for m in _FENCE.finditer(self.text) if kind in (None, m["kind"])]
        return fenced if kind is not None else [*fenced, *_INDENTED.findall(self._prose())]

    def words(self) -> list[str]:
        """Return what stands in backquotes, outside of fenced blocks."""
        return _CODE.findall(self._prose())

    def links(self) -> list[str]:
        """Return where its links lead."""
        return _LINK.findall(self._prose())

    def anchors(self) -> set[str]:
        """Return the anchors that renderers make of its headings."""
        plain = (re.sub(r"[^\w\s-]", "", one.lower()).strip() for one in _HEADING.findall(self._prose()))
        return {re.sub(r"\s", "-", one) for one in plain}

    def _prose(self) -> str:
        return _FENCE.sub("", self.text)


@cache
def pages() -> tuple[Page, ...]:
    """Return every page that people read."""
    found = [*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md")]
    return tuple(Page(path.relative_to(ROOT), path.read_text(encoding="utf-8")) for path in sorted(found))


def command_lines(page: Page) -> Iterator[str]:
    """Yield the command lines of a page's blocks, each whole, without prompts, comments and explanations.

    docs/server.md calls the program `as` the service's user.
    """
    for block in page.blocks():
        for line in re.sub(r"\\\n\s*", " ", block).splitlines():
            found = re.search(r"(?:^|\$ |\$\()(?:countenance|as) (?P<words>[^(].*)$", line.strip())
            if found is None:
                continue
            yield re.split(r" {3,}| +# |\)$| 2>| >|$", f"countenance {found['words']}", maxsplit=1)[0].strip()
