# SPDX-License-Identifier: Apache-2.0
"""Every page that there is, with a role that may see it; `test_pages.py` looks at each. A new page is one line here."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import steps
from playwright.sync_api import Page

from countenance.model.account import Role


@dataclass(frozen=True)
class Shown:
    """A page.

    Attributes:
        path: its address; `{order}` stands for an id of `furnished.Furnished`.
        role: who looks; None for a visitor.
        then: what is done there first, where it is not the page but what comes of a form that is looked at.
        is_file: it comes as a file to keep, and is looked at as somebody who opens that file sees it.
        is_paper: it is made to be printed.
    """

    path: str
    role: Role | None = None
    then: Callable[[Page], None] | None = None
    is_file: bool = False
    is_paper: bool = False

    def __str__(self) -> str:
        """Return the name of the test."""
        return self.path if self.then is None else f"{self.path} ({self.then.__name__})"


PUBLIC = [
    Shown("/"),
    Shown("/policy"),
    Shown("/register"),
    Shown("/transparency"),
    Shown("/your-rights"),
    Shown("/verify"),
    Shown("/verify/offline", is_file=True),
    Shown("/no-such-page"),
    Shown("/sign-in"),
    Shown("/sign-in", then=steps.sign_in_wrongly),
    Shown("/invitation/{invitation}"),
    Shown("/invitation/nonsense", then=steps.accept),
    Shown("/mine/{link}"),
    Shown("/mine/{link_gone}"),
    Shown("/mine/nonsense"),
]
KIOSK = [
    Shown("/sign"),
    Shown("/sign", then=steps.give_a_wrong_code),
    Shown("/sign/{sign_about}"),
    Shown("/sign/{sign_about}?step=choose"),
    Shown("/sign/{sign_read}"),
    Shown("/sign/{sign_read}", then=steps.sign_without_ticks),
    Shown("/sign/{sign_picture}"),
    Shown("/sign/{sign_picture}", then=steps.send_two_faces),
    Shown("/sign/{sign_done}"),
    Shown("/sign/{sign_done}/receipt", is_paper=True),
    Shown("/sign/{sign_refused}"),
    Shown("/sign/{sign_waiting}", then=steps.refuse),
    Shown("/sign/{sign_child_about}"),
    Shown("/sign/{sign_child_about}?step=choose"),
    Shown("/sign/{sign_child_read}"),
    Shown("/sign/{sign_child_picture}"),
]
OWN = [
    Shown("/", Role.SUBJECT),
    Shown("/own", Role.SUBJECT),
    Shown("/own/receipts/{release}", Role.SUBJECT, is_paper=True),
]
ACCESS = [
    Shown("/access", Role.OPERATOR),
    Shown("/access", Role.AUDITOR, steps.make_a_key),
    Shown("/access/enrol", Role.SUBJECT),
    Shown("/accounts", Role.OPERATOR),
    Shown("/accounts", Role.CUSTODIAN),
    Shown("/accounts", Role.CUSTODIAN, steps.add_an_account),
    Shown("/accounts", Role.CUSTODIAN, steps.invite),
]
OPERATOR = [
    Shown("/", Role.OPERATOR),
    Shown("/overview", Role.OPERATOR),
    Shown("/health", Role.OPERATOR),
    Shown("/models", Role.OPERATOR),
    Shown("/sources", Role.OPERATOR),
    Shown("/sources/new", Role.OPERATOR),
    Shown("/ingests", Role.OPERATOR),
    Shown("/ingests", Role.OPERATOR, steps.open_a_folder),
    Shown("/ingests/{job}", Role.OPERATOR),
    Shown("/ingests/{job_open}", Role.OPERATOR),
    Shown("/review", Role.OPERATOR),
    Shown("/review/{photo}", Role.OPERATOR),
    Shown("/people", Role.OPERATOR),
    Shown("/people", Role.OPERATOR, steps.find_somebody),
    Shown("/people/{subject}/link", Role.OPERATOR),
    Shown("/signings", Role.OPERATOR),
    Shown("/signings?subject={subject}", Role.OPERATOR),
    Shown("/signings", Role.OPERATOR, steps.start_a_signing),
    Shown("/signings", Role.OPERATOR, steps.start_nothing),
]
DESK = [
    Shown("/", Role.SEARCHER),
    Shown("/search", Role.SEARCHER),
    Shown("/search", Role.SEARCHER, steps.choose_a_photo),
    Shown("/search", Role.SEARCHER, steps.search),
    Shown("/searches", Role.SEARCHER),
    Shown("/searches/{search}", Role.SEARCHER),
    Shown("/searches/{search_nobody}", Role.SEARCHER),
    Shown("/searches/{search_two}", Role.SEARCHER),
    Shown("/searches/{search}/report", Role.SEARCHER, is_paper=True),
    Shown("/searches/{search_nobody}/report", Role.SEARCHER, is_paper=True),
    Shown("/compare", Role.SEARCHER),
    Shown("/compare", Role.SEARCHER, steps.compare),
]
CUSTODY = [
    Shown("/", Role.CUSTODIAN),
    Shown("/custody", Role.CUSTODIAN),
    Shown("/custody", Role.CUSTODIAN, steps.open_the_menu),
    Shown("/orders", Role.CUSTODIAN),
    Shown("/orders/new", Role.CUSTODIAN),
    Shown("/orders/new", Role.CUSTODIAN, steps.enter_half_an_order),
    Shown("/orders/{order_draft}", Role.CUSTODIAN),
    Shown("/orders/{order_confirmed}", Role.CUSTODIAN),
    Shown("/orders/{order_confirmed}", Role.CUSTODIAN, steps.preview),
    Shown("/orders/{order}", Role.CUSTODIAN),
    Shown("/orders/{order_done}", Role.CUSTODIAN),
    Shown("/conflicts/{conflict}", Role.CUSTODIAN),
    Shown("/holds", Role.CUSTODIAN),
    Shown("/holds/{hold}", Role.CUSTODIAN),
    Shown("/runs", Role.CUSTODIAN),
    Shown("/runs/{run_waits}", Role.CUSTODIAN),
    Shown("/runs/{run_yours}", Role.CUSTODIAN),
    Shown("/runs/{run}", Role.CUSTODIAN),
    Shown("/certificates", Role.CUSTODIAN),
    Shown("/certificates/{certificate}", Role.CUSTODIAN, is_paper=True),
    Shown("/certificates/{certificate}/page", Role.CUSTODIAN, is_file=True, is_paper=True),
    Shown("/requests", Role.CUSTODIAN),
    Shown("/requests/{request}", Role.CUSTODIAN),
    Shown("/requests/{request_erase}", Role.OPERATOR),
    Shown("/requests/{request_correct}", Role.OPERATOR),
    Shown("/retention", Role.CUSTODIAN),
    Shown("/retention/days/{day}", Role.CUSTODIAN),
    Shown("/evidence", Role.CUSTODIAN),
    Shown("/evidence", Role.CUSTODIAN, steps.open_evidence),
    Shown("/recipients", Role.CUSTODIAN),
    Shown("/breaches", Role.CUSTODIAN),
    Shown("/breaches", Role.CUSTODIAN, steps.drill),
    Shown("/clients", Role.CUSTODIAN),
    Shown("/clients", Role.OPERATOR),
    Shown("/clients/new", Role.CUSTODIAN),
    Shown("/clients/new", Role.CUSTODIAN, steps.vet_half_a_client),
    Shown("/clients/{client}", Role.CUSTODIAN),
    Shown("/clients/{client_vetted}", Role.CUSTODIAN),
    Shown("/clients/{client_vetted}", Role.OPERATOR),
    Shown("/clients/{client_vetted}/amend", Role.CUSTODIAN),
    Shown("/client-changes/{change}", Role.CUSTODIAN),
    Shown("/client-changes/{change_new}", Role.CUSTODIAN),
    Shown("/flags", Role.CUSTODIAN),
    Shown("/law", Role.CUSTODIAN),
    Shown("/law/files/{pack}", Role.CUSTODIAN),
    Shown("/explain", Role.CUSTODIAN),
    Shown("/explain?what=key&key=destruction.request_deadline_days", Role.CUSTODIAN),
    Shown("/explain?what=enrol&subject={subject}", Role.CUSTODIAN),
]
LOG = [
    Shown("/", Role.AUDITOR),
    Shown("/log", Role.AUDITOR),
    Shown("/log?tag=client:search:answered", Role.AUDITOR),
    Shown("/log/entries/2", Role.AUDITOR),
    Shown("/log/growth?old=2&size=3", Role.AUDITOR),
    Shown("/log/growth?old=0", Role.AUDITOR),
]
PAGES = [*PUBLIC, *KIOSK, *OWN, *ACCESS, *OPERATOR, *DESK, *CUSTODY, *LOG]

NO_PAGES = {
    "/sign-in/provider": "leads to the identity provider",
    "/sign-in/provider/back": "leads on; what fails there is the page of signing in",
    "/searches/{search}/candidates/{subject}/crop": "a picture",
    "/review/{photo}/picture": "a picture",
    "/mine/{token}/certificates/{certificate}": "a signed document, as a file",
    "/certificates/{certificate}/file": "a signed document, as a file",
    "/log/checkpoint": "a text of another format (C2SP)",
    "/log/tile/{path:path}": "bytes of another format (C2SP)",
}
"""Routes of the pages that answer with something else than a page, each with what it is."""
