# SPDX-License-Identifier: Apache-2.0
"""Law files: what loads, what is refused, how laws merge, and that the pages in docs/policy say the same.

`PYTHONPATH=src python tests/unit/test_pack.py` writes the pages anew after a law file was changed.
"""

from __future__ import annotations

import hashlib
import re
from importlib import resources
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from countenance import canonical
from countenance.errors import BadPack
from countenance.policy.pack import Law, Pack, law_for, load, merge, shipped
from countenance.policy.schema import CORE, SCHEMA, Key, Value

DOCS = Path(__file__).resolve().parents[2] / "docs"
STRICT = "default-strict"
LAWS = {
    STRICT, "us-baseline", "us-il-bipa", "us-tx-cubi", "us-wa", "us-co", "eu-gdpr", "uk-gdpr", "ca-pipeda",
}  # fmt: skip
OVERLAYS = {"us-nyc-22-1201", "us-or-portland", "us-ca", "au-app", "eu-ai-act", "us-ftc-order"}

GOOD = """\
[pack]
id = "xx-test"
version = "2026.07.1"
effective_from = 2026-07-01
reviewed_on = 2026-07-31
reviewer = "unreviewed"
history = "none"
cites = ["Test Act"]
[applies]
residency = ["FR"]
capture_place = ["FR"]
client_place = ["IT"]
[notice]
fields = ["n9", "n1"]
[retention]
hard_term_days = 700
[assessment]
fpir_max = 0.005
[cites]
notice = "Test Act 1"
retention = "Test Act 2"
"retention.hard_term_days" = "Test Act 2(b)"
assessment = "Test Act 3"
[[case]]
name = "a lawful request"
facts = { action = "enrol" }
expect = "permit"
[[case]]
name = "no policy"
facts = { action = "enrol", policy_published = false }
expect = "deny"
rule = "policy.public"
"""


def value_of(key: Key) -> st.SearchStrategy[Value]:
    """Any value that a law file may give to this key."""
    if isinstance(key.core, tuple):
        least = set(key.keeps if key.operator == "intersect" else key.core)
        subsets: st.SearchStrategy[set[str]] = st.sets(st.sampled_from(key.words))
        return subsets.map(lambda chosen: tuple(word for word in key.words if word in chosen | least))
    if isinstance(key.core, str):
        return st.sampled_from(key.words[: key.words.index(key.core) + 1])
    if isinstance(key.core, bool):
        return st.sampled_from(sorted({key.core, key.operator == "or"}))
    if isinstance(key.core, float):
        return st.floats(0.0001, key.core)
    bounds = (0, key.core) if key.operator == "min" else (key.core, key.core + 5000)
    return st.integers(*bounds)


laws = st.fixed_dictionaries({}, optional={name: value_of(key) for name, key in SCHEMA.items()})


def page(pack: Pack) -> str:
    """The page of docs/policy for one law file."""
    where = ", ".join(f"`{code}`" for code in pack.applies.residency)
    places = ", ".join(f"`{code}`" for code in pack.applies.places)
    unknown = "applies" if pack.applies.unknown_residency else "does not apply"
    read = f"{pack.reviewed_on}; reviewer: {pack.reviewer}"
    core = sum(name not in pack.values for name in SCHEMA)
    return "\n".join(
        [
            f"# {pack.id}",
            "",
            f"Version {pack.version}, in effect from {pack.effective_from}; sources read on {read}.",
            "",
            f"- Residency: {where or 'none'}; where residency is unknown it {unknown}.",
            f"- Places of capture, client and operator: {places or 'none'}.",
            *(["- An overlay: added to the files that apply anyway."] if pack.applies.overlay else []),
            *(["- Applies where the operator has declared it (`packs use`)."] if pack.applies.declared else []),
            f"- Past residency that counts: {pack.history}.",
            f"- Implements: {'; '.join(pack.authorities)}.",
            "",
            "| key | value | merges by | law |",
            "|---|---|---|---|",
            *(
                f"| `{name}` | {_shown(value)} | {SCHEMA[name].operator} | {pack.cite(name)} |"
                for name, value in pack.values.items()
            ),
            "",
            f"The other {core} keys keep the value of the core (see [the format](../formats/pack.md)).",
            "",
            "| case | facts | expected |",
            "|---|---|---|",
            *(
                f"| {case.name} | {', '.join(f'{k} = {_shown(v)}' for k, v in case.facts.items())} "
                f"| {case.expect}{f' by `{case.rule}`' if case.rule else ''} |"
                for case in pack.cases
            ),
            "",
        ]
    )


def _shown(value: Value) -> str:
    if isinstance(value, tuple):
        return ", ".join(value) or "none"
    return str(value).lower() if isinstance(value, bool) else str(value)


def encoded(law: Law) -> bytes:
    return canonical.encode({k: repr(v) if isinstance(v, float) else v for k, v in law.values.items()})


def refused(text: str) -> str:
    with pytest.raises(BadPack) as caught:
        load(text, "xx-test.toml")
    return str(caught.value)


def test_a_pack_says_what_its_file_says() -> None:
    """A law file loads into its parts: sets in vocabulary order, citations by key or section, its cases."""
    pack = load(GOOD, "xx-test.toml")
    assert pack.id == "xx-test"
    assert pack.values == {
        "notice.fields": ("n1", "n9"),
        "retention.hard_term_days": 700,
        "assessment.fpir_max": 0.005,
    }
    assert pack.applies.places == ("FR", "IT")
    assert not pack.applies.unknown_residency
    assert pack.cite("retention.hard_term_days") == "Test Act 2(b)"
    assert pack.cite("notice.fields") == "Test Act 1"
    assert [(case.expect, case.rule) for case in pack.cases] == [("permit", ""), ("deny", "policy.public")]
    assert pack.sha256 == hashlib.sha256(GOOD.encode()).hexdigest()


@pytest.mark.parametrize(
    ("old", "new", "line", "says"),
    [
        ("[notice]", "[notices]", 13, "no section is called 'notices'"),
        ("hard_term_days = 700", "hard_term_dayz = 700", 16, "no key 'hard_term_dayz'"),
        ("hard_term_days = 700", 'hard_term_days = "700"', 16, "must be a whole number"),
        ("hard_term_days = 700", "hard_term_days = true", 16, "must be a whole number"),
        ("hard_term_days = 700", "hard_term_days = -1", 16, "must be a whole number"),
        ("hard_term_days = 700", "hard_term_days = 9999", 16, "looser than the core, which is 1826"),
        ("fpir_max = 0.005", "fpir_max = 0.5", 18, "looser than the core"),
        ("fpir_max = 0.005", "fpir_max = nan", 18, "must be a fraction"),
        ("fpir_max = 0.005", 'quality_gate = "yes"', 18, "must be true or false"),
        ("fpir_max = 0.005", "quality_gate = false", 18, "looser than the core"),
        ('fields = ["n9", "n1"]', 'fields = ["n1", "n14"]', 14, "does not know n14"),
        ('fields = ["n9", "n1"]', 'fields = "n1"', 14, "must be a list of words"),
        ('fields = ["n9", "n1"]', "languages = 3", 14, "must be a word in quotes"),
        ('fields = ["n9", "n1"]', 'languages = "klingon"', 14, "does not know klingon"),
        ('fields = ["n9", "n1"]', 'fields = ["n1"', 15, "Unclosed array"),
        ('notice = "Test Act 1"\n', "", 14, "notice.fields has no citation"),
        ('"retention.hard_term_days" = "Test', '"retention.hard" = "Test', 22, "no key 'retention.hard'"),
        ('id = "xx-test"', "id = 7", 2, "needs id: a text in quotes"),
        ("reviewed_on = 2026-07-31", 'reviewed_on = "today"', 5, "needs reviewed_on: a date"),
        ("reviewed_on = 2026-07-31\n", "", 1, "needs reviewed_on"),
        ('history = "none"', 'history = "ever"', 7, "history is none, 5y or all"),
        ('residency = ["FR"]', 'residency = ["France"]', 10, "'France' is no place"),
        ('residency = ["FR"]', 'residency = ["unknown"]', 10, "'unknown' is no place"),
        ('residency = ["FR"]', 'residency = "FR"', 10, "needs residency: a list of words"),
        ('client_place = ["IT"]', 'unknown_residency = "apply"', 9, "needs client_place"),
        ("[applies]\n", '[applies]\nunknown_residency = "yes"\n', 10, "is apply or ignore"),
        ("[applies]\n", '[applies]\noverlay = "yes"\n', 10, "overlay is true or false"),
        ("[applies]\n", "[applies]\ndeclared = true\n", 10, "is an overlay and names no place"),
        ('rule = "policy.public"\n', "", 28, "case 2 needs a name"),
        ('expect = "permit"', 'expect = "permit"\nrule = "x"', 24, "case 1 needs a name"),
        ('"no policy"', '"a lawful request"', 24, "two cases have the same name"),
        ("policy_published = false", "policy_published = [1]", 28, "case 2 needs a name"),
        (GOOD, GOOD.partition("[applies]")[0], 1, "needs a section [applies]"),
        (GOOD, "case = [1]\n" + GOOD.partition("[[case]]")[0], 1, "cases are written as [[case]]"),
    ],
)
def test_a_bad_law_file_is_refused_with_its_line(old: str, new: str, line: int, says: str) -> None:
    """Whatever is wrong in a law file is refused, and the message leads to the line."""
    assert old in GOOD
    message = refused(GOOD.replace(old, new, 1))
    assert message.startswith(f"xx-test.toml:{line}: ")
    assert says in message


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("disclosure.template", '"by_request"'),
        ("disclosure.sale", "true"),
        ("basis.untargeted_scraping", '"allow"'),
        ("processing.attribute_inference", '"allow"'),
        ("processing.other_faces_in_photo", '"template"'),
        ("processing.store_nonmatch_template", "true"),
        ("notice.policy_public_before_possession", "false"),
        ("basis.public_availability_is_consent", "true"),
        ("consent.form", '"notice"'),
        ("destruction.freeze_on_request_minutes", "61"),
        ("disclosure.match_result_grounds", '["law"]'),
    ],
)
def test_no_law_file_loosens_the_core(key: str, value: str) -> None:
    """No file may allow what the core forbids, such as sale, scraping or a policy that comes late."""
    section, _, name = key.partition(".")
    table = f"[{section}]\n{name} = {value}\n"
    text = re.sub(rf"\[{section}\]\n.*\n", table, GOOD) if f"[{section}]" in GOOD else GOOD + table
    assert key in refused(text)


def test_a_set_of_duties_that_is_shorter_than_the_core_is_joined_to_it() -> None:
    """A file that lists fewer duties than the core takes nothing away."""
    law = Law.of([load(GOOD.replace('["n9", "n1"]', '["n9"]'), "xx-test.toml")])
    assert law.items("notice.fields") == ("n1", "n2", "n9")


def test_the_shipped_files_load_under_their_names() -> None:
    """The law files are there, each under its file's name, with cases that permit and deny."""
    assert set(shipped()) == LAWS | OVERLAYS
    assert {name for name, pack in shipped().items() if pack.applies.overlay} == OVERLAYS
    folder = resources.files("countenance.policy").joinpath("packs")
    for name, pack in shipped().items():
        assert pack.id == name
        assert pack.sha256 == hashlib.sha256(folder.joinpath(f"{name}.toml").read_bytes()).hexdigest()
        assert {case.expect for case in pack.cases} == {"permit", "deny"}


def test_the_strictest_file_speaks_to_every_key() -> None:
    """`default-strict` leaves nothing to the core, so unknown residency depends on nothing else."""
    assert set(shipped()[STRICT].values) == set(SCHEMA)


@pytest.mark.parametrize("name", sorted(shipped()))
def test_nothing_is_stricter_than_default_strict(name: str) -> None:
    """Joining any shipped file to `default-strict` changes nothing."""
    strict = shipped()[STRICT].values
    assert merge(strict, shipped()[name].values) == dict(strict)
    assert merge(shipped()[name].values, strict) == dict(strict)


@pytest.mark.parametrize("residency", [[], ["unknown"], ["US-CA", "unknown"], ["JP"], ["US"], ["US-IL", "JP"]])
def test_unknown_law_is_the_strictest_law(residency: list[str]) -> None:
    """T11: residency unknown, or where no file reaches, is byte for byte `default-strict`."""
    law = law_for(shipped().values(), residency=residency, places=["US-IL"])
    assert encoded(law) == encoded(Law.of([shipped()[STRICT]]))
    assert STRICT in [pack.id for pack in law.packs]


@pytest.mark.parametrize(
    ("residency", "places", "ids"),
    [
        (["US-IL"], [], ["us-il-bipa"]),
        (["US-NV"], [], ["us-baseline"]),
        (["US-CA"], [], ["us-baseline", "us-ca"]),
        (["US-NV", "US-IL"], [], ["us-baseline", "us-il-bipa"]),
        (["US-NV"], ["US-IL"], ["us-baseline", "us-il-bipa"]),
        (["US-IL"], ["US-IL", "US-NY"], ["us-baseline", "us-il-bipa"]),
        (["US-IL"], ["JP"], ["default-strict", "us-il-bipa"]),
        (["US-TX"], [], ["us-tx-cubi"]),
        (["DE"], [], ["eu-ai-act", "eu-gdpr"]),
        (["DE-BY"], [], ["eu-ai-act", "eu-gdpr"]),
        (["NO"], [], ["eu-gdpr"]),
        (["GB"], [], ["uk-gdpr"]),
        (["CA-QC"], [], ["ca-pipeda"]),
        (["AU-NSW"], [], ["au-app", "default-strict"]),
        (["US-IL"], ["US-NY-NYC"], ["us-baseline", "us-il-bipa", "us-nyc-22-1201"]),
        (["US-WA"], ["US-OR-PDX"], ["us-baseline", "us-or-portland", "us-wa"]),
        (["US-IL"], ["unknown"], ["default-strict", "us-il-bipa"]),
        (["unknown"], [], ["default-strict"]),
    ],
)
def test_places_choose_the_law(residency: list[str], places: list[str], ids: list[str]) -> None:
    """A state's own file comes before the country's, and a place without a file meets the strictest."""
    law = law_for(shipped().values(), residency=residency, places=places)
    assert [pack.id for pack in law.packs] == ids


def test_what_is_declared_applies_everywhere_and_nowhere_else() -> None:
    """A file that the operator declares binds every decision; undeclared it binds none."""
    chosen = {"residency": ["US-IL"], "places": ["DE"]}
    free, bound = (law_for(shipped().values(), declared=ids, **chosen) for ids in ((), ("us-ftc-order",)))
    assert [pack.id for pack in bound.packs if pack not in free.packs] == ["us-ftc-order"]


def test_without_a_file_for_a_place_nothing_is_decided() -> None:
    """Where no law file covers a place the answer is an error, never the bare core."""
    packs = [load(GOOD, "xx-test.toml")]
    for residency in ([], ["DE"], ["unknown"]):
        with pytest.raises(BadPack, match="no law file covers"):
            law_for(packs, residency=residency, places=["FR"])


def test_a_law_reads_by_type_and_names_its_sources() -> None:
    """Each kind of value has one accessor, and a citation names whose value prevailed."""
    law = law_for(shipped().values(), residency=["US-IL", "US-NV"], places=[])
    assert law.flag("notice.before_capture") is True
    assert law.number("retention.evidence_days") == 1826
    assert law.fraction("assessment.fpir_max") == 0.01
    assert law.choice("processing.transient_match") == "counsel_opt_in"
    assert law.items("notice.fields") == ("n1", "n2", "n3", "n5", "n6", "n9")
    for key, accessor in (("notice.before_capture", law.number), ("consent.form", law.items)):
        with pytest.raises(RuntimeError, match=key):
            accessor(key)
    with pytest.raises(KeyError):
        law.flag("notice.befor_capture")
    assert law.cite("basis.legal_rep_may_sign") == "us-il-bipa: 740 ILCS 14/15(b)"
    assert law.cite("consent.separate_for").startswith("us-baseline: ")
    assert law.cite("audit.dual_control").startswith("core: ")


def test_a_set_made_of_two_files_names_both() -> None:
    """Where a set's words come from several files, all of them are cited."""
    other = GOOD.replace("xx-test", "xx-other").replace('["n9", "n1"]', '["n2", "n5"]')
    law = Law.of([load(GOOD, "xx-test.toml"), load(other, "xx-other.toml")])
    assert law.cite("notice.fields") == "xx-other: Test Act 1; xx-test: Test Act 1"


def test_a_laws_digest_depends_on_its_files_alone() -> None:
    """The digest is the same in any order of the files, and another when one byte of one differs."""
    first, second = load(GOOD, "xx-test.toml"), shipped()[STRICT]
    changed = load(GOOD + "# another byte\n", "xx-test.toml")
    assert Law.of([first, second]).digest == Law.of([second, first]).digest
    assert Law.of([changed, second]).digest != Law.of([first, second]).digest


@settings(derandomize=True)
@given(laws, laws, laws)
def test_merging_is_a_join(a: dict[str, Value], b: dict[str, Value], c: dict[str, Value]) -> None:
    """Merging is commutative, associative, idempotent, absorbing and monotone, on any values."""
    both = merge(a, b)
    assert both == merge(b, a)
    assert merge(both, c) == merge(a, merge(b, c))
    assert merge(a, a) == a
    assert merge(both, a) == both
    assert merge(merge(a, c), merge(both, c)) == merge(both, c)
    assert merge(CORE, a).keys() == SCHEMA.keys()


@settings(derandomize=True, max_examples=30)
@given(st.permutations(sorted(shipped())))
def test_the_shipped_files_merge_in_any_order(names: list[str]) -> None:
    """The shipped files make one law in any order; each only adds strictness, and none loosens the core."""
    laws_of = [shipped()[name].values for name in names]
    forth, back = dict(CORE), dict(CORE)
    for one, other in zip(laws_of, reversed(laws_of), strict=True):
        stricter = merge(forth, one)
        assert merge(stricter, forth) == stricter
        assert merge(stricter, one) == stricter
        forth, back = stricter, merge(back, other)
    assert forth == back == dict(Law.of([shipped()[name] for name in names]).values)
    assert merge(forth, dict(CORE)) == forth


@settings(derandomize=True)
@given(laws)
def test_what_a_file_sets_is_what_holds(values: dict[str, Value]) -> None:
    """A value that loads is never weakened by the core."""
    merged = merge(CORE, values)
    assert all(merged[name] == value for name, value in values.items())


def test_the_pages_say_what_the_files_say() -> None:
    """Every law file has its page, and no page has a file that is gone."""
    assert {path.stem for path in (DOCS / "policy").glob("*.md")} == set(shipped())
    for name, pack in shipped().items():
        assert (DOCS / "policy" / f"{name}.md").read_text() == page(pack), "write the pages anew"


def test_the_format_page_names_every_key() -> None:
    """docs/formats/pack.md lists every key with its operator and its core value."""
    text = (DOCS / "formats" / "pack.md").read_text()
    missing = [row for row in schema_rows() if row not in text]
    assert not missing
    assert len(re.findall(r"^\| `\w+\.\w+` \|", text, re.MULTILINE)) == len(SCHEMA)


def schema_rows() -> list[str]:
    """The table of keys in docs/formats/pack.md."""
    rows = []
    for name, key in SCHEMA.items():
        words = (" < " if key.operator == "enum" else ", ").join(key.words)
        rows.append(f"| `{name}` | {key.operator} | {_shown(key.core)} | {words or '-'} |")
    return rows


if __name__ == "__main__":
    for shipped_pack in shipped().values():
        (DOCS / "policy" / f"{shipped_pack.id}.md").write_text(page(shipped_pack))
    print("\n".join(schema_rows()))
