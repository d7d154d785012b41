# SPDX-License-Identifier: Apache-2.0
"""How this installation is, and the face packs it may use; nothing of it is personal."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated

from fastapi import APIRouter
from pydantic import BaseModel, Field

from countenance.api.guard import EngineOf, may
from countenance.model.account import Caller
from countenance.policy.roles import Verb
from countenance.services.health import Checked

router = APIRouter(tags=["status"])

Reader = Annotated[Caller, may(Verb.STATUS_READ)]
Chooser = Annotated[Caller, may(Verb.MODEL_USE)]


class CheckedOut(BaseModel):
    """What a look at everything found."""

    at: datetime
    problems: list[str] = Field(description="In words, each with what to do; none is health.")


class ModelOut(BaseModel):
    """The face pack in use, and what its thresholds rest on."""

    pack: str
    problem: str | None = Field(description="Why it does not load or cannot search.")
    encoder: str
    licence: str
    tested_on: str
    test_every_days: int
    calibrated_on: str
    calibrated_by: str
    people: int = Field(description="How many people the thresholds were measured on.")


class NumbersOut(BaseModel):
    """What is held, and what waits."""

    subjects: int
    photos: int
    references: int
    other_references: int = Field(description="Made by an encoder that is not in use; no search reads them.")
    sources: int
    clients: int
    faces_waiting: int
    overdue: int = Field(description="People whose time is up.")
    log_entries: int
    last_entry_at: datetime | None
    last_backup_at: datetime | None
    disk_free_bytes: int
    disk_bytes: int


class StatusOut(BaseModel):
    """How this installation is."""

    operator: str
    numbers: NumbersOut
    model: ModelOut
    checked: CheckedOut | None = Field(description="Null where nobody looked since the server was started.")


class PackOut(BaseModel):
    """A face pack."""

    name: str
    licence: str
    commercial_use: bool
    installed: bool
    in_use: bool


class PacksOut(BaseModel):
    """The face packs that this program knows."""

    packs: list[PackOut]


@router.get("/status")
def status(_caller: Reader, engine: EngineOf) -> StatusOut:
    """Return how this installation is, in numbers."""
    numbers, model, checked = engine.health.numbers(), engine.health.model(), engine.health.last_check()
    return StatusOut(
        operator=engine.operator,
        numbers=NumbersOut(**vars(numbers)),
        model=ModelOut(**vars(model)),
        checked=None if checked is None else _checked_out(checked),
    )


@router.post("/status/check")
def check(_caller: Reader, engine: EngineOf) -> CheckedOut:
    """Look at everything, as `countenance doctor` does; takes seconds."""
    return _checked_out(engine.health.check())


@router.get("/packs")
def packs(_caller: Reader, engine: EngineOf) -> PacksOut:
    """Return the face packs, their licences, and which is in use."""
    in_use = engine.pack_name
    return PacksOut(
        packs=[
            PackOut(
                name=one.name,
                licence=one.licence,
                commercial_use=one.commercial_use,
                installed=one.installed,
                in_use=one.name == in_use,
            )
            for one in engine.models.manifests()
        ]
    )


@router.post("/packs/{name}/use")
def use(_caller: Chooser, engine: EngineOf, name: str) -> PackOut:
    """Use an installed face pack from now on; refused while references of another encoder are held."""
    engine.use(name)
    one = engine.models.manifest(name)
    return PackOut(
        name=name, licence=one.licence, commercial_use=one.commercial_use, installed=one.installed, in_use=True
    )


def _checked_out(checked: Checked) -> CheckedOut:
    return CheckedOut(at=checked.at, problems=list(checked.problems))
