# SPDX-License-Identifier: Apache-2.0
"""No search on an accuracy that nobody has measured lately.

Source: FTC v. Rite Aid (2023), FTC, In re IntelliVision (2025): test before use and regularly, claim nothing untested.
"""

from __future__ import annotations

from datetime import date

from countenance.errors import Refused
from countenance.policy.pack import Law
from countenance.services.tails import tail_in_use
from countenance.store import evaluations
from countenance.store.records import Transaction

RULE = "assessment.accuracy_test"
_KEY = "assessment.accuracy_test_every_days"


def last_tested(work: Transaction, encoder: str) -> date:
    """Return the day of the newest test of an encoder: this installation's own, or the one that its tail came from.

    Raises:
        ModelError: its tail was never measured.
    """
    shipped = date.fromisoformat(tail_in_use(work, encoder).date)
    own = evaluations.latest(work, encoder)
    return shipped if own is None else max(shipped, own.at.date())


def too_old(work: Transaction, encoder: str, law: Law) -> Refused | None:
    """Return the refusal of a search because the encoder's newest test is too old, or None.

    Raises:
        ModelError: as `last_tested`.
    """
    tested, days = last_tested(work, encoder), law.number(_KEY)
    if (work.now.date() - tested).days <= days:
        return None
    return Refused(
        RULE,
        f"the newest accuracy test of this encoder is of {tested}, and the law asks for one every {days} days; "
        "`countenance eval` measures it on faces of known people, and searches are answered again",
        law.cite(_KEY),
    )
