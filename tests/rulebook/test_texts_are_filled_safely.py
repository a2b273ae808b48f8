"""Placeholders: alternatives, formats, hostile values."""

from __future__ import annotations

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crmrules.errors import UsageError
from crmrules.texts import complaints, cut, in_words, placeholders, render


@pytest.mark.parametrize(
    ("text", "values", "filled"),
    [
        ("Ask {contact}", {"contact": "Ana"}, "Ask Ana"),
        (("Ask {contact}", "Ask at {account}"), {"account": "Acme"}, "Ask at Acme"),
        (("Ask {contact}", "Ask at {account}"), {"contact": None}, "Ask at this account"),
        ("{n:g} points", {"n": 8.0}, "8 points"),
        ("{n} points", {"n": 12.5}, "12.5 points"),
        ("{n:g}", {"n": 1234567.0}, "1234567"),
        ("{n:d}", {"n": 7.6}, "8"),
        ("{n:.1f}", {"n": 7.25}, "7.2"),
        ("{n:,}", {"n": 1234567}, "1,234,567"),
        ("the {n:ordinal} time", {"n": 3}, "the 3rd time"),
        ("the {n:ordinal} time", {"n": 12}, "the 12th time"),
        ("{n}", {"n": True}, "yes"),
        ("{a}{b}", {"a": "{b}", "b": "x"}, "{b}x"),
        ("{a}", {"a": "one\ntwo\x00\u202ethree\u2066"}, "one twothree"),
        ("{a}", {"a": "x" * 200}, "x" * 77 + "..."),
    ],
)
def test_the_first_complete_alternative_is_filled(text, values, filled):
    assert render(text, values) == filled


def test_a_text_without_a_complete_alternative_is_an_error_and_never_a_hole():
    with pytest.raises(UsageError, match="contact"):
        render(("Ask {contact}",), {"account": "Acme"})


@pytest.mark.fault("R5")
@pytest.mark.parametrize(
    "text", ["{a.b}", "{a[0]}", "{a!r}", "{", "}", "{a:>99999999}", "{a:.99f}"]
)
def test_anything_but_a_name_and_a_known_format_is_refused(text):
    assert complaints(text)


@pytest.mark.fault("R5")
def test_a_huge_width_is_never_obeyed():
    assert render("{a:.999999f}", {"a": 1.5}) == "1.5"


def test_names_of_all_alternatives_are_known():
    assert placeholders(("{a} {b:g}", "{c}")) == {"a", "b", "c"}


@pytest.mark.fault("X1", "R5")
@given(st.text(max_size=300))
def test_no_value_can_bring_control_marks_or_a_second_line(value):
    filled = render(("<{a}>", "<>"), {"a": value})

    assert len(filled) <= 82
    assert not any(
        unicodedata.category(char)[0] == "C" for char in filled if char not in "\u200c\u200d"
    )
    assert "\n" not in filled


@pytest.mark.fault("X1")
@given(st.text(max_size=50), st.integers(3, 60))
def test_cutting_keeps_within_the_limit(text, limit):
    short = cut(text, limit)

    assert len(short) <= limit
    assert short == text or short.endswith("...")


@pytest.mark.parametrize(
    ("value", "words"),
    [
        (True, "yes"),
        (False, "no"),
        (3, "3"),
        (5.60413, "5.6"),
        (4.0, "4"),
        (0.25, "0.25"),
        (-0.001, "0"),
        (1234567.5, "1234567.5"),
        ("evaluation", "evaluation"),
    ],
)
def test_a_value_is_told_as_people_read_it(value, words):
    assert in_words(value) == words
