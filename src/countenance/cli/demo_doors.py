# SPDX-License-Identifier: Apache-2.0
"""The end of the demo on a terminal: the server on the demo's data, and a link for each role."""

from __future__ import annotations

import socket
from pathlib import Path

from countenance.api.settings import Settings
from countenance.bootstrap import Engine
from countenance.cli.demo_stage import Stage
from countenance.cli.output import Output
from countenance.cli.serve import run
from countenance.ids import ClientId, SubjectId
from countenance.model.account import COMMAND_LINE, Role

_HOST, _PORT = "127.0.0.1", 8470
_GOOD_FOR_MINUTES = 24 * 60
_PEOPLE = (
    (Role.OPERATOR, "Olga Operator", "adds sources and photos, decides who is who"),
    (Role.SEARCHER, "Sam Searcher", "searches by photo for the client"),
    (Role.CUSTODIAN, "Carla Custodian", "orders, holds, destruction, requests, clients"),
    (Role.CUSTODIAN, "Cyrus Custodian", "the second person, whom approvals take"),
    (Role.AUDITOR, "Ada Auditor", "the log and its proofs"),
)


def open_doors(stage: Stage, root: Path, photos: Path, enrolled: SubjectId | None) -> None:
    """Serve the demo's data until Ctrl-C, after showing each role its one-time link.

    Args:
        photos: a folder that the operator may ingest from.
        enrolled: whose own view is offered too; None where nobody is enrolled.
    """
    engine = Engine.open(root / "data")
    port = _free()
    settings = Settings(origin=f"http://{_HOST}:{port}", photos=(photos.resolve(),))
    stage.step("The same in a browser")
    for role, what, path in _links(engine, enrolled):
        stage.say(f"{role.value}: {what}")
        stage.link(settings.origin + path)
    stage.say(
        "Each link works once; open two in two browsers (or a private window) to be two people. Such links exist in "
        "this demonstration only: everywhere else people sign in with a passkey, or a password and a code."
    )
    try:
        run(engine, settings, _HOST, port, Output(as_json=False))
    except KeyboardInterrupt:  # the server has answered what it was asked, and ended
        stage.say(
            "Stopped. `countenance serve` with COUNTENANCE_DATA set as above goes on; links that were used are not."
        )
    finally:
        engine.close()


def _links(engine: Engine, enrolled: SubjectId | None) -> list[tuple[Role, str, str]]:
    """Return each role with what it does and the path that signs in."""
    accounts = engine.accounts
    accounts.declare_demo()
    client: ClientId = engine.register.clients()[0].id
    found = []
    for role, name, what in _PEOPLE:
        owner = client if role is Role.SEARCHER else None
        account = accounts.add(name, role, client=owner, by=COMMAND_LINE).id
        token = accounts.invite(account, minutes=_GOOD_FOR_MINUTES, by=COMMAND_LINE, link=True)
        found.append((role, what, f"/invitation/{token}"))
    if enrolled is not None:
        found.append(
            (Role.SUBJECT, "what is held of a guest, who searched, withdrawal", f"/mine/{engine.own.link(enrolled)}")
        )
    return found


def _free() -> int:
    """Return the usual port, or another one where that is taken."""
    for port in (_PORT, 0):
        with socket.socket() as tried:
            try:
                tried.bind((_HOST, port))
            except OSError:
                continue
            return int(tried.getsockname()[1])
    raise AssertionError
