"""Whatever the step a run dies at, the next runs leave what an undisturbed one would have left."""

from __future__ import annotations

import time
from random import Random

import figures
import pytest
from failpoints import SIDES, STEPS
from hubspot_world import HubSpotWorld
from salesforce_world import SalesforceWorld
from sweep import FAULTS, HITS, bench

WORLDS = {world.name: world for world in (SalesforceWorld, HubSpotWorld)}
MODES = {"unique": True, "query": False}
ONLY = {"request in may_write": "hubspot"}  # what one CRM alone has to ask
SAMPLE = 5
# Who dies leaves its connection open, in one process with us here.
pytestmark = pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")


@pytest.fixture
def benched(request, tmp_path):
    crm, mode = request.param
    found = bench(WORLDS[crm], tmp_path, unique=MODES[mode])
    with found.world:
        yield found


everywhere = pytest.mark.parametrize(
    "benched", [(crm, mode) for crm in WORLDS for mode in MODES], indirect=True, ids=" ".join
)


@pytest.mark.slow
@everywhere
def test_every_transaction_and_every_call_of_a_run_is_a_failpoint_and_a_sample_is_survived(benched):
    met = {point for line in (benched.plain, benched.unsure) for point in line.hits}
    listed = {step for step in STEPS if ONLY.get(step, benched.world.name) == benched.world.name}
    assert met == {f"{side} {step}" for side in SIDES for step in listed}
    dice = Random(3)
    for case in dice.sample(benched.cases(), SAMPLE):
        benched.prove(case, dice)


@pytest.mark.torture
@pytest.mark.fault("C1", "N2", "N3", "H3", "H4")
@everywhere
def test_a_run_may_die_at_any_step_and_meet_any_fault_afterwards(benched, request):
    began, dice = time.perf_counter(), Random(4)
    cases = benched.cases()
    before = benched.runs, benched.kills
    for case in cases:
        benched.prove(case, dice)
    crm, _, mode = request.node.callspec.id.partition(" ")
    told = {
        "CRM and mode": f"{crm}, {'unique key field' if mode == 'unique' else 'no unique field'}",
        "failpoints": len({case.point for case in cases}),
        "cases (failpoint, hit 1 to 3, fault)": len(cases),
        "kills": benched.kills - before[1],
        "runs": benched.runs - before[0],
        "not converged": 0,
    }
    assert len(cases) == sum(
        min(n, HITS) * len(FAULTS)
        for point, n in (benched.unsure.hits | benched.plain.hits).items()
    )
    figures.note(f"sweep {crm} {mode}", told, seconds=time.perf_counter() - began)
