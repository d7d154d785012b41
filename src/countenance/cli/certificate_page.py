# SPDX-License-Identifier: Apache-2.0
"""A certificate of destruction as a page that prints well: one file, no scripts, nothing loaded from anywhere."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from html import escape
from typing import Any

_STYLE = """
@page { margin: 20mm }
body { font: 11pt/1.45 Georgia, serif; color: #111; max-width: 46rem; margin: 2rem auto; padding: 0 1rem }
h1 { font-size: 1.6rem; margin-bottom: 0 } h2 { font-size: 1.1rem; margin: 1.6rem 0 .4rem; break-after: avoid }
.title { font-size: 1.1rem; margin: .2rem 0 1.2rem } .partial { color: #a00 }
table { border-collapse: collapse; width: 100%; font-size: .86rem } tr { break-inside: avoid }
th, td { text-align: left; vertical-align: top; border-bottom: 1px solid #bbb; padding: .25rem .5rem .25rem 0 }
td.n { text-align: right }
code, pre { font: .78rem/1.4 monospace; overflow-wrap: anywhere; white-space: pre-wrap }
.sign { margin-top: 2.5rem; border-top: 1px solid #111; width: 18rem; padding-top: .3rem }
"""


_CHECK = (
    "The JSON file beside this page is what is signed. Anybody can verify it offline, trusting only the operator's "
    "public key: <code>countenance verify CERTIFICATE.json --key KEY</code>"
)


def page(document: bytes) -> bytes:
    """Return the page of a signed certificate, UTF-8 HTML."""
    c: dict[str, Any] = json.loads(document)
    counts, period, check = c["counts"], c["period"], c["verification"]
    parts = [
        "<h1>Certificate of destruction</h1>",
        f"<p class='title {escape(c['title'])}'>{escape(c['title'].capitalize())}</p>",
        _pairs(
            {
                "Certificate": c["id"],
                "Replaces": c["supersedes"] or "no earlier certificate",
                "Operator": c["operator"],
                "What": c["scope_text"],
                "On what ground": c["order_ref"],
                "Run": c["run_id"],
                "When": f"{period['start']} to {period['end']}",
                "Where": f"{c['place']}; {c['destination']}",
                "Targets": ", ".join(
                    f"{counts[k]} {k}" for k in ("targeted", "destroyed", "held", "failed", "deferred")
                ),
            }
        ),
        *_left(c["carve_outs"]),
        "<h2>By store</h2>",
        _table(
            ("Store", "Method", "Held before", "Destroyed", "Left"),
            [
                (
                    s["store"],
                    s["method"].replace("_", " "),
                    s["before"],
                    s["counts"]["destroyed"],
                    s["counts"]["held"] + s["counts"]["failed"] + s["counts"]["deferred"],
                )
                for s in c["stores"]
            ],
        ),
        f"<h2>How it was verified (level {check['level']}, {escape(check['at'])})</h2>",
        _table(("Looked for", "Right", "Found"), [(k["name"], k["expected"], k["observed"]) for k in check["checks"]]),
        "<h2>What this does not say</h2><ul>",
        *(f"<li>{escape(text)}</li>" for text in c["limitations"]),
        "</ul><h2>Software and law</h2>",
        _pairs(
            {
                "Program": f"countenance {c['software']['version']}",
                "Dependencies": ", ".join(f"{n} {v}" for n, v in sorted(c["software"]["dependencies"].items())),
                "Law files": ", ".join(f"{n} ({h[:12]})" for n, h in sorted(c["policy_pack_hashes"].items())),
            }
        ),
        f"<h2>Declaration</h2><p>{escape(c['declaration'])}</p>",
        f"<p class='sign'>{_name(c)}<br>{escape(c['signed_at'])}</p>",
        f"<h2>Check it yourself</h2><p>{_CHECK}</p>",
        "".join(f"<p><code>{escape(s['key'])}: {escape(s['sig'])}</code></p>" for s in c["signatures"]),
        f"<pre>{escape(c['tlog_proof'])}</pre>",
    ]
    head = f"<meta charset='utf-8'><title>Certificate {escape(c['id'])}</title><style>{_STYLE}</style>"
    return f"<!doctype html><html lang='en'><head>{head}</head><body>{''.join(parts)}</body></html>\n".encode()


def _name(certificate: Mapping[str, Any]) -> str:
    declarant = certificate["declarant"]
    return escape(f"{declarant['name']}, {declarant['title']}")


def _left(carve_outs: list[dict[str, Any]]) -> list[str]:
    if not carve_outs:
        return []
    rows = [(c["store"], c["kind"], c["count"], c["reason"], c["until"] or "not known") for c in carve_outs]
    return ["<h2>What is left, and until when</h2>", _table(("Store", "Why", "Count", "Reason", "Until"), rows)]


def _pairs(pairs: Mapping[str, str]) -> str:
    rows = (f"<tr><th>{escape(name)}</th><td>{escape(text)}</td></tr>" for name, text in pairs.items())
    return f"<table>{''.join(rows)}</table>"


def _table(head: Iterable[str], rows: Iterable[Iterable[str | int]]) -> str:
    first = "".join(f"<th>{escape(name)}</th>" for name in head)
    body = "".join("<tr>" + "".join(_cell(value) for value in row) + "</tr>" for row in rows)
    return f"<table><tr>{first}</tr>{body}</table>"


def _cell(value: str | int) -> str:
    return f"<td class='n'>{value}</td>" if isinstance(value, int) else f"<td>{escape(value)}</td>"
