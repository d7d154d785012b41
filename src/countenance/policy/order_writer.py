# SPDX-License-Identifier: Apache-2.0
"""An order file written from the fields of a form, for those who have none; `order_file` reads it like any other.

Nothing is checked here: what a form lacks is said by the reader, in the same words as of a file.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field


@dataclass(frozen=True)
class TermForm:
    """One thing that the order asks for, as typed; `names` are clients, kinds of client or sources."""

    verb: str
    quote: str
    names: tuple[str, ...] = ()


@dataclass(frozen=True)
class OrderForm:
    """The fields of an order as typed; an empty one is left out of the file.

    Attributes:
        text: all of the order's words; its SHA-256 follows from them.
        of: the kind of the class; `values` are what its condition names: places, people, sources, clients, purposes.
        when: of residents: `current`, `former` or `ever`.
        start, end: days of a class of residents or of a time window.
        dates: `issued_at`, `served_at`, `effective_at`, `expires_at`; a date or a moment with an offset.
        deadlines: `freeze`, `destroy`, `certify`, `report_every_days`.
    """

    kind: str
    authority: str
    matter: str
    text: str
    binds: tuple[str, ...]
    dates: Mapping[str, str]
    terms: tuple[TermForm, ...]
    of: str
    values: tuple[str, ...] = ()
    when: str = "ever"
    start: str = ""
    end: str = ""
    unknown: str = "member"
    deadlines: Mapping[str, str] = field(default_factory=dict)
    counsel: tuple[tuple[str, str, str], ...] = ()


_CONDITION = {
    "person": "subjects",
    "source": "sources",
    "client": "shown_to",
    "purpose": "purposes",
}


def write(form: OrderForm) -> str:
    """Return the order file of a form."""
    text = form.text.replace("\r\n", "\n")
    order = {
        "kind": _text(form.kind),
        "authority": _text(form.authority),
        "matter": _text(form.matter),
        **{name: _bare(value) for name, value in form.dates.items()},
        "binds": _list(form.binds),
        "sha256": _text(hashlib.sha256(text.encode()).hexdigest()),
        "text": _text(text),
    }
    parts = [_table("[order]", order)]
    parts += [_table("[[term]]", _term(one)) for one in form.terms]
    parts.append(_table("[class]", {"kind": _text(form.of), "unknown": _text(form.unknown)}))
    parts.append(_table("[class.where]", _where(form)))
    if any(form.deadlines.values()):
        parts.append(_table("[deadlines]", {name: _bare(value) for name, value in form.deadlines.items()}))
    for name, contact, acts_for in form.counsel:
        sides = {"name": _text(name), "contact": _text(contact), "acts_for": _text(acts_for)}
        parts.append(_table("[[counsel]]", sides))
    return "\n".join(parts)


def _term(term: TermForm) -> dict[str, str]:
    written = {"verb": _text(term.verb), "quote": _text(term.quote)}
    clients = [one for one in term.names if one.startswith("cli_")]
    others = [one for one in term.names if one not in clients]
    if term.verb == "filter_source":
        written["sources"] = _list(term.names)
    elif term.verb == "deny_clients":
        written |= {"clients": _list(clients), "kinds": _list(others)}
    return written


def _where(form: OrderForm) -> dict[str, str]:
    window = {"from": _bare(form.start), "until": _bare(form.end)}
    if form.of == "residents":
        return {"residency": _inline({"places": _list(form.values), "when": _text(form.when), **window})}
    if form.of == "time_window":
        return {"enrolled": _inline(window)}
    if form.of == "model":
        return {"encoder": _text(" ".join(form.values))}
    condition = _CONDITION.get(form.of)
    return {} if condition is None else {condition: _list(form.values)}


def _table(header: str, values: Mapping[str, str]) -> str:
    return "\n".join([header, *(f"{name} = {value}" for name, value in values.items() if value), ""])


def _inline(values: Mapping[str, str]) -> str:
    return "{ " + ", ".join(f"{name} = {value}" for name, value in values.items() if value) + " }"


def _list(values: Iterable[str]) -> str:
    listed = [_text(one) for one in values if one.strip()]
    return f"[{', '.join(listed)}]" if listed else ""


def _text(value: str) -> str:
    """Return a basic string of TOML: JSON's escapes are its own, but for one character."""
    return json.dumps(value, ensure_ascii=False).replace("\x7f", "\\u007f") if value.strip() else ""


def _bare(value: str) -> str:
    """Return a date or a number as typed; anything else as a string, which the reader refuses by its name."""
    typed = value.strip()
    plain = typed.replace("-", "").replace(":", "").replace("+", "").replace("T", "").replace("Z", "").replace(".", "")
    return typed if plain.isascii() and plain.isdigit() and typed[:1].isdigit() else _text(typed)
