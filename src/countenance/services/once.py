# SPDX-License-Identifier: Apache-2.0
"""Requests that are carried out once: a client that lost an answer may ask again, and nothing happens twice.

What is remembered is that a request was made, how it ended, and the path of what it made. Its answer is not: that may
show people who have withdrawn since. Who asks again is told where to look, and sees what holds then.

Source: draft-ietf-httpapi-idempotency-key-header, which repeats the first answer; why this does not is ADR 26.
"""

from __future__ import annotations

from datetime import timedelta

from countenance.errors import Repeated
from countenance.store import once as rows
from countenance.store.records import Records

KEPT = timedelta(hours=24)
_SERVER_ERROR = 500


class Once:
    """Verbs on requests with an idempotency key."""

    def __init__(self, records: Records) -> None:
        self._records = records

    def begin(self, id_: str, fingerprint: str) -> None:
        """Note that a request is about to be carried out.

        Raises:
            Repeated: it was already, it is being carried out, or its key was used for another request.
        """
        with self._records.write() as work:
            rows.forget_before(work, work.now - KEPT)
            first = rows.find(work, id_)
            if first is None:
                rows.begin(work, id_, fingerprint)
                return
        if first.fingerprint != fingerprint:
            raise Repeated("this Idempotency-Key was used for another request; take a fresh one", None)
        if first.status is None:
            raise Repeated("this request is being carried out, or was cut off; look at what there is first", None)
        where = "" if first.location is None else f"; what it made is at {first.location}"
        raise Repeated(f"this request was carried out already, with status {first.status}{where}", first.location)

    def end(self, id_: str, status: int, location: str | None) -> None:
        """Note how a request ended; one that failed here may be tried again with the same key."""
        with self._records.write() as work:
            if status >= _SERVER_ERROR:
                rows.forget(work, id_)
            else:
                rows.end(work, id_, status, location)
