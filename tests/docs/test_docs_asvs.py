# SPDX-License-Identifier: Apache-2.0
"""The checked list of OWASP ASVS 5.0.0: complete, and true in its names."""

from __future__ import annotations

import ast
import re
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
PACKAGE = ROOT / "src" / "countenance"
PAGE = (ROOT / "docs" / "asvs.md").read_text(encoding="utf-8")
SECURITY = (ROOT / "docs" / "security.md").read_text(encoding="utf-8")

# The level of each requirement of version 5.0.0 (May 2025), section by section, in order.
LEVELS = {
    "1.1": "22", "1.2": "1111122223", "1.3": "112222222223", "1.4": "222", "1.5": "123",
    "2.1": "122", "2.2": "112", "2.3": "12223", "2.4": "23",
    "3.1": "3", "3.2": "113", "3.3": "12223", "3.4": "11222233", "3.5": "11122333", "3.6": "3", "3.7": "22333",
    "4.1": "12233", "4.2": "23333", "4.3": "22", "4.4": "1222",
    "5.1": "2", "5.2": "112333", "5.3": "113", "5.4": "222",
    "6.1": "122", "6.2": "111111112222", "6.3": "11223333", "6.4": "112233", "6.5": "22222333", "6.6": "2223",
    "6.7": "33", "6.8": "2222",
    "7.1": "222", "7.2": "1111", "7.3": "22", "7.4": "11222", "7.5": "223", "7.6": "22",
    "8.1": "1233", "8.2": "1123", "8.3": "133", "8.4": "23",
    "9.1": "111", "9.2": "1222",
    "10.1": "22", "10.2": "223", "10.3": "22223", "10.4": "1111122222233333", "10.5": "22222",
    "10.6": "22", "10.7": "222",
    "11.1": "2233", "11.2": "22233", "11.3": "11233", "11.4": "1222", "11.5": "23", "11.6": "23", "11.7": "33",
    "12.1": "12233", "12.2": "11", "12.3": "22223",
    "13.1": "2333", "13.2": "222223", "13.3": "2233", "13.4": "1222233",
    "14.1": "22", "14.2": "12223333", "14.3": "122",
    "15.1": "12233", "15.2": "12233", "15.3": "1222222", "15.4": "3333",
    "16.1": "2", "16.2": "22222", "16.3": "2222", "16.4": "222", "16.5": "2223",
    "17.1": "23", "17.2": "22223333", "17.3": "22",
}  # fmt: skip
THREE = {"6", "8", "11", "14", "16"}
"""Chapters in which level 3 is held too."""
ROW = re.compile(r"^\| ([\d., ]+) \| ([123]) \| (.+?) \| (yes|part|no|site|-) \| (.+) \|$", re.MULTILINE)
CRYPTOGRAPHY = {
    "cryptography",
    "hashlib",
    "hmac",
    "secrets",
    "ssl",
    "pyrage",
    "argon2",
    "joserfc",
    "webauthn",
    "pyotp",
    "zxcvbn",
}
"""Libraries that hash, seal, sign or draw lots."""


def rows() -> list[tuple[list[str], str, str, str]]:
    """Return the rows: ids, level, state, how."""
    return [
        ([one.strip() for one in ids.split(",")], level, state, how) for ids, level, _, state, how in ROW.findall(PAGE)
    ]


def named(text: str) -> set[str]:
    """Return what stands between backticks."""
    return set(re.findall(r"`([^`]+)`", text))


def test_the_table_of_levels_is_that_of_the_standard() -> None:
    """Version 5.0.0 has 70 requirements of level 1, 183 of level 2 and 92 of level 3."""
    everything = "".join(LEVELS.values())
    assert [everything.count(level) for level in "123"] == [70, 183, 92]


def test_every_requirement_stands_in_the_list_once_with_its_level() -> None:
    """All of levels 1 and 2, and level 3 where faces ask for it; none twice, none of another number."""
    asked = {
        f"{section}.{number}": level
        for section, levels in LEVELS.items()
        for number, level in enumerate(levels, 1)
        if level != "3" or section.partition(".")[0] in THREE
    }
    listed = [(one, level) for ids, level, _, _ in rows() for one in ids]
    assert len(listed) == len({one for one, _ in listed})
    assert dict(listed) == asked


def test_every_test_and_file_that_is_named_exists() -> None:
    """A test by its name, a module below the package, a file of the repository."""
    written = "\n".join(path.read_text(encoding="utf-8") for path in (ROOT / "tests").rglob("test_*.py"))
    tests = set(re.findall(r"^(?:    )?def (test_\w+)", written, re.MULTILINE))
    scripts = {path.name for path in (PACKAGE / "web" / "static" / "js").iterdir()}
    for word in named(PAGE) | named(SECURITY):
        if word.startswith("test_"):
            assert word in tests, word
        elif re.fullmatch(r"[\w./-]+\.(py|html|js|md|lock)", word) and word not in scripts:
            assert (PACKAGE / word).exists() or (ROOT / word).exists(), word


@pytest.mark.parametrize("state", ["part", "no"])
def test_what_is_not_met_is_said_at_the_end_too(state: str) -> None:
    """Nobody has to read three hundred rows to find what is missing."""
    summary = PAGE.partition("## Not met in full")[2]
    missing = {one for ids, _, found, _ in rows() if found == state for one in ids}
    assert missing <= set(re.findall(r"\d+\.\d+\.\d+", summary))


def test_cryptography_is_called_where_the_page_says() -> None:
    """Each module that imports such a library is listed, and no other; so no call of one goes unnoticed."""
    calling = set()
    for path in PACKAGE.rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            names = [one.name for one in node.names] if isinstance(node, ast.Import) else []
            names += [node.module or ""] if isinstance(node, ast.ImportFrom) and not node.level else []
            if CRYPTOGRAPHY & {name.partition(".")[0] for name in names}:
                calling.add(path.relative_to(PACKAGE).as_posix())
    part = SECURITY.partition("Cryptography is called in")[2].partition("**When an algorithm falls.**")[0]
    assert {word for word in named(part) if word.endswith(".py")} == calling
