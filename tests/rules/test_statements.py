"""Every statement of the book has a rule, every rule a statement, and the page says what is so."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from click.testing import CliRunner

from crmrules import cli, rulebook, statements
from crmrules.signals import SIGNALS

ROOT = Path(__file__).resolve().parents[2]
RULES = rulebook.load([rulebook.shipped()]).rules
TOLD = statements.load()


def test_no_statement_is_without_a_rule_and_no_rule_without_a_statement():
    assert statements.gaps(TOLD, RULES) == []


def test_all_eight_takeaways_are_told():
    assert {one.takeaway for one in TOLD} == set(range(1, 9))
    assert len({one.text for one in TOLD}) == len(TOLD) == 43


def test_a_gap_of_any_kind_is_named():
    first, *others = TOLD
    without = [rule for rule in RULES if rule.id not in first.rules]
    named = statements.gaps([first, *others], without)
    assert f"no rule watches for: {first.text}" in named
    assert f"'{first.rules[0]}' is no rule: {first.text}" in named
    alone = statements.gaps([one for one in TOLD if "buy-no-advance" not in one.rules], RULES)
    assert "buy-no-advance serves no statement" in alone


def test_the_signals_of_a_rule_are_those_it_compares_gates_aside():
    rule = next(rule for rule in RULES if rule.id == "entry-single-threaded")
    assert statements.signals_of(rule) == ("opportunity_age_days", "engaged_people_in_60_days")


def test_every_signal_of_a_rule_says_where_it_comes_from_in_both_crms():
    for rule in RULES:
        for name in statements.signals_of(rule):
            assert SIGNALS[name].salesforce, name
            assert SIGNALS[name].hubspot, name


def test_the_page_is_what_the_rules_say_now():
    page = (ROOT / "docs" / "book.md").read_text(encoding="utf-8")
    assert page == statements.page(TOLD, RULES)


def test_the_matrix_is_printed_written_and_given_as_json(tmp_path):
    run = CliRunner().invoke
    text = run(cli.root, ["rules", "list", "--coverage"], standalone_mode=False)
    assert TOLD[0].text in text.output
    assert "buy-no-advance [shadow]: meetings_since_advance" in text.output
    found = json.loads(run(cli.root, ["rules", "list", "--coverage", "--format", "json"]).output)
    assert found["gaps"] == []
    assert len(found["statements"]) == len(TOLD)
    assert set(found["signals"]) == {rule.id for rule in RULES}
    out = tmp_path / "book.md"
    run(cli.root, ["rules", "list", "--coverage", "--out", str(out)])
    assert out.read_text(encoding="utf-8") == statements.page(TOLD, RULES)


@pytest.mark.parametrize("line", ["|"])
def test_a_bar_in_a_source_does_not_break_the_table(line):
    rows = [r for r in statements.page(TOLD, RULES).splitlines() if r.startswith("| `")]
    assert rows
    for row in rows:
        assert row.replace("\\|", "").count(line) in (4, 5), row
