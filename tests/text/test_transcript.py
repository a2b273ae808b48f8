"""What is a transcript, who speaks in it, and which questions count."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from crmrules.model import Speaker
from crmrules.text import SIGNALS, Text, reader
from crmrules.text.transcript import TURNS, sides, turns

US, CUSTOMER = Speaker.US, Speaker.CUSTOMER


def script(n: int = TURNS, first: str = "Robin Park", second: str = "Ana") -> str:
    names = (first, second)
    return "\n".join(f"{names[k % 2]}: How is it going, part {k}?" for k in range(n))


def test_ten_lines_of_two_voices_are_one_and_nine_are_not():
    assert len(turns(script(10))) == 10
    assert turns(script(9)) == []


def test_one_voice_alone_is_a_list_and_not_a_talk():
    assert turns(script(12, "Ana", "Ana")) == []


def test_a_line_or_two_of_remarks_do_no_harm_and_a_summary_does():
    assert turns("(recording starts)\n" + script(20))
    assert turns("They were friendly.\nWe talked a lot.\n" + script(10)) == []


def test_times_and_roles_in_brackets_are_no_part_of_a_name():
    text = script(10).replace("Robin Park:", "Robin Park (00:12):").replace("Ana:", "Ana [buyer]:")
    assert {turn.voice for turn in turns(text)} == {"robin park", "ana"}


@pytest.mark.parametrize(
    "line",
    [
        "http://x.y/z: a",
        "12:30: they arrived",
        "This was a very long sentence that goes on and on: x",
    ],
)
def test_what_is_no_name_begins_no_turn(line):
    assert turns("\n".join([line] * 12)) == []


@pytest.mark.parametrize(
    ("voices", "ours", "theirs", "told"),
    [
        (("Robin", "Ana"), ["Robin Park"], ["Ana Ruiz"], (US, CUSTOMER)),
        (("Robin Park", "Somebody"), ["Robin Park"], [], (US, CUSTOMER)),
        (("Somebody", "Ana"), [], ["Ana Ruiz"], (US, CUSTOMER)),
        (("Rep", "Customer"), [], [], (US, CUSTOMER)),
        (("Wir", "Kunde"), [], [], (US, CUSTOMER)),
        (("Ana", "Other"), ["Ana Berg"], ["Ana Ruiz"], (None, None)),
        (("A", "B"), [], [], (None, None)),
    ],
)
def test_sides_come_from_known_names_only(voices, ours, theirs, told):
    found = sides(turns(script(10, *voices)), ours, theirs)
    assert tuple(found[voice.casefold()] for voice in voices) == told


def test_a_third_voice_stays_nobodys():
    text = script(10) + "\nKim: I joined late."
    found = sides(turns(text), ["Robin Park"], [])
    assert found == {"robin park": US, "ana": None, "kim": None}


@pytest.mark.parametrize(
    ("sentence", "kind"),
    [
        ("Which tool do you use today?", "situation"),
        ("What annoys you most about it?", "problem"),
        ("What happens when it fails?", "implication"),
        ("How would that help your team?", "payoff"),
        ("Can you see my screen?", "none"),
        ("Wie viele Filialen haben Sie?", "situation"),
        ("Was passiert, wenn das ausfällt?", "implication"),
    ],
)
def test_questions_are_typed_the_first_fitting_type_counts(sentence, kind):
    pytest.importorskip("re2")
    found = reader(SIGNALS, ["en", "de"])
    at = datetime(2026, 1, 1, tzinfo=UTC)
    [mention] = found.classifier.mentions([Text(sentence, "r", at, US, verbatim=True)])
    assert (mention.kind, mention.topic) == ("question", kind)
    for text in (Text(sentence, "r", at, US), Text(sentence, "r", at, CUSTOMER, verbatim=True)):
        assert not [m for m in found.classifier.mentions([text]) if m.kind == "question"]
