"""Each safeguard, taken away, is missed: by the machine, in the mode that it protects."""

from __future__ import annotations

import re

import pytest
from hunt import PLANTS, drilled, hunt
from mutants import MUTANTS

import report

CELLS = [(mutant, name) for mutant in MUTANTS for name in mutant.kills]
SAMPLE = [(mutant, mutant.kills[0]) for mutant in MUTANTS if mutant.quick]
IDS = "{0[0].name} on {0[1]}".format
MOST = 200


@pytest.mark.slow
@pytest.mark.parametrize("cell", SAMPLE, ids=IDS)
def test_a_safeguard_that_is_taken_away_is_missed_by_a_drill(plant_of, cell):
    mutant, name = cell
    assert drilled(plant_of(name), mutant).what


@pytest.mark.slow
@pytest.mark.parametrize("name", ["salesforce query", "hubspot unique"])
def test_the_random_machine_misses_one_too(plant_of, name):
    [mutant] = [one for one in MUTANTS if one.name == "no audit"]
    assert hunt(plant_of(name), mutant, MOST, report.SEED).what


@pytest.mark.torture
@pytest.mark.parametrize("cell", CELLS, ids=IDS)
def test_every_safeguard_is_missed_wherever_it_protects(plant_of, cell):
    mutant, name = cell
    assert drilled(plant_of(name), mutant).what


@pytest.mark.torture
@pytest.mark.parametrize("cell", CELLS, ids=IDS)
def test_the_random_machine_misses_it_as_well(plant_of, cell):
    mutant, name = cell
    assert any(hunt(plant_of(name), mutant, MOST, seed).what for seed in range(1, 6))


def test_the_page_says_what_was_measured():
    assert report.PAGE.read_text() == report.page()


def test_every_mutant_was_noticed_in_every_mode_that_its_safeguard_protects():
    assert len(MUTANTS) >= 15
    assert len({mutant.name for mutant in MUTANTS}) == len(MUTANTS)
    alive = [
        (mutant.name, name)
        for mutant, name in CELLS
        if not report.noticed(report.measured(name), mutant)
    ]
    assert alive == []


def test_the_machines_were_run_without_a_violation_and_that_is_on_record():
    for name in PLANTS:
        events = report.measured(name)["run"]["events"]
        assert events["sequences"] > 0
        assert re.fullmatch(r"\w+ (unique|query)", name)
