# SPDX-License-Identifier: Apache-2.0
"""The published policy on a page: its hard-wrapped text as headings, paragraphs and lists, word for word."""

from __future__ import annotations

from dataclasses import dataclass

_LONGEST_HEADING = 60
_ITEM = "  "


@dataclass(frozen=True)
class Block:
    """A part of the text between two empty lines.

    Attributes:
        heading: its first line, where that is one; else empty.
        text: its lines without an indent, joined.
        items: its indented lines, each with its continuation.
    """

    heading: str
    text: str
    items: tuple[str, ...]


def blocks(text: str) -> list[Block]:
    """Return the parts of a text, in order."""
    return [_block(part.split("\n")) for part in text.strip("\n").split("\n\n") if part.strip()]


def _block(lines: list[str]) -> Block:
    heading = ""
    if len(lines) > 1 and len(lines[0]) < _LONGEST_HEADING and lines[0][-1:] not in ".,:;" and lines[1][:1] != " ":
        heading = lines.pop(0)
    words, items = [], list[str]()
    for line in lines:
        if not line.startswith(_ITEM) or (line.startswith(2 * _ITEM) and not items):
            words.append(line.strip())
        elif line.startswith(2 * _ITEM):
            items[-1] += f" {line.strip()}"
        else:
            items.append(line.strip())
    return Block(heading, " ".join(words), tuple(items))
