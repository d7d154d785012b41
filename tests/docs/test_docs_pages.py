# SPDX-License-Identifier: Apache-2.0
"""The documentation against the program: links lead somewhere, commands parse, routes and settings exist."""

from __future__ import annotations

import re
import shlex
from functools import cache

import pytest
import typer
import typer.main
from doc_pages import ROOT, Page, command_lines, pages
from typer.core import TyperCommand, TyperGroup

from countenance.cli.main import app

_USAGE_ERROR = typer.BadParameter.__mro__[1]
_STAND_INS = {"N": "1", "NUMBER": "1", "DAY": "2026-01-01", "MINUTES": "5", "TERM": "1"}
_PLACEHOLDER = re.compile(r"[A-Z][A-Z_]*(?:\.\w+)?|\$\w+|\.\.\.")

PAGES = [pytest.param(page, id=str(page.path)) for page in pages()]


@pytest.mark.parametrize("page", PAGES)
def test_every_link_leads_somewhere(page: Page) -> None:
    """A link to a file of the repository finds it, and a link to a heading finds the heading."""
    for link in page.links():
        if "://" in link or link.startswith("mailto:"):
            continue
        name, _, anchor = link.partition("#")
        target = (ROOT / page.path).parent / name if name else ROOT / page.path
        assert target.exists(), f"{page.path}: {link}"
        if anchor:
            where = target.resolve().relative_to(ROOT)
            assert anchor in next(one for one in pages() if one.path == where).anchors(), f"{page.path}: {link}"


@pytest.mark.parametrize("page", [one for one in PAGES if one.id != "docs/cli.md"])
def test_every_command_line_parses(page: Page) -> None:
    """What a page shows in a block can be typed: the command exists, and takes these options and words."""
    wrong = [found for line in command_lines(page) for one in _alternatives(line) if (found := _complaint(one))]
    assert wrong == []


@pytest.mark.parametrize("page", PAGES)
def test_every_command_that_is_named_exists(page: Page) -> None:
    """What a page names in its text as a command is one, with the options that it names."""
    lines = [word for word in page.words() if word.startswith("countenance ")]
    wrong = [found for line in lines for one in _alternatives(line) if (found := _unknown(one))]
    assert wrong == []


def test_every_page_is_in_the_list_of_pages() -> None:
    """docs/README.md leads to every page of docs, itself or by the list of a folder."""
    index = next(page for page in pages() if page.path.as_posix() == "docs/README.md")
    linked = {((ROOT / "docs") / link.partition("#")[0]).resolve() for link in index.links()}
    lists = {path.parent for path in linked if path.name == "README.md"} | {path for path in linked if path.is_dir()}
    lost = [
        str(page.path)
        for page in pages()
        if page.path.parts[0] == "docs"
        and page is not index
        and (ROOT / page.path) not in linked
        and (ROOT / page.path).parent not in lists
    ]
    assert lost == []


@pytest.mark.parametrize(
    "name", ["access", "clients", "custody", "operating", "search-desk", "server", "signing", "verify"]
)
def test_every_label_that_is_named_stands_on_a_page(name: str) -> None:
    """What a guide sets in italics and capitals is the name of a page or a button, word for word."""
    (page,) = (one for one in pages() if one.path.as_posix() == f"docs/{name}.md")
    named = re.findall(r"(?<!\*)\*([A-Z][^*\n]+)\*(?!\*)", page.text)
    assert [one for one in named if one.rstrip(".,") not in _labels()] == []


@pytest.mark.parametrize("page", PAGES)
def test_every_module_and_file_that_is_named_exists(page: Page) -> None:
    """`python -m x` can be run, and `some/file.py` is there; an ADR may speak of what it replaced."""
    for module in re.findall(r"python -m ([a-z_.]+[a-z_])", page.text):
        where = ROOT.joinpath(*module.split("."))
        inside = ROOT.joinpath("src", *module.split("."))
        assert where.with_suffix(".py").is_file() or where.is_dir() or inside.is_dir(), f"{page.path}: {module}"
    if "adr" in page.path.parts:
        return
    roots = (ROOT, ROOT / "src" / "countenance", ROOT / "src" / "countenance" / "web" / "templates", ROOT / page.path)
    for word in page.words():
        if re.fullmatch(r"(?!/)[a-z_./-]+/[a-z_.-]+\.(py|md|toml|html|css|js)", word):
            assert any((root / word).exists() for root in roots), f"{page.path}: {word}"


@cache
def _labels() -> frozenset[str]:
    web = ROOT / "src" / "countenance" / "web"
    texts = [path.read_text(encoding="utf-8") for path in (*web.rglob("*.html"), *web.rglob("nav.py"))]
    return frozenset(found for text in texts for found in re.findall(r'"([^"\n]+)"', text))


@cache
def _root() -> TyperGroup:
    found = typer.main.get_command(app)
    assert isinstance(found, TyperGroup)
    return found


def _words(line: str) -> list[str]:
    plain = line.replace("[--", "--").replace("]", "")
    return [_stand_in(word) for word in shlex.split(plain)]


def _stand_in(word: str) -> str:
    bare = word.removesuffix("...") or "X"
    return _STAND_INS.get(bare, "x") if _PLACEHOLDER.fullmatch(bare) else bare


def _resolve(words: list[str]) -> tuple[TyperCommand | TyperGroup, list[str], list[str]]:
    """Return the command, the words that name it, and what is left."""
    command: TyperCommand | TyperGroup = _root()
    path, rest = ["countenance"], words[1:]
    while isinstance(command, TyperGroup) and rest and rest[0] in command.commands:
        found = command.commands[rest[0]]
        assert isinstance(found, TyperCommand | TyperGroup)
        command = found
        path.append(rest[0])
        rest = rest[1:]
    return command, path, rest


def _alternatives(line: str) -> list[str]:
    """Return the commands of a line such as `x status RUN | resume RUN` or `x review ID --a | --b`; a pipe ends one."""
    first, *others = line.split(" | ")
    found = [first]
    _, path, _ = _resolve(_words(first))
    for other in others:
        if other.startswith("--"):
            found.append(f"{first.rpartition(' --')[0]} {other}")
            continue
        _, deeper, _ = _resolve([*path[:-1], *other.split()])
        if len(deeper) < len(path):
            break
        found.append(" ".join([*path[:-1], other]))
    return found


def _complaint(line: str) -> str | None:
    """Return why a line cannot be typed; None where it can."""
    command, path, rest = _resolve(_words(line))
    if "--help" in rest or "--version" in rest:
        return None
    try:
        command.make_context(" ".join(path), rest)
    except _USAGE_ERROR as error:
        return f"{line}: {error}"
    return None


def _unknown(line: str) -> str | None:
    command, path, rest = _resolve(_words(line))
    known = {name for one in command.params for name in (*one.opts, *one.secondary_opts)} | {"--help", "--version"}
    unknown = [word for word in rest if word.startswith("--") and word not in known]
    if unknown or (isinstance(command, TyperGroup) and rest and rest[0] not in {"...", "x"} and not unknown):
        return f"{line}: {' '.join(path)} knows no {unknown or rest[0]}"
    return None
