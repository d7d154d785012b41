# SPDX-License-Identifier: Apache-2.0
"""The commands on accounts: how the first custodian comes to be, and who helps when nobody gets in."""

from __future__ import annotations

from commands import Cli
from world import World


def test_the_first_custodian_is_added_invited_and_disabled(world: World) -> None:
    """The link is printed once and lets somebody in; a disabled account is invited no more."""
    cli = Cli(world.data)
    one = cli.json("account", "add", "Ann", "--role", "custodian")["account"]
    link = cli.json("account", "invite", one, "--origin", "https://faces.museum.example/")["link"]
    address, _, token = link.rpartition("/")
    assert address == "https://faces.museum.example/invitation"
    assert world.engine.accounts.redeem(token)[1].account == one
    listed = cli.json("account", "list")
    assert (listed["name"], listed["role"], listed["methods"], listed["disabled"]) == ("Ann", "custodian", [], None)
    cli("account", "disable", one)
    assert cli.json("account", "list")["disabled"] is not None
    assert cli.json("account", "invite", one, code=3)["error"] == "bad_input"


def test_the_second_of_two_people_is_somebody_else(world: World) -> None:
    """A custodian who has signed in before: the command notes its word, and a second run of it is refused."""
    cli = Cli(world.data)
    one = cli.json("account", "add", "Ann", "--role", "custodian")["account"]
    with world.raw() as raw:
        raw.execute("UPDATE account SET signed_in_at = created_at")
    assert cli.json("account", "invite", one)["waiting"] is True
    assert cli.json("account", "invite", one, code=4)["error"] == "refused"


def test_a_searcher_without_a_client_is_refused(world: World) -> None:
    """Names and roles are checked before anything is written."""
    cli = Cli(world.data)
    cli("account", "add", "Bo", "--role", "searcher", code=3)
    client = world.client()
    cli("account", "add", "Bo", "--role", "searcher", "--client", client)
    cli("account", "add", "bo", "--role", "auditor", code=3)
