# SPDX-License-Identifier: Apache-2.0
"""What the bodies of requests are made of: a number is a number, a day is written as one, and nothing else passes.

Left to itself pydantic reads "5" as 5, "yes" as true, and a number as the seconds since 1970, which the description
does not say, and which turns a slip of a client's program into a date that a law runs from.
"""

from __future__ import annotations

from datetime import date
from typing import Annotated

from pydantic import AwareDatetime, BeforeValidator, Strict


def _written(value: object) -> object:
    if isinstance(value, int | float):
        raise ValueError("is to be written as text, such as 2026-07-31")
    return value


Whole = Annotated[int, Strict()]
Real = Annotated[float, Strict()]
Flag = Annotated[bool, Strict()]
Day = Annotated[date, BeforeValidator(_written)]
Moment = Annotated[AwareDatetime, BeforeValidator(_written)]
