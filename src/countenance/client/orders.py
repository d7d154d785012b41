# SPDX-License-Identifier: Apache-2.0
"""Calls of `orders`; made by tests/api/make_client.py, not by hand."""

from __future__ import annotations

from collections.abc import Mapping
from typing import cast
from urllib.parse import quote

from countenance.client import models
from countenance.client.transport import Transport


class Orders:
    """Calls of `orders`."""

    def __init__(self, transport: Transport) -> None:
        self._transport = transport

    def list_orders(
        self, *, status: models.OrderStatus | None = None, after: str | None = None, limit: int | None = None
    ) -> models.ListedOrderOut:
        """Return orders, newest first."""
        answer = self._transport.send("GET", "/api/v1/orders", query={"status": status, "after": after, "limit": limit})
        return cast("models.ListedOrderOut", answer.json())

    def enter_order(self, files: Mapping[str, bytes]) -> models.OrderOut:
        """Enter an order by its file; it binds once somebody else has confirmed it."""
        answer = self._transport.send("POST", "/api/v1/orders", files=files)
        return cast("models.OrderOut", answer.json())

    def enter_order_form(self, body: models.OrderIn) -> models.OrderOut:
        """Enter an order by its fields; it is kept as the order file that they make."""
        answer = self._transport.send("POST", "/api/v1/orders/form", body=body)
        return cast("models.OrderOut", answer.json())

    def get_order(self, order: str) -> models.OrderOut:
        """Return one order."""
        answer = self._transport.send("GET", f"/api/v1/orders/{quote(order, safe='')}")
        return cast("models.OrderOut", answer.json())

    def confirm_order(self, order: str) -> models.OrderOut:
        """Confirm as a second person that an order was transcribed as it was served."""
        answer = self._transport.send("POST", f"/api/v1/orders/{quote(order, safe='')}/confirm")
        return cast("models.OrderOut", answer.json())

    def preview_order(self, order: str) -> models.PreviewOut:
        """Count who would be frozen now; nothing is changed, the look is logged."""
        answer = self._transport.send("POST", f"/api/v1/orders/{quote(order, safe='')}/preview")
        return cast("models.PreviewOut", answer.json())

    def freeze_order(self, order: str) -> models.OrderOut:
        """Freeze the class: in force for the next search when this returns; again, it adds who is new in it."""
        answer = self._transport.send("POST", f"/api/v1/orders/{quote(order, safe='')}/freeze")
        return cast("models.OrderOut", answer.json())

    def execute_order(self, order: str, body: models.DeclarantIn | None) -> models.RunOut:
        """Execute an order: the first person plans the destruction, the second one's word begins it."""
        answer = self._transport.send("POST", f"/api/v1/orders/{quote(order, safe='')}/execute", body=body)
        return cast("models.RunOut", answer.json())

    def stay_order(self, order: str) -> models.OrderOut:
        """Stay an order: nothing is destroyed and nothing is due; the class stays frozen."""
        answer = self._transport.send("POST", f"/api/v1/orders/{quote(order, safe='')}/stay")
        return cast("models.OrderOut", answer.json())

    def end_order_stay(self, order: str) -> models.OrderOut:
        """Let a stayed order go on where it stood."""
        answer = self._transport.send("POST", f"/api/v1/orders/{quote(order, safe='')}/end-stay")
        return cast("models.OrderOut", answer.json())

    def vacate_order(self, order: str) -> models.OrderOut:
        """End an order as one of two people."""
        answer = self._transport.send("POST", f"/api/v1/orders/{quote(order, safe='')}/vacate")
        return cast("models.OrderOut", answer.json())

    def readmit_subject(self, order: str, body: models.SubjectIn) -> models.OrderOut:
        """Let one member sign a new release, as one of two people, where the order allows new releases."""
        answer = self._transport.send("POST", f"/api/v1/orders/{quote(order, safe='')}/readmit", body=body)
        return cast("models.OrderOut", answer.json())

    def order_term_met(self, order: str, body: models.TermNumberIn) -> models.OrderOut:
        """Record that people met a term, such as a report."""
        answer = self._transport.send("POST", f"/api/v1/orders/{quote(order, safe='')}/met", body=body)
        return cast("models.OrderOut", answer.json())

    def consolidate_orders(self, order: str, body: models.OrdersIn) -> models.ListedOrderOut:
        """Let other orders be executed together with this one, with one certificate that names all."""
        answer = self._transport.send("POST", f"/api/v1/orders/{quote(order, safe='')}/consolidate", body=body)
        return cast("models.ListedOrderOut", answer.json())

    def list_conflicts(self, *, after: str | None = None, limit: int | None = None) -> models.ListedConflictOut:
        """Return conflicts between instruments, newest first."""
        answer = self._transport.send("GET", "/api/v1/conflicts", query={"after": after, "limit": limit})
        return cast("models.ListedConflictOut", answer.json())

    def resolve_conflict(self, conflict: str, body: models.ResolveIn) -> models.ConflictOut:
        """Record counsel's decision, as one of two people who agree; the second one's word puts it into effect."""
        answer = self._transport.send("POST", f"/api/v1/conflicts/{quote(conflict, safe='')}/resolve", body=body)
        return cast("models.ConflictOut", answer.json())
