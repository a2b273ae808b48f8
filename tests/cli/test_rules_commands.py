"""rules list, show, check, schema and signals: with and without a configuration."""

from __future__ import annotations

import json

import pytest
from cli_kit import run

from crmrules import rulebook
from crmrules.rule import Rule
from crmrules.signals import SIGNALS

RULES = rulebook.load([rulebook.shipped()]).rules
SHIPPED = [rule.id for rule in RULES]
PRIVATE = {rule.id for rule in RULES if rule.private}
ONE = "nego-early-concession"


def with_overlay(folder, text):
    (folder / "crmrules.toml").write_text('overlay = "o.yaml"\n', encoding="utf-8")
    (folder / "o.yaml").write_text(text, encoding="utf-8")


def test_list_shows_the_shipped_rules_where_nothing_is_configured(tmp_path):
    ran = run("rules", "list", cwd=tmp_path)
    assert ran.code == 0
    assert [line.split()[0] for line in ran.out.splitlines()] == SHIPPED
    modes = {line.split()[0]: line.split()[1] for line in ran.out.splitlines()}
    assert {name for name, mode in modes.items() if mode == "disabled"} == PRIVATE
    assert set(modes.values()) == {"shadow", "disabled"}


def test_list_shows_modes_as_the_overlay_sets_them(tmp_path):
    with_overlay(tmp_path, f"{ONE}: {{mode: live}}\nconc-gone-dark: {{mode: disabled}}\n")
    cards = run("rules", "list", "--format", "json", cwd=tmp_path).json()
    modes = {card["id"]: card["mode"] for card in cards}
    assert (modes.pop(ONE), modes.pop("conc-gone-dark")) == ("live", "disabled")
    assert {mode for name, mode in modes.items() if name not in PRIVATE} == {"shadow"}


@pytest.mark.parametrize(
    "rule",
    [
        pytest.param(rule, marks=[pytest.mark.slow] if n % 9 else [])
        for n, rule in enumerate(SHIPPED)
    ],
)
def test_show_tells_the_numbers_condition_and_texts_of_every_rule(rule, tmp_path):
    shown = run("rules", "show", rule, cwd=tmp_path)
    assert shown.code == 0
    card = run("rules", "show", rule, "--format", "json", cwd=tmp_path).json()
    for name, setting in card["settings"].items():
        assert f"{name} = " in shown.out
        assert setting["why"] in shown.out
    for text in (card["title"], card["severity"], card["then"]["flag"], *card["phases"]):
        assert text in shown.out
    for heading in ("fires when:", "clears when:", "task:", "false positives:"):
        assert heading in shown.out
    assert card["tests"]


def test_show_of_a_wrong_id_names_the_nearest_one(tmp_path):
    ran = run("rules", "show", "nego-early-concesion", cwd=tmp_path)
    assert ran.code == 2
    assert f"Did you mean '{ONE}'?" in ran.err


def test_check_passes_on_the_shipped_rules(tmp_path):
    ran = run("rules", "check", cwd=tmp_path)
    assert ran.code == 0
    assert f"{len(SHIPPED)} rules" in ran.out
    assert run("rules", "check", "--format", "json", cwd=tmp_path).json() == []


def test_check_holds_tests_against_shipped_numbers_whatever_the_overlay_sets(tmp_path):
    with_overlay(tmp_path, f"{ONE}: {{settings: {{points: 8}}}}\n")
    ran = run("rules", "check", cwd=tmp_path)
    assert ran.code == 0, ran.out


def test_check_finds_a_wrong_overlay(tmp_path):
    with_overlay(tmp_path, f"{ONE}: {{settings: {{pionts: 8}}}}\n")
    ran = run("rules", "check", cwd=tmp_path)
    assert ran.code == 2
    assert "o.yaml:1" in ran.out
    assert "Did you mean 'points'?" in ran.out


def broken_folder(tmp_path):
    """Copy one shipped rule twice: once unreadable, once with a failing test."""
    text = next(rulebook.shipped().rglob(f"{ONE}.yml")).read_text(encoding="utf-8")
    folder = tmp_path / "own" / "negotiation"
    folder.mkdir(parents=True)
    (folder / "nego-one.yml").write_text(text.replace("title:", "titel:"), encoding="utf-8")
    wrong = text.replace(ONE, "nego-two").replace("expect: fires", "expect: quiet", 1)
    (folder / "nego-two.yml").write_text(wrong, encoding="utf-8")
    return folder.parent


@pytest.mark.parametrize("output", ["text", "json"])
def test_check_names_every_problem_of_every_file_and_exits_two(output, tmp_path):
    ran = run("rules", "check", broken_folder(tmp_path), "--format", output, cwd=tmp_path)
    assert ran.code == 2
    said = ran.out if output == "text" else " ".join(map(str, ran.json()))
    assert "unknown key 'titel'" in said
    assert "expects quiet" in said
    assert "nego-one.yml" in said
    assert "nego-two.yml" in said


def test_the_schema_is_one_that_lists_every_key_of_a_rule():
    schema = json.loads(run("rules", "schema").out)
    assert set(schema["properties"]) >= set(Rule.model_fields) - {"path"}
    assert set(schema["required"]) >= {"id", "title", "when", "clears", "then"}


def test_the_schema_names_the_signals_a_task_may_be_due_before():
    schema = json.loads(run("rules", "schema").out)
    may = schema["$defs"]["TaskText"]["properties"]["due_before"]["enum"]
    assert {None, "days_to_power_meeting"} <= set(may)
    assert not {"phase", "is_major", "quotes_sent"} & set(may)


def test_signals_lists_every_signal_with_meaning_and_when_it_is_unknown():
    text = run("signals").out
    entries = run("signals", "--format", "json").json()
    assert {entry["name"] for entry in entries} == set(SIGNALS)
    for entry in entries:
        assert f"{entry['name']} (" in text
        assert entry["meaning"] in text
        assert entry["unknown"]
        assert f"Salesforce: {entry['salesforce']}" in text
        assert f"HubSpot: {entry['hubspot']}" in text
