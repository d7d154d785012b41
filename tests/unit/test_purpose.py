# SPDX-License-Identifier: Apache-2.0
"""The closed vocabularies of purposes and of kinds of client."""

from __future__ import annotations

import re

import pytest

from countenance.errors import BadInput
from countenance.model.purpose import ClientKind, Purpose, parse_kind, parse_purpose


def test_purposes_and_kinds_are_closed() -> None:
    """A known purpose or kind is read in any case; an unknown one is refused with the list of those known."""
    assert parse_purpose(" Photo_Delivery") is Purpose.PHOTO_DELIVERY
    assert parse_kind("museum") is ClientKind.MUSEUM
    with pytest.raises(BadInput, match=r"'other' is no purpose.*photo_delivery.*member_access"):
        parse_purpose("other")
    with pytest.raises(BadInput, match=r"'shop' is no kind of client.*photographer.*unvetted"):
        parse_kind("shop")


def test_every_purpose_is_one_plain_sentence() -> None:
    """Each purpose has a sentence of its own for the notice."""
    sentences = {purpose.description for purpose in Purpose}
    assert len(sentences) == len(Purpose)
    assert all(re.fullmatch(r"To [^.]*\.", sentence) for sentence in sentences)
