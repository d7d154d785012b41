# SPDX-License-Identifier: Apache-2.0
"""Homes in plain words: names of places that law files know, for people who do not speak in codes.

Whoever lives elsewhere, or would rather not say, is under the strictest law. Source: ISO 3166-1, 3166-2.
"""

from __future__ import annotations

import unicodedata

from countenance.web.i18n import translator

_US = (
    "Alabama AL|Alaska AK|Arizona AZ|Arkansas AR|California CA|Colorado CO|Connecticut CT|Delaware DE|"
    "District of Columbia DC|Florida FL|Georgia GA|Hawaii HI|Idaho ID|Illinois IL|Indiana IN|Iowa IA|Kansas KS|"
    "Kentucky KY|Louisiana LA|Maine ME|Maryland MD|Massachusetts MA|Michigan MI|Minnesota MN|Mississippi MS|"
    "Missouri MO|Montana MT|Nebraska NE|Nevada NV|New Hampshire NH|New Jersey NJ|New Mexico NM|New York NY|"
    "North Carolina NC|North Dakota ND|Ohio OH|Oklahoma OK|Oregon OR|Pennsylvania PA|Puerto Rico PR|"
    "Rhode Island RI|South Carolina SC|South Dakota SD|Tennessee TN|Texas TX|Utah UT|Vermont VT|Virginia VA|"
    "Washington WA|West Virginia WV|Wisconsin WI|Wyoming WY"
)
_CANADA = (
    "Alberta AB|British Columbia BC|Manitoba MB|New Brunswick NB|Newfoundland and Labrador NL|"
    "Northwest Territories NT|Nova Scotia NS|Nunavut NU|Ontario ON|Prince Edward Island PE|Québec QC|"
    "Saskatchewan SK|Yukon YT"
)
_EUROPE = (
    "Austria AT|Belgium BE|Bulgaria BG|Croatia HR|Cyprus CY|Czechia CZ|Denmark DK|Estonia EE|Finland FI|France FR|"
    "Germany DE|Greece GR|Hungary HU|Iceland IS|Ireland IE|Italy IT|Latvia LV|Liechtenstein LI|Lithuania LT|"
    "Luxembourg LU|Malta MT|Netherlands NL|Norway NO|Poland PL|Portugal PT|Romania RO|Slovakia SK|Slovenia SI|"
    "Spain ES|Sweden SE|Switzerland CH|United Kingdom GB"
)
_ELSEWHERE = (
    "Australia AU|Brazil BR|India IN|Israel IL|Japan JP|Mexico MX|New Zealand NZ|South Africa ZA|South Korea KR"
)


def _group(name: str, lines: str, prefix: str = "") -> tuple[str, tuple[tuple[str, str], ...]]:
    parts = (line.rpartition(" ") for line in lines.split("|"))
    return name, tuple((prefix + code, place) for place, _, code in parts)


PLACES = (
    _group("United States", _US, "US-"),
    _group("Canada", _CANADA, "CA-"),
    _group("Europe", _EUROPE),
    _group("Other countries", _ELSEWHERE),
)
"""Groups of places: name of the group, then code and name of each place."""


def places_in(lang: str) -> list[tuple[str, list[tuple[str, str]]]]:
    """Return the groups of places in a language, each group by its names."""
    say = translator(lang)
    return [
        (say(group), sorted(((code, say(name)) for code, name in places), key=_by_name)) for group, places in PLACES
    ]


def name_of(code: str, lang: str) -> str:
    """Return the name of a place in a language; its code where this list does not know it."""
    name = next((name for _, places in PLACES for known, name in places if known == code), None)
    return code if name is None else translator(lang)(name)


def _by_name(place: tuple[str, str]) -> str:
    """Return what a place is sorted by: its name, with umlauts beside their vowels."""
    return unicodedata.normalize("NFKD", place[1]).casefold()
