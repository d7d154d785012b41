# SPDX-License-Identifier: Apache-2.0
"""The web, as a fetch of one photo needs it: one request at a time, and no redirect followed unseen."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Protocol


class Unreachable(Exception):
    """No answer: no such host, no connection, a private address, an answer that broke off, or none in time."""


@dataclass(frozen=True)
class Page:
    """One answer.

    Attributes:
        status: the HTTP status code.
        headers: by lower-case name.
        body: at most as many bytes as were asked for.
        whole: whether that is all of it.
    """

    status: int
    headers: Mapping[str, str]
    body: bytes = field(repr=False)
    whole: bool


class Web(Protocol):
    """Where pages come from."""

    def get(self, url: str, *, most_bytes: int) -> Page:
        """Return the answer to one GET; redirects are answers too.

        Args:
            url: absolute, http or https.
            most_bytes: how much of the body to read.

        Raises:
            Unreachable: there is no answer, or the host's address is none of the public internet.
        """
        ...
