"""Which texts of an opportunity are read, and whose they are: told with a classifier that notes."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from crmrules.model import (
    Activity,
    ActivityKind,
    Change,
    Direction,
    Mention,
    Opportunity,
    Person,
    Speaker,
    User,
)
from crmrules.text.clean import Cleaner
from crmrules.text.data import load
from crmrules.text.reading import Reader

pytest.importorskip("re2")
NOW = datetime(2026, 6, 17, 12, tzinfo=UTC)
US, CUSTOMER = Speaker.US, Speaker.CUSTOMER


class Noting:
    """A classifier of one's own: the port asks for nothing but this method."""

    def __init__(self) -> None:
        self.texts = []

    def mentions(self, texts):
        self.texts += texts
        return tuple(Mention(kind="mine", record=t.record, at=t.at) for t in texts)


def read(*activities, **facts):
    noting = Noting()
    found = Reader(noting, Cleaner.of(load(["en"])), frozenset({"questions"}))
    known = {"record": "o", "id": "o", "known_at": NOW, "created_at": NOW - timedelta(days=99)}
    known |= {"observed_at": NOW, "activities": activities}
    mentions = found.read(Opportunity(**(known | facts)), NOW)
    return noting.texts, mentions


def activity(kind, text="It is too much. We wait.", days=1.0, **facts):
    at = NOW - timedelta(days=days)
    known = {"record": "a", "known_at": min(at, NOW), "kind": ActivityKind(kind), "at": at}
    return Activity(**{**known, "text": text, **facts})


@pytest.mark.parametrize(
    ("kind", "direction", "speaker"),
    [
        ("email", Direction.INBOUND, CUSTOMER),
        ("email", Direction.OUTBOUND, US),
        ("email", None, None),
        ("call", Direction.INBOUND, None),
        ("call", Direction.OUTBOUND, None),
        ("meeting", None, None),
        ("note", None, None),
        ("task", None, None),
    ],
)
def test_only_mails_have_a_voice_the_rest_is_told_by_us_in_the_third_person(
    kind, direction, speaker
):
    texts, _ = read(activity(kind, direction=direction))
    assert [(t.sentence, t.speaker) for t in texts] == [
        ("It is too much.", speaker),
        ("We wait.", speaker),
    ]


def test_what_lies_ahead_stands_on_the_account_or_has_no_text_is_not_read():
    texts, _ = read(
        activity("meeting", days=-1),
        activity("note", on_account=True),
        activity("note", text=None),
    )
    assert texts == []


def test_an_automatic_answer_is_told_and_not_read():
    away = activity("email", "I am out of the office.", direction=Direction.INBOUND)
    texts, mentions = read(away)
    assert texts == []
    assert [(m.kind, m.record) for m in mentions] == [("auto_reply", "a")]
    texts, mentions = read(away.model_copy(update={"direction": Direction.OUTBOUND}))
    assert len(texts) == 1
    assert "auto_reply" not in {m.kind for m in mentions}


def test_the_next_step_is_a_note_as_old_as_its_last_change():
    moved = Change(record="c", known_at=NOW - timedelta(days=3), field="next_step", new="x")
    texts, _ = read(next_step="They want to wait.", changes=(moved,))
    assert [(t.sentence, t.record, t.at, t.speaker) for t in texts] == [
        ("They want to wait.", "o", NOW - timedelta(days=3), None)
    ]


def test_a_transcript_is_read_turn_by_turn_and_told():
    lines = "\n".join(["Robin: Why is that?", "Ana: It breaks."] * 5)
    user = User(id="u", name="Robin Park")
    person = Person(record="p", id="p", known_at=NOW, name="Ana Ruiz")
    texts, mentions = read(activity("call", lines), users=(user,), people=(person,))
    assert {(t.sentence, t.speaker, t.verbatim) for t in texts} == {
        ("Why is that?", US, True),
        ("It breaks.", CUSTOMER, True),
    }
    assert [m.kind for m in mentions].count("transcript") == 1


def test_a_transcript_of_strangers_is_not_told_as_one():
    lines = "\n".join(["Robin: Why is that?", "Ana: It breaks."] * 5)
    texts, mentions = read(activity("call", lines))
    assert {t.speaker for t in texts} == {None}
    assert "transcript" not in {m.kind for m in mentions}
    assert "transcript" not in {m.kind for m in read(activity("email", lines))[1]}


def test_nothing_is_read_of_an_opportunity_whose_activities_cannot_be():
    assert read(activities=None) == ([], ())
