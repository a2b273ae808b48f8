"""A story for every rule, told as records of a CRM, fires it; one record less or other does not."""

from __future__ import annotations

import fcntl
import json
import os

import pytest

from crmrules.baseline import ENOUGH
from crmrules.signals.concerns import INBOUND_GATE
from pairs import world
from pairs.kit import IDA, PAIRS, Told, rule_of
from pairs.settle import difference, settle
from pairs.world import CRMS, Verdicts, name_of

SILENT = {"pending", "shadow", "demoted", "coverage_gate"}


@pytest.fixture(scope="module")
def told(tmp_path_factory):
    """Return CRM -> what it says of every story; planned once, whichever worker asks first."""
    own = tmp_path_factory.getbasetemp()
    shared = own.parent if "PYTEST_XDIST_WORKER" in os.environ else own
    known: dict[str, dict[str, Verdicts]] = {}

    def of(crm: str) -> dict[str, Verdicts]:
        if crm not in known:
            file = shared / f"pairs-{crm}.json"
            with (shared / f"pairs-{crm}.lock").open("w") as lock:
                fcntl.flock(lock, fcntl.LOCK_EX)
                if not file.exists():
                    found = world.verdicts(crm, tmp_path_factory.mktemp(crm))
                    file.write_text(json.dumps(world.plain(found)))
            read = json.loads(file.read_text())
            known[crm] = {name: Verdicts(**one) for name, one in read.items()}
        return known[crm]

    return of


def test_every_rule_of_the_pack_has_its_pair():
    assert {place for place in PAIRS if rule_of(place) == place} == set(world.pack())
    assert {rule_of(place) for place in PAIRS} == set(world.pack())


def test_the_organization_around_the_pairs_has_what_gates_and_thresholds_need():
    scenario = world.scenario()
    won = [one for one in scenario.opportunities if one.outcome == "won"]
    assert len(won) >= ENOUGH
    running = [one for one in scenario.opportunities if one.outcome == "open"]
    written = [one for one in running if any(talk.direction == "in" for talk in one.conversations)]
    assert len(written) / len(running) > INBOUND_GATE


def test_a_second_record_that_differs_is_seen():
    told = Told(40).knows(IDA).meeting(20, "Site visit", IDA)
    here = settle(told, "here", 1, "rep-1")
    same = settle(told, "there", 2, "rep-1")
    assert difference(here, same) == ([], [])
    other = Told(40).knows(IDA).meeting(20, "Product demo", IDA).call(9, IDA)
    only_here, only_there = difference(here, settle(other, "there", 2, "rep-1"))
    assert (len(only_here), len(only_there)) == (1, 2)


@pytest.mark.parametrize("place", sorted(PAIRS))
def test_a_near_miss_differs_in_exactly_one_record(place):
    here, there = (world.settled()[name_of(place, which)] for which in ("fires", "misses"))
    only_here, only_there = difference(here, there)
    assert len(only_here) <= 1, only_here
    assert len(only_there) <= 1, only_there
    assert only_here or only_there


@pytest.mark.parametrize("crm", CRMS)
@pytest.mark.parametrize("place", sorted(PAIRS))
def test_the_story_fires_the_rule_and_the_near_miss_does_not(place, crm, told):
    pair, rule, found = PAIRS[place], rule_of(place), told(crm)
    story, near = (found[name_of(place, which)] for which in ("fires", "misses"))
    if crm in pair.blind:
        assert story.said[rule] == "unknown"
        assert pair.blind[crm] in story.why[rule]
    else:
        assert story.said[rule] == "fires", story.why.get(rule)
        assert story.held[rule] not in SILENT
    if crm in pair.unseen:
        assert near.said[rule] == story.said[rule] == "fires"
    else:
        assert near.said[rule] == pair.near, near.why.get(rule)
