# SPDX-License-Identifier: Apache-2.0
"""The description of the API: valid OpenAPI 3.1, and good enough to make a client from."""

from __future__ import annotations

from typing import Any

import pytest
from make_client import FOLDER, made
from openapi_spec_validator import OpenAPIV31SpecValidator
from served import Server


@pytest.fixture
def described(server: Server) -> dict[str, Any]:
    """The description, as anybody gets it."""
    answer: dict[str, Any] = server().get("/api/v1/openapi.json").json()
    return answer


def operations(described: dict[str, Any]) -> list[tuple[str, dict[str, Any]]]:
    return [(f"{verb} {path}", one) for path, verbs in described["paths"].items() for verb, one in verbs.items()]


def test_the_description_is_valid(described: dict[str, Any]) -> None:
    """A validator of OpenAPI 3.1 finds nothing."""
    assert described["openapi"].startswith("3.1")
    assert list(OpenAPIV31SpecValidator(described).iter_errors()) == []
    assert [name for name in described["components"]["schemas"] if "__" in name] == [], "two models of one name"


def test_every_operation_says_what_it_does_and_how_it_fails(described: dict[str, Any]) -> None:
    """Each has a name of its own, a summary, words, a tag, and problem documents for its errors."""
    found = operations(described)
    names = [one["operationId"] for _, one in found]
    assert len(names) == len(set(names))
    for name, one in found:
        assert one.get("summary"), name
        assert one.get("description"), name
        assert one.get("tags"), name
        errors = {status: one["responses"][status] for status in one["responses"] if status >= "400"}
        assert errors == {status: {"$ref": f"#/components/responses/{status}"} for status in errors}, name
        assert {"401", "403", "422", "429", "503"} <= errors.keys(), name


def test_nothing_in_the_description_can_carry_a_faceprint(described: dict[str, Any]) -> None:
    """No schema has a field for a vector or a template, nor an array of plain numbers."""

    def fields(node: Any, path: str = "") -> list[tuple[str, Any]]:
        if isinstance(node, dict):
            own = [(f"{path}.{key}", value) for key, value in node.get("properties", {}).items()]
            return own + [one for key, value in node.items() for one in fields(value, f"{path}.{key}")]
        return [one for value in node for one in fields(value, path)] if isinstance(node, list) else []

    for name, schema in fields(described["components"]["schemas"]):
        last = name.rsplit(".", 1)[-1].lower()
        assert not {"vector", "embedding", "template", "faceprint"} & set(last.split("_")), name
        unbounded = schema.get("type") == "array" and schema.get("items", {}).get("type") == "number"
        assert not unbounded, f"{name}: an array of numbers without an upper length"


def test_the_typed_client_is_the_one_that_this_description_makes() -> None:
    """`countenance.client` was made of the API as it is; `python tests/api/make_client.py` makes it anew."""
    assert {name: (FOLDER / name).read_text(encoding="utf-8") for name in made()} == made()
