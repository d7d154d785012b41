# SPDX-License-Identifier: Apache-2.0
"""A certificate of destruction as a page that prints well: one file, no scripts, nothing loaded from anywhere."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Mapping, Sequence
from html import escape
from typing import Any

from countenance.clock import from_text

_STYLE = """
@page { size: A4; margin: 20mm 20mm 22mm;
  @bottom-left { content: "Certificate of destruction CERTIFICATE"; font: 8pt Georgia, serif; color: #444 }
  @bottom-right { content: counter(page) " / " counter(pages); font: 8pt Georgia, serif; color: #444 } }
body { font: 10.5pt/1.45 Georgia, "Times New Roman", serif; color: #111; max-width: 44rem; margin: 2rem auto;
  padding: 0 1rem } @media print { body { margin: 0; padding: 0; max-width: none } }
header { border-bottom: 2px solid #111; padding-bottom: .6rem; margin-bottom: 1rem }
header p { margin: 0 } .operator { font-variant: small-caps; letter-spacing: .03em }
h1 { font-size: 1.7rem; margin: .2rem 0 } h2 { font-size: 1.05rem; margin: 1.5rem 0 .4rem; break-after: avoid }
.title { font-size: 1.1rem; font-weight: bold } .partial { color: #a00 } .sum { font-size: 1.05rem }
table { border-collapse: collapse; width: 100%; font-size: .88rem } tr { break-inside: avoid }
th, td { text-align: left; vertical-align: top; border-bottom: 1px solid #ccc; padding: .22rem .6rem .22rem 0 }
table.pairs th { width: 9.5rem; font-weight: normal; color: #444 } th.n, td.n { text-align: right; width: 5rem }
code, pre { font: .76rem/1.4 monospace; overflow-wrap: anywhere; white-space: pre-wrap }
.declaration { break-inside: avoid } .line { border-bottom: 1px solid #111; width: 20rem; height: 3.2rem }
ul { padding-left: 1.2rem } li { margin-bottom: .3rem }
"""
_METHODS = {
    "delete": "rows deleted, their pages overwritten",
    "rewrite_or_delete": "deleted, or the face blacked out and the picture sealed under a new key",
    "crypto_erase": "keys destroyed (cryptographic erase, NIST SP 800-88)",
    "overwrite": "overwritten in memory",
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


def page(document: bytes) -> bytes:
    """Return the page of a signed certificate, UTF-8 HTML."""
    c: dict[str, Any] = json.loads(document)
    body = "".join(
        (*_head(c), *_left(c["carve_outs"]), *_stores(c["stores"]), *_verified(c["verification"]),
         *_limits(c), *_declaration(c), *_proof(c, document))
    )  # fmt: skip
    style = _STYLE.replace("CERTIFICATE", escape(c["id"]))
    head = f"<meta charset='utf-8'><title>Certificate of destruction {escape(c['id'])}</title><style>{style}</style>"
    return f"<!doctype html><html lang='en'><head>{head}</head><body>{body}</body></html>\n".encode()


def _head(c: Mapping[str, Any]) -> Iterable[str]:
    counts, period = c["counts"], c["period"]
    names = ("targeted", "destroyed", "held", "failed", "deferred")
    facts = {
        "Certificate": c["id"],
        "Replaces": c["supersedes"],
        "What was to be destroyed": c["scope_text"],
        "List of targets": c["class_snapshot_root"] and f"Merkle root {c['class_snapshot_root']}",
        "On what ground": c["order_ref"],
        "Carried out": f"{_when(period['start'])} to {_when(period['end'])}, run {c['run_id']}",
        "Where": f"{c['place']}; {c['destination']}",
        "Targets": ", ".join(f"{counts[name]} {name}" for name in names),
    }
    yield f"<header><p class='operator'>{escape(c['operator'])}</p><h1>Certificate of destruction</h1>"
    yield f"<p class='title {escape(c['title'])}'>{escape(c['title'].capitalize())}</p></header>"
    yield f"<p class='sum'>{_SUMS[c['title']]}</p>"
    yield _pairs(facts)


def _left(carve_outs: list[dict[str, Any]]) -> Iterable[str]:
    if carve_outs:
        rows = [
            (c["store"], c["kind"], c["reason"], "not known" if c["until"] is None else _when(c["until"]), c["count"])
            for c in carve_outs
        ]
        yield "<h2>What is left, and until when</h2>"
        yield _table(("Store", "Why", "Reason", "Until", "Count"), rows)


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
    yield _table(("Store", "How", "Held before", "Destroyed", "Left"), rows)
    rest = "; ".join(f"{', '.join(names)}: {method}" for method, names in others.items())
    yield f"<p>Without items of the targets to count: {escape(rest)}.</p>" if rest else ""


def _method(store: Mapping[str, Any]) -> str:
    method: str = store["method"]
    return _METHODS.get(method, method.replace("_", " "))


def _verified(check: Mapping[str, Any]) -> Iterable[str]:
    yield "<h2>How it was verified</h2>"
    level = f"level {check['level']} of 4: {_LEVELS[check['level']]}"
    yield f"<p>{escape(_when(check['at']))}, {level}. A certificate is issued only if every line is right.</p>"
    rows = [(k["name"].capitalize(), k["expected"], k["observed"]) for k in check["checks"]]
    yield _table(("Looked for afterwards", "Right", "Found"), rows)


def _limits(c: Mapping[str, Any]) -> Iterable[str]:
    yield "<h2>What this certificate does not say</h2><ul>"
    yield from (f"<li>{escape(text)}</li>" for text in c["limitations"])
    yield "</ul><h2>Program and law</h2>"
    software = c["software"]
    yield _pairs(
        {
            "Program": f"countenance {software['version']}",
            "Runs on": ", ".join(f"{n} {v}" for n, v in sorted(software["dependencies"].items())),
            "Law files (SHA-256)": "; ".join(f"{n}: {h}" for n, h in sorted(c["policy_pack_hashes"].items())),
        }
    )


def _declaration(c: Mapping[str, Any]) -> Iterable[str]:
    declarant = c["declarant"]
    yield f"<div class='declaration'><h2>Declaration</h2><p>{escape(c['declaration'])}</p>"
    yield f"<p>Executed on {escape(_when(c['signed_at']))}.</p><div class='line'></div>"
    yield f"<p>{escape(declarant['name'])}, {escape(declarant['title'])}</p></div>"


def _proof(c: Mapping[str, Any], document: bytes) -> Iterable[str]:
    yield f"<h2>How to check it</h2><p>{_CHECK}</p>"
    yield f"<p>SHA-256 of the JSON file: <code>{hashlib.sha256(document).hexdigest()}</code></p>"
    yield from (f"<p>Signed by <code>{escape(s['key'])}</code>:<br><code>{escape(s['sig'])}</code></p>"
                for s in c["signatures"])  # fmt: skip
    yield f"<p>Proof that it stands in the log:</p><pre>{escape(c['tlog_proof'])}</pre>"


def _when(text: str) -> str:
    moment = from_text(text)
    return f"{moment.day} {moment:%B %Y, %H:%M:%S} UTC"


def _pairs(pairs: Mapping[str, str | None]) -> str:
    """Return a table of names and texts; those without a text are left out."""
    rows = (f"<tr><th>{escape(name)}</th><td>{escape(text)}</td></tr>" for name, text in pairs.items() if text)
    return f"<table class='pairs'>{''.join(rows)}</table>"


def _table(head: tuple[str, ...], rows: Sequence[tuple[str | int, ...]]) -> str:
    numbers = [isinstance(value, int) for value in rows[0]] if rows else [False] * len(head)
    first = "".join(f"<th{' class=n' * n}>{escape(name)}</th>" for name, n in zip(head, numbers, strict=True))
    body = "".join("<tr>" + "".join(_cell(value) for value in row) + "</tr>" for row in rows)
    return f"<table><tr>{first}</tr>{body}</table>"


def _cell(value: str | int) -> str:
    return f"<td class='n'>{value}</td>" if isinstance(value, int) else f"<td>{escape(value)}</td>"
