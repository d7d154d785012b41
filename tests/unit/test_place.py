# SPDX-License-Identifier: Apache-2.0
"""Place codes: one spelling, and no slip that picks a weaker law."""

from __future__ import annotations

import pytest

from countenance.errors import BadInput
from countenance.model.place import place


@pytest.mark.parametrize(
    ("text", "code"), [("US-IL", "US-IL"), (" us-il ", "US-IL"), ("de", "DE"), ("Unknown", "unknown")]
)
def test_a_place_has_one_spelling(text: str, code: str) -> None:
    """A place code is read in any case and kept in one spelling."""
    assert place(text) == code


@pytest.mark.parametrize("text", ["", "Illinois", "US-", "US-XX", "US_IL", "USA", "US-IL-1", "*", "D", "DE\nFR"])
def test_what_is_no_place_is_refused(text: str) -> None:
    """Anything else is refused with examples; a state that does not exist cannot pick a weaker law."""
    with pytest.raises(BadInput, match=r"`US-IL`.*`DE`.*`unknown`"):
        place(text)
