# SPDX-License-Identifier: Apache-2.0
"""What requests are made of: a number is a number, a day is written as one, and nothing else passes.

Left to itself pydantic reads "5" as 5, "yes" as true, and a number as the seconds since 1970, which the description
does not say, and which turns a slip of a client's program into a date that a law runs from.
"""

from __future__ import annotations

import re
from datetime import date
from typing import Annotated

from fastapi import Path
from pydantic import AwareDatetime, BeforeValidator, Strict

_NUMBER = re.compile(r"\s*[+-]?\d+(\.\d*)?\s*")


def _written(value: object) -> object:
    if isinstance(value, int | float) or (isinstance(value, str) and _NUMBER.fullmatch(value)):
        raise ValueError("is to be written as text, such as 2026-07-31")
    return value


Whole = Annotated[int, Strict()]
Real = Annotated[float, Strict()]
Flag = Annotated[bool, Strict()]
Day = Annotated[date, BeforeValidator(_written)]
Moment = Annotated[AwareDatetime, BeforeValidator(_written)]
Index = Annotated[int, Path(ge=0, lt=2**63 - 1)]
"""Of an entry of the log; databases count no further."""
