# SPDX-License-Identifier: Apache-2.0
"""Languages of the pages: English is the source; another language is a catalogue of its texts.

A catalogue (`locales/<code>.json`) maps an English text to the same in its language; a text with a number has the two
English forms as its key, joined by `|`, and two forms as its value. What law and people said is not translated:
notices, policies, declarations and the messages of the engine stay in the language they were made in.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime
from functools import cache
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

from jinja2 import pass_context
from jinja2.runtime import Context
from markupsafe import escape
from starlette.requests import Request

from countenance.api.guard import cookie_name, settings_of
from countenance.clock import from_text, to_text

LANGUAGES = {"en": "English", "de": "Deutsch"}
"""Codes (BCP 47) and what each language calls itself; the first is the source."""
COOKIE = "lang"
COOKIE_AGE_S = 31_536_000
_SOURCE = "en"
_LOCALES = Path(__file__).parent / "locales"
_MONTHS = {
    "en": "January February March April May June July August September October November December".split(),
    "de": "Januar Februar März April Mai Juni Juli August September Oktober November Dezember".split(),
}
_NO_BREAK = "\N{NO-BREAK SPACE}"
_GROUP = {"en": ",", "de": "."}


@dataclass(frozen=True)
class Choice:
    """A language that a page can be read in, and the address of the same page in it."""

    code: str
    name: str
    href: str


def language_of(request: Request) -> str:
    """Return the language of a page: asked for by `?lang=`, else chosen earlier, else what the browser prefers."""
    name = cookie_name(settings_of(request), COOKIE)
    for code in (request.query_params.get("lang"), request.cookies.get(name)):
        if code in LANGUAGES:
            return code
    return _preferred(request.headers.get("accept-language", ""))


def chosen(request: Request) -> str | None:
    """Return the language that this request chooses for the future; None where it chooses none."""
    code = request.query_params.get("lang")
    return code if code in LANGUAGES else None


def choices(request: Request) -> list[Choice]:
    """Return this page in every language."""
    others = [(name, value) for name, value in request.query_params.multi_items() if name != "lang"]
    return [
        Choice(code, name, f"{request.url.path}?{urlencode([*others, ('lang', code)])}")
        for code, name in LANGUAGES.items()
    ]


def translator(lang: str) -> Callable[..., str]:
    """Return the function that templates call `_`: `_("Sign in")`, `_("Signed in as {role}", role=...)`.

    Values are escaped, unless they are markup; what a template writes is not.
    """
    texts = catalogue(lang)

    def translate(text: str, **values: Any) -> str:
        said = str(texts.get(text, text))
        return escape(said).format(**values) if values else said

    return translate


def counter(lang: str) -> Callable[..., str]:
    """Return the function that templates call `n_`: `n_("{n} entry", "{n} entries", 7)`."""
    texts = catalogue(lang)

    def count(one: str, many: str, n: int, **values: Any) -> str:
        forms = texts.get(f"{one}|{many}", (one, many))
        said = forms[0] if n == 1 else forms[1]
        return escape(said).format(n=_number(n, lang), **values)

    return count


@cache
def catalogue(lang: str) -> Mapping[str, Any]:
    """Return the texts of a language; none for the source."""
    if lang == _SOURCE:
        return {}
    texts: dict[str, Any] = json.loads((_LOCALES / f"{lang}.json").read_text(encoding="utf-8"))
    return texts


def iso(when: datetime | date | str) -> str:
    """Return a moment as RFC 3339 has it, a day as ISO 8601."""
    if isinstance(when, datetime):
        return to_text(when)
    return when.isoformat() if isinstance(when, date) else when


@pass_context
def moment(context: Context, when: datetime | str) -> str:
    """Return a moment as people write it: `3 May 2026, 14:00 UTC`."""
    at = (from_text(when) if isinstance(when, str) else when).astimezone(UTC)
    return f"{_day(at, context['lang'])}, {at:%H:%M}{_NO_BREAK}UTC"


@pass_context
def day(context: Context, when: datetime | date | str) -> str:
    """Return a day as people write it: `3 May 2026`."""
    at = date.fromisoformat(when[:10]) if isinstance(when, str) else when
    return _day(at.astimezone(UTC) if isinstance(at, datetime) else at, context["lang"])


@pass_context
def number(context: Context, value: float) -> str:
    """Return a number with its digits in groups: `12,345`."""
    return _number(value, context["lang"])


FILTERS: Mapping[str, Callable[..., str]] = {"iso": iso, "moment": moment, "day": day, "number": number}
"""Filters that templates have."""


def _preferred(header: str) -> str:
    """Return the first of the languages of an `Accept-Language` header that the pages speak (RFC 9110, 12.5.4)."""
    asked = []
    for part in header.split(",")[:20]:
        name, _, weight = part.strip().partition(";")
        try:
            quality = float(weight.strip().removeprefix("q=") or 1)
        except ValueError:
            continue
        if quality > 0:
            asked.append((-quality, name.strip().lower().partition("-")[0]))
    return next((code for _, code in sorted(asked, key=lambda one: one[0]) if code in LANGUAGES), _SOURCE)


def _day(at: date, lang: str) -> str:
    dot = "." if lang == "de" else ""
    return f"{at.day}{dot}{_NO_BREAK}{_MONTHS[lang][at.month - 1]} {at.year}"


def _number(value: float, lang: str) -> str:
    text = f"{value:,}"
    return text if lang == _SOURCE else text.translate({ord(","): _GROUP[lang], ord("."): ","})
