# SPDX-License-Identifier: Apache-2.0
"""Order files are read strictly: whatever is missing, unknown, impossible or not quoted names its line."""

from __future__ import annotations

import re
from datetime import UTC, date, datetime

import pytest
from order_examples import QUOTE, TEXT, order_toml

from countenance.errors import BadOrder
from countenance.ids import SubjectId
from countenance.model.order import (
    AllOf,
    AnyOf,
    ClassKind,
    ClientQuery,
    Instrument,
    Not,
    OfAge,
    OrderKind,
    Persons,
    Residency,
    Unknown,
    Verb,
    When,
)
from countenance.model.purpose import ClientKind
from countenance.model.subject import AgeBand
from countenance.policy.order_file import read, text_file

NOW = datetime(2026, 5, 1, 12, tzinfo=UTC)
ILLINOIS = 'residency = { places = ["us-il"], when = "ever", min_days = 183 }'
GOOD = order_toml(ILLINOIS, deadlines="freeze = 2026-01-11\ndestroy = 2026-02-10\nreport_every_days = 90")


def parse(text: str) -> Instrument:
    """Read an order file."""
    return read(text, "order.toml", instrument=None, now=NOW)


def line_of(text: str, words: str) -> int:
    """Return the number of the line in which these words stand first."""
    return next(number for number, line in enumerate(text.splitlines(), start=1) if words in line)


def test_an_order_is_read_as_it_is_written() -> None:
    """Kind, dates, terms with their sentences, class and deadlines come out as they went in."""
    order = parse(GOOD)
    assert (order.kind, order.matter, order.text) == (OrderKind.INJUNCTION, "1:26-cv-00001", TEXT)
    assert [(term.number, term.verb, term.quote) for term in order.terms] == [
        (1, Verb.STOP_COLLECT, QUOTE),
        (2, Verb.STOP_SEARCH, QUOTE),
        (3, Verb.DESTROY, QUOTE),
    ]
    assert (order.persons.kind, order.persons.unknown) == (ClassKind.RESIDENTS, Unknown.MEMBER)
    assert order.persons.where == Residency(("US-IL",), When.EVER, None, None, 183)
    assert order.effective_at == datetime(2026, 1, 10, tzinfo=UTC)
    assert order.deadlines.destroy == datetime(2026, 2, 10, 23, 59, 59, tzinfo=UTC)
    assert order.counsel[0].acts_for == "plaintiffs"


def test_conditions_nest() -> None:
    """Conditions of one table hold together; any, all and not combine them."""
    where = (
        'age_band = "minor"\n'
        'any = [{ subjects = ["sub_1"] }, { residency = { places = ["US"], when = "current" } }]\n'
        'not = { subjects = ["sub_2"] }'
    )
    predicate = parse(order_toml(where)).persons.where
    one, two = Persons((SubjectId("sub_1"),)), Persons((SubjectId("sub_2"),))
    home = Residency(("US",), When.CURRENT)
    assert predicate == AllOf((OfAge(AgeBand.MINOR), AnyOf((one, home)), Not(two)))


def test_the_text_may_lie_in_a_file_of_its_own() -> None:
    """An order file names the file of the instrument, whose words and digest are checked as well."""
    text = GOOD.replace(f'text = """\n{TEXT}"""', 'text_file = "order.txt"')
    assert text_file(text, "order.toml") == "order.txt"
    assert text_file(GOOD, "order.toml") is None
    assert read(text, "order.toml", instrument=TEXT, now=NOW).text == TEXT
    with pytest.raises(BadOrder, match=r"^order.toml:8: the instrument's text has the SHA-256"):
        read(text, "order.toml", instrument=TEXT + " ", now=NOW)


def test_clients_are_denied_by_id_or_kind() -> None:
    """A term deny_clients says which clients it means; no other term may."""
    term = f'\n[[term]]\nverb = "deny_clients"\nquote = "{QUOTE}"\nkinds = ["venue"]\n'
    order = parse(order_toml(ILLINOIS, terms=term))
    assert order.terms[-1].clients == ClientQuery((), (ClientKind.VENUE,))
    with pytest.raises(BadOrder, match="names clients or kinds"):
        parse(order_toml(ILLINOIS, terms=term.replace('kinds = ["venue"]\n', "")))
    with pytest.raises(BadOrder, match="only a term deny_clients"):
        parse(order_toml(ILLINOIS, terms=term.replace("deny_clients", "report")))


BAD = [
    ("not TOML", "[order", "[order]", r"^order\.toml:\d+: "),
    ("unknown section", "[[counsel]]", '[[council]]\nname = "x"\n[[counsel]]', "has no key 'council'"),
    ("unknown key", "binds =", "bind =", "has no key 'bind'"),
    ("unknown kind", 'kind = "injunction"', 'kind = "wish"', "needs kind: one of injunction"),
    ("no authority", "authority = ", "penalty = ", "needs authority"),
    ("no sentence", f'quote = "{QUOTE}"', "", "quotes no sentence"),
    ("empty sentence", f'quote = "{QUOTE}"', 'quote = " "', "quotes no sentence"),
    (
        "not in the text",
        f'quote = "{QUOTE}"',
        'quote = "shall pay a fine at once"',
        "does not stand in the order's text",
    ),
    ("two words", f'quote = "{QUOTE}"', 'quote = "the class"', "is no sentence"),
    ("served first", "served_at = 2026-01-10", "served_at = 2026-01-09", "served before it was issued"),
    ("served later than now", "served_at = 2026-01-10", "served_at = 2026-06-01", "served in the future"),
    ("naive moment", "served_at = 2026-01-10", "served_at = 2026-01-10T10:00:00", "needs served_at: a date"),
    ("expired first", "binds = ", "expires_at = 2026-01-01\nbinds = ", "expire before"),
    ("deadline first", "freeze = 2026-01-11", "freeze = 2026-01-01", "deadline freeze lies before the order"),
    ("destroyed first", "destroy = 2026-02-10", "destroy = 2026-01-10", "destroy lies before the deadline of freeze"),
    ("reports never", "report_every_days = 90", "report_every_days = 0", "a whole number of 1 or more"),
    ("inferred", "residency = {", 'ethnicity = "x"\nresidency = {', "nothing is inferred from a face"),
    ("age from a face", "residency = {", "age = 30\nresidency = {", "nothing is inferred from a face"),
    ("no place", '"us-il"', '"Illinois"', "is not a place code"),
    ("unknown as place", '"us-il"', '"unknown"', "unknown is no place"),
    ("unknown residency key", "min_days", "minimum_days", "has no key 'minimum_days'"),
    ("no condition", ILLINOIS, 'age_band = "minor"', "needs the condition residency"),
    ("empty any", ILLINOIS, f"{ILLINOIS}\nany = []", "is a list of conditions"),
    (
        "turned window",
        'when = "ever"',
        'when = "ever", from = 2020-01-02, until = 2020-01-01',
        "until lies before from",
    ),
    ("no terms", "[[term]]", "[[terms]]", "has no key 'terms'"),
    ("wrong digest", 'sha256 = "', 'sha256 = "0', "has the SHA-256"),
]


@pytest.mark.parametrize(("case", "old", "new", "message"), BAD, ids=[case for case, *_ in BAD])
def test_what_is_wrong_names_its_line(case: str, old: str, new: str, message: str) -> None:
    """Every fault is refused with file, line and what would be right."""
    assert old in GOOD, case
    text = GOOD.replace(old, new)
    with pytest.raises(BadOrder, match=message) as error:
        parse(text)
    assert re.match(r"order\.toml:\d+: ", str(error.value))


def test_the_line_is_the_right_one() -> None:
    """The line is that of the key; where a key is missing, that of its table, the second term's for the second."""
    for old, new in (
        ("binds =", "bind ="),
        ("min_days", "minimum_days"),
        ("served_at = 2026-01-10", "served_at = 2025-01-10"),
    ):
        text = GOOD.replace(old, new)
        with pytest.raises(BadOrder, match=rf"^order\.toml:{line_of(text, new)}: "):
            parse(text)
    text = GOOD.replace(f'verb = "stop_search"\nquote = "{QUOTE}"', 'verb = "stop_search"')
    with pytest.raises(BadOrder, match=rf"^order\.toml:{line_of(text, 'stop_search') - 1}: "):
        parse(text)


def test_the_window_of_a_class_is_dated() -> None:
    """A class may look at a part of the history, and at a fixed day."""
    where = 'residency = { places = ["US-IL"], when = "former", from = 2011-06-07, until = 2020-01-01 }'
    order = parse(order_toml(where, more="as_of = 2026-04-01\nnew_release_after = 2026-01-10"))
    assert order.persons.where == Residency(("US-IL",), When.FORMER, date(2011, 6, 7), date(2020, 1, 1))
    assert order.persons.as_of == date(2026, 4, 1)
    assert order.persons.new_release_after == datetime(2026, 1, 10, tzinfo=UTC)


def test_only_filter_source_names_sources() -> None:
    """A term filter_source says which sources it means; no other term may."""
    term = f'\n[[term]]\nverb = "filter_source"\nquote = "{QUOTE}"\nsources = ["src_1", "src_2"]\n'
    assert parse(order_toml(ILLINOIS, terms=term)).filtered == {"src_1", "src_2"}
    with pytest.raises(BadOrder, match="sources"):
        parse(order_toml(ILLINOIS, terms=term.replace('sources = ["src_1", "src_2"]', "")))
    with pytest.raises(BadOrder, match="only a term filter_source"):
        parse(order_toml(ILLINOIS, terms=term.replace("filter_source", "report")))
