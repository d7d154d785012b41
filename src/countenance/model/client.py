# SPDX-License-Identifier: Apache-2.0
"""A vetted organisation, what it may search for, and what it attested."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date, datetime
from enum import StrEnum

from countenance.ids import ClientId
from countenance.model.hours import Hours
from countenance.model.purpose import ClientKind, Purpose
from countenance.model.quota import STANDARD_QUOTA, Quota

DEFAULT_FPIR = 0.01  # one search in a hundred for a stranger may return somebody


class Site(StrEnum):
    """Where a client uses what it finds; some cities rule on places that the public enters."""

    PRIVATE = "private"
    """A place that customers and the public do not enter."""
    PUBLIC = "public"
    """A place of public accommodation: a shop, a restaurant, a stadium."""


class Attestation(StrEnum):
    """What a client has stated in writing when it was vetted; a closed vocabulary, as law files name it."""

    NYC_SIGNAGE = "nyc_signage"
    """A sign at every entrance tells customers that faces are recognised (NYC Admin. Code 22-1202(a))."""
    NO_VALUE_EXCHANGE = "no_value_exchange"
    """Nothing that is found is sold, leased, traded or shared for anything of value (22-1202(b))."""


@dataclass(frozen=True)
class Client:
    """A client.

    Attributes:
        purposes: what it was vetted for.
        fpir: target false positive identification rate of its searches, in (0, 1).
        place: place code of where it uses what it finds; None where nobody has said.
        authority: the agency's written authorisation of whoever searches for it; sealed at rest.
        suspended_at: since when it is not served; None while it is.
        contact: who answers for it there; sealed at rest; None where nobody was named.
        contract: reference of the contract with it; sealed at rest; None where none is recorded.
        contract_on: the day of the contract.
        contract_until: its last day, in the client's place; the next search after it is refused.
        quota: how often it may search.
        hours: when its people work; a search outside them is flagged, not refused. None where nobody has said.
        vetted_at: when two people last agreed to its terms; None where one person took it on at the command line.
    """

    id: ClientId
    name: str
    kind: ClientKind
    purposes: frozenset[Purpose]
    fpir: float
    created_at: datetime
    place: str | None = None
    site: Site = Site.PRIVATE
    attests: frozenset[Attestation] = frozenset()
    authority: str | None = field(default=None, repr=False)
    suspended_at: datetime | None = None
    contact: str | None = field(default=None, repr=False)
    contract: str | None = field(default=None, repr=False)
    contract_on: date | None = None
    contract_until: date | None = None
    quota: Quota = STANDARD_QUOTA
    hours: Hours | None = None
    vetted_at: datetime | None = None
