# SPDX-License-Identifier: Apache-2.0
"""A typed client of the HTTP API; made by tests/api/make_client.py, not by hand.

from countenance.client import Countenance

with Countenance("https://faces.museum.example", key) as server:
    found = server.searches.search(photo, purpose="photo_delivery", basis="subject_present")
"""

from __future__ import annotations

from types import TracebackType
from typing import Self

import httpx2

from countenance.client.accounts import Accounts
from countenance.client.breaches import Breaches
from countenance.client.clients import Clients
from countenance.client.evidence import Evidence
from countenance.client.factors import Factors
from countenance.client.flags import Flags
from countenance.client.holds import Holds
from countenance.client.ingests import Ingests
from countenance.client.keys import Keys
from countenance.client.law import Law
from countenance.client.log import Log
from countenance.client.orders import Orders
from countenance.client.own import Own
from countenance.client.people import People
from countenance.client.public import Public
from countenance.client.recipients import Recipients
from countenance.client.requests import Requests
from countenance.client.retention import Retention
from countenance.client.review import Review
from countenance.client.runs import Runs
from countenance.client.searches import Searches
from countenance.client.server import Server
from countenance.client.sessions import Sessions
from countenance.client.signing import Signing
from countenance.client.signings import Signings
from countenance.client.sources import Sources
from countenance.client.status import Status
from countenance.client.transport import Problem, Transport

__all__ = ["Countenance", "Problem"]


class Countenance:
    """A server, for one API key; calls are grouped as the API groups them.

    Args:
        origin: such as `https://faces.museum.example`.
        key: an API key of an account.
        timeout_s: seconds to wait for an answer.
        transport: instead of the network, for tests.
    """

    def __init__(
        self, origin: str, key: str, timeout_s: float = 60.0, transport: httpx2.BaseTransport | None = None
    ) -> None:
        self._transport = sender = Transport(origin, key, timeout_s, transport)
        self.accounts = Accounts(sender)
        self.breaches = Breaches(sender)
        self.clients = Clients(sender)
        self.evidence = Evidence(sender)
        self.factors = Factors(sender)
        self.flags = Flags(sender)
        self.holds = Holds(sender)
        self.ingests = Ingests(sender)
        self.keys = Keys(sender)
        self.law = Law(sender)
        self.log = Log(sender)
        self.orders = Orders(sender)
        self.own = Own(sender)
        self.people = People(sender)
        self.public = Public(sender)
        self.recipients = Recipients(sender)
        self.requests = Requests(sender)
        self.retention = Retention(sender)
        self.review = Review(sender)
        self.runs = Runs(sender)
        self.searches = Searches(sender)
        self.server = Server(sender)
        self.sessions = Sessions(sender)
        self.signing = Signing(sender)
        self.signings = Signings(sender)
        self.sources = Sources(sender)
        self.status = Status(sender)

    def close(self) -> None:
        """Close its connections."""
        self._transport.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, _kind: type[BaseException] | None, _error: BaseException | None, _trace: TracebackType | None
    ) -> None:
        self.close()
