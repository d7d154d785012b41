# SPDX-License-Identifier: Apache-2.0
"""Who is who: what claims say of faces, and what a manifest may say."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from countenance.errors import BadManifest
from countenance.ids import SubjectId
from countenance.model.face import Box
from countenance.model.source import Attribution
from countenance.services.attribution import BYSTANDER, Claim, Verdict, attribute, overlap, unplaced
from countenance.services.manifest import read_manifest

ADA, BO = SubjectId("sub_ada"), SubjectId("sub_bo")
LEFT, RIGHT = Box(0, 0, 100, 100), Box(200, 0, 300, 100)
MANIFEST, METADATA, SOLE = Attribution.MANIFEST, Attribution.METADATA, Attribution.SOLE_FACE


def test_nobody_is_named_without_a_claim() -> None:
    """Without a claim every face is a bystander."""
    assert attribute([LEFT, RIGHT], []) == [BYSTANDER, BYSTANDER]


def test_a_box_means_the_face_in_it() -> None:
    """A claim with a box means that face alone; a region drawn around the whole head still means it."""
    head = Box(190, -60, 320, 130)
    assert attribute([LEFT, RIGHT], [Claim(ADA, METADATA, head)]) == [BYSTANDER, Verdict(ADA, METADATA)]


def test_a_box_beside_every_face_means_nobody() -> None:
    """A box that covers less than half of any face names nobody, and is counted as meaning no face."""
    claim = Claim(ADA, MANIFEST, Box(60, 0, 160, 100))
    assert attribute([LEFT, RIGHT], [claim]) == [BYSTANDER, BYSTANDER]
    assert unplaced([LEFT, RIGHT], [claim]) == 1
    assert unplaced([], [Claim(ADA, MANIFEST)]) == 1
    assert unplaced([LEFT], [Claim(ADA, MANIFEST)]) == 0


def test_the_only_face_is_meant_by_a_claim_on_the_photo() -> None:
    """A claim on the whole photo means its only face."""
    assert attribute([LEFT], [Claim(ADA, MANIFEST)]) == [Verdict(ADA, SOLE)]


def test_a_claim_on_a_photo_of_several_waits() -> None:
    """A claim on a photo of several faces leaves each of them to a reviewer, but for those that a box names."""
    waiting = Verdict(ADA, None, "several_faces")
    assert attribute([LEFT, RIGHT], [Claim(ADA, MANIFEST)]) == [waiting, waiting]
    both = [Claim(ADA, MANIFEST), Claim(BO, METADATA, RIGHT)]
    assert attribute([LEFT, RIGHT], both) == [waiting, Verdict(BO, METADATA)]


def test_a_name_without_a_place_adds_nothing_to_a_box() -> None:
    """Where a box has placed a subject, the same name without a box does not make other faces wait."""
    claims = [Claim(ADA, METADATA), Claim(ADA, METADATA, LEFT)]
    assert attribute([LEFT, RIGHT], claims) == [Verdict(ADA, METADATA), BYSTANDER]


@pytest.mark.parametrize("box", [LEFT, None])
def test_claims_that_differ_wait(box: Box | None) -> None:
    """Where two claims name two people for one face, a reviewer decides; neither is encoded."""
    claims = [Claim(ADA, MANIFEST, box), Claim(BO, METADATA, box)]
    assert attribute([LEFT], claims) == [Verdict(None, None, "claims_differ")]


def test_a_box_around_several_faces_waits() -> None:
    """A box that covers two faces names neither: both wait for a reviewer."""
    waiting = Verdict(ADA, None, "several_faces")
    assert attribute([LEFT, RIGHT], [Claim(ADA, MANIFEST, Box(0, 0, 300, 100))]) == [waiting, waiting]


def test_nobody_is_in_a_photo_twice() -> None:
    """Two boxes that place one person on two faces contradict each other: both faces wait."""
    waiting = Verdict(ADA, None, "several_faces")
    claims = [Claim(ADA, MANIFEST, LEFT), Claim(ADA, METADATA, RIGHT), Claim(BO, METADATA, RIGHT)]
    assert attribute([LEFT, RIGHT], claims[:2]) == [waiting, waiting]
    assert attribute([LEFT, RIGHT], claims) == [waiting, Verdict(None, None, "claims_differ")]


boxes = st.builds(lambda x, y, w, h: Box(x, y, x + w, y + h), *[st.integers(0, 200)] * 2, *[st.integers(1, 100)] * 2)


@given(
    st.lists(boxes, max_size=4),
    st.lists(st.builds(Claim, st.sampled_from([ADA, BO]), st.just(MANIFEST), st.none() | boxes), max_size=4),
)
def test_a_verdict_needs_a_claim_and_names_nobody_twice(faces: list[Box], claims: list[Claim]) -> None:
    """Only somebody who is claimed is named without doubt, on one face at most; every face has a verdict."""
    verdicts = attribute(faces, claims)
    named = [v.subject for v in verdicts if v.doubt is None and v.subject is not None]
    assert len(verdicts) == len(faces)
    assert len(named) == len(set(named))
    assert set(named) <= {claim.subject for claim in claims}


@given(boxes, boxes)
def test_overlap_is_a_symmetric_share(a: Box, b: Box) -> None:
    """Overlap is between 0 and 1, the same both ways, and 1 for a box inside another."""
    assert 0.0 <= overlap(a, b) == overlap(b, a) <= 1.0
    assert overlap(a, a) == 1.0


def read(tmp_path: Path, text: str):
    path = tmp_path / "faces.csv"
    path.write_text(text)
    return read_manifest(path, [ADA, BO], {"ada": [ADA], "bo": [BO], "twin": [ADA, BO]})


def test_a_manifest_names_by_id_or_label(tmp_path: Path) -> None:
    """A line names a subject by id or label in any case, the photo from the manifest's folder, with or without box."""
    found = read(tmp_path, "Photo,Subject,x,y,w,h\na.jpg,sub_ada,1,2,30,40\n\na.jpg,BO,,,,\nsub/b.jpg,ada\n")
    assert [line.claim for line in found[tmp_path / "a.jpg"]] == [
        Claim(ADA, MANIFEST, Box(1, 2, 31, 42)),
        Claim(BO, MANIFEST),
    ]
    assert found[tmp_path / "sub" / "b.jpg"][0].line == 5


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("", "line 1: the columns must be photo,subject"),
        ("file,who\na.jpg,ada\n", "line 1: the columns must be photo,subject"),
        ("photo,subject\na.jpg,ada,1\n", "line 2: 3 columns; 2 or 6"),
        ("photo,subject\na.jpg,ada\nb.jpg,nobody\n", "line 3: no subject has the id or label 'nobody'"),
        ("photo,subject\na.jpg,twin\n", "line 2: several subjects have the id or label 'twin'"),
        ("photo,subject\n,ada\n", "line 2: no photo is named"),
        ("photo,subject,x,y,w,h\na.jpg,ada,1,2,x,4\n", "line 2: x, y, w and h must be numbers"),
        ("photo,subject,x,y,w,h\na.jpg,ada,-1,2,3,4\n", "line 2: the box lies outside of the photo or is empty"),
        ("photo,subject,x,y,w,h\na.jpg,ada,1,2,0,4\n", "line 2: the box lies outside of the photo or is empty"),
        ("photo,subject,x,y,w,h\na.jpg,ada,1,2,nan,4\n", "line 2: the box lies outside of the photo or is empty"),
        ("photo,subject\na.jpg,x\nb.jpg,y\n", "line 2: .*; line 3: "),
    ],
)
def test_a_bad_manifest_is_refused_with_its_lines(tmp_path: Path, text: str, says: str) -> None:
    """A manifest with an error is not used at all; every bad line is named with what is wrong."""
    with pytest.raises(BadManifest, match=says):
        read(tmp_path, text)


def test_a_manifest_that_is_no_text_is_refused(tmp_path: Path) -> None:
    """A manifest that is not UTF-8, or not there, is refused by its name."""
    path = tmp_path / "faces.csv"
    path.write_bytes(b"photo,subject\n\xff\xfe,ada\n")
    with pytest.raises(BadManifest, match=r"faces\.csv cannot be read as a CSV in UTF-8"):
        read_manifest(path, [ADA], {})
    with pytest.raises(BadManifest, match=r"gone\.csv cannot be read"):
        read_manifest(tmp_path / "gone.csv", [ADA], {})
