# SPDX-License-Identifier: Apache-2.0
"""The parts that written pages share: one file each, no scripts, nothing loaded from anywhere, prints well."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from html import escape

from countenance.clock import from_text

_STYLE = """
@page { size: A4; margin: 20mm 20mm 22mm;
  @bottom-left { content: "FOOTER"; font: 8pt Georgia, serif; color: #444 }
  @bottom-right { content: counter(page) " / " counter(pages); font: 8pt Georgia, serif; color: #444 } }
html { color-scheme: light; background: #fff }
body { font: 10.5pt/1.45 Georgia, "Times New Roman", serif; color: #111; max-width: 44rem; margin: 2rem auto;
  padding: 0 1rem } @media print { body { margin: 0; padding: 0; max-width: none } }
header { border-bottom: 2px solid #111; padding-bottom: .6rem; margin-bottom: 1rem }
header p { margin: 0 } .operator { font-variant: small-caps; letter-spacing: .03em }
h1 { font-size: 1.7rem; margin: .2rem 0 } h2 { font-size: 1.05rem; margin: 1.5rem 0 .4rem; break-after: avoid }
.title { font-size: 1.1rem; font-weight: bold } .wrong { color: #a00 } .sum { font-size: 1.05rem }
table { border-collapse: collapse; width: 100%; font-size: .88rem } tr { break-inside: avoid }
th, td { text-align: left; vertical-align: top; border-bottom: 1px solid #ccc; padding: .22rem .6rem .22rem 0 }
table.pairs td { overflow-wrap: anywhere }
table.pairs th { width: 9.5rem; font-weight: normal; color: #444 } th.n, td.n { text-align: right; width: 5rem }
code, pre { font: .76rem/1.4 monospace; overflow-wrap: anywhere; white-space: pre-wrap }
ul { padding-left: 1.2rem } li { margin-bottom: .3rem }
@media screen and (max-width: 34rem) { th, td { padding-right: .4rem } th.n, td.n { width: auto }
  table { font-size: .8rem } table.pairs th { width: 6.5rem } }
"""


def page(title: str, body: Iterable[str], *, footer: str | None = None, style: str = "") -> bytes:
    """Return a whole page, UTF-8 HTML.

    Args:
        title: plain text; also what each printed sheet says at its foot, unless there is a `footer`.
        body: HTML, in order; what it says of others' words is escaped by whoever made it.
        style: rules beside those that all pages share.
    """
    sheet = _STYLE.replace("FOOTER", escape(footer or title)) + style
    head = f"<meta charset='utf-8'><meta name='viewport' content='width=device-width'><title>{escape(title)}</title>"
    head += f"<style>{sheet}</style>"
    text = f"<!doctype html><html lang='en'><head>{head}</head><body><main>{''.join(body)}</main></body></html>\n"
    return text.encode()


def heading(operator: str, title: str, below: str = "") -> str:
    """Return a page's head: who speaks, the title, and a line of HTML below it."""
    return f"<header><p class='operator'>{escape(operator)}</p><h1>{escape(title)}</h1>{below}</header>"


def pairs(rows: Mapping[str, str | None]) -> str:
    """Return a table of names and texts; those without a text are left out."""
    lines = (
        f"<tr><th scope='row'>{escape(name)}</th><td>{escape(text)}</td></tr>" for name, text in rows.items() if text
    )
    return f"<table class='pairs'>{''.join(lines)}</table>"


def table(head: Sequence[str], rows: Sequence[Sequence[str | int]]) -> str:
    """Return a table, or a word where there is nothing; a column whose first value is a number is set to the right."""
    if not rows:
        return "<p>None.</p>"
    numbers = [isinstance(value, int) for value in rows[0]]
    first = "".join(f"<th scope=col{' class=n' * n}>{escape(name)}</th>" for name, n in zip(head, numbers, strict=True))
    body = "".join("<tr>" + "".join(_cell(value) for value in row) + "</tr>" for row in rows)
    return f"<table><tr>{first}</tr>{body}</table>"


def when(text: str) -> str:
    """Return an RFC 3339 moment as people write it: `3 May 2026, 14:00:00 UTC`."""
    moment = from_text(text)
    return f"{moment.day} {moment:%B %Y, %H:%M:%S} UTC"


def _cell(value: str | int) -> str:
    return f"<td class='n'>{value}</td>" if isinstance(value, int) else f"<td>{escape(value)}</td>"
