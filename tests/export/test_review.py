"""docs/review.md and the two examples of the docs, held to the data they speak of."""

from __future__ import annotations

import importlib.util
import json
from collections import Counter
from pathlib import Path

import pytest

from crmrules import cli, rulebook

ROOT = Path(__file__).resolve().parents[2]
_spec = importlib.util.spec_from_file_location("review", ROOT / "benchmarks" / "review.py")
review = importlib.util.module_from_spec(_spec)
_spec.loader.exec_module(review)


@pytest.fixture
def planned(tmp_path, shared_data, monkeypatch, capsys):
    """Return a function that plans one of the two sets, all rules live and nothing to settle."""

    def plan(name, **how):
        config = review.prepare(shared_data, tmp_path / name, name, **how)
        rules = rulebook.load([ROOT / "rules"]).rules
        public = {rule.id: {"mode": "live"} for rule in rules if not rule.private}
        (config.parent / "live.yaml").write_text(json.dumps(public))
        monkeypatch.setenv("CRMRULES_OVERLAY", "live.yaml")
        monkeypatch.setenv("CRMRULES_TASKS__SETTLE_HOURS", "0")
        assert cli.run(["plan", "--config", str(config), "--format", "json"]) == 0
        return json.loads(capsys.readouterr().out)

    return plan


def test_a_bare_export_makes_no_finding(planned):
    plan = planned("cc0")
    assert plan["opportunities"] == 196
    assert plan["findings"] == []


def test_where_winners_recorded_nothing_nobody_is_asked(planned):
    plan = planned("cc0", empty=True)
    assert Counter(one["rule"] for one in plan["findings"]) == {
        "comp-no-micro-differentiator": 7,
        "post-plan-not-customer-led": 5,
    }
    assert {one["held_back"] for one in plan["findings"]} == {"coverage_gate"}
    assert plan["writes"] == plan["once_settled"] == []


def test_mavens_set_is_read_through_its_mapping(planned):
    plan = planned("maven", empty=True, every=40)
    assert {one["rule"] for one in plan["findings"]} >= {
        "comp-no-micro-differentiator",
        "comp-unknown-in-evaluation",
        "crit-unknown",
        "needs-not-sized",
    }
    assert {one["held_back"] for one in plan["findings"]} == {"coverage_gate"}
    assert plan["writes"] == plan["once_settled"] == []


def test_the_review_shows_the_sample_that_its_seed_draws(planned):
    page = (ROOT / "docs" / "review.md").read_text()
    table = [line.split("|") for line in page.splitlines() if "| CC0 | " in line and "(" in line]
    ids = ["OpportunityRef" + cells[3].strip(" )").rpartition("(")[2] for cells in table]
    shown = list(zip(ids, (cells[4].strip(" `") for cells in table), strict=True))
    plan = planned("cc0", empty=True)
    assert review.sample([plan]) == shown


@pytest.mark.slow
def test_the_review_shows_the_tasks_that_its_seed_draws_from_the_sandbox():
    page = (ROOT / "docs" / "review.md").read_text()
    part = page.partition("## The sandbox's organization")[2].partition("## The two public sets")[0]
    rows = [[cell.strip(" `") for cell in line.split("|")] for line in part.splitlines()]
    shown = [(f"opportunity-{row[2]}", row[3], row[4]) for row in rows if len(row) == 9]
    assert shown[2:] == review.seeded()
    verdicts = Counter(row[6].strip("*") for row in rows[2:] if len(row) == 9)
    right, wrong, unclear = (verdicts[one] for one in ("right", "wrong", "cannot tell"))
    assert f"| the sandbox's organization | {right} | {wrong} | {unclear} |" in page
