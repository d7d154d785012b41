# SPDX-License-Identifier: Apache-2.0
"""Orders for tests: as objects, and as the files that custodians write."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from datetime import UTC, datetime

from countenance.model.order import (
    AllOf,
    ClassDef,
    ClassKind,
    Counsel,
    Deadlines,
    Instrument,
    OrderKind,
    Term,
    Verb,
)

QUOTE = "shall cease to collect, and shall destroy, the biometric data of the class"
TEXT = f"The defendant {QUOTE}, and shall preserve nothing of it.\n"


def instrument(kind: OrderKind = OrderKind.INJUNCTION, verbs: Iterable[Verb] = (Verb.DESTROY,)) -> Instrument:
    """Return an order about everybody."""
    moment = datetime(2026, 4, 1, tzinfo=UTC)
    return Instrument(
        kind=kind,
        authority="Court",
        matter="1:26-cv-00001",
        text=TEXT,
        sha256=hashlib.sha256(TEXT.encode()).hexdigest(),
        issued_at=moment,
        served_at=moment,
        effective_at=moment,
        expires_at=None,
        binds=("Example Museum",),
        terms=tuple(Term(number, verb, QUOTE) for number, verb in enumerate(verbs, start=1)),
        persons=ClassDef(ClassKind.ALL, AllOf(())),
        deadlines=Deadlines(),
        counsel=(Counsel("P. Laintiff", "p@example.com", "plaintiffs"),),
    )


def order_toml(
    where: str,
    *,
    kind: str = "injunction",
    of: str = "residents",
    verbs: Iterable[str] = ("stop_collect", "stop_search", "destroy"),
    matter: str = "1:26-cv-00001",
    unknown: str = "member",
    more: str = "",
    terms: str = "",
    issued: str = "2026-01-10",
    deadlines: str = "",
    counsel: str = "P. Laintiff",
) -> str:
    """Return an order file.

    Args:
        where: the lines of [class.where].
        of: the kind of the class.
        more: further lines of [class].
        terms: further tables of terms.
        deadlines: the lines of [deadlines].
    """
    parts = [
        f'''[order]
kind = "{kind}"
authority = "Circuit Court of Cook County, Illinois"
matter = "{matter}"
issued_at = {issued}
served_at = {issued}
binds = ["Example Museum"]
sha256 = "{hashlib.sha256(TEXT.encode()).hexdigest()}"
text = """
{TEXT}"""

[class]
kind = "{of}"
unknown = "{unknown}"
{more}
[class.where]
{where}

[[counsel]]
name = "{counsel}"
contact = "{counsel[0].lower()}@example.com"
acts_for = "plaintiffs"
'''
    ]
    parts += [f'\n[[term]]\nverb = "{verb}"\nquote = "{QUOTE}"\n' for verb in verbs]
    return "".join([*parts, terms, f"\n[deadlines]\n{deadlines}\n" if deadlines else ""])
