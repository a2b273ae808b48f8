"""A scenario is one value: it can be written down, read back, and rendered always the same way."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import UTC, datetime
from functools import cache
from hashlib import sha256

import orjson
import pytest

from crmrules_sandbox.hubspot.start import seeded_portal
from crmrules_sandbox.salesforce.render import ids, render
from crmrules_sandbox.salesforce.seed import seed_records, stories
from crmrules_sandbox.salesforce.start import seeded_org
from crmrules_sandbox.scenario import dump, load, seeded
from crmrules_sandbox.scenario.__main__ import main

pytestmark = pytest.mark.slow  # about the sandbox alone; all others lean on it

NOW = datetime(2026, 11, 23, 10, 0, tzinfo=UTC)
SEEDS = (1, *(pytest.param(seed, marks=pytest.mark.slow) for seed in (2, 7)))

PINNED = {
    (1, 220): ("6d72f87f0ea2d863", "13f3ba0c27c41dd8"),
    (1, 40): ("09f2d851f68be08f", "3436e12a45a1677b"),
    (1, 12): ("d834220e50285d6f", "a158ba22a5dacd66"),
    (1, 1): ("40eee604df355673", "d9ee63eac76c6441"),
    (2, 220): ("11b82ada965d0bff", "303688838147e753"),
    (2, 40): ("03ecdcf02890c927", "044e72388d46ad20"),
    (2, 12): ("134923d571182696", "9fe6e301eeea03d4"),
    (2, 1): ("dad0ac9679bcda92", "d9ee63eac76c6441"),
    (7, 220): ("44c5d76fcc2b8b23", "d389fce7e3c988b3"),
    (7, 40): ("282ffa770ad14710", "45c92f9ab2f9b0a7"),
    (7, 12): ("6ddcce8e2e94894b", "32b4d130c8f37266"),
    (7, 1): ("b92d465bd820be47", "d9ee63eac76c6441"),
}
"""(seed, opportunities) -> digests of the rows and of the stories.

They were taken when the rows were still drawn one by one: what a seed means must never move by
accident, for findings are pinned on it. A column added since is left out, so that nothing else can
have moved with it.
"""
ADDED = {"WhoCount"}


TOLD = {"005", "001", "003", "006", "01t", "0Q0", "00T", "00U", "02s"}
"""Key prefixes of the objects whose rows all stand for something in a scenario."""


@cache
def told(seed=1):
    return seeded(seed, NOW)


def as_pinned(records):
    """Return the rows without the columns that were added after they were pinned."""
    return {
        name: [{k: v for k, v in row.items() if k not in ADDED} for row in rows]
        for name, rows in records.items()
    }


def digest(value):
    return sha256(orjson.dumps(value)).hexdigest()[:16]


@pytest.mark.parametrize(
    ("seed", "count"),
    [pytest.param(*key, marks=[] if key[0] == 1 else [pytest.mark.slow]) for key in PINNED],
)
def test_what_a_seed_means_to_salesforce_does_not_move(seed, count):
    rows = as_pinned(seed_records(seed, NOW, count))
    got = digest(rows), digest(stories(seed, NOW, count))
    assert got == PINNED[seed, count]


@pytest.mark.parametrize("seed", SEEDS)
def test_a_scenario_read_back_from_its_file_is_the_same_and_renders_the_same(seed, tmp_path):
    dump(told(seed), tmp_path / "scenario.json")
    again = load(tmp_path / "scenario.json")
    assert again == told(seed)
    assert render(again) == seed_records(seed, NOW)


def test_both_crms_can_be_told_from_one_file_instead_of_a_seed(tmp_path):
    scenario = seeded(4, NOW, 3)
    dump(scenario, tmp_path / "scenario.json")
    org = seeded_org(1, clock=lambda: NOW, scenario=tmp_path / "scenario.json")
    names = {row["Name"] for row in org.rows("Opportunity")}
    assert names == {one.name for one in scenario.opportunities}
    portal = seeded_portal(1, clock=lambda: NOW, scenario=tmp_path / "scenario.json")
    assert {portal.value("deals", each.id, "dealname") for each in portal.records("deals")} == names
    same = seeded_org(1, clock=lambda: NOW, scenario=scenario)
    assert {row["Id"] for row in same.rows("Task")} == {row["Id"] for row in org.rows("Task")}


@pytest.fixture(scope="module")
def small(tmp_path_factory):
    """The text of a file with four opportunities."""
    path = tmp_path_factory.mktemp("scenario") / "small.json"
    dump(seeded(1, NOW, 4), path)
    return path.read_text(encoding="utf-8")


def spoilt(text, path, value):
    """Return a scenario's text with one value replaced, or put in."""
    read = json.loads(text)
    at = read
    for key in path[:-1]:
        at = at[key]
    at[path[-1]] = value
    return json.dumps(read)


LAST = ("opportunities", 3)


@pytest.mark.parametrize(
    ("path", "value", "says"),
    [
        (("oportunities",), [], "scenario: unknown key oportunities; known: now, organization"),
        ((*LAST, "stage"), "Qualification", r"scenario.opportunities\[3\]: unknown key stage"),
        ((*LAST, "outcome"), "maybe", r"opportunities\[3\].outcome: 'maybe' is none of open, won"),
        ((*LAST, "stages", 0, "stage"), "Dreaming", "'Dreaming' is none of Prospecting"),
        ((*LAST, "stages"), [], "opportunity-4: needs a first stage"),
        ((*LAST, "company"), "company-99", "opportunity-4: nobody has the id company-99"),
        ((*LAST, "id"), "opportunity-1", "opportunity-1 comes twice"),
        ((*LAST, "entered"), "2026-11-23T10:00:00", "names no time zone"),
        ((*LAST, "entered"), "soon", "entered: Invalid isoformat string"),
        ((*LAST, "again"), 1, "again: expected bool, got 1"),
        ((*LAST, "quotes"), {}, "quotes: expected list"),
        (("people", 0), {"id": "person-1"}, r"people\[0\]: missing company, first"),
    ],
)
def test_a_scenario_file_nobody_can_read_is_refused_with_the_place(
    path, value, says, small, tmp_path
):
    (tmp_path / "s.json").write_text(spoilt(small, path, value), encoding="utf-8")
    with pytest.raises(ValueError, match=says):
        load(tmp_path / "s.json")


def test_a_file_that_is_no_json_is_refused(tmp_path):
    (tmp_path / "s.json").write_text("{", encoding="utf-8")
    with pytest.raises(ValueError, match="is no JSON"):
        load(tmp_path / "s.json")


@pytest.mark.parametrize("seed", SEEDS)
def test_everything_in_a_scenario_stands_for_records_of_its_own_in_salesforce(seed):
    known, rows = ids(told(seed)), render(told(seed))
    there = {row["Id"] for group in rows.values() for row in group}
    everything = [record for records in known.values() for record in records]
    assert len(set(everything)) == len(everything)
    assert set(everything) <= there
    left = {record for record in there - set(everything) if record[:3] in TOLD}
    assert left == {rows["User"][0]["Id"]}  # the integration user is nobody of the scenario


def test_a_quotes_discount_is_the_weighted_average_of_its_lines():
    scenario = seeded(1, NOW, 40)
    one = next(one for one in scenario.opportunities if len(one.lines) > 1)
    lines = tuple(replace(line, discount=10.0 * n) for n, line in enumerate(one.lines))
    quote = replace(one.quotes[-1], lines=lines)
    changed = replace(one, quotes=(quote,))
    row = render(replace(scenario, opportunities=(changed,)))["Quote"][0]
    listed = sum(line.listed for line in lines)
    assert row["Discount"] == pytest.approx(100 * (1 - row["GrandTotal"] / listed), abs=0.01)


def test_a_scenario_can_be_written_from_the_command_line(tmp_path, capsys):
    file = tmp_path / "scenario.json"
    arguments = [str(file), "--seed", "2", "--opportunities", "5"]
    assert main([*arguments, "--now", NOW.isoformat()]) == 0
    assert load(file) == seeded(2, NOW, 5)
    with pytest.raises(SystemExit):
        main([*arguments, "--now", "2026-11-23T10:00:00"])
    assert "needs a time zone" in capsys.readouterr().err
