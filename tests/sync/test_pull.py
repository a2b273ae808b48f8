"""When a run asks for everything, and what it does with what is gone."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from crmrules.connector import Batch, Row
from crmrules.decide import RECONCILE_EVERY
from crmrules.errors import AccessError, GuardError
from crmrules.guards import Guards, guard
from crmrules.outcome import Report
from crmrules.state import Store
from crmrules.sync import pull

NOW = datetime(2026, 11, 24, 9, tzinfo=UTC)


class Crm:
    """A CRM of bare rows that remembers what it was asked for."""

    def __init__(self, *ids: str) -> None:
        self.ids, self.asked = list(ids), []

    def pull(self, stored):
        marks = stored and stored.marks()
        self.asked.append(marks)
        rows = [Row("Opportunity", i, i, "2026-11-01", {}, account="001") for i in self.ids]
        yield Batch(rows if marks is None else (), {"opportunity": "2026-11-24T09:00:00Z"})
        if marks is None:
            yield Batch((), {}, frozenset({"Opportunity"}))


@pytest.fixture
def org(tmp_path):
    with Store(f"sqlite:///{tmp_path}/s.db") as store:
        yield store.for_org("00D")


def run(org, crm, now=NOW, *, full=False, name="r1"):
    with org.lease("test") as fence, org.transaction(fence) as tx:
        pull(crm, tx, full=full, run=name, now=now)
        return tx.mirror.count()


def test_the_first_pull_asks_for_everything_and_the_next_for_what_changed(org):
    crm = Crm("006A", "006B")

    run(org, crm)
    run(org, crm, NOW + timedelta(hours=1), name="r2")

    assert crm.asked == [None, {"opportunity": "2026-11-24T09:00:00Z"}]


def test_once_a_week_everything_is_asked_for_and_what_left_no_trace_is_found_gone(org):
    crm = Crm("006A", "006B")
    run(org, crm)
    crm.ids.remove("006B")

    before = run(org, crm, NOW + RECONCILE_EVERY - timedelta(minutes=1), name="r2")
    after = run(org, crm, NOW + RECONCILE_EVERY, name="r3")

    assert (before, after) == (2, 1)
    assert crm.asked[-1] is None


def report(**facts) -> Report:
    made = Report(NOW, "fake", None, None)
    for name, value in facts.items():
        setattr(made, name, value)
    return made


def test_the_ceiling_stops_one_write_above_it():
    guard(report(guarded=500), Guards(max_writes=500))
    with pytest.raises(GuardError, match="501 writes"):
        guard(report(guarded=501), Guards(max_writes=500))


def test_the_first_fill_is_confirmed_apart():
    with pytest.raises(GuardError, match="--initial"):
        guard(report(first_fill=501), Guards(max_writes=500))
    guard(report(first_fill=501), Guards(max_writes=500, initial=True))


def test_a_rule_that_flags_too_many_is_stopped():
    guard(report(open=10, flagged=3), Guards(max_share_flagged=0.3))
    with pytest.raises(GuardError, match="4 of 10"):
        guard(report(open=10, flagged=4), Guards(max_share_flagged=0.3))


def test_guards_and_rights_end_with_the_codes_of_the_contract():
    assert (GuardError.exit_code, AccessError.exit_code) == (6, 3)
