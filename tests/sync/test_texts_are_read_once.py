"""Texts are read once for each opportunity, and only where a text signal is on."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from crmrules.baseline import Baseline
from crmrules.engine import build
from crmrules.evaluate import Evaluator
from crmrules.model import Mention, Opportunity, Speaker
from crmrules.signals import Known, Unknown

NOW = datetime(2026, 11, 24, 9, tzinfo=UTC)


class Counting:
    """What reads texts, and counts how often it is asked."""

    signals = frozenset({"price"})

    def __init__(self) -> None:
        self.asked = []

    def read(self, opportunity, now):
        self.asked.append((opportunity.id, now))
        at = now - timedelta(days=3)
        return (Mention(kind="price", record="m", at=at, speaker=Speaker.CUSTOMER),)


def judged(reader):
    old = NOW - timedelta(days=90)
    found = [
        Opportunity(
            record=name, known_at=old, id=name, created_at=old, observed_at=NOW, activities=()
        )
        for name in ("a", "b")
    ]
    return list(Evaluator(build([], "python"), [], Baseline(), NOW, reader).judge(found))


def test_a_reader_is_asked_once_for_each_opportunity():
    reader = Counting()
    one, other = judged(reader)
    assert reader.asked == [("a", NOW), ("b", NOW)]
    for each in (one, other):
        assert each.readings["days_since_price_mention"] == Known(3, ("m",))
        off = Unknown("the text signal 'competitor' is off")
        assert each.readings["days_since_rival_mention"] == off


def test_without_one_text_signals_are_off():
    for each in judged(None):
        assert each.readings["days_since_price_mention"] == Unknown("text signals are off")
