"""Run the machine against a mutant, or against the product, and say what it took."""

from __future__ import annotations

import time
from collections import Counter
from dataclasses import dataclass

import pytest
from hypothesis import HealthCheck, Phase, settings
from hypothesis import seed as seeded
from hypothesis.stateful import run_state_machine_as_test
from machine import machine
from mutants import Mutant
from runs import Plant, points

STEPS = 14
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


def hunt(plant: Plant, mutant: Mutant, sequences: int, seed: int) -> Caught:
    """Run the machine against a mutant until it is noticed."""
    events: Counter[str] = Counter()
    begun = time.process_time()
    with pytest.MonkeyPatch.context() as patch:
        mutant.break_it(patch)
        with points(plant):
            try:
                run(plant, sequences, events, seed=seed)
            except BaseException as error:  # noqa: BLE001 - whatever it is, it was noticed
                if isinstance(error, KeyboardInterrupt):
                    raise
                return Caught(told(error), events["sequences"], time.process_time() - begun)
    return Caught("", events["sequences"], time.process_time() - begun)
