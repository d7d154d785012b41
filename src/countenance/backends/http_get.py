# SPDX-License-Identifier: Apache-2.0
"""The web by Python's own HTTP client: one GET, to an address that was looked at before it is connected to.

A name that leads into a private network would let a link reach what only this machine can; so the name is resolved
once, every address it has must be public, and the connection goes to that address and no other.
"""

from __future__ import annotations

import http.client
import ipaddress
import socket
import ssl
from urllib.parse import urlsplit

from countenance import __version__
from countenance.ports.web import Page, Unreachable

AGENT = f"Countenance/{__version__} (fetches single photos of people who signed a release)"
_TIMEOUT_S = 30.0


class HttpGet:
    """`ports.web.Web` over http and https.

    Attributes:
        loopback: allow 127.0.0.1 too, for tests.
    """

    def __init__(self, *, loopback: bool = False) -> None:
        self.loopback = loopback

    def get(self, url: str, *, most_bytes: int) -> Page:
        """Return the answer to one GET; see `ports.web`."""
        parts = urlsplit(url)
        secure, host = parts.scheme == "https", parts.hostname or ""
        port = parts.port or (443 if secure else 80)
        connection = http.client.HTTPConnection(host, port, timeout=_TIMEOUT_S)
        try:
            plain = socket.create_connection((self._address(host, port), port), _TIMEOUT_S)
            connection.sock = ssl.create_default_context().wrap_socket(plain, server_hostname=host) if secure else plain
            target = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
            connection.request("GET", target, headers={"Host": parts.netloc, "User-Agent": AGENT, "Accept": "*/*"})
            answer = connection.getresponse()
            body = answer.read(most_bytes + 1)
            headers = {name.lower(): value for name, value in answer.getheaders()}
            return Page(answer.status, headers, body[:most_bytes], len(body) <= most_bytes)
        except (OSError, http.client.HTTPException, ValueError) as error:
            raise Unreachable(str(error) or type(error).__name__) from error
        finally:
            connection.close()

    def _address(self, host: str, port: int) -> str:
        """Return an address of a host, all of whose addresses are of the public internet.

        Raises:
            OSError: there is none, or one is private.
        """
        found = [entry[4][0] for entry in socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)]
        for text in found:
            address = ipaddress.ip_address(str(text).partition("%")[0])
            if not (address.is_global and not address.is_multicast) and not (self.loopback and address.is_loopback):
                raise OSError("the host lies in a private network")
        return str(found[0])
