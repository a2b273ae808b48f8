"""Alerts and dashboard ask for metrics and labels there are. When alerts fire: alerts_test.yml."""

from __future__ import annotations

import json
import re
from itertools import combinations
from pathlib import Path

import pytest
import yaml

from crmrules.observe.meters import COUNTERS, GAUGES, PREFIX

ROOT = Path(__file__).resolve().parents[2]
FOLDER = ROOT / "deploy" / "monitoring"
LABELS = {PREFIX + name: set(labels) for name, (_, labels) in GAUGES.items()}
LABELS |= {f"{PREFIX}{name}_total": set(labels) for name, (_, labels) in COUNTERS.items()}
[GROUP] = yaml.safe_load((FOLDER / "alerts.yml").read_text(encoding="utf-8"))["groups"]
ALERTS = {rule["alert"]: rule for rule in GROUP["rules"]}
BOARD = json.loads((FOLDER / "dashboard.json").read_text(encoding="utf-8"))
PANELS = {panel["title"]: panel for panel in BOARD["panels"]}
GUIDE = (ROOT / "docs" / "deploy.md").read_text(encoding="utf-8")


def wrong(expression: str) -> list[str]:
    """Return what of an expression no metric has: names, and labels of a selector or a sum."""
    found, known = [], set()
    for name, selector in re.findall(r"(crmrules_\w+)(?:\{([^}]*)\})?", expression):
        if name not in LABELS:
            found.append(name)
            continue
        known |= LABELS[name]
        asked = re.findall(r"(\w+)\s*(?:=~|!~|!=|=)", re.sub(r'"[^"]*"', '""', selector))
        found += [f"{name}{{{label}}}" for label in asked if label not in LABELS[name]]
    for listed in re.findall(r"\b(?:by|on|without) \(([^)]*)\)", expression):
        found += [label for label in listed.split(", ") if label not in known]
    return found


def named(part: str) -> set[str]:
    return set(re.findall(r"crmrules_\w+", part))


@pytest.mark.parametrize("alert", ALERTS)
def test_an_alert_asks_for_what_there_is_and_says_what_to_do(alert):
    rule = ALERTS[alert]
    assert wrong(rule["expr"]) == []
    assert named(rule["expr"])
    said = rule["annotations"]
    assert set(said) == {"summary", "description"}
    assert named(said["description"]) - set(LABELS) == set()
    assert rule["labels"]["severity"] in ("critical", "warning")
    assert f"`{alert}`" in GUIDE


@pytest.mark.parametrize("title", PANELS)
def test_a_panel_asks_for_what_there_is(title):
    panel = PANELS[title]
    assert panel["targets"]
    for target in panel["targets"]:
        assert wrong(target["expr"]) == []
        labels = set().union(*(LABELS[name] for name in named(target["expr"])))
        assert set(re.findall(r"\{\{(\w+)\}\}", target["legendFormat"])) <= labels
        if "org" in labels:
            assert 'org=~"$org"' in target["expr"]


@pytest.mark.parametrize(
    "bad",
    [
        "crmrules_nothing > 0",
        'crmrules_outbox{stat="unknown"} > 0',
        "sum by (org, code) (increase(crmrules_runs_total[1h]))",
        "increase(crmrules_runs[1h])",
    ],
)
def test_what_there_is_not_would_be_found(bad):
    assert wrong(bad)


def test_every_alert_is_tried_on_a_bad_day():
    tried = (ROOT / "tests" / "deploy" / "alerts_test.yml").read_text(encoding="utf-8")
    assert set(re.findall(r"alertname=\"(\w+)\"\}', value: 1", tried)) == set(ALERTS)


def test_no_panel_lies_on_another():
    places = [panel["gridPos"] for panel in BOARD["panels"]]
    for one, other in combinations(places, 2):
        beside = one["x"] + one["w"] <= other["x"] or other["x"] + other["w"] <= one["x"]
        below = one["y"] + one["h"] <= other["y"] or other["y"] + other["h"] <= one["y"]
        assert beside or below, (one, other)
    assert max(place["x"] + place["w"] for place in places) == 24
    assert len({panel["id"] for panel in BOARD["panels"]}) == len(BOARD["panels"])


def test_the_choices_of_the_dashboard_come_from_metrics_that_there_are():
    queries = [json.dumps(one["query"]) for one in BOARD["templating"]["list"]]
    assert set().union(*map(named, queries)) - set(LABELS) == set()
