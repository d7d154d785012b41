# SPDX-License-Identifier: Apache-2.0
"""A clock that was set back: what had ended must not come alive again, so nothing is granted until it is right."""

from __future__ import annotations

from datetime import timedelta

from countenance.policy.permit import Deny

TOLERANCE = timedelta(minutes=5)
"""How far a clock may be behind the last entry of the log: machines that keep each other's time differ by less."""


def deny_set_back(behind: timedelta) -> Deny | None:
    """Return why nothing may be granted now; None where the clock is right.

    What takes consent away (a withdrawal, a freeze, a destruction) is never asked.

    Args:
        behind: by how much the machine's clock is behind the latest moment that the records have seen.
    """
    if behind <= TOLERANCE:
        return None
    minutes = behind // timedelta(minutes=1)
    return Deny(
        "clock.set_back",
        f"the machine's clock is {minutes} minutes behind the last entry of the log; set it right, and whatever ended "
        "by then stays ended",
        "core: Countenance's own rule, which no law file loosens",
    )
