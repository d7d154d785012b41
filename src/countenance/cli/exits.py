# SPDX-License-Identifier: Apache-2.0
"""Exit codes: 0 done, 1 something was found wrong, 2 wrong usage, and one per branch of the error tree."""

from __future__ import annotations

from countenance.errors import (
    AccessError,
    BadInput,
    CountenanceError,
    DataDirectoryError,
    ModelError,
    Refused,
    VerificationFailed,
)

FOUND_WRONG = 1
_CODES: tuple[tuple[type[CountenanceError], int], ...] = (
    (BadInput, 3),
    (Refused, 4),
    (AccessError, 4),
    (DataDirectoryError, 5),
    (ModelError, 6),
    (VerificationFailed, 7),
)


def exit_code(error: CountenanceError) -> int:
    """Return the exit code of an error; 9 for the root of the tree, which nothing raises."""
    return next((code for branch, code in _CODES if isinstance(error, branch)), 9)
