# SPDX-License-Identifier: Apache-2.0
"""Texts of the pages in other languages."""

from __future__ import annotations

import ast
import re
from datetime import UTC, date, datetime
from pathlib import Path

import pytest
from jinja2 import Environment
from jinja2.ext import extract_from_ast
from markupsafe import Markup

from countenance.model.account import Role
from countenance.web import i18n, nav, places

TEMPLATES = Path(i18n.__file__).parent / "templates"
OTHERS = [code for code in i18n.LANGUAGES if code != "en"]


def marked() -> dict[str, str]:
    """Return the keys that the templates ask for, each with the template that does."""
    found: dict[str, str] = {}
    env = Environment(autoescape=True)
    for path in sorted(TEMPLATES.rglob("*.html")):
        tree = env.parse(path.read_text(encoding="utf-8"))
        name = path.relative_to(TEMPLATES).as_posix()
        for _line, function, said in extract_from_ast(tree, ("_", "n_")):
            texts = [said] if isinstance(said, str) else [text for text in said or () if text is not None]
            if texts:
                found.setdefault(texts[0] if function == "_" else "|".join(texts[:2]), name)
    return found


@pytest.mark.parametrize("lang", OTHERS)
def test_every_text_of_the_templates_is_translated(lang: str) -> None:
    """What a template marks has an entry in each catalogue."""
    texts = i18n.catalogue(lang)
    asked = marked() | {entry.label: "nav" for entry in nav._ENTRIES} | {role.value: "role" for role in Role}
    asked |= {group: "places" for group, _ in places.PLACES}
    asked |= {name: "places" for _, names in places.PLACES for code, name in names if "-" not in code}
    assert {key: where for key, where in asked.items() if key not in texts} == {}


@pytest.mark.parametrize("lang", OTHERS)
def test_translations_ask_for_the_same_values(lang: str) -> None:
    """A translation names the same placeholders as its English text, and each plural has two forms."""
    for key, said in i18n.catalogue(lang).items():
        forms = [said] if isinstance(said, str) else said
        assert len(forms) == len(key.split("|")) or isinstance(said, str), key
        for english, other in zip([key] if isinstance(said, str) else key.split("|"), forms, strict=True):
            assert sorted(re.findall(r"{\w*}", english)) == sorted(re.findall(r"{\w*}", other)), key


def test_values_are_escaped() -> None:
    """A value in a text cannot bring markup along, and markup that the page made stays."""
    say = i18n.translator("en")
    assert say("by {who}", who="<b>") == "by &lt;b&gt;"
    assert say("by {who}", who=Markup("<b>")) == "by <b>"
    assert say("a & b") == "a & b"  # escaped by the template, as any text


def test_numbers_choose_the_form() -> None:
    """One and many take their own forms, digits in groups."""
    count = i18n.counter("en")
    assert [count("{n} entry", "{n} entries", n) for n in (0, 1, 2, 1234)] == [
        "0 entries",
        "1 entry",
        "2 entries",
        "1,234 entries",
    ]


@pytest.mark.parametrize(
    ("header", "lang"),
    [
        ("", "en"),
        ("de", "de"),
        ("de-AT,de;q=0.9,en;q=0.8", "de"),
        ("fr, en;q=0.4, de;q=0.5", "de"),
        ("en-GB,de", "en"),
        ("de;q=0", "en"),
        ("de;q=nonsense,*", "en"),
    ],
)
def test_browsers_say_what_they_prefer(header: str, lang: str) -> None:
    """The language comes from Accept-Language by its weights; what cannot be read is left aside."""
    assert i18n._preferred(header) == lang


def test_moments_are_written_out() -> None:
    """A moment reads as people write it, in UTC, in the page's language; texts and datetimes alike."""
    env = Environment(autoescape=True)
    env.filters.update(i18n.FILTERS)
    at = datetime(2026, 5, 3, 14, 0, tzinfo=UTC)
    page = env.from_string("{{ a | moment }}/{{ b | moment }}/{{ c | day }}/{{ 12345 | number }}/{{ c | iso }}")
    texts = {"a": at, "b": "2026-05-03T14:00:00.000Z", "c": date(2026, 5, 3)}
    english = page.render(lang="en", **texts).replace("\xa0", " ")
    german = page.render(lang="de", **texts).replace("\xa0", " ")
    assert english == "3 May 2026, 14:00 UTC/3 May 2026, 14:00 UTC/3 May 2026/12,345/2026-05-03"
    assert german == "3. Mai 2026, 14:00 UTC/3. Mai 2026, 14:00 UTC/3. Mai 2026/12.345/2026-05-03"


def test_marked_texts_are_literals() -> None:
    """No template builds the text that it translates; variables are names of things that are listed here."""
    allowed = {"entry.label", "caller.role.value"}
    found = set()
    for path in TEMPLATES.rglob("*.html"):
        for inside in re.findall(r"\b_\(([^\"')\s][^,)]*)", path.read_text(encoding="utf-8")):
            ast.parse(inside, mode="eval")
            found.add(inside.strip())
    assert found <= allowed


def test_places_are_named_and_sorted_in_the_language_of_the_page() -> None:
    """Who reads German finds Deutschland below D and Österreich below O; a place of no list keeps its code."""
    (europe,) = [names for group, names in places.places_in("de") if group == "Europa"]
    named = [name for _, name in europe]
    assert named.index("Dänemark") < named.index("Deutschland") < named.index("Österreich") < named.index("Polen")
    assert [places.name_of(code, "de") for code in ("DE", "US-IL", "XX")] == ["Deutschland", "Illinois", "XX"]
