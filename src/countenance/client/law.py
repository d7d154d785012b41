# SPDX-License-Identifier: Apache-2.0
"""Calls of `law`; made by tests/api/make_client.py, not by hand."""

from __future__ import annotations

from typing import cast
from urllib.parse import quote

from countenance.client import models
from countenance.client.transport import Transport


class Law:
    """Calls of `law`."""

    def __init__(self, transport: Transport) -> None:
        self._transport = transport

    def list_law_files(self) -> list[models.LawFileOut]:
        """Return every law file, by id."""
        answer = self._transport.send("GET", "/api/v1/law/files")
        return cast("list[models.LawFileOut]", answer.json())

    def enter_law_file(self, body: models.LawFileIn) -> models.ChangeOut:
        """Enter a law file, or a new version of one; another account confirms it."""
        answer = self._transport.send("POST", "/api/v1/law/files", body=body)
        return cast("models.ChangeOut", answer.json())

    def list_law_changes(self) -> list[models.ChangeOut]:
        """Return the changes that wait for another account."""
        answer = self._transport.send("GET", "/api/v1/law/changes")
        return cast("list[models.ChangeOut]", answer.json())

    def get_law_file(self, pack: str) -> models.WholeLawFileOut:
        """Return one law file with all that it says."""
        answer = self._transport.send("GET", f"/api/v1/law/files/{quote(pack, safe='')}")
        return cast("models.WholeLawFileOut", answer.json())

    def retire_law_file(self, pack: str) -> models.ChangeOut:
        """Enter that an added law file is used no more; another account confirms it."""
        answer = self._transport.send("POST", f"/api/v1/law/files/{quote(pack, safe='')}/retire")
        return cast("models.ChangeOut", answer.json())

    def declare_law_file(self, pack: str) -> models.ChangeOut:
        """Declare that a law file binds this operator; in force at once, since it only adds strictness."""
        answer = self._transport.send("POST", f"/api/v1/law/files/{quote(pack, safe='')}/declare")
        return cast("models.ChangeOut", answer.json())

    def drop_law_file(self, pack: str) -> models.ChangeOut:
        """Enter that a declaration is taken back; another account confirms it."""
        answer = self._transport.send("POST", f"/api/v1/law/files/{quote(pack, safe='')}/drop")
        return cast("models.ChangeOut", answer.json())

    def confirm_law_change(self, change: str) -> models.ChangeOut:
        """Put a change in force as another account than the one that entered it."""
        answer = self._transport.send("POST", f"/api/v1/law/changes/{quote(change, safe='')}/confirm")
        return cast("models.ChangeOut", answer.json())

    def explain_enrol(self, *, subject: str, source: str | None = None) -> list[models.PartOut]:
        """Explain whether a face of a subject would become a reference now; the look is logged."""
        answer = self._transport.send("GET", "/api/v1/explain/enrol", query={"subject": subject, "source": source})
        return cast("list[models.PartOut]", answer.json())

    def explain_search(
        self,
        *,
        client: str,
        purpose: models.Purpose,
        basis: models.ProbeBasis | None = None,
        authorisation: str | None = None,
        subject: str | None = None,
    ) -> list[models.PartOut]:
        """Explain whether a search would be answered now, and whether it could show a subject; the look is logged."""
        answer = self._transport.send(
            "GET",
            "/api/v1/explain/search",
            query={
                "client": client,
                "purpose": purpose,
                "basis": basis,
                "authorisation": authorisation,
                "subject": subject,
            },
        )
        return cast("list[models.PartOut]", answer.json())

    def explain_key(self, key: str, *, subject: str | None = None) -> models.LawKeyOut:
        """Explain where the value of a key of the law comes from; the look is logged."""
        answer = self._transport.send("GET", f"/api/v1/explain/keys/{quote(key, safe='')}", query={"subject": subject})
        return cast("models.LawKeyOut", answer.json())

    def explain_event(self, index: str) -> models.EventOut:
        """Explain a refusal that stands in the log, by its place from 0; the look is logged."""
        answer = self._transport.send("GET", f"/api/v1/explain/events/{quote(index, safe='')}")
        return cast("models.EventOut", answer.json())
