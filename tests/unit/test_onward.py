"""Every step says which is next, by what it found."""

from __future__ import annotations

from types import SimpleNamespace

import pytest

from crmrules.cli.onward import after_plan, after_report, after_sync
from crmrules.connector import Problem
from crmrules.rule import Mode

LIVE, SHADOW = [SimpleNamespace(mode=Mode.LIVE)], [SimpleNamespace(mode=Mode.SHADOW)]


def report(**more):
    return SimpleNamespace(**{"read_only": False, "problems": (), "failed": [], "left": 0} | more)


def broken():
    return report(problems=(Problem("a field is missing", "make it", level="error"),))


@pytest.mark.parametrize(
    ("found", "rules", "stopped", "next_"),
    [
        (report(), LIVE, False, "Next: crmrules sync"),
        (report(), SHADOW, False, "{mode: live}"),
        (report(), LIVE, True, "guard"),
        (broken(), LIVE, False, "Next: crmrules doctor"),
        (report(read_only=True), LIVE, False, "crmrules init"),
    ],
)
def test_a_plan_names_the_next_step(found, rules, stopped, next_):
    assert next_ in after_plan(found, rules, stopped=stopped)


@pytest.mark.parametrize(
    ("found", "rules", "next_"),
    [
        (report(), SHADOW, "{mode: live}"),
        (report(failed=["x"]), LIVE, "crmrules sync"),
        (report(left=3), LIVE, "crmrules sync"),
    ],
)
def test_a_sync_names_the_next_step(found, rules, next_):
    assert next_ in after_sync(found, rules)


def test_after_a_sync_that_went_well_comes_the_schedule():
    assert after_sync(report(), LIVE) == "Next: crmrules run"


@pytest.mark.parametrize(
    ("found", "rules", "next_"),
    [
        (report(), LIVE, "crmrules plan lists"),
        (report(), SHADOW, "{mode: live}"),
        (broken(), LIVE, "Next: crmrules doctor"),
        (report(read_only=True), LIVE, "crmrules init"),
    ],
)
def test_a_page_names_the_next_step(found, rules, next_):
    assert next_ in after_report(found, rules)
