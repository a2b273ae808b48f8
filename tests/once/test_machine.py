"""Exactly one task for every finding, whatever happens: the state machine, short and long.

``CRMRULES_ONCE_SEQUENCES`` sets how many sequences each of the four machines runs;
``CRMRULES_ONCE_COUNTS`` names a folder into which what happened is written, for the page.
"""

from __future__ import annotations

import json
import os
import sys
import time
from collections import Counter
from pathlib import Path

import pytest
from hunt import PLANTS, run
from line import READ_FAULTS, WRITE_FAULTS
from runs import POINTS, points

ROWS = ("C1", "N2", "N3", "N4", "H3", "H4", "H5", "H6", "H12", "P1", "P2", "S4", "S5")
HAPPENINGS = (
    *WRITE_FAULTS,
    *READ_FAULTS,
    *(f"killed: {point}" for point in POINTS),
    "came late",
    "overtaken",
    "unlocked by force",
    "refused by the lease",
    "judged by the past",
    "judged by the future",
    "clock jumped",
    "moved",
    "closed",
    "owner changed",
    "opportunity deleted",
    *(
        f"rep: {what}"
        for what in ("edit", "answer", "complete", "snooze", "reassign", "put off", "delete")
    ),
    "purged",
    "rule to shadow",
    "rule to live",
    "backup restored",
    "state lost",
    "settled and checked",
)
"""Every kind of thing that has to happen, or the machine proves less than it says."""
CI, LONG = 75, 5000
SEEDS = {"salesforce unique": 16, "salesforce query": 5, "hubspot unique": 10, "hubspot query": 7}
"""Of the short run: it says the same of the same code. Together they meet every happening."""
_seen: Counter[str] = Counter()
_ran: set[str] = set()


def size(default: int) -> int:
    return int(os.environ.get("CRMRULES_ONCE_SEQUENCES", default))


def table(name: str, events: Counter[str], seconds: float) -> str:
    """Return what happened, three to a line."""
    lines = [f"{name}: {seconds:.0f} s of processor time"]
    told = [f"{what} {count}" for what, count in sorted(events.items()) if count]
    lines += ["  " + "; ".join(told[start : start + 6]) for start in range(0, len(told), 6)]
    return "\n".join(lines)


def machine_run(plant_of, name: str, sequences: int, seed: int | None = None) -> Counter[str]:
    plant, events = plant_of(name), Counter()
    begun = time.process_time()
    with points(plant):
        run(plant, sequences, events, seed=seed, shrink=True)
    seconds = time.process_time() - begun
    sys.stdout.write(table(name, events, seconds) + "\n")
    folder = os.environ.get("CRMRULES_ONCE_COUNTS")
    if folder:
        told = {"name": name, "seconds": seconds, "events": events}
        Path(folder, f"{name.replace(' ', '-')}.json").write_text(json.dumps(told))
    assert events["sequences"] >= sequences
    return events


@pytest.mark.slow
@pytest.mark.fault(*ROWS)
@pytest.mark.parametrize("name", PLANTS)
def test_whatever_happens_there_is_one_task_for_every_finding(plant_of, name):
    _seen.update(machine_run(plant_of, name, size(CI), SEEDS[name]))
    _ran.add(name)


@pytest.mark.slow
def test_everything_that_may_happen_did_happen():
    if _ran != set(PLANTS):
        pytest.skip("the four machines have not all run in this process")
    missing = [what for what in HAPPENINGS if _seen[what] < 1]
    assert missing == []


@pytest.mark.torture
@pytest.mark.fault(*ROWS)
@pytest.mark.parametrize("name", PLANTS)
def test_the_long_run_finds_no_second_task_either(plant_of, name):
    events = machine_run(plant_of, name, size(LONG))
    if events["sequences"] >= LONG:
        assert [what for what in HAPPENINGS if events[what] < 5] == []
