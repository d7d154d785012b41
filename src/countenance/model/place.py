# SPDX-License-Identifier: Apache-2.0
"""Places as law files know them: ISO 3166 codes, a city's UN/LOCODE letters behind them, or `unknown`."""

from __future__ import annotations

import re

from countenance.errors import BadInput

UNKNOWN = "unknown"
"""A place that nobody has stated; law files treat it as the strictest."""

_CODE = re.compile(r"[A-Z]{2}(-[A-Z0-9]{1,3}(-[A-Z]{3})?)?")

# ISO 3166-2:US. Checked one by one because a slip such as US-LI for US-IL would quietly pick a weaker law;
# a slip in any other code falls outside all law files and so meets the strictest.
_US = (
    "AK AL AR AS AZ CA CO CT DC DE FL GA GU HI IA ID IL IN KS KY LA MA MD ME MI MN MO MP MS MT "
    "NC ND NE NH NJ NM NV NY OH OK OR PA PR RI SC SD TN TX UM UT VA VI VT WA WI WV WY"
)


def place(text: str) -> str:
    """Return a place code in its one spelling: upper case, or `unknown`.

    Args:
        text: `US-IL` (ISO 3166-2), `DE` (ISO 3166-1 alpha-2), `US-NY-NYC` (a city, by the letters of its
            UN/LOCODE) or `unknown`; in any case.

    Raises:
        BadInput: it has another form, or names a state that the United States do not have.
    """
    code = text.strip().upper()
    if code == UNKNOWN.upper():
        return UNKNOWN
    if not _CODE.fullmatch(code) or (code.startswith("US-") and code.split("-")[1] not in _US.split()):
        raise BadInput(
            f"{text!r} is not a place code; write a state as `US-IL`, a country as `DE`, or `unknown` "
            "where nobody has said (then the strictest law applies)"
        )
    return code
