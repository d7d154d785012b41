# SPDX-License-Identifier: Apache-2.0
"""Decisions as values, and the one thing that an encoder accepts: a crop under a permit.

Only `policy.engine` makes a `Permit`: it holds the token that the constructor asks for. Python cannot
stop a program from lying to itself; what this makes impossible is encoding by accident, and
`tests/architecture` proves that no module but the policy engine mints.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import Enum

from countenance.model.face import Crop


class PermitKind(Enum):
    """What a permit allows; each is made by one function of `policy.engine`."""

    ENROL = "enrol"
    """One face of one photo becomes a reference of one subject under a live release."""
    PROBE = "probe"
    """One face is encoded in memory for one search and then overwritten."""
    TRANSIENT = "transient"
    """An unattributed face is compared in memory with the consenting gallery, and forgotten."""
    EVALUATE = "evaluate"
    """One face of a registered data set is encoded in memory to measure how often the encoder is wrong."""


_MINT = object()


@dataclass(frozen=True)
class Permit:
    """Leave to encode one face once, with the facts that it was given on.

    Attributes:
        kind: what it allows.
        face: the face it covers: `photo id / number`, or the name of a probe.
        grounds: ids of what it rests on (release, client), for the log.
        packs: digest of the effective law.

    Raises:
        RuntimeError: something other than the policy engine tries to make one.
    """

    kind: PermitKind
    face: str
    grounds: tuple[str, ...]
    packs: str
    token: object = field(repr=False, compare=False)

    def __post_init__(self) -> None:
        if self.token is not _MINT:
            raise RuntimeError("only the policy engine makes permits")

    def cover(self, crop: Crop) -> PermittedCrop:
        """Return the crop under this permit: what `Encoder.encode` takes."""
        return PermittedCrop(crop, self)


@dataclass(frozen=True)
class Deny:
    """No, with the rule, what is missing, what would make it lawful, and the law behind it."""

    rule_id: str
    reason: str
    citation: str


Decision = Permit | Deny


@dataclass(frozen=True, eq=False)
class PermittedCrop:
    """An aligned crop that may be encoded: `pixels` uint8 (S, S, 3) RGB, and its permit."""

    pixels: Crop = field(repr=False)
    permit: Permit
