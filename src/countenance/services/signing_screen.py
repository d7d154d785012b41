# SPDX-License-Identifier: Apache-2.0
"""What a signing looks like from outside: as it was started, and as its screen shows it."""

from __future__ import annotations

from dataclasses import dataclass

from countenance.ids import ClientId
from countenance.model.purpose import ClientKind
from countenance.model.signing import Signing
from countenance.model.subject import Subject
from countenance.services.release_act import Draft


@dataclass(frozen=True)
class Started:
    """A signing that was started, with the only copy of its secrets.

    Attributes:
        token: of its link.
        code: to type on the tablet at the desk; None for an invitation.
    """

    signing: Signing
    token: str
    code: str | None


@dataclass(frozen=True)
class Offered:
    """Somebody whom the desk offers as a recipient, by name."""

    id: ClientId
    name: str
    kind: ClientKind


@dataclass(frozen=True)
class Screen:
    """What the screen of a signing shows.

    Attributes:
        clients: those on offer, by name.
        longest_days: how long the person's law lets a release last, no longer than what is offered.
        draft: the notice that is to be signed; None before the choice and after the signature.
        policy: the public policy's text; empty where there is none.
    """

    signing: Signing
    person: Subject
    clients: tuple[Offered, ...]
    longest_days: int
    draft: Draft | None
    policy: str
