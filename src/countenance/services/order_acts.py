# SPDX-License-Identifier: Apache-2.0
"""What an order does beside freezing and destroying its class: clients that are denied, sources that are filtered."""

from __future__ import annotations

from contextlib import suppress

from countenance.errors import Refused
from countenance.model.order import Order
from countenance.services.register import Register
from countenance.services.sources import Sources


class OrderActs:
    """Acts of the terms of an order that name neither people nor records."""

    def __init__(self, register: Register, sources: Sources) -> None:
        self._register = register
        self._sources = sources

    def deny_clients(self, order: Order) -> None:
        """Stop serving the clients that an order names, and bar those of their kinds from now on."""
        for term in order.instrument.terms:
            if term.clients is not None and term.clients.kinds:
                self._register.bar_clients(order.id, kinds=term.clients.kinds, until=order.instrument.expires_at)
            if term.clients is not None and term.clients.clients:
                self._register.suspend_clients(reason=order.id, clients=term.clients.clients)

    def serve_clients(self, order: Order) -> None:
        """Serve the clients again that a vacated order denied, unless anything else bars them."""
        self._register.unbar_clients(order.id)

    def filter_sources(self, order: Order) -> None:
        """Collect no more from the sources that an order names, and stop what came from them alone.

        Its destruction waits for a second person, as all that is destroyed for an order. Given again, it goes on
        where it stopped.

        Raises:
            Busy: another process reads the databases; nothing more is collected, and it has to be given again.
        """
        for source in sorted(order.instrument.filtered):
            with suppress(Refused):  # logged; the source is stopped all the same
                self._sources.revoke(source, by=order.entered_by, reason=order.id, two=True)
