# SPDX-License-Identifier: Apache-2.0
"""What is asked rightly: bodies and queries that the API accepts, of ids that it gave before.

They are asked in their order before anything is asked at random, so that there are orders, runs, holds and all the
rest to reach; after that each is a body to start from, of which a random case changes a part.
"""

from __future__ import annotations

import hashlib
import itertools
import json
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

from fake_pack import face, photo, png
from law_example import FR
from order_examples import QUOTE, TEXT, order_toml
from pyotp import TOTP

Pick = Callable[[str], str]
"""Returns an id of a kind that was seen in an answer; an id that nobody has where none was."""
Body = dict[str, Any] | bytes | None

_PLACE = 'residency = { places = ["US-TX"], when = "ever" }'
_NUMBER = itertools.count(1)
_KINDS = itertools.cycle(["access", "correct", "erase"])
_OFFER = {"purposes": ["photo_delivery"], "term_days": 300}
_DESK = {"purpose": "photo_delivery", "basis": "subject_present"}
_EXPLAINED = {"purpose": "photo_delivery"}


def picture(seed: int) -> bytes:
    """Return a photo of a drawn face."""
    return png(photo(face(seed, 500 + seed)))


_LAW = "us-ftc-order"  # binds only those who declare it
_VETTED = {
    "kind": "photographer", "purposes": ["photo_delivery"], "contact": "Ann, ann@example.com", "contract": "C-1",
    "contract_on": "2026-01-01", "contract_until": "2027-12-31",
}  # fmt: skip
_FORM = {
    "kind": "injunction", "authority": "Circuit Court", "matter": "1:26", "text": TEXT, "binds": ["Example Museum"],
    "dates": {"issued_at": "2026-01-10", "served_at": "2026-01-10"},
    "terms": [{"verb": "stop_search", "quote": QUOTE}, {"verb": "destroy", "quote": QUOTE}],
    "class_kind": "residents", "class_values": ["US-CA"],
    "counsel": [{"name": "P.", "contact": "p@example.com", "acts_for": "plaintiffs"}],
}  # fmt: skip


def _nothing(_: Pick) -> Body:
    return None


RIGHT: dict[str, Callable[[Pick], Body]] = {
    "POST /clients": lambda _: {"name": f"Shop {next(_NUMBER)}", **_VETTED},
    "GET /client-changes": _nothing,
    "POST /client-changes/{change}/confirm": _nothing,
    "POST /sources": lambda _: {"name": "Gala", "basis": "contract"},
    "GET /sources/{source}": _nothing,
    "POST /searches/look": lambda _: picture(1),
    "POST /verifications": lambda _: {"a": picture(1), "b": picture(2)},
    "POST /searches": lambda _: picture(1),
    "GET /searches/{search}": _nothing,
    "GET /searches/{search}/candidates/{subject}/crop": _nothing,
    "POST /searches/{search}/candidates/{subject}/reviews": lambda _: {"verdict": "same"},
    "PUT /searches/{search}/authorisation": lambda _: {"reference": "22-SW-1041"},
    "GET /me/held": _nothing,
    "GET /me/photos/{photo}": _nothing,
    "GET /me/releases/{release}": _nothing,
    "POST /me/requests": lambda _: {"kind": "access"},
    "POST /me/residence": lambda _: {"place": "US-IL", "since": "2026-01-01"},
    "POST /me/export": _nothing,
    "POST /me/faces/{face}/not-me": _nothing,
    "POST /people": lambda _: {"label": "Ada Example", "residency": ["US-IL"]},
    "POST /people/find": lambda _: {"text": "Ada"},
    "POST /requests": lambda one: {"subject": one("sub"), "kind": next(_KINDS), "verified_by": "document"},
    "POST /requests/{request}/acknowledge": _nothing,
    "POST /requests/{request}/archive": _nothing,
    "POST /requests/{request}/answered": lambda one: {"sha256": one("archive")},
    "POST /requests/{request}/correct": lambda _: {"label": "Ada Exemple"},
    "POST /requests/{request}/erase": _nothing,
    "POST /requests/{request}/close": lambda _: {"reason": "asked twice"},
    "POST /people/{subject}/link": _nothing,
    "POST /signings": lambda one: {"subject": one("sub"), "source": one("src"), "clients": [one("cli")], **_OFFER},
    "GET /signing/{token}": _nothing,
    "POST /signing/{token}/residence": lambda _: {"place": "US-IL"},
    "POST /signing/{token}/choice": lambda one: {"clients": [one("cli")], **_OFFER},
    "POST /signing/{token}/signature": lambda one: {
        "text_sha256": one("text"),
        "name": "Ada Example",
        "statements": json.loads(one("statements")),
    },
    "POST /signing/{token}/picture": lambda _: picture(7),
    "GET /signing/{token}/receipt": _nothing,
    "POST /signing/{token}/link": _nothing,
    "POST /accounts": lambda _: {"name": f"Auditor {next(_NUMBER)}", "role": "auditor"},
    "POST /accounts/{account}/provider": lambda _: {"who": "an.auditor@example.com"},
    "POST /accounts/{account}/invitation": lambda _: {"minutes": 60},
    "POST /keys": lambda _: {"label": "nightly", "scopes": ["home:read"], "days": 30},
    "DELETE /keys/{key}": _nothing,
    "POST /factors/codes": _nothing,
    "POST /factors/password": lambda one: {
        "password": "a museum keeps its masks",
        "pending": one("pending"),
        "code": TOTP(one("secret")).now(),
    },
    "GET /factors": _nothing,
    "DELETE /factors/{factor}": _nothing,
    "GET /sessions": _nothing,
    "DELETE /sessions/{session}": _nothing,
    "GET /folders": _nothing,
    "POST /folders/list": lambda one: {"root": one("root")},
    "POST /ingests": lambda one: {"kind": "upload", "source": one("src"), "total": 2, "ask": True},
    "POST /ingests/{job}/photos": lambda _: picture(8),
    "GET /ingests/{job}/outcomes": _nothing,
    "POST /ingests/{job}/finish": _nothing,
    "GET /review": _nothing,
    "GET /photos/{photo}": _nothing,
    "POST /faces/{face}/assign": lambda one: {"subject": one("sub")},
    "POST /review/undo": _nothing,
    "POST /faces/{face}/dismiss": _nothing,
    "POST /faces/{face}/split": lambda one: {"subject": one("sub")},
    "POST /holds": lambda one: {
        "subjects": [one("sub")],
        "basis": "court_order",
        "matter": "1",
        "review_every_days": 9,
    },
    "GET /holds/{hold}": _nothing,
    "POST /holds/{hold}/review": _nothing,
    "POST /holds/{hold}/lift": lambda _: {},
    "POST /orders/form": lambda _: _FORM,
    "POST /orders": lambda _: {"file": order_toml(_PLACE)},
    "POST /orders/{order}/confirm": _nothing,
    "POST /orders/{order}/preview": _nothing,
    "POST /orders/{order}/freeze": _nothing,
    "POST /orders/{order}/stay": _nothing,
    "POST /orders/{order}/end-stay": _nothing,
    "POST /orders/{order}/readmit": lambda one: {"subject": one("sub")},
    "POST /orders/{order}/execute": lambda _: {"name": "B. Bell", "title": "Counsel"},
    "POST /orders/{order}/met": lambda _: {"term": 1},
    "POST /orders/{order}/consolidate": lambda one: {"orders": [one("ord")]},
    "POST /orders/{order}/vacate": _nothing,
    "POST /conflicts/{conflict}/resolve": lambda _: {"prevails": "keep", "why": "the hold is older"},
    "POST /runs": lambda one: {"subjects": [one("sub")], "reason": "asked for"},
    "POST /runs/{run}/approve": lambda _: {"name": "B. Bell"},
    "POST /runs/{run}/continue": lambda _: {"name": "B. Bell"},
    "GET /runs/{run}": _nothing,
    "POST /releases/{release}/invalidate": lambda one: {"order": one("ord")},
    "POST /retention/facts": lambda one: {"kind": "interaction", "subject": one("sub")},
    "POST /processors": lambda _: {"name": "Cloud Inc."},
    "GET /instructions": _nothing,
    "POST /instructions/{instruction}/letter": _nothing,
    "POST /instructions/{instruction}/settle": lambda _: {"outcome": "confirmed", "evidence": "letter of the first"},
    "POST /breaches/drill": lambda _: {"exposed": ["keyring", "records"]},
    "POST /breaches": lambda _: {"exposed": ["records"]},
    "POST /breaches/{breach}/close": lambda _: {"note": "everybody was told"},
    "POST /law/files/{pack}/declare": _nothing,
    "POST /law/files/{pack}/drop": _nothing,
    "POST /law/files": lambda _: {"text": FR},
    "POST /law/changes/{change}/confirm": _nothing,
    "POST /law/files/{pack}/retire": _nothing,
    "GET /evidence": _nothing,
    "POST /evidence/find": lambda one: {"known": one("rel")},
    "POST /evidence/{evidence}/ask": lambda _: {"why": "a claim"},
    "POST /evidence/{evidence}/open": _nothing,
    "GET /certificates": _nothing,
    "GET /certificates/{certificate}": _nothing,
    "GET /certificates/{certificate}/page": _nothing,
    "POST /sessions": lambda _: {"name": "An auditor", "password": "x" * 20, "code": "000000"},
    "POST /sessions/invitation": lambda one: {"token": one("invitation")},
    "GET /log/entries": _nothing,
    "GET /explain/events/{index}": _nothing,
    "GET /flags": _nothing,
    "POST /flags/{flag}/settle": lambda _: {"note": "asked there: it was in order"},
    "PATCH /clients/{client}": lambda _: {"contact": "Bo, bo@example.com"},
    "POST /clients/{client}/suspend": lambda _: {"reason": "a complaint"},
    "POST /clients/{client}/reinstate": _nothing,
    "POST /client-changes/{change}/drop": _nothing,
    "POST /sources/{source}/revoke": lambda _: {"reason": "the contract ended"},
}
"""Bodies that are right, by operation below /api/v1, in an order in which things come to be before they are needed."""

ASKED: dict[str, Callable[[Pick], dict[str, Any]]] = {
    "POST /searches": lambda _: _DESK,
    "POST /searches/look": lambda _: _DESK,
    "POST /verifications": lambda _: _DESK,
    "GET /explain/search": lambda one: {"client": one("cli"), **_EXPLAINED},
    "GET /explain/enrol": lambda one: {"subject": one("sub"), "source": one("src")},
    "GET /retention/calendar": lambda _: {"first": "2026-01-01", "last": "2027-01-01"},
}
"""Queries that are right."""

TOUR = (
    *RIGHT, "POST /ingests", "POST /ingests/{job}/cancel", "POST /signings", "POST /signings/{signing}/stop",
    "POST /signings", "POST /signing/{token}/refusal", "GET /packs", "POST /packs/{name}/use",
)  # fmt: skip

PLACES: dict[str, dict[str, str]] = {
    "GET /explain/keys/{key}": {"key": "law_key"},
    "POST /law/changes/{change}/confirm": {"change": "law"},
    "GET /explain/events/{index}": {"index": "refusal"},
    "GET /retention/days/{day}": {"day": "day"},
}
"""Parts of paths that are not what their names say elsewhere."""


def beginnings() -> dict[str, list[str]]:
    """Return what can stand in a path or a body and is no id."""
    today = datetime.now(UTC).date()
    return {
        "law_key": ["consent.form", "notice.fields", "retention.hard_term_days"],
        "pack": ["us-il-bipa", _LAW],
        "day": [f"{today:%Y-%m-%d}"],
        "entry": ["1", "2", "3"],
        "statements": ["[]"],
        "secret": ["JBSWY3DPEHPK3PXPJBSWY3DPEHPK3PXP"],
        "archive": [hashlib.sha256(b"").hexdigest()],
    }
