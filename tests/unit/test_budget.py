"""What the schedule will cost in calls a day."""

from __future__ import annotations

import pytest

from crmrules.budget import Budget, runs_a_day
from crmrules.cron import Cron


@pytest.mark.parametrize(
    ("cron", "runs"),
    [("*/15 * * * *", 96), ("0 7 * * 1-5", 1), ("0,30 8-17 * * 1-5", 20), ("0 9 1 1 *", 0)],
)
def test_the_busiest_day_of_a_week_counts(cron, runs):
    assert runs_a_day(Cron(cron)) == runs


def test_a_day_has_the_idle_syncs_and_at_most_one_full_one():
    budget = Budget(idle=4, full=12, runs=96, ceiling=5000, limit=100_000)
    assert (budget.usual, budget.most) == (384, 392)
    assert budget.problems() == []
    assert "0.4%" in str(budget)


def test_a_run_above_our_own_ceiling_is_told():
    [problem] = Budget(idle=4, full=60, runs=1, ceiling=50, limit=None).problems()
    assert "daily_calls" in problem.what
    assert problem.level == "warning"


def test_a_schedule_that_leaves_others_too_little_is_told():
    [problem] = Budget(idle=90, full=90, runs=10, ceiling=500, limit=1000).problems()
    assert "900 of 1,000" in problem.what
    assert "cron" in problem.remedy
    assert Budget(idle=80, full=80, runs=10, ceiling=500, limit=1000).problems() == []
