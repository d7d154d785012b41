# SPDX-License-Identifier: Apache-2.0
"""The identification score: a cosine, less what the neighbourhoods of probe and candidate explain.

Some people lie close to everybody under an encoder. A cosine alone counts that as likeness; this score does not:

    score = cosine - WEIGHT * (mean cosine of the probe with its next NEIGHBOURS people
                               + mean cosine of the candidate's reference with the NEIGHBOURS people nearest to it)

The neighbours are people of the same view, by the best reference of each; for the probe they are other people than
the candidate, and for the candidate other people than itself. So further photos of one person never count against
that person, and nothing that the client may not see has any influence. Where a view has too few people, the encoder's
`background` (the mean cosine of two strangers, from its measured tail) stands for each that is missing: a view of one
person leaves the cosine, moved by a constant.

Speaker recognition calls this adaptive s-norm, with half the mean of each side and ten or more neighbours. On faces a
quarter and three are better at every size that was measured (docs/adr, `benchmarks.accuracy`), and keep the threshold
nearly the same from ten people to thousands.
"""

from __future__ import annotations

from collections.abc import Sequence

NEIGHBOURS = 3
"""People in each neighbourhood; more make it worse in galleries of a few hundred."""
WEIGHT = 0.25
"""Of each of the two means."""


def surroundings(others: Sequence[float], background: float) -> float:
    """Return the mean cosine with the nearest other people, at least 0.

    Args:
        others: cosines with other people, best first; the first `NEIGHBOURS` count.
        background: stands for each person that is missing.
    """
    nearest = list(others[:NEIGHBOURS])
    nearest += [background] * (NEIGHBOURS - len(nearest))
    return max(sum(nearest) / NEIGHBOURS, 0.0)


def identification(cosine: float, around_probe: float, around_candidate: float) -> float:
    """Return the identification score; `surroundings` gives both means. It lies in [-1.5, 1]."""
    return cosine - WEIGHT * (around_probe + around_candidate)
