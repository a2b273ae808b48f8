"""What is left of a message: what its author wrote this time, in sentences."""

from __future__ import annotations

import time

import pytest

from crmrules.text.clean import Cleaner, split
from crmrules.text.data import load

pytest.importorskip("re2")
CLEANER = Cleaner.of(load(["en", "de"]))


def left(text: str) -> list[str]:
    return CLEANER.sentences(text)


@pytest.mark.parametrize(
    "tail",
    [
        "On Mon, 3 May 2027 at 10:12, Kim Lee wrote:\n> This is too expensive.",
        "Am 3. Mai 2027 um 10:12 schrieb Kim Lee:\nDas ist zu teuer.",
        "From: Kim Lee\nSent: Monday\nThis is too expensive.",
        "Von: Kim Lee\nGesendet: Montag\nDas ist zu teuer.",
        "-----Original Message-----\nThis is too expensive.",
        "-- \nKim Lee\nToo expensive Ltd.",
        "Best regards\nKim Lee\nHead of Expensive Things",
        "Mit freundlichen Grüßen\nKim Lee",
        "Sent from my iPhone",
        "> quoted\n> and more",
    ],
)
def test_quoted_mail_and_signatures_go(tail):
    assert left(f"The plan is fine.\n\n{tail}") == ["The plan is fine."]


def test_a_disclaimer_goes_and_what_stands_around_it_stays():
    text = (
        "We agree.\n\nThis message is confidential and intended solely for the addressee. Delete\n"
        "it if you received this email in error.\n\nSee you on Monday."
    )
    assert left(text) == ["We agree.", "See you on Monday."]


def test_a_greeting_word_in_a_sentence_cuts_nothing():
    text = "Hello Kim,\nwe send our best regards to the team and want to go on with it.\nAna"
    assert left(text) == [
        "Hello Kim, we send our best regards to the team and want to go on with it.",
        "Ana",
    ]


def test_html_left_in_a_text_goes_and_its_line_breaks_stay():
    text = "<style>p {color: red}</style><p>Too &amp; fro</p><p>Next<br>Line</p> 3 < 4 and a > b"
    assert left(text) == ["Too & fro", "Next", "Line", "3 < 4 and a > b"]


@pytest.mark.parametrize(
    ("paragraph", "sentences"),
    [
        ("One. Two! Three?", ["One.", "Two!", "Three?"]),
        (
            "We pay approx. 40 euro, e.g. for Mr. Lee.",
            ["We pay approx. 40 euro, e.g. for Mr. Lee."],
        ),
        ("It costs 4.50. that is all", ["It costs 4.50. that is all"]),
        ('He said "no." We left.', ['He said "no.', "We left."]),
        (
            "Wir kommen z. B. Montag. Änderungen folgen.",
            ["Wir kommen z. B. Montag.", "Änderungen folgen."],
        ),
    ],
)
def test_sentences_are_split_where_they_end(paragraph, sentences):
    assert split(paragraph) == sentences


def test_lines_that_were_broken_to_fit_are_one_sentence_and_bullets_are_not():
    text = "We cannot go on with\nthis at the moment.\n- first\n- second\n2) third"
    assert left(text) == ["We cannot go on with this at the moment.", "first", "second", "third"]


@pytest.mark.fault("R4")
@pytest.mark.parametrize(
    "text",
    [
        "<" * 50_000,
        "a " * 50_000,
        ("<style>" * 3_000),
        "wrote " * 20_000,
        "&" * 50_000,
        "> " * 30_000,
    ],
)
def test_no_text_takes_long(text):
    begun = time.process_time()
    left(text)
    CLEANER.automatic(text, text)
    assert time.process_time() - begun < 2


def test_an_automatic_mail_is_told_by_how_its_subject_begins_not_by_a_word_in_it():
    assert CLEANER.automatic("RE: AW: Out of office until May", "")
    assert not CLEANER.automatic("Who is out of office in May?", "Please tell me.")
    assert not CLEANER.automatic(None, None)
