# SPDX-License-Identifier: Apache-2.0
"""The commands on people's rights say what they did, and end with a code that a scheduler understands."""

from __future__ import annotations

from commands import Cli
from world import World

from countenance.canonical import sha256
from countenance.model.lineage import ArtefactKind


def test_lineage(world: World) -> None:
    """`lineage list` ends with 1 while something is stale; `lineage retire` ends that, once."""
    ada = world.person("Ada").id
    world.engine.lineage.record(ArtefactKind.CALIBRATION, sha256(b"made of Ada"), [ada])
    cli = Cli(world.data)
    assert cli.json("lineage", "list")["state"] == "fresh"
    world.destroy(ada)
    listed = cli.json("lineage", "list", code=1)
    assert (listed["state"], listed["kind"], listed["subjects"]) == ("stale", "calibration", 0)
    assert cli.json("lineage", "retire", listed["artefact"])["state"] == "retired"
    cli("lineage", "retire", listed["artefact"], code=3)
    assert cli.json("lineage", "list")["state"] == "retired"
