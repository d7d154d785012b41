# SPDX-License-Identifier: Apache-2.0
"""Makes the typed client `countenance.client` of the API's own description: `python tests/api/make_client.py`.

One module per tag with a method per operation, and the models as typed dictionaries.
"""

from __future__ import annotations

import re
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

from countenance.api.app import application
from countenance.api.settings import Settings
from countenance.bootstrap import Engine

FOLDER = Path(__file__).resolve().parents[2] / "src" / "countenance" / "client"
_HEAD = '# SPDX-License-Identifier: Apache-2.0\n"""{title}; made by tests/api/make_client.py, not by hand."""\n\n'
_PLAIN = {"string": "str", "integer": "int", "number": "float", "boolean": "bool", "null": "None"}


def description() -> dict[str, Any]:
    """Return the description of the API."""
    with tempfile.TemporaryDirectory() as folder:
        engine = Engine.init(Path(folder) / "data", operator="Example")
        found: dict[str, Any] = application(engine, Settings(origin="http://127.0.0.1")).openapi()
    return found


def type_of(schema: dict[str, Any], prefix: str = "") -> str:
    """Return the Python type of a schema."""
    if "$ref" in schema:
        return prefix + title(schema["$ref"].rpartition("/")[2])
    if "anyOf" in schema:
        return " | ".join(dict.fromkeys(type_of(one, prefix) for one in schema["anyOf"]))
    if "enum" in schema or "const" in schema:
        return f"Literal[{', '.join(repr(value) for value in schema.get('enum', [schema.get('const')]))}]"
    kind = schema.get("type")
    if kind == "array":
        return f"list[{type_of(schema.get('items', {}), prefix)}]"
    if kind == "object":
        inner = schema.get("additionalProperties")
        return f"dict[str, {type_of(inner, prefix) if isinstance(inner, dict) else 'Any'}]"
    return _PLAIN.get(str(kind), "Any")


def title(component: str) -> str:
    """Return the name of a model's class; a list of runs is `Listed_RunOut_` in the description."""
    return component.replace("_", "")


def words(text: str, indent: str) -> str:
    """Return a docstring: the first sentence."""
    plain = " ".join(text.split("\n\n", maxsplit=1)[0].split()).replace('"""', "'''")
    plain = re.split(r"(?<=\w)\. ", plain)[0].rstrip(".") + "."  # its first sentence
    return f'{indent}"""{plain}"""\n'


def models(schemas: dict[str, Any]) -> str:
    """Return the module of the models."""
    lines = [_HEAD.format(title="What the API takes and gives"), "from __future__ import annotations\n\n"]
    lines.append("from typing import Any, Literal, NotRequired, TypedDict\n\n")
    for component, schema in sorted(schemas.items(), key=lambda item: ("enum" not in item[1], item[0])):
        name = title(component)
        if "enum" in schema:
            lines.append(f"{name} = {type_of(schema)}\n")
            continue
        lines.append(f"\n\nclass {name}(TypedDict):\n{words(schema.get('description', name), '    ')}\n")
        for field, inner in schema.get("properties", {}).items():
            kind = type_of(inner)
            lines.append(f"    {field}: {kind if field in schema.get('required', ()) else f'NotRequired[{kind}]'}\n")
    return "".join(lines)


def method(verb: str, path: str, one: dict[str, Any]) -> str:
    """Return the method of one operation."""
    name = one["operationId"].partition("_")[2]
    given = [p for p in one.get("parameters", []) if p["in"] == "path"]
    asked = [p for p in one.get("parameters", []) if p["in"] == "query"]
    arguments = ["self", *(f"{p['name']}: str" for p in given)]
    quoted = re.sub(r"{(\w+)}", r"{quote(\1, safe='')}", path)
    sent = [f'"{verb.upper()}"', "f" * bool(given) + f'"{quoted}"']
    content = one.get("requestBody", {}).get("content", {})
    if "application/json" in content:
        arguments.append(f"body: {type_of(content['application/json']['schema'], 'models.')}")
        sent.append("body=body")
    elif "application/octet-stream" in content:
        arguments.append("photo: bytes")
        sent.append("data=photo")
    elif content:
        arguments.append("files: Mapping[str, bytes]")
        sent.append("files=files")
    if asked:
        arguments.append("*")
        needed = sorted(asked, key=lambda p: not p.get("required"))
        arguments += [query_argument(p) for p in needed]
        sent.append("query={" + ", ".join(f'"{p["name"]}": {python(p["name"])}' for p in needed) + "}")
    kind, ending = answer_of(one)
    # The description's own words; FastAPI takes them from the route's docstring.
    body = f"answer = self._transport.send({', '.join(sent)})\n        {ending}"
    return (
        f"    def {python(name)}({', '.join(arguments)}) -> {kind}:\n"
        f"{words(one.get('description') or one['summary'], '        ')}        {body}\n"
    )


def query_argument(parameter: dict[str, Any]) -> str:
    """Return one keyword argument."""
    kind = type_of(parameter["schema"], "models.")
    if parameter.get("required"):
        return f"{python(parameter['name'])}: {kind}"
    return f"{python(parameter['name'])}: {kind if 'None' in kind else f'{kind} | None'} = None"


def answer_of(one: dict[str, Any]) -> tuple[str, str]:
    """Return the type of an answer, and the statement that returns it."""
    content = next(answer.get("content", {}) for status, answer in one["responses"].items() if status < "400")
    schema = content.get("application/json", {}).get("schema")
    if schema:
        kind = type_of(schema, "models.")
        return kind, f"return cast({kind!r}, answer.json())"
    if not content:
        return "None", "answer.read()"
    return ("str", "return answer.text") if "text/plain" in content else ("bytes", "return answer.content")


def python(name: str) -> str:
    """Return a name that Python does not use itself."""
    plain = re.sub(r"\W", "_", name)
    return (
        f"{plain}_" if plain in {"from", "in", "is", "class", "def", "not", "as", "with", "import", "global"} else plain
    )


def made() -> dict[str, str]:
    """Return the text of each made module by its name."""
    found = description()
    by_tag: dict[str, list[str]] = {}
    for path, verbs in found["paths"].items():
        for verb, one in verbs.items():
            by_tag.setdefault(one["tags"][0], []).append(method(verb, path, one))
    schemas = {name: one for name, one in found["components"]["schemas"].items() if name != "Problem"}
    texts = {"models.py": models(schemas)}
    for tag, methods in by_tag.items():
        name = tag.replace("-", "_")
        head = _HEAD.format(title=f"Calls of `{tag}`") + "from __future__ import annotations\n\n"
        uses = "".join(methods)
        head += "from collections.abc import Mapping\n" * ("Mapping[" in uses)
        typing = [word for word in ("Any", "Literal", "cast") if re.search(rf"\b{word}\b", uses)]
        head += f"from typing import {', '.join(typing)}\n" * bool(typing)
        head += "from urllib.parse import quote\n" * ("quote(" in uses) + "\n"
        head += "from countenance.client import models\n" * ("models." in uses)
        head += "from countenance.client.transport import Transport\n\n\n"
        title = "".join(word.capitalize() for word in name.split("_"))
        head += f'class {title}:\n    """Calls of `{tag}`."""\n\n'
        head += "    def __init__(self, transport: Transport) -> None:\n        self._transport = transport\n\n"
        texts[f"{name}.py"] = head + "\n".join(methods)
    texts["__init__.py"] = package(sorted(by_tag))
    return formatted(texts)


def package(tags: list[str]) -> str:
    """Return the package's first module."""
    names = [tag.replace("-", "_") for tag in tags]
    titles = {name: "".join(word.capitalize() for word in name.split("_")) for name in names}
    example = (
        "    from countenance.client import Countenance\n\n"
        '    with Countenance("https://faces.museum.example", key) as server:\n'
        '        found = server.searches.search(photo, purpose="photo_delivery", basis="subject_present")\n'
    )
    lines = [
        '# SPDX-License-Identifier: Apache-2.0\n"""A typed client of the HTTP API; made by tests/api/make_client.py, ',
        f'not by hand.\n\n{example}"""\n\n',
        "from __future__ import annotations\n\nfrom types import TracebackType\nfrom typing import Self\n\n",
        "import httpx2\n\n",
        *(f"from countenance.client.{name} import {title}\n" for name, title in titles.items()),
        "from countenance.client.transport import Problem, Transport\n\n",
        '__all__ = ["Countenance", "Problem"]\n\n\n',
        'class Countenance:\n    """A server, for one API key; calls are grouped as the API groups them.\n\n',
        "    Args:\n        origin: such as `https://faces.museum.example`.\n        key: an API key of an account.\n",
        "        timeout_s: seconds to wait for an answer.\n",
        '        transport: instead of the network, for tests.\n    """\n\n',
        "    def __init__(\n        self, origin: str, key: str, timeout_s: float = 60.0, ",
        "transport: httpx2.BaseTransport | None = None\n    ) -> None:\n",
        "        self._transport = sender = Transport(origin, key, timeout_s, transport)\n",
        *(f"        self.{name} = {title}(sender)\n" for name, title in titles.items()),
        '\n    def close(self) -> None:\n        """Close its connections."""\n        self._transport.close()\n\n',
        "    def __enter__(self) -> Self:\n        return self\n\n    def __exit__(\n",
        "        self, _kind: type[BaseException] | None, _error: BaseException | None, _trace: TracebackType | None\n",
        "    ) -> None:\n        self.close()\n",
    ]
    return "".join(lines)


def formatted(texts: dict[str, str]) -> dict[str, str]:
    """Return texts as the project's formatter writes them."""
    with tempfile.TemporaryDirectory() as folder:
        for name, text in texts.items():
            (Path(folder) / name).write_text(text, encoding="utf-8")
        config = FOLDER.parents[2] / "pyproject.toml"
        ruff = [sys.executable, "-m", "ruff"]
        settings = ["--config", str(config), "--quiet", folder]
        subprocess.run([*ruff, "check", "--select", "I,F401", "--fix", *settings], check=True)
        subprocess.run([*ruff, "format", *settings], check=True)
        return {name: (Path(folder) / name).read_text(encoding="utf-8") for name in texts}


if __name__ == "__main__":
    for file, text in made().items():
        (FOLDER / file).write_text(text, encoding="utf-8")
