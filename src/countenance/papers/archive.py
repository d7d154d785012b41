# SPDX-License-Identifier: Apache-2.0
"""The archive that answers a subject's request: a page to read, the same as JSON, and the documents beside them."""

from __future__ import annotations

import io
import json
import zipfile
from collections.abc import Iterable
from html import escape
from typing import TYPE_CHECKING

from countenance.clock import to_text
from countenance.papers.page import heading, page, pairs, table, when

if TYPE_CHECKING:
    from countenance.services.requests import Package
    from countenance.services.subjects import Holdings

_EPOCH = (1980, 1, 1, 0, 0, 0)  # the same content makes the same bytes; ZIP knows no earlier date
_NO_FACEPRINT = (
    "The faceprints themselves are not in here: numbers made of your face are given to nobody, not even on request, "
    "because whoever had them could recognise you elsewhere. That they exist, from which photos and under which "
    "release, is said above. In the previews everybody else is blacked out."
)


def archive(package: Package) -> bytes:
    """Return the ZIP archive: `index.html`, `data.json`, and folders of releases, notices and previews."""
    files = {
        "index.html": _page(package),
        "data.json": json.dumps(_record(package), indent=2, sort_keys=True).encode() + b"\n",
        **{f"releases/{one}.json": data for one, data in package.releases.items()},
        **{f"notices/{one}.txt": text.encode() for one, text in package.notices.items()},
        **{f"previews/{one}.jpg": data for one, data in package.previews.items()},
    }
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as packed:
        for name, data in sorted(files.items()):
            packed.writestr(zipfile.ZipInfo(name, _EPOCH), data, zipfile.ZIP_DEFLATED)
    return out.getvalue()


def _record(package: Package) -> dict[str, object]:
    return {
        "schema": "countenance-archive-1",
        "operator": package.operator,
        "held": holdings_record(package.holdings),
        "photos": dict(package.photos),
        "log": [
            {"number": one.number, "at": to_text(one.at), "tag": one.tag.value, "payload": one.payload}
            for one in package.entries
        ],
    }


def _page(package: Package) -> bytes:
    return page("What is held about you", _body(package))


def _body(package: Package) -> Iterable[str]:
    held, person = package.holdings, package.holdings.subject
    yield heading(package.operator, "What is held about you")
    yield pairs(
        {
            "Known here as": f"{person.label} ({person.id})",
            "Where you live, as stated": ", ".join(person.residency),
            "Frozen": None if person.frozen_at is None else f"since {when(to_text(person.frozen_at))}",
        }
    )
    yield "<h2>What you agreed to</h2>"
    yield table(
        ("Release", "State", "Signed", "Ends", "For", "By whom"),
        [
            (
                one.id, status.value, to_text(one.signed_at)[:10], to_text(one.term_end)[:10],
                ", ".join(sorted(one.scope.purposes)),
                ", ".join([*sorted(one.scope.clients), *sorted(one.scope.kinds)]),
            )
            for one, status in held.releases
        ],
    )  # fmt: skip
    yield "<p>The folder <code>releases</code> has each as a signed document, <code>notices</code> its notice.</p>"
    yield "<h2>Photos, and faces in them that are taken to be yours</h2>"
    yield table(
        ("Photo", "Where it lies", "Face", "State", "Why not used"),
        [(f.photo, package.photos[f.photo], f.id, f.state.value, f.reason or "") for f in held.faces],
    )
    yield from (
        f"<figure><img src='previews/{escape(one)}.jpg' style='max-width:100%' alt=''><figcaption>{escape(one)}"
        "</figcaption></figure>"
        for one in package.previews
    )
    yield "<h2>Who searched and found you</h2>"
    yield table(
        ("When", "Who", "For", "Photo"),
        [(to_text(f.at), f.client_name, f.purpose.value, f.photo) for f in held.findings],
    )
    yield "<h2>What was done and decided, from the log</h2>"
    yield table(
        ("Entry", "When", "What", "Details"),
        [(one.number, to_text(one.at), one.tag.value, json.dumps(one.payload)) for one in package.entries],
    )
    yield f"<p>{escape(_NO_FACEPRINT)}</p>"


def holdings_record(held: Holdings) -> dict[str, object]:
    """Return what is held of a person as JSON knows it; no faceprint is in it."""
    person = held.subject
    return {
        "subject": person.id,
        "label": person.label,
        "residency": list(person.residency),
        "frozen": None if person.frozen_at is None else to_text(person.frozen_at),
        "releases": [
            {
                "release": release.id,
                "status": status.value,
                "signed": to_text(release.signed_at),
                "expires": to_text(release.term_end),
                "purposes": sorted(release.scope.purposes),
                "clients": sorted(release.scope.clients),
                "client_kinds": sorted(release.scope.kinds),
            }
            for release, status in held.releases
        ],
        "faces": [
            {
                "face": f.id,
                "photo": f.photo,
                "state": f.state.value,
                "reason": f.reason,
                "reference": f.reference,
            }
            for f in held.faces
        ],
        "found_by": [
            {
                "search": f.search,
                "at": to_text(f.at),
                "client": f.client,
                "client_name": f.client_name,
                "purpose": f.purpose.value,
                "photo": f.photo,
                "score": f.score,
            }
            for f in held.findings
        ],
    }
