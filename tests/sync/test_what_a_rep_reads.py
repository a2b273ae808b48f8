"""What stands in a task about what was seen: words and whole days, no names of ours."""

from __future__ import annotations

import pytest

from crmrules.plan.fields import seen


@pytest.mark.parametrize(
    ("signal", "value", "told"),
    [
        ("quotes_sent", 1, "quotes sent (1)"),
        ("days_to_power_meeting", 4.92, "days to power meeting (5)"),
        ("silence_business_days", 19, "silence business days (19)"),
        ("is_latest_win", True, "latest win (yes)"),
        ("discount_above_allowance", 7.5, "discount above allowance (7.5)"),
        ("phase", "concerns", "phase (concerns)"),
    ],
)
def test_a_value_is_told_as_people_say_it(signal, value, told):
    assert seen([{"signal": signal, "value": value}]) == f"Seen: {told}."


def test_what_was_seen_is_one_sentence_and_nothing_is_none():
    two = [{"signal": "quotes_sent", "value": 1}, {"signal": "future_meetings", "value": 0}]
    assert seen(two) == "Seen: quotes sent (1), future meetings (0)."
    assert seen([]) == ""
