# SPDX-License-Identifier: Apache-2.0
"""What several people's verdicts say together."""

from __future__ import annotations

import pytest

from countenance.model.review import ReviewState, Verdict, state_of

SAME, OTHER, UNSURE = Verdict.SAME, Verdict.NOT_SAME, Verdict.UNDECIDED


@pytest.mark.parametrize(
    ("verdicts", "needed", "state"),
    [
        ((), 1, ReviewState.UNCONFIRMED),
        ((SAME,), 1, ReviewState.CONFIRMED),
        ((OTHER,), 1, ReviewState.REJECTED),
        ((UNSURE,), 1, ReviewState.DISPUTED),
        ((SAME,), 2, ReviewState.UNCONFIRMED),
        ((OTHER,), 2, ReviewState.UNCONFIRMED),
        ((SAME, SAME), 2, ReviewState.CONFIRMED),
        ((OTHER, OTHER), 2, ReviewState.REJECTED),
        ((SAME, OTHER), 2, ReviewState.DISPUTED),
        ((SAME, UNSURE), 2, ReviewState.DISPUTED),
    ],
)
def test_verdicts_count_together(verdicts: tuple[Verdict, ...], needed: int, state: ReviewState) -> None:
    """Nothing is confirmed before all have looked, nor unless each of them says that it is the same person."""
    assert state_of(verdicts, needed) is state
