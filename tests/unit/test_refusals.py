# SPDX-License-Identifier: Apache-2.0
"""Every refusal names its rule, the law behind it, and what would make it lawful."""

from __future__ import annotations

import ast
import re
from pathlib import Path

import pytest

from countenance.policy import engine
from countenance.policy.schema import SCHEMA

PACKAGE = Path(__file__).resolve().parents[2] / "src" / "countenance"
RULE_ID = re.compile(r"[a-z]+\.[a-z_]+")
WAY_OUT = re.compile(r"`countenance |--[a-z]|\b(must|needs?|would|can|may|ask|set|sign|only|first|once|until|by)\b")


@pytest.mark.parametrize("rule_id", sorted(engine.rules()))
def test_each_rule_names_its_key_and_its_remedy(rule_id: str) -> None:
    """A rule of the policy engine has a stable id, a key of the law files, and a remedy in half a sentence."""
    rule = engine.rules()[rule_id]
    assert RULE_ID.fullmatch(rule_id)
    assert rule.key in SCHEMA
    assert WAY_OUT.search(rule.remedy)
    assert not rule.remedy.endswith(".")


def refusals() -> list[tuple[str, ast.Call]]:
    """Every `Refused(...)` and `Deny(...)` that is made outside of the rules."""
    return [
        (f"{path.relative_to(PACKAGE)}:{node.lineno}", node)
        for path in sorted(PACKAGE.rglob("*.py"))
        for node in ast.walk(ast.parse(path.read_text()))
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id in ("Refused", "Deny")
    ]


def words(node: ast.expr) -> str | None:
    """The words of a text that stands in the code; None for one that comes from a rule or a variable."""
    if isinstance(node, ast.Constant) and isinstance(node.value, str):
        return node.value
    if isinstance(node, ast.JoinedStr):
        return "".join(str(part.value) if isinstance(part, ast.Constant) else "..." for part in node.values)
    return None


@pytest.mark.parametrize("call", [pytest.param(call, id=where) for where, call in refusals()])
def test_each_refusal_has_a_rule_a_way_out_and_a_citation(call: ast.Call) -> None:
    """Whoever refuses passes a rule on, or says by itself what is missing, what would help, and under which law."""
    assert len(call.args) + len(call.keywords) == 3
    rule, reason, citation = [*call.args, *(keyword.value for keyword in call.keywords)]
    if (said := words(rule)) is not None:
        assert RULE_ID.fullmatch(said), said
    if (told := words(reason)) is not None and "remedy" not in ast.dump(reason):
        assert WAY_OUT.search(told), told
    assert words(citation) != ""


def test_there_are_refusals_to_look_at() -> None:
    """The search through the code finds what it is for."""
    assert len(refusals()) > 8
    assert len(engine.rules()) > 15
