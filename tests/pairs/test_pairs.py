"""A story for every rule, told as records of a CRM, fires it; one record less or other does not."""

from __future__ import annotations

import fcntl
import json
import os

import pytest

from pairs import world
from pairs.kit import PAIRS
from pairs.settle import difference
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
    assert set(PAIRS) == set(world.pack())


@pytest.mark.parametrize("rule", sorted(PAIRS))
def test_a_near_miss_differs_in_exactly_one_record(rule):
    here, there = (world.settled()[name_of(rule, which)] for which in ("fires", "misses"))
    only_here, only_there = difference(here, there)
    assert len(only_here) <= 1, only_here
    assert len(only_there) <= 1, only_there
    assert only_here or only_there


@pytest.mark.parametrize("crm", CRMS)
@pytest.mark.parametrize("rule", sorted(PAIRS))
def test_the_story_fires_the_rule_and_the_near_miss_does_not(rule, crm, told):
    pair, found = PAIRS[rule], told(crm)
    story, near = (found[name_of(rule, which)] for which in ("fires", "misses"))
    if crm in pair.blind:
        assert story.said[rule] == "unknown"
        assert pair.blind[crm] in story.why[rule]
    else:
        assert story.said[rule] == "fires", story.why.get(rule)
        assert story.held[rule] not in SILENT
    assert near.said[rule] == pair.near, near.why.get(rule)
