# SPDX-License-Identifier: Apache-2.0
"""A certificate of destruction as a page that prints well: one file, no scripts, nothing loaded from anywhere."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Mapping
from html import escape
from typing import Any

from countenance.papers.page import heading, page, pairs, table, when

_STYLE = ".declaration { break-inside: avoid } .line { border-bottom: 1px solid #111; width: 20rem; height: 3.2rem }"
_METHODS = {
    "delete": "rows deleted, their pages overwritten",
    "rewrite_or_delete": "deleted, or the face blacked out and the picture sealed under a new key",
    "crypto_erase": "keys destroyed (cryptographic erase, NIST SP 800-88)",
    "overwrite": "overwritten in memory",
    "third_party_instruction": "told to delete it, and to confirm that",
    "mark_stale": "refused from now on: to be made anew without this person, or given up",
    "checkpoint_truncate": "emptied",
    "vacuum": "given up",
    "none": "hold nothing of people",
}
_SUMS = {
    "complete": "All of it was destroyed, and was looked for afterwards: nothing was found.",
    "partial": "Not all of it is destroyed yet. What is left, why and until when, is said below.",
}
_LEVELS = {
    0: "attempted only",
    1: "keys looked up in the primary store",
    2: "all stores, by a fresh process, in raw bytes and by search",
    3: "all stores, in raw bytes, by search, and in a restored backup",
    4: "by an independent verifier",
}
_CHECK = (
    "This page is a rendering. What is signed is the JSON file that came with it; a change of one byte voids it. "
    "Anybody can verify that file offline, trusting nothing but the operator's public key: "
    "<code>countenance verify CERTIFICATE.json --key KEY</code>. The verifier checks the signature, that the "
    "certificate does not contradict itself, and that it stands in the operator's append-only log."
)


def certificate_page(document: bytes) -> bytes:
    """Return the page of a signed certificate, UTF-8 HTML."""
    c: dict[str, Any] = json.loads(document)
    body = (
        *_head(c), *_left(c["carve_outs"]), *_stores(c["stores"]), *_verified(c["verification"]),
        *_limits(c), *_declaration(c), *_proof(c, document),
    )  # fmt: skip
    title = f"Certificate of destruction {c['id']}"
    return page(title, body, style=_STYLE)


def _head(c: Mapping[str, Any]) -> Iterable[str]:
    counts, period = c["counts"], c["period"]
    names = ("targeted", "destroyed", "held", "failed", "deferred")
    facts = {
        "Certificate": c["id"],
        "Replaces": c["supersedes"],
        "What was to be destroyed": c["scope_text"],
        "List of targets": c["class_snapshot_root"] and f"Merkle root {c['class_snapshot_root']}",
        "On what ground": c["order_ref"],
        "Carried out": f"{when(period['start'])} to {when(period['end'])}, run {c['run_id']}",
        "Where": f"{c['place']}; {c['destination']}",
        "Targets": ", ".join(f"{counts[name]} {name}" for name in names),
    }
    wrong = "" if c["title"] == "complete" else " wrong"
    below = f"<p class='title{wrong}'>{escape(c['title'].capitalize())}</p>"
    yield heading(c["operator"], "Certificate of destruction", below)
    yield f"<p class='sum'>{_SUMS[c['title']]}</p>"
    yield pairs(facts)


def _left(carve_outs: list[dict[str, Any]]) -> Iterable[str]:
    if carve_outs:
        rows = [
            (c["store"], c["kind"], c["reason"], "not known" if c["until"] is None else when(c["until"]), c["count"])
            for c in carve_outs
        ]
        yield "<h2>What is left, and until when</h2>"
        yield table(("Store", "Why", "Reason", "Until", "Count"), rows)


def _stores(stores: list[dict[str, Any]]) -> Iterable[str]:
    def left(store: Mapping[str, Any]) -> int:
        return int(sum(store["counts"][why] for why in ("held", "failed", "deferred")))

    rows = [
        (s["store"].capitalize(), _method(s), s["before"], s["counts"]["destroyed"], left(s))
        for s in stores
        if s["counts"]["targeted"]
    ]
    others: dict[str, list[str]] = {}
    for store in stores:
        if not store["counts"]["targeted"]:
            others.setdefault(_method(store), []).append(store["store"])
    yield "<h2>What was done, by store</h2>"
    yield table(("Store", "How", "Held before", "Destroyed", "Left"), rows)
    rest = "; ".join(f"{', '.join(names)}: {method}" for method, names in others.items())
    yield f"<p>Without items of the targets to count: {escape(rest)}.</p>" if rest else ""


def _method(store: Mapping[str, Any]) -> str:
    method: str = store["method"]
    return _METHODS.get(method, method.replace("_", " "))


def _verified(check: Mapping[str, Any]) -> Iterable[str]:
    yield "<h2>How it was verified</h2>"
    level = f"level {check['level']} of 4: {_LEVELS[check['level']]}"
    yield f"<p>{escape(when(check['at']))}, {level}. A certificate is issued only if every line is right.</p>"
    rows = [(k["name"].capitalize(), k["expected"], k["observed"]) for k in check["checks"]]
    yield table(("Looked for afterwards", "Right", "Found"), rows)


def _limits(c: Mapping[str, Any]) -> Iterable[str]:
    yield "<h2>What this certificate does not say</h2><ul>"
    yield from (f"<li>{escape(text)}</li>" for text in c["limitations"])
    yield "</ul><h2>Program and law</h2>"
    software = c["software"]
    yield pairs(
        {
            "Program": f"countenance {software['version']}",
            "Runs on": ", ".join(f"{n} {v}" for n, v in sorted(software["dependencies"].items())),
            "Law files (SHA-256)": "; ".join(f"{n}: {h}" for n, h in sorted(c["policy_pack_hashes"].items())),
        }
    )


def _declaration(c: Mapping[str, Any]) -> Iterable[str]:
    declarant = c["declarant"]
    yield f"<div class='declaration'><h2>Declaration</h2><p>{escape(c['declaration'])}</p>"
    yield f"<p>Executed on {escape(when(c['signed_at']))}.</p><div class='line'></div>"
    yield f"<p>{escape(declarant['name'])}, {escape(declarant['title'])}</p></div>"


def _proof(c: Mapping[str, Any], document: bytes) -> Iterable[str]:
    yield f"<h2>How to check it</h2><p>{_CHECK}</p>"
    yield f"<p>SHA-256 of the JSON file: <code>{hashlib.sha256(document).hexdigest()}</code></p>"
    yield from (f"<p>Signed by <code>{escape(s['key'])}</code>:<br><code>{escape(s['sig'])}</code></p>"
                for s in c["signatures"])  # fmt: skip
    yield f"<p>Proof that it stands in the log:</p><pre>{escape(c['tlog_proof'])}</pre>"
