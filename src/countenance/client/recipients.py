# SPDX-License-Identifier: Apache-2.0
"""Calls of `recipients`; made by tests/api/make_client.py, not by hand."""

from __future__ import annotations

from typing import cast
from urllib.parse import quote

from countenance.client import models
from countenance.client.transport import Transport


class Recipients:
    """Calls of `recipients`."""

    def __init__(self, transport: Transport) -> None:
        self._transport = transport

    def list_processors(self) -> list[models.ProcessorOut]:
        """Return all processors, oldest first."""
        answer = self._transport.send("GET", "/api/v1/processors")
        return cast("list[models.ProcessorOut]", answer.json())

    def declare_processor(self, body: models.ProcessorIn) -> models.ProcessorOut:
        """Declare somebody who keeps or handles data; told of every destruction from now on."""
        answer = self._transport.send("POST", "/api/v1/processors", body=body)
        return cast("models.ProcessorOut", answer.json())

    def end_processor(self, processor: str) -> None:
        """Record that a processor holds nothing any more."""
        answer = self._transport.send("POST", f"/api/v1/processors/{quote(processor, safe='')}/end")
        answer.read()

    def list_instructions(self, *, after: str | None = None, limit: int | None = None) -> models.ListedInstructionOut:
        """Return instructions, those that wait for an answer first, by their day."""
        answer = self._transport.send("GET", "/api/v1/instructions", query={"after": after, "limit": limit})
        return cast("models.ListedInstructionOut", answer.json())

    def instruction_letter(self, instruction: str) -> str:
        """Return the letter of an instruction; it counts as sent from the first time on."""
        answer = self._transport.send("POST", f"/api/v1/instructions/{quote(instruction, safe='')}/letter")
        return answer.text

    def settle_instruction(self, instruction: str, body: models.SettleIn) -> None:
        """Record that a recipient confirmed, or that no confirmation can be had."""
        answer = self._transport.send("POST", f"/api/v1/instructions/{quote(instruction, safe='')}/settle", body=body)
        answer.read()
