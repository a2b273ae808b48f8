"""How blind a rule is, is told of the opportunities that it is about, not of all."""

from __future__ import annotations

from datetime import UTC, datetime
from types import SimpleNamespace

import pytest

from crmrules import rulebook
from crmrules.connector import Usage
from crmrules.engine.oracle import judge_rule
from crmrules.model import Opportunity
from crmrules.outcome import Keeper, Show
from crmrules.plan import Judged
from crmrules.signals import Known, Unknown

NOW = datetime(2026, 11, 24, 9, tzinfo=UTC)
RULE = rulebook.load([rulebook.shipped()]).rule("conc-gone-dark")  # evaluation and concerns, major
NO_QUOTES = Unknown("quotes cannot be read")


def judged(phase, *, major=True, quotes=NO_QUOTES) -> Judged:
    base = {"record": "006", "id": "006", "known_at": NOW, "created_at": NOW, "observed_at": NOW}
    readings = {
        "phase": phase if isinstance(phase, Unknown) else Known(phase),
        "is_major": Known(major),
        "quotes_sent": quotes,
        "silence_business_days": Known(30),
        "silence_over_usual": Known(1),
        "attempts_since_silence": Known(3),
        "future_meetings": Known(0),
    }
    facts = {name: r.value for name, r in readings.items() if isinstance(r, Known)}
    return Judged(Opportunity(**base), readings, {RULE.id: judge_rule(RULE, facts)})


def blind(*found: Judged) -> int:
    keeper = Keeper(NOW, Show())
    connector = SimpleNamespace(name="crm", usage=Usage())
    able = SimpleNamespace(tasks=True, flags=True)
    keeper.begin(
        connector, SimpleNamespace(organization=None, problems=(), capabilities=able), [RULE]
    )
    for one in found:
        keeper.judged(one)
    return keeper.report.blind_percent(RULE.id)


ABOUT = judged("evaluation")
SEEN = judged("concerns", quotes=Known(1))


def test_others_do_not_make_a_blind_rule_look_as_if_it_saw():
    elsewhere = [judged("recognition"), judged("implementation"), judged("evaluation", major=False)]
    assert blind(ABOUT, *elsewhere) == 100
    assert blind(ABOUT, SEEN, *elsewhere) == 50


@pytest.mark.parametrize("found", [(), (SEEN,), (judged("recognition"),)], ids=len)
def test_a_rule_that_can_tell_or_has_nothing_to_tell_of_is_not_blind(found):
    assert blind(*found) == 0


def test_one_whose_phase_nobody_knows_may_be_in_scope():
    assert blind(judged(Unknown("the stage is not in the map")), SEEN) == 50
