# SPDX-License-Identifier: Apache-2.0
"""From a verified run to a signed certificate of destruction, and to a page of it that prints well."""

from __future__ import annotations

import importlib.metadata
import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from countenance import __version__, canonical
from countenance.clock import to_text
from countenance.ledger import entry as entries
from countenance.ledger.certificate import (
    CarveOut,
    Certificate,
    Check,
    Counts,
    Declarant,
    Left,
    Period,
    Software,
    StoreResult,
    Verification,
)
from countenance.ledger.merkle import root_over
from countenance.model.destruction import Run
from countenance.model.recipient import Instruction, Outcome
from countenance.services.aftermath import Aftermath
from countenance.services.stores import STORES

DECLARATION = (
    "The facts above are those that the program named here found and recorded. I declare under penalty of perjury "
    "under the laws of the United States of America (28 U.S.C. 1746) that the foregoing is true and correct."
)
UNDECLARED = (
    "Nobody has declared this: it states what the program named here found and recorded, and is signed with the key of "
    "the installation. A declarant can be named later, in a certificate that supersedes this one."
)
_COPIES = (
    "Copies of the data directory made outside of this program, blocks that a file system or drive keeps, swap and "
    "core dumps are not reached; destroyed keys make them unreadable unless the keyring was copied too."
)
_SOURCES = "Photo files of the sources are not part of this system and were not touched."


@dataclass(frozen=True)
class Deferred:
    """A backup in which keys of the targets live on until a date."""

    folder: str
    until: datetime


@dataclass(frozen=True)
class Verified:
    """What verification found.

    Attributes:
        level: 1 to 3.
        notes: what a reader must know, such as duplicates under other subjects.
        named: the files in which something was found that should not be there.
    """

    level: int
    at: datetime
    checks: tuple[Check, ...]
    notes: tuple[str, ...]
    named: tuple[str, ...] = ()


def make(
    run: Run,
    *,
    operator: str,
    targets: Sequence[str],
    held: Sequence[str],
    unknown: int,
    verified: Verified,
    aftermath: Aftermath,
    deferred: Sequence[Deferred],
    declarant: Declarant | None,
    ids: tuple[str, str],
    supersedes: str | None,
    now: datetime,
) -> Certificate:
    """Return the certificate of a run that passed its verification.

    Args:
        targets: the subjects or photos that the run was asked to destroy; more than one are bound by a Merkle root.
        unknown: how many of both are meant only because their residency is unknown.
        held: those of them that a legal hold kept, besides.
        declarant: who declares it under penalty of perjury; None where nobody does.
        deferred: backups in which keys of the targets still live.
        ids: of the certificate and of the verification.
    """
    left = len(targets) if deferred else 0
    targeted = len(targets) + len(held)
    total = Counts(targeted, len(targets) - left, len(held), 0, left)
    dependencies = _dependencies()
    return Certificate(
        id=ids[0],
        run_id=run.id,
        order_ref=run.order_ref,
        operator=operator,
        place="the data directory of the operator's installation",
        destination="the media stay in use; keys and bytes were destroyed on them",
        scope_text=run.scope_text,
        class_snapshot_root=root_over([*targets, *held]) if targeted > 1 else None,
        counts=total,
        unknown_treated_as_member=unknown,
        methods=tuple(dict.fromkeys(store.method for store in STORES if store.counted)),
        stores=(*(_result(store.name, run) for store in STORES), *_backups(deferred, len(targets)), *_told(aftermath)),
        carve_outs=_carve_outs(total, deferred, aftermath),
        policy_pack_hashes=run.law,
        software=Software(__version__, None, canonical.digest(dependencies), dependencies),
        period=Period(run.started_at or now, verified.at),
        verification=Verification(ids[1], verified.level, verified.at, verified.checks),
        limitations=(_COPIES, _SOURCES, *_recipients(run, aftermath), *_artefacts(aftermath), *verified.notes),
        declarant=declarant or Declarant(run.requested_by, "account that asked for the destruction"),
        declaration=DECLARATION if declarant else UNDECLARED,
        signed_at=now,
        supersedes=supersedes,
        salt=entries.new_salt().hex(),
    )


def _carve_outs(total: Counts, deferred: Sequence[Deferred], aftermath: Aftermath) -> tuple[CarveOut, ...]:
    """Return what was left, why, and until when."""
    found = []
    if total.held:
        found.append(CarveOut(Left.HELD, "records", total.held, _WHY_HELD, None))
    if total.deferred:
        until = max(one.until for one in deferred)
        found.append(CarveOut(Left.DEFERRED, "backups", total.deferred, _WHY_DEFERRED, until))
    if aftermath.kept is not None:
        kept = aftermath.kept
        reason = f"{_WHY_KEPT} ({kept.citation})"
        found.append(CarveOut(Left.EVIDENCE, "evidence of consent", kept.people, reason, kept.until))
    return tuple(found)


_WHY_HELD = (
    "under a legal hold, or until the person's own request to see it is answered: frozen, kept sealed, and found by no "
    "search"
)
_WHY_DEFERRED = "a sealed copy of the keyring from before the run is kept as a backup; tombstones bar a restore"

_WHY_KEPT = (
    "what these people were told and signed, sealed under keys of its own, without photo or faceprint, in no search; "
    "opened by two people only, and destroyed then"
)


def _recipients(run: Run, aftermath: Aftermath) -> list[str]:
    """Say who was told of a match before; what was handed out is beyond this system."""
    clients = run.counts.get("recipients", 0) + run.counts.get("earlier:recipients", 0)
    if aftermath.instructions:
        return [_instruction(one) for one in aftermath.instructions]
    if not clients:
        return []
    who = "One client was" if clients == 1 else f"{clients} clients were"
    return [f"{who} told of matches with these people before, and must be instructed to delete what was kept."]


def _instruction(one: Instruction) -> str:
    due = to_text(one.due_at)[:10]
    told = f"The recipient {one.recipient} was told of {one.people} of these people before, or holds data of them."
    if one.outcome is Outcome.CONFIRMED:
        return f"{told} That this was deleted there rests on its own word (instruction {one.id})."
    if one.outcome is Outcome.UNCONFIRMED:
        return f"{told} It was instructed to delete that and did not confirm it (instruction {one.id})."
    return f"{told} It is instructed to delete that and has to confirm it by {due} (instruction {one.id})."


def _artefacts(aftermath: Aftermath) -> list[str]:
    """Name what was made from these people and is to be made anew or given up."""
    return [
        f"{one.kind.value} {one.id} (SHA-256 {one.sha256}) was made from these people too, and refuses to load; "
        + ("it was given up since." if one.state == "retired" else "it is to be made anew without them, or given up.")
        for one in aftermath.artefacts
    ]


def _result(name: str, run: Run) -> StoreResult:
    store = next(one for one in STORES if one.name == name)
    done = sum(run.counts.get(f"{when}{counted}", 0) for counted in store.counted for when in ("", "earlier:"))
    before = sum(run.counts.get(f"before:{counted}", 0) for counted in store.counted)
    return StoreResult(
        store=store.name,
        kind=store.kind,
        method=store.method,
        before=max(before, done),
        counts=Counts(done, done, 0, 0, 0),
        keys_destroyed=done if store.name == "keyring" else 0,
        tool=f"countenance {__version__}",
        evidence_sha256=None,
    )


def _backups(deferred: Sequence[Deferred], targeted: int) -> list[StoreResult]:
    return [
        StoreResult(
            store=f"backup {one.folder}",
            kind="backup",
            method="crypto_erase",
            before=targeted,
            counts=Counts(targeted, 0, 0, 0, targeted),
            keys_destroyed=0,
            tool=f"countenance {__version__}",
            evidence_sha256=None,
        )
        for one in deferred
    ]


def _told(aftermath: Aftermath) -> list[StoreResult]:
    """Return the recipients who confirmed."""
    return [
        StoreResult(
            store=f"recipient {one.recipient}",
            kind="client_copy",
            method="third_party_instruction",
            before=one.people,
            counts=Counts(one.people, one.people, 0, 0, 0),
            keys_destroyed=0,
            tool=f"countenance {__version__}",
            evidence_sha256=None,
        )
        for one in aftermath.instructions
        if one.outcome is Outcome.CONFIRMED
    ]


def _dependencies() -> dict[str, str]:
    """Return the versions of what this program runs on, as they are installed."""
    found = {}
    for line in importlib.metadata.requires("countenance") or ():
        name = re.split(r"[^A-Za-z0-9_.-]", line, maxsplit=1)[0]
        if "extra ==" not in line:
            found[name] = importlib.metadata.version(name)
    return found
