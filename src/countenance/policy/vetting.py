# SPDX-License-Identifier: Apache-2.0
"""What a vetting must say, which changes of it take a second person, and when it is due again."""

from __future__ import annotations

from datetime import date, datetime, timedelta

from countenance.model.civil import latest_date
from countenance.model.client import Client, Site
from countenance.model.purpose import ClientKind, Purpose

LONGEST_CONTRACT = timedelta(days=1826)
"""Five years: the longest term of any release here; a contract that outlives them all vouches for nothing."""
REMIND = timedelta(days=30)
"""How long before its end a contract is to be renewed."""
_LONGEST = {"name": 200, "contact": 300, "contract": 200, "authority": 500}


def lacking(client: Client, now: datetime) -> dict[str, str]:
    """Return what a vetting by two people lacks, by field, each with what to write; empty where it is complete."""
    found = {}
    for name, longest in _LONGEST.items():
        text = getattr(client, name)
        if text is not None and (len(text) > longest or not text.isprintable()):
            found[name] = f"at most {longest} printable characters"
    if not client.name.strip():
        found["name"] = "name the organisation"
    if not (client.contact or "").strip():
        found["contact"] = "name who answers for it there, and how to reach them"
    if not client.purposes:
        found["purposes"] = "choose at least one purpose that it was vetted for"
    elif Purpose.EVALUATION in client.purposes:
        found["purposes"] = "no client searches for the purpose evaluation: it is the operator's own measurement"
    if client.kind is ClientKind.LAW_ENFORCEMENT and not (client.authority or "").strip():
        found["authority"] = "name the agency's written authorisation of who searches"
    if not 0.0 < client.fpir < 1.0:
        found["fpir"] = "an FPIR lies between 0 and 1, such as 0.01"
    if client.hours is not None and client.place is None:
        found["place"] = "working hours are those of a place; say where"
    return found | _contract(client, now)


def _contract(client: Client, now: datetime) -> dict[str, str]:
    if not (client.contract or "").strip():
        return {"contract": "name the contract by its reference"}
    if client.contract_on is None or client.contract_until is None:
        return {"contract_until": "a contract has a date and a last day"}
    if client.contract_until < client.contract_on:
        return {"contract_until": "a contract ends after it begins"}
    if client.contract_until - client.contract_on > LONGEST_CONTRACT:
        return {"contract_until": f"a contract runs {LONGEST_CONTRACT.days} days at most, then it is made anew"}
    if client.contract_on > latest_date(now):
        return {"contract_on": "this contract begins in the future; enter it when it runs"}
    return {"contract_until": "this contract has ended"} if has_ended(client, now) else {}


def has_ended(client: Client, now: datetime) -> bool:
    """Say whether the last day of a client's contract is over, by the earliest clock of its place."""
    until = client.contract_until
    return until is not None and latest_date(now, () if client.place is None else (client.place,)) > until


def widens(old: Client, new: Client) -> tuple[str, ...]:
    """Return the fields by which a client may do more, or other, than before."""
    later = _later(old.contract_until, new.contract_until)
    checks = {
        "purposes": not new.purposes <= old.purposes,
        "fpir": new.fpir > old.fpir,
        "contract": later or new.contract != old.contract,
        "quota": not new.quota.within(old.quota),
        "hours": new.hours != old.hours and (new.hours is None or not new.hours.within(old.hours)),
        "place": new.place != old.place,
        "site": (old.site, new.site) == (Site.PUBLIC, Site.PRIVATE),
        "attests": not new.attests <= old.attests,
        "authority": new.authority is not None and new.authority != old.authority,
    }
    return tuple(name for name, does in checks.items() if does)


def _later(old: date | None, new: date | None) -> bool:
    """Say whether a contract runs longer; one without an end runs for ever."""
    return old is not None and (new is None or new > old)


def due(client: Client, now: datetime) -> str | None:
    """Return why a client is to be vetted again: `ended`, `ends_soon` or `no_contract`; None where it is not."""
    if client.contract_until is None:
        return "no_contract"
    if has_ended(client, now):
        return "ended"
    return "ends_soon" if client.contract_until - latest_date(now) <= REMIND else None
