# SPDX-License-Identifier: Apache-2.0
"""A source whose permission is withdrawn, as by a cease-and-desist: collection stops, what came of it alone goes."""

from __future__ import annotations

from collections.abc import Callable

from countenance.errors import BadInput
from countenance.ids import SourceId
from countenance.ledger.certificate import Declarant
from countenance.model.destruction import Scope
from countenance.model.event import EventTag
from countenance.services.destruction import Destruction, Finished
from countenance.services.verification import Progress
from countenance.store import photos as rows
from countenance.store import runs
from countenance.store.records import Records
from countenance.store.revocation import revoke_source


class Sources:
    """The verb `revoke` on a source."""

    def __init__(self, records: Records, destruction: Callable[[], Destruction]) -> None:
        self._records = records
        self._destruction = destruction

    def revoke(
        self,
        source: SourceId,
        *,
        by: str,
        reason: str,
        two: bool = False,
        declarant: Declarant | None = None,
        progress: Progress | None = None,
    ) -> Finished | None:
        """Withdraw the permission of a source, and destroy every photo that came from nowhere else.

        Collection has stopped when the first of it is done, whatever becomes of the destruction. A photo that also
        came from another source stays, with that source alone. Given again, it goes on where it stopped.

        Args:
            by: the account that asks; where the law asks for two people, another approves the run.
            reason: the letter or order behind it; sealed.
            two: another person approves the run, whatever the law says.

        Returns:
            The destruction run; frozen where it waits for approval. None where nothing was taken from the source.

        Raises:
            NotFound: no such source.
            BadInput: nobody asks, or without a reason.
            Refused: all that would be destroyed is under a legal hold; nothing is collected or found meanwhile.
            Busy: another process reads the databases; give the command again.
        """
        if not by.strip() or not reason.strip():
            raise BadInput("say who revokes the source and why (--by, --reason)")
        with self._records.write() as work:
            if rows.get_source(work, source).revoked_at is None:
                revoke_source(work, source, by=by.strip(), reason=reason.strip())
                work.log(EventTag.SOURCE_REVOKED, source=source)
            if not any(runs.photos_from(work, source)):
                return None
        return self._destruction().destroy(
            Scope(source=source),
            requested_by=by,
            order_ref=f"revocation of {source}",
            two=two,
            declarant=declarant,
            progress=progress,
        )
