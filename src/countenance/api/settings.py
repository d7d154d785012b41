# SPDX-License-Identifier: Apache-2.0
"""What a server is told when it starts; read once, passed down, never a global."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

from countenance.services.breached import BreachedPasswords
from countenance.services.provider import Provider

MIB = 1 << 20
LARGEST_BODY = MIB
"""Bytes of the largest body of a request."""
LARGEST_UPLOAD = 40 * MIB
"""Bytes of the largest body with a photo or a file; routes that take one say `max_body_size=LARGEST_UPLOAD`."""


@dataclass(frozen=True)
class Settings:
    """Settings of one server.

    Attributes:
        origin: where browsers reach it, such as `https://faces.museum.example`; cookies, passkeys and the check of
            where a request came from depend on it.
        photos: folders that an operator may ingest from; nothing else of this machine's files can be named.
        retention_hour: of this machine's civil day, 0 to 23, from which on the retention clock is followed that day.
        provider: the organisation's identity provider, where people may sign in there.
        passkeys_only: no password is taken: another site can ask for one.
        breached: the list of breached passwords that new ones are looked up in, where there is one.
        per_second: how many requests a second one caller may make over a while; `burst` at once.
    """

    origin: str
    photos: tuple[Path, ...] = ()
    retention_hour: int = 3
    provider: Provider | None = None
    breached: BreachedPasswords | None = None
    passkeys_only: bool = False
    per_second: float = 50.0
    burst: int = 200

    @property
    def is_https(self) -> bool:
        """Whether browsers reach it by HTTPS, so that cookies can say so."""
        return urlsplit(self.origin).scheme == "https"

    @property
    def host(self) -> str:
        """The host that requests must name, against DNS rebinding; with the port where the origin has one."""
        return urlsplit(self.origin).netloc
