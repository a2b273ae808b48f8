"""Run the machine against a mutant, or against the product, and say what it took."""

from __future__ import annotations

import time
from collections import Counter
from dataclasses import dataclass

import pytest
from drills import DRILLS
from hypothesis import HealthCheck, Phase, settings
from hypothesis import seed as seeded
from hypothesis.stateful import run_state_machine_as_test
from mutants import Mutant
from once_machine import HOURS, machine
from runs import KilledError, Plant, Process, points

STEPS = 14
BROKEN = (Exception, KilledError)
"""What a mutant may do besides breaking an invariant: the product's own checks stop it."""
PLANTS = {
    f"{crm} {'unique' if unique else 'query'}": (crm, unique)
    for crm in ("salesforce", "hubspot")
    for unique in (True, False)
}


@dataclass(frozen=True)
class Caught:
    """How a mutant was noticed; ``what`` empty: it was not."""

    what: str
    sequences: int
    seconds: float  # of this process's own time
    story: str = ""  # the drill that noticed


def told(error: BaseException) -> str:
    """Return what an invariant said, without the values."""
    text = str(error).partition("\n")[0] or type(error).__name__
    return f"{type(error).__name__}: {text}"[:160]


def run(
    plant: Plant,
    sequences: int,
    events: Counter[str],
    *,
    seed: int | None = None,
    shrink: bool = False,
) -> None:
    """Run so many sequences; raises what the first violation raises."""
    phases = (Phase.generate, Phase.shrink) if shrink else (Phase.generate,)
    made = machine(plant, events)
    if seed is not None:
        made = seeded(seed)(made)
    run_state_machine_as_test(
        made,
        settings=settings(
            max_examples=sequences,
            stateful_step_count=STEPS,
            deadline=None,
            database=None,
            phases=phases,
            print_blob=False,
            report_multiple_bugs=False,
            suppress_health_check=list(HealthCheck),
        ),
    )


def drill(plant: Plant, story: str) -> None:
    """Take the steps of one story, then let all be quiet and check everything."""
    one = machine(plant, Counter())()
    one.desk.keys_in_the_bin(block=True)
    one.tick(HOURS)
    one.run(Process("here"))
    one.tick(HOURS)
    DRILLS[story](one)
    one.calm_and_check()


def drilled(plant: Plant, mutant: Mutant) -> Caught:
    """Take a mutant through the stories until it is noticed."""
    begun, count = time.process_time(), 0
    with pytest.MonkeyPatch.context() as patch:
        mutant.break_it(patch)
        with points(plant):
            for count, story in enumerate(DRILLS, 1):
                try:
                    drill(plant, story)
                except (AssertionError, *BROKEN) as error:
                    seconds = time.process_time() - begun
                    return Caught(told(error), count, seconds, story)
    return Caught("", count, time.process_time() - begun)


def hunt(plant: Plant, mutant: Mutant, sequences: int, seed: int) -> Caught:
    """Run the machine against a mutant until it is noticed."""
    events: Counter[str] = Counter()
    begun = time.process_time()
    with pytest.MonkeyPatch.context() as patch:
        mutant.break_it(patch)
        with points(plant):
            try:
                run(plant, sequences, events, seed=seed)
            except (AssertionError, *BROKEN) as error:
                seconds = time.process_time() - begun
                return Caught(told(error), events["sequences"], seconds)
    return Caught("", events["sequences"], time.process_time() - begun)
