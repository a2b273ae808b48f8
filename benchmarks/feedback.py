"""How often a good rule is demoted by bad luck, and how soon a bad one is.

    python benchmarks/feedback.py            print the tables
    python benchmarks/feedback.py --write    put them into docs/feedback.md

A *life* of a rule is a row of answers, each useful with a fixed chance, and the product's own
decision (``findings.feedback.demoted``) is asked after every one of them: a sync looks each time it
runs, and looking often finds more bad luck than looking once. The seed is part of the page, and the
same seed gives the same page on every machine.
"""

from __future__ import annotations

import argparse
import random
import statistics
import sys
from bisect import bisect_left
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

HERE = Path(__file__).resolve().parent
for folder in (HERE, HERE.parent / "src"):
    if str(folder) not in sys.path:
        sys.path.insert(0, str(folder))

from crmrules.findings.feedback import (  # noqa: E402 - found beside this file
    LEAST,
    Precision,
    demoted,
    wilson,
)
from crmrules.findings.tasks import ACCEPTED_WITHIN  # noqa: E402

PAGE = HERE.parent / "docs" / "feedback.md"
SEED = 5
LIVES, SMALL = 10_000, 100
HORIZONS = (100, 300, 1000)
GOOD = (0.3, 0.4, 0.45, 0.5, 0.6, 0.7, 0.8)
BAD = (0.1, 0.2, 0.3)
REPS = 8
WAIT = ACCEPTED_WITHIN.days
Chance = Callable[[random.Random], Callable[[], float]]


def limits(most: int) -> list[int]:
    """Return, for each number of answers up to ``most``, how many useful ones are too few.

    With that many or fewer the rule is demoted; -1: with any number it is not.
    """
    found = []
    for n in range(most + 1):
        # Demotion ends at some number of useful answers and never comes back above it.
        kept = bisect_left(range(n + 1), 1, key=lambda k: not demoted(Precision("r", k, n - k)))
        found.append(kept - 1)
    return found


def ends(chance: Chance, lives: int, most: int, seed: str) -> tuple[list[int], list[list[bool]]]:
    """Return when each life was demoted (0: never), and whether a look at each horizon says so."""
    dice, too_few = random.Random(f"{SEED} {seed}"), limits(most)
    first, once = [], []
    for _ in range(lives):
        useful, fell, looks = 0, 0, []
        is_useful = chance(dice)
        for n in range(1, most + 1):
            useful += dice.random() < is_useful()
            low = useful <= too_few[n]
            fell = fell or n * low
            if n in HORIZONS:
                looks.append(low)
        first.append(fell)
        once.append(looks)
    return first, once


def same(share: float) -> Chance:
    """Every answer is useful with this chance."""
    return lambda _: lambda: share


def spread(share: float, width: float) -> Chance:
    """Each of a few reps has a chance of their own around ``share``, and answers as often."""
    # Beta with this mean and this standard deviation.
    weight = share * (1 - share) / width**2 - 1

    def begin(dice: random.Random) -> Callable[[], float]:
        own = [dice.betavariate(share * weight, (1 - share) * weight) for _ in range(REPS)]
        return lambda: own[dice.randrange(REPS)]

    return begin


def one_against(share: float) -> Chance:
    """Of a few reps one deletes every task; the others answer with this chance."""
    return lambda dice: lambda: share if dice.randrange(REPS) else 0.0


def percent(part: int, whole: int) -> str:
    """Return a share in percent with its Wilson interval."""
    low, high = wilson(part, whole)
    digits = 2 if part / whole < 0.1 else 1
    told = (f"{100 * one:.{digits}f}" for one in (part / whole, low, high))
    return "{} % ({} to {})".format(*told)


def _luck(lives: int) -> Iterator[str]:
    yield (
        "| truly useful | "
        + " | ".join(f"within {n:,}: every answer | one look at {n:,}" for n in HORIZONS)
        + " |"
    )
    yield "|--" * (1 + 2 * len(HORIZONS)) + "|"
    for share in GOOD:
        first, once = ends(same(share), lives, HORIZONS[-1], f"luck {share}")
        cells = []
        for place, n in enumerate(HORIZONS):
            cells.append(percent(sum(0 < fell <= n for fell in first), lives))
            cells.append(percent(sum(looks[place] for looks in once), lives))
        yield f"| {100 * share:.0f} % | {' | '.join(cells)} |"


def _soon(lives: int) -> Iterator[str]:
    yield "| truly useful | half are demoted after | nine of ten after | never within 1,000 |"
    yield "|--|--|--|--|"
    for share in BAD:
        first, _ = ends(same(share), lives, HORIZONS[-1], f"soon {share}")
        when = [fell or HORIZONS[-1] + 1 for fell in first]
        median, ninth = statistics.median_low(when), statistics.quantiles(when, n=10)[-1]
        late = f"{ninth:.0f} answers" if ninth <= HORIZONS[-1] else "more than 1,000"
        yield (
            f"| {100 * share:.0f} % | {median} answers | {late} "
            f"| {percent(first.count(0), lives)} |"
        )


def _people(lives: int) -> Iterator[str]:
    yield (
        f"| truly useful | all reps alike | {REPS} reps, spread 10 points | {REPS} reps, spread 20 "
        f"points | one of {REPS} deletes all |"
    )
    yield "|--|--|--|--|--|"
    for share in (0.5, 0.6, 0.7):
        kinds = (same(share), spread(share, 0.1), spread(share, 0.2), one_against(share))
        cells = []
        for place, kind in enumerate(kinds):
            first, _ = ends(kind, lives, 300, f"people {share} {place}")
            cells.append(percent(sum(fell > 0 for fell in first), lives))
        yield f"| {100 * share:.0f} % | {' | '.join(cells)} |"


def late_life(dice: random.Random, share: float, a_day: int, *, patient: bool) -> bool:
    """Return whether a rule falls in its first 90 days, when complaints come before evidence.

    Each day ``a_day`` tasks end. A rep who finds one useful completes it, and evidence follows
    after a day to ``WAIT`` days; one who does not says so at once. ``patient``: as the product
    does it; else only what is known is counted.
    """
    useful = not_useful = 0
    due = [0] * (90 + WAIT + 1)
    waiting = 0
    for day in range(90):
        came = due[day]
        useful, waiting = useful + came, waiting - came
        for _ in range(a_day):
            if dice.random() < share:
                due[day + dice.randint(1, WAIT)] += 1
                waiting += 1
            else:
                not_useful += 1
            if demoted(Precision("r", useful, not_useful, waiting if patient else 0)):
                return True
    return False


def _late(lives: int) -> Iterator[str]:
    yield "| truly useful | tasks a day | only what is known counts | what waits speaks for it |"
    yield "|--|--|--|--|"
    for share in (0.2, 0.6, 0.8):
        for a_day in (2, 5, 10):
            cells = []
            for patient in (False, True):
                dice = random.Random(f"{SEED} late {share} {a_day} {patient}")
                fell = sum(late_life(dice, share, a_day, patient=patient) for _ in range(lives))
                cells.append(percent(fell, lives))
            yield f"| {100 * share:.0f} % | {a_day} | {' | '.join(cells)} |"


TABLES: dict[str, Callable[[int], Iterator[str]]] = {
    "luck": _luck,
    "soon": _soon,
    "people": _people,
    "late": _late,
}


def table(name: str, lives: int = LIVES) -> str:
    """Return one table of the page."""
    return "\n".join(TABLES[name](lives // 10 if name == "late" else lives))


def least() -> str:
    """Return how many useful answers are too few, for some numbers of answers."""
    too_few = limits(HORIZONS[-1])
    asked = (LEAST, 40, 50, 75, *HORIZONS)
    lines = [f"| answers | {' | '.join(f'{n:,}' for n in asked)} |", "|--" * (len(asked) + 1) + "|"]
    lines.append(f"| demoted with at most | {' | '.join(str(too_few[n]) for n in asked)} |")
    return "\n".join(lines)


def parts(names: Sequence[str] = (*TABLES, "least", "small")) -> dict[str, str]:
    """Return the parts of the page by name."""
    made: dict[str, Callable[[], str]] = {"least": least, "small": lambda: table("luck", SMALL)}
    return {name: made[name]() if name in made else table(name) for name in names}


def marked(page: str, name: str, content: str) -> str:
    """Return the page with the part between two marks replaced."""
    start, end = f"<!-- {name} -->", f"<!-- end of {name} -->"
    before, _, rest = page.partition(start)
    _, _, after = rest.partition(end)
    return f"{before}{start}\n\n{content}\n\n{end}{after}"


def main() -> None:
    """Print the tables, or write them into the page."""
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("--write", action="store_true")
    found = parts()
    if arguments.parse_args().write:
        page = PAGE.read_text(encoding="utf-8")
        for name, content in found.items():
            page = marked(page, name, content)
        PAGE.write_text(page, encoding="utf-8")
        return
    for name, content in found.items():
        print(f"**{name}**\n\n{content}\n")


if __name__ == "__main__":
    main()
