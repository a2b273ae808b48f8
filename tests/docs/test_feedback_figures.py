"""docs/feedback.md shows what the simulation gives, and the simulation gives what can be computed.

With one chance for all answers the number of useful ones is a walk whose law is known step by step;
the share of walks that have ever been too low is summed exactly, with the bound solved from the
score equation. The page's intervals must hold those numbers.
"""

from __future__ import annotations

import importlib.util
import math
import re
import sys
from functools import cache
from pathlib import Path

import pytest

from crmrules.findings.feedback import BOUND, LEAST, Counted
from crmrules.findings.tasks import ACCEPTED_WITHIN

ROOT = Path(__file__).resolve().parents[2]
_spec = importlib.util.spec_from_file_location(
    "feedback_figures", ROOT / "benchmarks" / "feedback.py"
)
assert _spec is not None
assert _spec.loader is not None
figures = importlib.util.module_from_spec(_spec)
sys.modules["feedback_figures"] = figures
_spec.loader.exec_module(figures)
PAGE = figures.PAGE.read_text(encoding="utf-8")


def part(name: str) -> str:
    return PAGE.partition(f"<!-- {name} -->")[2].partition(f"<!-- end of {name} -->")[0].strip()


def cells(name: str) -> dict[str, list[str]]:
    """Return the rows of a table by their first cell."""
    lines = [line.strip("|").split("|") for line in part(name).splitlines()[2:]]
    return {line[0].strip(): [cell.strip() for cell in line[1:]] for line in lines}


@cache
def too_few(n: int) -> int:
    """Return the largest number of useful answers of ``n`` that demotes, -1: none does.

    The upper bound is below ``BOUND`` where the share seen lies more than 1.96 standard errors of
    ``BOUND`` under it.
    """
    if n < LEAST:
        return -1
    edge = BOUND - 1.96 * math.sqrt(BOUND * (1 - BOUND) / n)
    return math.ceil(edge * n) - 1


def exactly(p: float, most: int) -> list[float]:
    """Return the probability of having been demoted within n answers, for each n up to ``most``."""
    alive, gone, fallen = [1.0], 0.0, [0.0]
    for n in range(1, most + 1):
        stays = [one * (1 - p) for one in alive] + [0.0]
        for k, one in enumerate(alive):
            stays[k + 1] += one * p
        for k in range(too_few(n) + 1):
            gone, stays[k] = gone + stays[k], 0.0
        alive = stays
        fallen.append(gone)
    return fallen


def once(p: float, n: int) -> float:
    """Return the probability that one look after n answers demotes."""
    law = (math.comb(n, k) * p**k * (1 - p) ** (n - k) for k in range(too_few(n) + 1))
    return sum(law)


def interval(cell: str) -> tuple[float, float]:
    """Return the interval of a cell, as shares."""
    low, high = re.search(r"\(([\d.]+) to ([\d.]+)\)", cell).groups()
    return float(low) / 100, float(high) / 100


def holds(cell: str, exact: float) -> bool:
    """Whether the interval holds a share; twice as wide, for so many intervals are compared."""
    low, high = interval(cell)
    middle, half = (low + high) / 2, high - low
    return middle - half - 1e-4 <= exact <= middle + half + 1e-4


def test_too_few_is_where_the_code_demotes():
    assert figures.limits(400) == [too_few(n) for n in range(401)]


def test_the_page_says_where_the_bound_lies():
    assert part("least") == figures.least()


@pytest.mark.parametrize("share", [0.3, 0.4, 0.45, 0.5, 0.6])
def test_the_table_of_luck_holds_what_can_be_computed(share):
    fallen, row = exactly(share, 300), cells("luck")[f"{100 * share:.0f} %"]
    assert len(row) == 2 * len(figures.HORIZONS)
    for place, n in enumerate((100, 300)):
        ever, one_look = row[2 * place], row[2 * place + 1]
        assert holds(ever, fallen[n])
        assert holds(one_look, once(share, n))
        assert fallen[n] >= once(share, n)


@pytest.mark.slow
@pytest.mark.parametrize("share", [0.3, 0.4, 0.45, 0.5, 0.6, 0.7, 0.8])
def test_the_table_of_luck_holds_what_can_be_computed_for_a_thousand_answers(share):
    fallen, row = exactly(share, 1000), cells("luck")[f"{100 * share:.0f} %"]
    assert holds(row[4], fallen[1000])
    assert holds(row[5], once(share, 1000))


@pytest.mark.slow
@pytest.mark.parametrize("share", figures.BAD)
def test_the_page_says_how_many_bad_rules_never_fall(share):
    assert holds(cells("soon")[f"{100 * share:.0f} %"][2], 1 - exactly(share, 1000)[1000])


@pytest.mark.parametrize("share", figures.BAD)
def test_the_page_says_how_soon_a_bad_rule_falls(share):
    fallen = exactly(share, 260)
    half, nine, _ = cells("soon")[f"{100 * share:.0f} %"]
    for told, level in ((half, 0.5), (nine, 0.9)):
        # Within a tenth of the exact one: a quantile of 10,000 lives is known about so well.
        said = int(told.removesuffix(" answers"))
        exact = next(n for n, share_gone in enumerate(fallen) if share_gone >= level)
        assert abs(said - exact) <= max(1, exact / 10)


def test_the_small_table_is_what_this_code_gives():
    assert part("small") == figures.table("luck", figures.SMALL), (
        "python benchmarks/feedback.py --write"
    )


def test_waiting_completions_speaking_for_the_rule_save_good_ones_on_the_page_and_here():
    for row in cells("late").values():
        assert len(row) == 3
    lines = [line.strip("| ").split(" | ") for line in part("late").splitlines()[2:]]
    bad = [line for line in lines if line[0] == "20 %"]
    good = [line for line in lines if line[0] != "20 %"]
    assert all(line[3].startswith("100.0 %") for line in bad)
    assert all(line[3].startswith("0.00 %") for line in good)
    assert any(interval(line[2])[0] > 0.5 for line in good)
    dice = figures.random.Random(1)
    fell = [sum(figures.late_life(dice, 0.6, 10, patient=p) for _ in range(20)) for p in (1, 0)]
    assert fell[0] == 0 < fell[1]


def test_the_page_has_the_numbers_and_the_table_of_the_code():
    assert f"with at least {LEAST} answers whose upper bound is below {BOUND:.0%}".replace(
        "%", " %"
    ) in PAGE.replace("\n", " ")
    assert f"within {ACCEPTED_WITHIN.days} days" in PAGE
    assert f"{figures.LIVES:,} lives" in PAGE
    assert f"seed {figures.SEED}" in PAGE
    counted = PAGE.partition("## What counts")[2].partition("## When")[0]
    said = {line.rpartition("| ")[2].strip(" |") for line in counted.splitlines() if "|" in line}
    words = {str(one).replace("_", " ") for one in Counted} - {"done"}
    assert said >= words | {"no answer"}
