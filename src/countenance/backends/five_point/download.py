# SPDX-License-Identifier: Apache-2.0
"""Downloads over https, and over nothing else."""

from __future__ import annotations

import http.client
import urllib.request
from collections.abc import Generator

from countenance.errors import ModelError

_TIMEOUT_S = 30.0  # of one wait on the network, not of the whole download


def chunks(url: str, size: int) -> Generator[bytes, None, None]:
    """Yield what is at an https address, at most `size` bytes at a time.

    Raises:
        ModelError: no network, no such file there, or a redirect away from https.
    """
    try:
        with _opener().open(url, timeout=_TIMEOUT_S) as stream:
            while chunk := stream.read(size):
                yield chunk
    except (OSError, http.client.HTTPException) as error:
        raise ModelError(
            f"cannot download {url}: {error}; without a network, fetch the file elsewhere "
            "and give its folder with --from"
        ) from error


def _opener() -> urllib.request.OpenerDirector:
    """Return an opener that has no handler for http, ftp and file: a redirect to them fails."""
    opener = urllib.request.OpenerDirector()
    for handler in (
        urllib.request.ProxyHandler,
        urllib.request.HTTPSHandler,
        urllib.request.HTTPRedirectHandler,
        urllib.request.HTTPErrorProcessor,
        urllib.request.HTTPDefaultErrorHandler,
        urllib.request.UnknownHandler,
    ):
        opener.add_handler(handler())
    return opener
