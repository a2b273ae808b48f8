"""Signals of texts: what each reads of mentions, when it cannot tell, and its limits."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, timedelta
from typing import Any

import pytest
from build import NOW, OPPORTUNITY, ago, call, mail, meeting, quote, view

from crmrules.model import Activity, Concern, ConcernState, Direction, Mention, Speaker
from crmrules.signals import SIGNALS, Known, Unknown
from crmrules.signals.pressing import quarter_end
from crmrules.text import SIGNALS as TEXT_SIGNALS

US, CUSTOMER = Speaker.US, Speaker.CUSTOMER
ALL = frozenset(TEXT_SIGNALS)
HINTS = {
    "days_since_price_mention": ("price", "price"),
    "days_since_rival_mention": ("competitor", "competitor"),
    "days_since_worry_voiced": ("concern", "concern"),
    "days_since_want_voiced": ("need", "need_explicit"),
    "days_since_delay_explained": ("postponement", "postponed_reason"),
}
OURS = {
    "rival_attacks_in_14_days": "competitor",
    "days_since_rival_attack": "competitor",
    "worries_played_down_in_14_days": "minimise",
    "talks_since_played_down": "minimise",
    "advice_in_14_days": "prescribe",
    "talks_since_advice": "prescribe",
    "deadline_pressure_in_7_days": "pressure",
}
OF_QUESTIONS = (
    "questions_in_2_transcripts",
    "fact_questions_percent",
    "consequence_questions",
    "fact_questions_percent_last",
    "consequence_questions_last",
)


def said(kind: str, days: float, speaker: Speaker | None = CUSTOMER, **more: Any) -> Mention:
    return Mention(kind=kind, record=f"{kind}-{days:g}", at=ago(days), speaker=speaker, **more)


def sent(days: float, text: str | None = "words") -> Activity:
    out = Direction.OUTBOUND
    return mail(days, direction=out, record=f"sent-{days:g}", text=text)


def tell(name: str, *mentions: Mention, on: frozenset[str] = ALL, **facts: Any) -> Any:
    seen = replace(view(**({"activities": ()} | facts)), mentions=mentions, text_signals=on)
    return SIGNALS[name].function(seen)


@pytest.mark.parametrize("name", [*HINTS, *OURS, *OF_QUESTIONS])
def test_while_text_signals_are_off_each_is_unknown_and_says_so(name):
    answer = SIGNALS[name].function(view(activities=()))
    assert answer == Unknown("text signals are off")


@pytest.mark.parametrize("name", [*HINTS, *OURS, *OF_QUESTIONS])
def test_while_its_own_signal_is_off_each_is_unknown_and_names_it(name):
    needed = HINTS[name][0] if name in HINTS else OURS.get(name, "questions")
    answer = tell(name, on=ALL - {needed})
    assert answer == Unknown(f"the text signal '{needed}' is off")


@pytest.mark.parametrize("name", [*HINTS, *OURS, *OF_QUESTIONS])
def test_where_activities_cannot_be_read_each_is_unknown(name):
    assert tell(name, activities=None) == Unknown("activities cannot be read")


# -- hints


@pytest.mark.parametrize("name", HINTS)
def test_a_hint_is_the_days_since_the_last_text_of_theirs_or_about_them(name):
    kind = HINTS[name][1]
    found = (said(kind, 30), said(kind, 4, None), said(kind, 1, US), said("other", 1))
    assert tell(name, *found) == Known(4, (f"{kind}-4",))


@pytest.mark.parametrize("name", HINTS)
def test_a_hint_is_unknown_where_no_text_speaks_of_it(name):
    assert tell(name, said("other", 1)) == Unknown("no text speaks of it")


def test_a_worry_that_came_back_is_voiced_again():
    assert tell("days_since_worry_voiced", said("concern_reopened", 2)).value == 2


# -- our own words


def test_attacks_are_sentences_of_ours_against_a_rival_in_14_days():
    against = {"stance": "against"}
    found = (
        said("competitor", 1, US, **against),
        said("competitor", 13.9, US, **against),
        said("competitor", 14.1, US, **against),
        said("competitor", 2, CUSTOMER, **against),
        said("competitor", 3, None, **against),
        said("competitor", 4, US, stance="for"),
        said("competitor", 5, US),
    )
    known = tell("rival_attacks_in_14_days", *found)
    assert known == Known(2, ("competitor-13.9", "competitor-1"))
    assert tell("days_since_rival_attack", *found) == Known(1, ("competitor-1",))
    assert tell("days_since_rival_attack", age=50) == Known(50, ())


@pytest.mark.parametrize("name", OURS)
def test_a_mail_of_ours_without_its_text_may_have_said_anything(name):
    worry = {"concerns": (concern(20),)}
    assert isinstance(tell(name, activities=(sent(2, None),), **worry), Unknown)
    assert isinstance(tell(name, activities=(mail(2, direction=None),), **worry), Unknown)
    assert isinstance(tell(name, activities=(sent(2), mail(1, text=None)), **worry), Known)


def concern(days: float, state: ConcernState = ConcernState.OPEN, topic: str = "data") -> Concern:
    return Concern(record=f"tag-{days:g}", known_at=ago(days), topic=topic, state=state)


@pytest.mark.parametrize(
    ("name", "kind"),
    [("worries_played_down_in_14_days", "minimise"), ("advice_in_14_days", "prescribe")],
)
def test_such_sentences_count_only_while_a_worry_is_open(name, kind):
    ours = (said(kind, 13, US), said(kind, 2, US))
    assert tell(name, *ours).value == 0
    assert tell(name, said("concern", 3), *ours) == Known(1, (f"{kind}-2",))
    assert tell(name, said("concern", 3, None), *ours).value == 1
    assert tell(name, said("concern", 3, US), *ours).value == 0
    assert tell(name, said("price", 20), *ours).value == 1  # until 14 days after it
    assert tell(name, *ours, concerns=(concern(40),)).value == 2
    resolved = (concern(40), concern(10, ConcernState.RESOLVED))
    assert tell(name, *ours, concerns=resolved).value == 1
    other = (concern(40), concern(20, ConcernState.RESOLVED, "terms"))
    assert tell(name, *ours, concerns=other).value == 2


def test_without_worries_in_texts_those_in_tags_are_enough():
    on = ALL - {"concern"}
    found = said("minimise", 2, US)
    name = "worries_played_down_in_14_days"
    assert tell(name, found, on=on, concerns=(concern(9),)).value == 1
    assert tell(name, found, on=on) == Unknown("the text signal 'concern' is off")


@pytest.mark.parametrize(
    ("name", "kind"), [("talks_since_played_down", "minimise"), ("talks_since_advice", "prescribe")]
)
def test_talks_since_are_calls_and_meetings_that_took_place_after_the_last_one(name, kind):
    ours = (said("concern", 12), said(kind, 10, US), said(kind, 5, US))
    talks = (meeting(7), meeting(4), call(3), call(2, held=False), mail(1, text="hello"))
    known = tell(name, *ours, activities=talks)
    assert known == Known(2, ("meeting-4", "call-3"))
    assert tell(name, activities=talks) == Known(0)
    assert isinstance(tell(name, *ours, activities=(call(1, held=None),)), Unknown)


def test_pressure_is_counted_over_seven_days():
    found = (said("pressure", 6.9, US), said("pressure", 7.1, US), said("pressure", 1, CUSTOMER))
    assert tell("deadline_pressure_in_7_days", *found) == Known(1, ("pressure-6.9",))


# -- chasing


def chased(*activities: Activity, mentions: tuple[Mention, ...] | None = None) -> Any:
    seen = replace(view(activities=activities), mentions=mentions)
    return SIGNALS["unanswered_in_7_days"].function(seen)


def test_unanswered_are_our_mails_and_missed_calls_of_seven_days_without_a_word_of_theirs():
    ours = (sent(1), sent(6.9), call(2, held=False), sent(7.1))
    assert chased(*ours) == Known(3, ("sent-1", "sent-6.9", "call-2"))
    assert chased(*ours, mail(3)) == Known(0)
    assert chased(*ours, mail(8)).value == 3
    assert chased(*ours, meeting(3)).value == 0
    assert chased() == Known(0)
    assert isinstance(chased(*ours, mail(3, direction=None)), Unknown)


def test_an_automatic_answer_is_none_where_texts_are_read():
    away = mail(3, record="away")
    told = (said("auto_reply", 3).model_copy(update={"record": "away"}),)
    assert chased(sent(1), away).value == 0
    assert chased(sent(1), away, mentions=told).value == 1


@pytest.mark.parametrize(
    ("day", "end"),
    [
        (date(2026, 1, 1), date(2026, 3, 31)),
        (date(2026, 6, 30), date(2026, 6, 30)),
        (date(2026, 7, 1), date(2026, 9, 30)),
        (date(2028, 12, 31), date(2028, 12, 31)),
        (date(2028, 10, 1), date(2028, 12, 31)),
    ],
)
def test_quarters_end_with_their_months(day, end):
    assert quarter_end(day) == end


def test_our_deadline_is_the_quarter_or_a_quote_that_expires_sooner():
    def nearest(*quotes: Any, **facts: Any) -> Any:
        return SIGNALS["days_to_our_deadline"].function(view(**({"quotes": quotes} | facts)))

    assert nearest() == Known(13, (OPPORTUNITY,))  # from 17 to 30 June
    assert nearest(quotes=None) == Known(13, (OPPORTUNITY,))
    today = NOW.date()
    soon, past = today + timedelta(days=4), today - timedelta(days=1)
    assert nearest(quote(9, expires_on=soon)) == Known(4, ("quote-9",))
    assert nearest(quote(9, expires_on=past), quote(8)).value == 13
    assert nearest(quote(9, expires_on=today)).value == 0
    assert nearest(quote(9, expires_on=today + timedelta(days=14))).value == 13


# -- questions


def script(days: float, *topics: str) -> tuple[Mention, ...]:
    record = f"script-{days:g}"
    told = Mention(kind="transcript", record=record, at=ago(days))
    asked = tuple(
        Mention(kind="question", record=record, at=ago(days), speaker=US, topic=topic)
        for topic in topics
    )
    return (told, *asked)


OLD = script(30, *["implication"] * 9)
OLDER = script(9, "situation", "situation", "problem", "none")
NEWEST = script(2, "situation", "implication", "payoff", "none")


@pytest.mark.parametrize(
    ("name", "value", "records"),
    [
        ("questions_in_2_transcripts", 6, ("script-9", "script-2")),
        ("fact_questions_percent", 50.0, ("script-9", "script-2")),
        ("consequence_questions", 1, ("script-9", "script-2")),
        ("fact_questions_percent_last", pytest.approx(100 / 3), ("script-2",)),
        ("consequence_questions_last", 1, ("script-2",)),
    ],
)
def test_questions_are_counted_in_the_newest_transcripts(name, value, records):
    known = tell(name, *NEWEST, *OLD, *OLDER)
    assert (known.value, known.records) == (value, records)


@pytest.mark.parametrize("name", OF_QUESTIONS)
def test_with_too_few_transcripts_questions_are_unknown(name):
    assert isinstance(tell(name), Unknown)
    one = tell(name, *NEWEST)
    assert isinstance(one, Known if name.endswith("_last") else Unknown)


@pytest.mark.parametrize("name", ["fact_questions_percent", "fact_questions_percent_last"])
def test_a_share_of_no_question_is_unknown(name):
    assert isinstance(tell(name, *script(9, "none"), *script(2)), Unknown)


@pytest.mark.parametrize("name", [*HINTS, *OURS, *OF_QUESTIONS])
def test_a_mention_that_lies_ahead_is_not_seen(name):
    kinds = ("price", "competitor", "concern", "need_explicit", "postponed_reason", "minimise")
    ahead = [
        said(kind, -1, who, stance="against" if kind == "competitor" else None)
        for kind in (*kinds, "prescribe", "pressure", "question", "transcript")
        for who in (US, CUSTOMER)
    ]
    assert tell(name, *ahead) == tell(name)
