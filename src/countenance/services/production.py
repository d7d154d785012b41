# SPDX-License-Identifier: Apache-2.0
"""What is not safe for production yet: the machine, the keys, the people, the law; each with what to do.

Nothing of it stops a server: a first evening at home needs none of it. `countenance serve --check` says it.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

from sqlalchemy import func, select

from countenance.clock import from_text
from countenance.errors import CountenanceError
from countenance.model.account import Role
from countenance.model.event import EventTag
from countenance.services.doctor import Doctor
from countenance.services.law import LawBook
from countenance.store import accounts, evaluations, schema
from countenance.store.records import Records, Transaction, settings
from countenance.store.root_key import FILE_VARIABLE, KEY_VARIABLE

BACKUP_EVERY = timedelta(days=7)
_UNREVIEWED = "unreviewed"
_SWAPS = Path("/proc/swaps")


class Production:
    """The verb `unsafe`."""

    def __init__(self, records: Records, law: LawBook, doctor: Doctor) -> None:
        self._records = records
        self._law = law
        self._doctor = doctor

    def unsafe(self, encoder: str, *, is_https: bool, knows_breached: bool = False) -> list[str]:
        """Return what speaks against production, each with what to do; an empty list is nothing.

        Args:
            encoder: digest of the encoder in use.
            is_https: browsers reach the server by HTTPS.
            knows_breached: new passwords are looked up among breached ones.
        """
        found = [*_machine(is_https), *_keys()]
        if not knows_breached:
            found.append(
                "new passwords are not looked up among breached ones; name a list (--breached; docs/access.md)"
            )
        with self._records.read() as work:
            found += [*_people(work), *_care(work), *_accuracy(work, encoder), *self._counsel()]
        try:
            found += [f"doctor: {problem}" for problem in self._doctor.problems()]
        except CountenanceError as error:
            found.append(f"doctor: {error}")
        return found

    def _counsel(self) -> Iterator[str]:
        unread = sorted(pack.id for pack in self._law.packs.values() if pack.reviewer == _UNREVIEWED)
        if unread:
            yield f"no counsel has read these law files; have them read (`countenance packs show`): {', '.join(unread)}"


def _machine(is_https: bool) -> Iterator[str]:
    if not is_https:
        yield (
            "browsers reach this by http, so passwords and photos cross the network in plain; put a proxy that ends "
            "TLS before it and say --origin https://..."
        )
    if hasattr(os, "geteuid") and os.geteuid() == 0:
        yield "this runs as root; run it as a user of its own, who owns the data directory and nothing else"
    try:
        swaps = _SWAPS.read_text(encoding="utf-8").splitlines()[1:]
    except OSError:
        swaps = []
    if swaps:
        yield "memory can be swapped to the disk, with faceprints in it; turn swap off, or encrypt it"


def _keys() -> Iterator[str]:
    if not (os.environ.get(FILE_VARIABLE) or os.environ.get(KEY_VARIABLE)):
        yield (
            f"the root key lies beside the data that it opens; name another place for it ({FILE_VARIABLE}, "
            f"{KEY_VARIABLE}; docs/threat-model.md)"
        )


def _people(work: Transaction) -> Iterator[str]:
    if "demo" in settings(work):
        yield "this is a demonstration's data directory, where links sign in at once; make another (`countenance init`)"
    able = [one for one in accounts.everyone(work) if one.disabled_at is None and accounts.has_signed_in(work, one.id)]
    custodians = sum(one.role is Role.CUSTODIAN for one in able)
    if custodians < 2:
        yield (
            f"{custodians} of the two custodians that approvals take have signed in; invite them "
            "(`countenance account add --role custodian`, `account invite`)"
        )


def _care(work: Transaction) -> Iterator[str]:
    event = schema.event
    last = work.connection.execute(
        select(func.max(event.c.at)).where(event.c.tag == EventTag.BACKUP_MADE.value)
    ).scalar()
    if last is None or work.now - from_text(last) > BACKUP_EVERY:
        when = "no backup was ever made" if last is None else f"the last backup is of {from_text(last):%d %B %Y}"
        yield f"{when}; have one made every week at least (`countenance backup`)"


def _accuracy(work: Transaction, encoder: str) -> Iterator[str]:
    if evaluations.latest(work, encoder) is None:
        yield (
            "how often the encoder errs was not measured on faces like yours; measure it "
            "(`countenance eval`, then `countenance calibrate`)"
        )
