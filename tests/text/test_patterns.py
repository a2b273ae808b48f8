"""The shipped patterns on sentences they were made with, and the rules they are made by.

How good they are is not measured here: docs/text-signals.md has the figures.
"""

from __future__ import annotations

import time
from datetime import UTC, datetime

import pytest

from crmrules.errors import UsageError
from crmrules.model import Speaker
from crmrules.text import SIGNALS, Text, reader
from crmrules.text.phrases import Negation, Phrases, plain

pytest.importorskip("re2")
AT = datetime(2026, 1, 1, tzinfo=UTC)
READER = reader(SIGNALS, ["en", "de"], rivals=["Acme", "Globex Systems"])
US, CUSTOMER, NOTE = Speaker.US, Speaker.CUSTOMER, None


def kinds(sentence: str, speaker: Speaker | None, with_=READER) -> list[str]:
    return [m.kind for m in with_.classifier.mentions([Text(sentence, "r", AT, speaker)])]


@pytest.mark.parametrize(
    ("sentence", "speaker", "kind"),
    [
        ("We find the solution far too expensive.", CUSTOMER, "price"),
        ("There's no budget left for this project.", CUSTOMER, "price"),
        ("We're worried about downtime during the move.", CUSTOMER, "concern"),
        ("Legal dropped their objection, issue resolved.", NOTE, "concern_resolved"),
        ("GDPR is back on the agenda.", NOTE, "concern_reopened"),
        ("We waste two days a month on reports.", CUSTOMER, "need_implied"),
        ("We want a dashboard for managers.", CUSTOMER, "need_explicit"),
        ("Let's talk in three months.", CUSTOMER, "postponed"),
        ("Project is on hold because our CEO left.", CUSTOMER, "postponed_reason"),
        ("There's no reason to worry.", US, "minimise"),
        ("You should just tell your manager to sign.", US, "prescribe"),
        ("The price goes up on Monday.", US, "pressure"),
        ("Das ist uns zu teuer.", CUSTOMER, "price"),
        ("Machen Sie sich darüber keine Sorgen.", US, "minimise"),
        ("Bitte kommen Sie in zwei Monaten wieder auf uns zu.", CUSTOMER, "postponed"),
        ("Wir brauchen Ihre Entscheidung bis Freitag.", US, "pressure"),
    ],
)
def test_a_sentence_that_says_it_is_found(sentence, speaker, kind):
    assert kinds(sentence, speaker) == [kind]


@pytest.mark.parametrize("speaker", [US, CUSTOMER, NOTE])
@pytest.mark.parametrize(
    "sentence",
    [
        "This fits within your budget.",
        "This fits within our budget.",
        "Your offer sits nicely inside the budget we agreed.",
        "It is not too expensive.",
        "No complaints about price.",
        "We are not worried about downtime.",
        "Nobody has a problem with the contract.",
        "We will not put the project on hold.",
        "The price won't go up on Monday.",
        "I don't think your worry is trivial.",
        "Das ist nicht zu teuer.",
        "Das passt gut in Ihr Budget.",
        "Wir haben keine Sorgen.",
    ],
)
def test_a_sentence_that_denies_it_is_not(sentence, speaker):
    assert kinds(sentence, speaker) == []


def test_a_negation_reaches_to_the_end_of_its_clause_and_no_further():
    assert kinds("We do not mind the term, but the price is too high for us.", CUSTOMER) == [
        "price"
    ]
    assert kinds("That is not, as people say, too expensive.", CUSTOMER) == ["price"]


def test_what_only_one_side_can_say_counts_only_from_that_side():
    assert kinds("We find it too expensive.", US) == []
    for side in (CUSTOMER, NOTE):
        assert kinds("There's no reason to worry.", side) == []
        assert "pressure" not in kinds("The price goes up on Monday.", side)


@pytest.mark.parametrize(
    ("sentence", "stance"),
    [
        ("Acme is slow and their support is terrible.", "against"),
        ("Frankly, Acme gave us a better demo.", "for"),
        ("We also talk to Globex Systems.", None),
        ("I would never call Acme unreliable.", None),
    ],
)
def test_a_rival_is_named_with_what_is_said_of_it(sentence, stance):
    [mention] = READER.classifier.mentions([Text(sentence, "r", AT, US)])
    assert (mention.kind, mention.stance, mention.speaker) == ("competitor", stance, US)


def test_rivals_are_those_of_the_configuration():
    nobody = reader(["competitor"], ["en"])
    assert kinds("Acme is slow.", US, nobody) == []
    assert kinds("The competitor was cheaper.", NOTE, nobody) == ["competitor"]


@pytest.mark.parametrize("name", SIGNALS)
def test_only_what_is_switched_on_is_looked_for(name):
    alone = reader([name], ["en", "de"], rivals=["Acme"])
    sentences = (
        (
            "Acme is too expensive and we worry: we waste days, need a tool, and want to wait.",
            CUSTOMER,
        ),
        ("Don't worry, you should tell your boss that the price goes up on Monday.", US),
    )
    found = {kind for sentence, who in sentences for kind in kinds(sentence, who, alone)}
    assert found <= set(SIGNALS[name])
    assert found or name == "questions"


def test_without_a_signal_there_is_no_reader_and_no_package_is_needed():
    assert reader([], ["en"]) is None


def test_a_mention_carries_no_words():
    secret = "Zanzibar is far too expensive, says Acme."
    [price, rival] = READER.classifier.mentions([Text(secret, "r1", AT, CUSTOMER)])
    assert "anzibar" not in repr((price, rival, Text(secret, "r1", AT)))
    assert price.record == rival.record == "r1"


def test_phrases_mean_whole_words_choices_endings_gaps_and_lists():
    lists = {"day": ("monday", "the weekend")}
    found = Phrases.of(["(pay|paid) ... by {day}", "cost*"], lists, Negation(), where="x")
    for text in ("we paid it all by Monday", "Pay us by the weekend!", "costly", "Costs?"):
        assert found.found(plain(text)), text
    for text in (
        "paid one two three four five six by monday",
        "repaid by monday",
        "a low-cost one",
    ):
        assert not found.found(plain(text)), text


@pytest.mark.parametrize(
    ("phrases", "said"), [(["(a"], "cannot be read"), (["{nobody} pays"], "no list is called")]
)
def test_a_phrase_that_cannot_be_read_says_where_it_stands(phrases, said):
    with pytest.raises(UsageError, match=said) as told:
        Phrases.of(phrases, {}, Negation(), where="en.yml: price")
    assert "en.yml: price" in str(told.value)


@pytest.mark.fault("R4")
@pytest.mark.parametrize(
    "text", ["a " * 10_000, "not " * 10_000, "the price " * 5_000, "(" * 20_000]
)
def test_matching_is_linear_in_the_text(text):
    begun = time.process_time()
    kinds(text, CUSTOMER)
    assert time.process_time() - begun < 5
