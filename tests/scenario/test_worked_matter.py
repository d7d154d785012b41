# SPDX-License-Identifier: Apache-2.0
"""The worked matter of docs/worked-matter.md, on fewer people: from served to certified."""

from __future__ import annotations

from pathlib import Path

from world import World

from countenance.ledger.checkpoint import Trust
from countenance.ledger.note import parse_key
from countenance.ledger.verify import verify_certificate
from countenance.model.order import OrderStatus
from countenance.services.order_documents import document

ROOT = Path(__file__).resolve().parents[2]
PEOPLE = 400  # of the 20,000 that `python -m benchmarks.matter` runs through


def test_the_worked_matter(world: World, monkeypatch) -> None:
    """Who lived in Illinois, and of whom nobody knows, is destroyed and certified; nobody else is."""
    monkeypatch.syspath_prepend(str(ROOT))
    from benchmarks import matter

    matter.sign(world.engine, 3)
    kinds = matter.populate(world.engine, PEOPLE)
    assert set(kinds) == set(matter._KINDS)
    orders, runs = world.engine.custody.orders, world.engine.custody.runs
    order = orders.enter(document(ROOT / "docs" / "matter" / "mutnick.toml"), by="clerk").id
    orders.confirm(order, by="counsel")
    seen = orders.preview(order)
    members = kinds["lives there"] + kinds["moved in"] + kinds["moved out"] + 3
    unknown = kinds["unknown"] + kinds["gap"]
    assert (seen.members, seen.unknown, seen.nonmembers) == (members, unknown, kinds["never"])
    assert orders.freeze(order).order.class_root == seen.root
    runs.execute(order, by="clerk")
    done = runs.execute(order, by="counsel")
    proved = verify_certificate(done.document or b"", Trust((parse_key(world.engine.journal.verifier_key()),)))
    certificate = proved.certificate
    assert (certificate.counts.destroyed, certificate.unknown_treated_as_member) == (members + unknown, unknown)
    assert certificate.class_snapshot_root == seen.root
    assert world.rows()["subject"] == kinds["never"]
    assert orders.status(order).order.status is OrderStatus.IN_FORCE  # the report to the court is still to be filed
    runs.met(order, 4, by="clerk")
    assert orders.status(order).order.status is OrderStatus.SATISFIED
