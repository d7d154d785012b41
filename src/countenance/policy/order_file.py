# SPDX-License-Identifier: Apache-2.0
"""An order file: TOML, read strictly. The format stands in docs/formats/order.md.

A term without a sentence of the instrument behind it is refused, as is a class over anything that nobody declared.
"""

from __future__ import annotations

import re
from datetime import datetime

from countenance import canonical
from countenance.ids import ClientId, SourceId
from countenance.model.order import (
    ClientQuery,
    Counsel,
    Deadlines,
    Instrument,
    OrderKind,
    Term,
    Verb,
)
from countenance.model.purpose import ClientKind
from countenance.policy.order_class import read_class
from countenance.policy.order_text import Path, Source, Table

_ROOT = ("order", "term", "class", "deadlines", "counsel")
_ORDER = (
    "kind authority matter issued_at served_at effective_at expires_at binds penalty third_parties verifier "
    "text text_file sha256"
).split()
_TERM = ("verb", "quote", "about", "clients", "kinds", "sources")
_DEADLINES = ("freeze", "destroy", "certify", "report_every_days")
_COUNSEL = ("name", "contact", "acts_for")
_FEWEST_WORDS = 3  # fewer are no sentence that a term could rest on


def text_file(text: str, name: str) -> str | None:
    """Return the name of the file that holds the instrument's text; None where the order file carries it.

    Raises:
        BadOrder: it names both, or neither.
    """
    source = Source(text, name)
    table = source.table(source.root, "order", ("order",), _ORDER)
    if ("text" in table) == ("text_file" in table):
        raise source.bad("[order] needs the instrument's words: text, or text_file with the name of a file", ("order",))
    return source.text(table, ("order",), "text_file", needed=False) or None


def read(text: str, name: str, *, instrument: str | None, now: datetime) -> Instrument:
    """Return the order that a file describes.

    Args:
        text: the file's text.
        name: its name, for messages.
        instrument: the text of the file that `text_file` named; None where the order file carries the text.
        now: no order was issued or served later.

    Raises:
        BadOrder: anything in it is missing, unknown, impossible or not quoted; the message starts with `name:line:`.
    """
    source = Source(text, name)
    source.only(source.root, (), _ROOT)
    here: Path = ("order",)
    table = source.table(source.root, "order", here, _ORDER)
    words = instrument if instrument is not None else source.text(table, here, "text")
    sha256 = canonical.sha256(words.encode())
    if source.text(table, here, "sha256").lower() != sha256:
        raise source.bad(f"the instrument's text has the SHA-256 {sha256}, not the one stated", here, "sha256")
    issued, served, effective, expires = _dates(source, table, now)
    return Instrument(
        kind=source.choice(table, here, "kind", OrderKind),
        authority=source.text(table, here, "authority"),
        matter=source.text(table, here, "matter"),
        text=words,
        sha256=sha256,
        issued_at=issued,
        served_at=served,
        effective_at=effective,
        expires_at=expires,
        binds=source.words(table, here, "binds", needed=True),
        terms=_terms(source, words),
        persons=read_class(source),
        deadlines=_deadlines(source, effective),
        counsel=_counsel(source),
        penalty=source.text(table, here, "penalty", needed=False),
        third_parties=source.words(table, here, "third_parties"),
        verifier=source.text(table, here, "verifier", needed=False),
    )


def _dates(source: Source, table: Table, now: datetime) -> tuple[datetime, datetime, datetime, datetime | None]:
    """Return when it was issued, was served, takes effect and expires, in an order that is possible."""
    here: Path = ("order",)
    issued = source.moment(table, here, "issued_at", needed=True) or now
    served = source.moment(table, here, "served_at", needed=True) or now
    effective = source.moment(table, here, "effective_at") or served
    expires = source.moment(table, here, "expires_at", ends=True)
    for moment, key, what in ((issued, "issued_at", "issued"), (served, "served_at", "served")):
        if moment > now:
            raise source.bad(f"it cannot have been {what} in the future, on {moment:%Y-%m-%d %H:%M} UTC", here, key)
    if served < issued:
        raise source.bad("it cannot have been served before it was issued", here, "served_at")
    if effective < issued:
        raise source.bad("it cannot take effect before it was issued", here, "effective_at")
    if expires is not None and expires <= effective:
        raise source.bad("it cannot expire before it takes effect", here, "expires_at")
    return issued, served, effective, expires


def _deadlines(source: Source, effective: datetime) -> Deadlines:
    here: Path = ("deadlines",)
    table = source.table(source.root, "deadlines", here, _DEADLINES, needed=False)
    found = {key: source.moment(table, here, key, ends=True) for key in _DEADLINES[:3]}
    before, earlier = effective, "the order takes effect"
    for key, moment in found.items():
        if moment is None:
            continue
        if moment < before:
            raise source.bad(f"the deadline {key} lies before {earlier}", here, key)
        before, earlier = moment, f"the deadline of {key}"
    return Deadlines(**found, report_every_days=source.number(table, here, "report_every_days"))


def _terms(source: Source, words: str) -> tuple[Term, ...]:
    spoken = _plain(words)
    found = []
    for number, table in enumerate(source.tables(source.root, "term", _TERM, needed=True)):
        here: Path = ("term", str(number))
        verb = source.choice(table, here, "verb", Verb)
        if not str(table.get("quote", "")).strip():
            raise source.bad(f"term {number + 1} quotes no sentence of the order; a term rests on its words", here)
        quote = _plain(source.text(table, here, "quote"))
        if len(quote.split()) < _FEWEST_WORDS:
            raise source.bad(f"{quote!r} is no sentence; quote at least {_FEWEST_WORDS} words", here, "quote")
        if quote not in spoken:
            raise source.bad(f"the sentence {quote[:60]!r} does not stand in the order's text", here, "quote")
        about = source.text(table, here, "about", needed=False)
        clients, sources = _clients(source, table, here, verb), _sources(source, table, here, verb)
        found.append(Term(number + 1, verb, quote, about, clients, sources))
    return tuple(found)


def _clients(source: Source, table: Table, here: Path, verb: Verb) -> ClientQuery | None:
    """Return whom a `deny_clients` term is about; no other term names clients."""
    named = [key for key in ("clients", "kinds") if key in table]
    if verb is not Verb.DENY_CLIENTS:
        if named:
            raise source.bad(f"only a term deny_clients has {named[0]}", here, named[0])
        return None
    if not named:
        raise source.bad("a term deny_clients names clients or kinds of client", here, "verb")
    clients = source.words(table, here, "clients")
    kinds = source.each(table, here, "kinds", ClientKind) if "kinds" in table else ()
    return ClientQuery(tuple(map(ClientId, clients)), kinds)


def _sources(source: Source, table: Table, here: Path, verb: Verb) -> tuple[SourceId, ...]:
    """Return which sources a `filter_source` term is about; no other term names sources."""
    named = source.words(table, here, "sources", needed=verb is Verb.FILTER_SOURCE)
    if named and verb is not Verb.FILTER_SOURCE:
        raise source.bad("only a term filter_source has sources", here, "sources")
    return tuple(map(SourceId, named))


def _counsel(source: Source) -> tuple[Counsel, ...]:
    found = []
    for number, table in enumerate(source.tables(source.root, "counsel", _COUNSEL, needed=True)):
        here: Path = ("counsel", str(number))
        name, contact, side = (source.text(table, here, key) for key in _COUNSEL)
        found.append(Counsel(name, contact, side))
    return tuple(found)


def _plain(text: str) -> str:
    """Return a text on one line: line breaks and typographic quotes of a court's PDF do not matter."""
    for curly, straight in (("\u2018", "'"), ("\u2019", "'"), ("\u201c", '"'), ("\u201d", '"')):
        text = text.replace(curly, straight)
    return re.sub(r"\s+", " ", text).strip()
