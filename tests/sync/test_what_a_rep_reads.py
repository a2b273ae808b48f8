"""What stands in a task about what was seen: words and whole days, no names of ours."""

from __future__ import annotations

import pytest

from crmrules.plan.evidence import seen
from crmrules.signals import SIGNALS, label
from crmrules.signals._labels import LABELS


@pytest.mark.parametrize(
    ("signal", "value", "told"),
    [
        ("quotes_sent", 1, "quotes sent (1)"),
        ("days_to_power_meeting", 4.92, "days until the meeting with a decider (5)"),
        ("silence_business_days", 19, "business days the customer has been silent (19)"),
        ("is_latest_win", True, "the account's latest sale (yes)"),
        ("discount_above_allowance", 7.5, "points of discount beyond what everybody gets (7.5)"),
        ("phase", "concerns", "buying phase (concerns)"),
    ],
)
def test_a_value_is_told_as_people_say_it(signal, value, told):
    assert seen([{"signal": signal, "value": value}]) == f"Seen: {told}."


def test_what_was_seen_is_one_sentence_and_nothing_is_none():
    two = [{"signal": "quotes_sent", "value": 1}, {"signal": "future_meetings", "value": 0}]
    assert seen(two) == "Seen: quotes sent (1), meetings and calls booked (0)."
    assert seen([]) == ""


def test_what_is_beyond_the_usual_is_told_only_where_something_is_usual():
    def silent(days, beyond):
        told = {"silence_business_days": days, "silence_over_usual": beyond}
        return seen([{"signal": name, "value": value} for name, value in told.items()])

    assert silent(12, 4.0).endswith("(12), business days of silence beyond the usual (4).")
    assert silent(12, 12.0) == "Seen: business days the customer has been silent (12)."


def test_every_signal_has_a_label_of_its_own_that_stands_in_a_sentence():
    told = {name: label(name) for name in SIGNALS}
    assert len(set(told.values())) == len(told)
    for name, words in told.items():
        assert len(words) <= 56, words
        assert not set(words) & set(",;:()._"), words
        assert words == words.strip()
        assert words[0].islower(), words
        assert "is_" not in words, name


def test_a_label_is_only_for_a_signal_there_is():
    assert set(LABELS) <= set(SIGNALS)


def test_a_signal_without_a_label_is_called_by_its_name():
    assert label("a_word_of_a_plugin") == "a word of a plugin"
