"""The stories of the drills end well for the product, on each CRM in each mode."""

from __future__ import annotations

import pytest
from drills import DRILLS
from hunt import PLANTS, drill
from runs import points

FAULTS = ("C1", "N2", "N3", "N4", "H4", "H5", "H6", "H12", "P1", "P2", "S4", "S5")
IN_THE_FAST_LOOP = ("salesforce unique", "killed when the crm had it")


def cases():
    for name in PLANTS:
        for story in DRILLS:
            marks = [] if (name, story) == IN_THE_FAST_LOOP else [pytest.mark.slow]
            yield pytest.param(name, story, marks=marks, id=f"{story} on {name}")


@pytest.mark.fault(*FAULTS)
@pytest.mark.parametrize(("name", "story"), [*cases()])
def test_the_story_ends_with_one_task_for_every_finding(plant_of, name, story):
    plant = plant_of(name)
    with points(plant):
        drill(plant, story)
