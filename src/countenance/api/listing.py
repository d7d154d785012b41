# SPDX-License-Identifier: Apache-2.0
"""Long lists in pages: `limit` of them, and what the next page starts after."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Annotated, Generic, TypeVar

from fastapi import Query
from pydantic import BaseModel, Field

from countenance.errors import BadInput

Row = TypeVar("Row")
Out = TypeVar("Out", bound=BaseModel)

Limit = Annotated[int, Query(ge=1, le=200, description="How many.")]
After = Annotated[str | None, Query(max_length=64, description="`next` of the page before.")]
PAGE = 50
"""How many where nobody says."""


class Listed(BaseModel, Generic[Out]):
    """A page of a list."""

    items: list[Out]
    next: str | None = Field(description="`after` of the next page; null on the last one.")


def cut(
    rows: Sequence[Row], known: Callable[[Row], str], after: str | None, limit: int
) -> tuple[list[Row], str | None]:
    """Return a page of a list, and what the next one starts after.

    Args:
        known: the id of a row.

    Raises:
        BadInput: `after` is no row of the list.
    """
    start = 0
    if after is not None:
        ids = [known(row) for row in rows]
        if after not in ids:
            raise BadInput("`after` is no row of this list (any more); start at its beginning")
        start = ids.index(after) + 1
    page = list(rows[start : start + limit])
    return page, known(page[-1]) if start + limit < len(rows) else None
