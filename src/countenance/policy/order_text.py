# SPDX-License-Identifier: Apache-2.0
"""Parsed TOML with the line of every key, so that whatever is wrong in an order file is said with `file:line:`."""

from __future__ import annotations

import re
import tomllib
from collections import Counter
from collections.abc import Iterable, Mapping
from datetime import UTC, date, datetime, time
from enum import StrEnum
from typing import NamedTuple, TypeVar, cast

from countenance.errors import BadInput, BadOrder

Table = Mapping[str, object]
Path = tuple[str, ...]
"""Where a table stands: its names, and for one of several its number from 0, such as `("term", "0")`."""

_Word = TypeVar("_Word", bound=StrEnum)
_HEADER = re.compile(r"\s*(\[\[?)\s*([\w.\"' -]+?)\s*\]\]?\s*(#.*)?$")


class _Section(NamedTuple):
    """One table: where it stands, the line of its header, and its lines."""

    path: Path
    line: int
    body: list[tuple[int, str]]


class Source:
    """An order file: its text, its name for messages, and what TOML makes of it.

    Raises:
        BadOrder: it is no TOML.
    """

    def __init__(self, text: str, name: str) -> None:
        self.name = name
        self._lines = text.splitlines()
        try:
            self.root: Table = tomllib.loads(text)
        except tomllib.TOMLDecodeError as error:
            found = re.search(r"line (\d+)", str(error))
            line = found[1] if found else str(max(1, len(self._lines)))
            raise BadOrder(f"{name}:{line}: {error}") from error

    def bad(self, message: str, path: Path, key: str = "") -> BadOrder:
        """Return the error that says what is wrong, and in which line."""
        return BadOrder(f"{self.name}:{self._line(path, key)}: {message}")

    def _line(self, path: Path, key: str) -> int:
        """Return the line of a key, else of its table, else of the table around it, else 1."""
        around = max(
            (one for one in self._tables() if path[: len(one.path)] == one.path), key=lambda one: len(one.path)
        )
        for name in filter(None, (key, *reversed(path[len(around.path) :]))):
            for number, line in around.body:
                if re.search(rf"""(^|[{{,\s])["']?{re.escape(name)}["']?\s*=""", line):
                    return number
        return around.line

    def _tables(self) -> list[_Section]:
        """Return the tables of the file with their lines, without those inside of long texts."""
        found, many, in_text = [_Section((), 1, [])], Counter[str](), False
        for number, line in enumerate(self._lines, start=1):
            header = None if in_text else _HEADER.match(line)
            if header is not None:
                name = header[2].replace('"', "").replace(" ", "")
                here: Path = (name, str(many[name])) if header[1] == "[[" else tuple(name.split("."))
                many[name] += 1
                found.append(_Section(here, number, []))
            elif not in_text:
                found[-1].body.append((number, line))
            in_text ^= (line.count('"""') + line.count("'''")) % 2 == 1
        return found

    def table(self, parent: Table, key: str, path: Path, keys: Iterable[str], *, needed: bool = True) -> Table:
        """Return a table of a table, which has no other keys than these; empty where it is not needed and not there."""
        found = parent.get(key)
        if found is None and not needed:
            return {}
        if not isinstance(found, dict):
            raise self.bad(f"needs a section [{'.'.join(path)}]", path)
        self.only(found, path, keys)
        return cast(Table, found)

    def tables(self, parent: Table, key: str, keys: Iterable[str], *, needed: bool) -> list[Table]:
        """Return the tables of an array of tables."""
        found = parent.get(key, [])
        if not isinstance(found, list) or not all(isinstance(one, dict) for one in found) or (needed and not found):
            raise self.bad(f"needs at least one [[{key}]]" if needed else f"writes each as [[{key}]]", (key, "0"))
        for number, one in enumerate(found):
            self.only(one, (key, str(number)), keys)
        return found

    def only(self, table: Table, path: Path, keys: Iterable[str]) -> None:
        """Refuse a key that is not among these."""
        known = tuple(keys)
        for key in table:
            if key not in known:
                raise self.bad(f"[{_shown(path)}] has no key {key!r}; it may have {', '.join(known)}", path, key)

    def text(self, table: Table, path: Path, key: str, *, needed: bool = True) -> str:
        """Return a text; empty where it is not needed and not there."""
        value = table.get(key)
        if value is None and not needed:
            return ""
        if not isinstance(value, str) or not value.strip():
            raise self.bad(f"[{_shown(path)}] needs {key}: a text in quotes", path, key)
        return value

    def words(self, table: Table, path: Path, key: str, *, needed: bool = False) -> tuple[str, ...]:
        """Return a list of texts."""
        value = table.get(key, [])
        if not isinstance(value, list) or not all(isinstance(one, str) and one.strip() for one in value):
            raise self.bad(f"[{_shown(path)}] needs {key}: a list of texts", path, key)
        if (needed or key in table) and not value:
            raise self.bad(f"[{_shown(path)}] {key} is empty", path, key)
        return tuple(value)

    def number(self, table: Table, path: Path, key: str) -> int | None:
        """Return a whole number above 0; None where it is not there."""
        value = table.get(key)
        if value is not None and (type(value) is not int or value < 1):
            raise self.bad(f"[{_shown(path)}] needs {key}: a whole number of 1 or more", path, key)
        return value

    def choice(self, table: Table, path: Path, key: str, words: type[_Word], default: _Word | None = None) -> _Word:
        """Return one word of a closed list."""
        value = table.get(key)
        if value is None and default is not None:
            return default
        try:
            return words(str(value))
        except ValueError:
            raise self.bad(f"[{_shown(path)}] needs {key}: one of {', '.join(words)}", path, key) from None

    def moment(
        self, table: Table, path: Path, key: str, *, needed: bool = False, ends: bool = False
    ) -> datetime | None:
        """Return a moment: a date and time with an offset, or a date, which is its first moment in UTC.

        Args:
            ends: a date means its last moment in UTC: what a deadline is.
        """
        value = table.get(key)
        if value is None and not needed:
            return None
        if isinstance(value, datetime) and value.tzinfo is not None:
            return value.astimezone(UTC)
        if type(value) is date:
            return datetime.combine(value, time(23, 59, 59) if ends else time(), UTC)
        raise self.bad(
            f"[{_shown(path)}] needs {key}: a date such as 2021-04-09, or a moment as 2021-04-09T17:00:00-05:00",
            path,
            key,
        )

    def day(self, table: Table, path: Path, key: str) -> date | None:
        """Return a date; None where it is not there."""
        value = table.get(key)
        if value is not None and type(value) is not date:
            raise self.bad(f"[{_shown(path)}] needs {key}: a date such as 2021-04-09", path, key)
        return value

    def each(self, table: Table, path: Path, key: str, read: type[_Word]) -> tuple[_Word, ...]:
        """Return a list of words of a closed list."""
        try:
            return tuple(read(word) for word in self.words(table, path, key, needed=True))
        except ValueError:
            raise self.bad(f"[{_shown(path)}] {key} takes {', '.join(read)}", path, key) from None

    def wrap(self, error: BadInput, path: Path, key: str) -> BadOrder:
        """Return an error of another reader with file and line."""
        return self.bad(str(error), path, key)


def _shown(path: Path) -> str:
    return ".".join(str(int(part) + 1) if part.isdigit() else part for part in path)
