# SPDX-License-Identifier: Apache-2.0
"""Who may do what: one table of verbs.

Every route of the API and every page names its verb; a test holds each route against this table, role by role.
"""

from __future__ import annotations

from enum import StrEnum

from countenance.model.account import Role


class Verb(StrEnum):
    """What a door lets somebody do; also the scopes of API keys."""

    STATUS_READ = "status:read"
    """Whether the service is healthy, and what it holds in numbers."""


_O, _S, _C, _A, _P = Role.OPERATOR, Role.SEARCHER, Role.CUSTODIAN, Role.AUDITOR, Role.SUBJECT

MAY: dict[Verb, frozenset[Role]] = {
    Verb.STATUS_READ: frozenset({_O, _C}),
}
"""Each verb with the roles that hold it; what is not named here nobody may."""
