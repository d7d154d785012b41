# SPDX-License-Identifier: Apache-2.0
"""Lineage: what was made from whom, so that nothing made from somebody destroyed is used again.

Source: FTC, In re Everalbum (2021) and FTC v. Rite Aid (2023): models and algorithms that were developed with the data
are destroyed with it.
"""

from __future__ import annotations

import re
from collections.abc import Iterable

from countenance.errors import BadInput, NotFound, Refused
from countenance.ids import ArtefactId, SubjectId, new_id
from countenance.model.event import EventTag
from countenance.model.lineage import Artefact, ArtefactKind
from countenance.services.law import LawBook
from countenance.store import lineage as rows
from countenance.store import subjects as subject_rows
from countenance.store.records import Records

STALE_RULE = "lineage.stale"
_SHA256 = re.compile(r"[0-9a-f]{64}")


class Lineage:
    """Verbs on what was made from people's faceprints."""

    def __init__(self, records: Records, law: LawBook) -> None:
        self._records = records
        self._law = law

    def record(self, kind: ArtefactKind, sha256: str, subjects: Iterable[SubjectId]) -> Artefact:
        """Record an artefact and whom it was made from, before it is first used.

        Args:
            sha256: of its bytes, lower-case hex.
            subjects: everybody it was made from; nobody where it was made from no subject of this installation.

        Raises:
            BadInput: no SHA-256, or an artefact of these bytes that was made from others.
            NotFound: one of the people is not here, or not any more.
        """
        people = set(subjects)
        if not _SHA256.fullmatch(sha256):
            raise BadInput("an artefact is known by the SHA-256 of its bytes: 64 lower-case hexadecimal digits")
        with self._records.write() as work:
            known = rows.by_sha256(work, sha256)
            if known is not None:
                raise BadInput(f"these bytes are recorded as {known.id}; `countenance lineage list` shows it")
            missing = [one for one in sorted(people) if not subject_rows.exists(work, one)]
            if missing:
                raise NotFound(f"no subject {', '.join(missing[:5])}: made from somebody who is not here")
            one = ArtefactId(new_id("art"))
            rows.add(work, one, kind, sha256, people)
            work.log(EventTag.ARTEFACT_RECORDED, artefact=one, kind=kind.value, sha256=sha256, subjects=len(people))
            return rows.get(work, one)

    def require_fresh(self, sha256: str) -> None:
        """Return if these bytes may be loaded: made from nobody who was destroyed, and not given up.

        Bytes that were never recorded come from no subject of this installation, and may.

        Raises:
            Refused: they may not; logged.
        """
        with self._records.write() as work:
            found = rows.by_sha256(work, sha256)
            if found is None or found.state == "fresh":
                return
            work.log(EventTag.ARTEFACT_REFUSED, artefact=found.id, rule=STALE_RULE)
        raise Refused(
            STALE_RULE,
            f"{found.kind.value} {found.id} is {found.state}: somebody it was made from was destroyed, or it was given "
            "up. Make it anew from the people who are left, then `countenance lineage retire` the old one",
            self._law.of_probe().cite("destruction.derived_work_product"),
        )

    def artefacts(self) -> list[Artefact]:
        """Return all artefacts, oldest first."""
        with self._records.read() as work:
            return rows.everything(work)

    def retire(self, artefact: ArtefactId) -> Artefact:
        """Record that an artefact was deleted; it never loads again.

        Raises:
            NotFound: no such artefact.
            BadInput: it was retired before.
        """
        with self._records.write() as work:
            if rows.get(work, artefact).retired_at is not None:
                raise BadInput(f"artefact {artefact} was retired before")
            rows.retire(work, artefact)
            work.log(EventTag.ARTEFACT_RETIRED, artefact=artefact)
            return rows.get(work, artefact)
