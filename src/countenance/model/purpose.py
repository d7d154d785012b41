# SPDX-License-Identifier: Apache-2.0
"""Why a search may be made, and who may make one: two closed vocabularies without an "other"."""

from __future__ import annotations

from enum import StrEnum
from typing import TypeVar

from countenance.errors import BadInput


class Purpose(StrEnum):
    """A purpose that a release permits and a search states; 740 ILCS 14/15(b)(2) wants it specific."""

    PHOTO_DELIVERY = "photo_delivery"
    ARCHIVE_SEARCH = "archive_search"
    RELEASE_DESK = "release_desk"
    COLLECTION_RESEARCH = "collection_research"
    MISSING_PERSON = "missing_person"
    MEMBER_ACCESS = "member_access"
    EVALUATION = "evaluation"

    @property
    def description(self) -> str:
        """One plain sentence, as the notice prints it."""
        return _DESCRIPTIONS[self]


class ClientKind(StrEnum):
    """What kind of organisation or person a client is; law files deny some kinds altogether."""

    PHOTOGRAPHER = "photographer"
    ARCHIVE = "archive"
    MUSEUM = "museum"
    UNIVERSITY = "university"
    REGISTRY = "registry"
    VENUE = "venue"
    LAW_ENFORCEMENT = "law_enforcement"
    INDIVIDUAL = "individual"
    TRIAL = "trial"
    UNVETTED = "unvetted"


_DESCRIPTIONS = {
    Purpose.PHOTO_DELIVERY: "To find the photos of an event that show you, so that they can be given to you.",
    Purpose.ARCHIVE_SEARCH: "To find the photos of a photo archive that show you, for its own staff.",
    Purpose.RELEASE_DESK: ("To check whether a person in a photo has signed a model release before the photo is used."),
    Purpose.COLLECTION_RESEARCH: (
        "To learn who is pictured in a museum's or university's collection, for cataloguing and research."
    ),
    Purpose.MISSING_PERSON: "To find photos that may show you if you are reported missing.",
    Purpose.EVALUATION: "To measure over many people, without searching for you, how often strangers are confused.",
    Purpose.MEMBER_ACCESS: "To recognise you as a member at a place you chose to enter in this way.",
}

_Word = TypeVar("_Word", Purpose, ClientKind)


def parse_purpose(text: str) -> Purpose:
    """Return the purpose of this name.

    Raises:
        BadInput: there is none; the message lists those there are.
    """
    return _parse(Purpose, "purpose", text)


def parse_kind(text: str) -> ClientKind:
    """Return the kind of client of this name.

    Raises:
        BadInput: there is none; the message lists those there are.
    """
    return _parse(ClientKind, "kind of client", text)


def _parse(words: type[_Word], noun: str, text: str) -> _Word:
    try:
        return words(text.strip().lower())
    except ValueError:
        raise BadInput(f"{text!r} is no {noun} known here; choose one of {', '.join(words)}") from None
