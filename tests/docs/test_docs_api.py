# SPDX-License-Identifier: Apache-2.0
"""docs/api.md: its examples run against a server, and what it says of routes, codes and limits is so."""

from __future__ import annotations

import json
import re
import shutil
import socket
import subprocess
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import uvicorn
from doc_pages import pages
from fake_pack import face, photo, png
from people import enter
from world import World

from countenance.api.app import PREFIX, application, shielded
from countenance.api.settings import Settings
from countenance.ids import ClientId
from countenance.model.account import Role
from countenance.model.event import EventTag
from countenance.policy.roles import KEYLESS, MAY
from countenance.web.site import site

PAGE = next(page for page in pages() if page.path.as_posix() == "docs/api.md")
_ROUTE = re.compile(r"`(GET|POST|PUT|DELETE)(?:/(?:GET|POST|PUT|DELETE))* (/[^`\s?\[]*)[^`]*`")


@pytest.fixture
def address(world: World) -> Iterator[str]:
    """A server on 127.0.0.1."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    found = f"http://127.0.0.1:{port}"
    app = shielded(site(world.engine, Settings(origin=found)))
    server = uvicorn.Server(uvicorn.Config(app, host="127.0.0.1", port=port, log_config=None, access_log=False))
    thread = threading.Thread(target=server.run, daemon=True)
    thread.start()
    for _ in range(500):
        if server.started:
            break
        time.sleep(0.02)
    yield found
    server.should_exit = True
    thread.join(10)


def key(world: World, role: Role, client: ClientId | None = None) -> str:
    """Return a key of a new account, with every verb that a key of this role may have."""
    _, caller = enter(world, role, client=client)
    scopes = [verb.value for verb, roles in MAY.items() if role in roles and verb not in KEYLESS]
    return world.engine.accounts.new_key(caller, scopes, 30, "program")[1]


@pytest.fixture
def surroundings(
    world: World, address: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> tuple[World, dict[str, str]]:
    """Somebody enrolled, a photo of this person in the working folder, and keys in the environment."""
    client, ada = world.client(), world.person("Ada").id
    world.sign(ada)
    world.enrol(world.source(), ada, 1)
    (tmp_path / "me.jpg").write_bytes(png(photo(face(1, 999))))
    said = {
        "ORIGIN": address,
        "KEY": key(world, Role.SEARCHER, client),
        "OPERATOR_KEY": key(world, Role.OPERATOR),
        "CUSTODIAN_KEY": key(world, Role.CUSTODIAN),
    }
    monkeypatch.chdir(tmp_path)
    for name, value in said.items():
        monkeypatch.setenv(name, value)
    return world, said


def test_its_python_runs(surroundings: tuple[World, dict[str, str]], capsys: pytest.CaptureFixture[str]) -> None:
    """Every block of Python on the page runs as it stands, and finds who signed; the refusal names its rule."""
    names: dict[str, Any] = {}
    for block in PAGE.blocks("python"):
        exec(compile(block, "docs/api.md", "exec"), names)  # noqa: S102 - the page's own examples
    printed = capsys.readouterr().out
    assert f"1 {names['found']['candidates'][0]['subject']}" in printed
    (problem,) = (json.loads(block) for block in PAGE.blocks("json"))
    assert f"{problem['status']} {problem['code']} {problem['rule']} " in printed
    assert "1 1 None" in printed


@pytest.mark.skipif(shutil.which("curl") is None, reason="needs curl")
def test_its_commands_run(surroundings: tuple[World, dict[str, str]], tmp_path: Path) -> None:
    """Every block of commands on the page runs as it stands; a request that is sent twice is carried out once."""
    world, said = surroundings
    lines = "set -eu\n" + "".join(PAGE.blocks("sh"))
    bash = str(shutil.which("bash"))
    done = subprocess.run(
        [bash, "-c", lines], env={"PATH": "/usr/bin:/bin", **said}, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr
    codes = re.findall(r"(\d{3})(?: (/\S+))?$", done.stdout, re.MULTILINE)
    assert [code for code, _ in codes] == ["201", "409", "304"]
    assert codes[0][1] == codes[1][1] != ""
    assert len(world.log(EventTag.SEARCH_ANSWERED)) == 2  # the one without a key, and the one that was sent twice


def test_every_route_that_pages_name_is_one(world: World) -> None:
    """A method with a path, in any page of docs, is a route of the API or a page of the site."""
    paths = application(world.engine, Settings(origin="http://localhost")).openapi()["paths"]
    known = {(method.upper(), path.removeprefix(PREFIX)) for path, found in paths.items() for method in found}
    shapes = {(method, re.sub(r"\{\w+\}", "{}", path)) for method, path in known}
    wrong = []
    for page in pages():
        for found in _ROUTE.finditer(page.text):
            methods = re.findall(r"GET|POST|PUT|DELETE", found[0].split(" ")[0])
            path = re.sub(r"\{\w+\}", "{}", found[2].removeprefix(PREFIX))
            wrong += [f"{page.path}: {one} {found[2]}" for one in methods if (one, path) not in shapes]
    assert wrong == []
