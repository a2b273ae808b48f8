"""What 60 rules cost against the first 13: stored records to findings, per opportunity.

``python benchmarks/rules_cost.py`` prints the section; ``--write`` puts it into results.md.

Know before changing: text signals are off and the engine is the python one; durable is told apart.
The 13 rules are measured with the signals they and their texts use and no others, as a pack of 13
would ship. Both sides run in one process, turn by turn, and the ratio of each pair of rounds is
what counts: times are processor time, which a busy machine still stretches through its caches.
Reading rows from the state store is left out; it costs the same and would flatter the ratio.

It pulls nothing over a network and writes nothing.
"""

from __future__ import annotations

import re
import statistics
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

HERE = Path(__file__).resolve().parent
for folder in (HERE, HERE.parent / "src", HERE.parent / "connectors"):
    if str(folder) not in sys.path:
        sys.path.insert(0, str(folder))

import evaluation  # noqa: E402 - found beside this file
import machine  # noqa: E402
import section  # noqa: E402

from crmrules import engine as engines  # noqa: E402
from crmrules import evaluate, rulebook  # noqa: E402
from crmrules.findings.hold import Gates  # noqa: E402
from crmrules.model import Opportunity  # noqa: E402
from crmrules.plan import Past, Planner, Policy  # noqa: E402
from crmrules.rule import Rule  # noqa: E402
from crmrules.signals import SIGNALS  # noqa: E402

GOAL = 2.5
FIRST = {
    *("conc-postponed", "buy-phase-regressed", "nego-early-concession", "nego-growing-concessions"),
    *("conc-gone-dark", "entry-single-threaded", "buy-proposal-before-needs", "buy-no-advance"),
    *("post-quiet-first-30", "post-account-decay", "entry-stuck-at-receptivity"),
    *("entry-no-path-to-power", "conc-price-when-competitive"),
}
HEADING = "## Cost of the rules: 60 against the first 13"
ALWAYS = {"phase", "is_major"}


@dataclass(frozen=True, slots=True)
class Side:
    """One pack of rules with the signals it needs."""

    rules: tuple[Rule, ...]
    signals: frozenset[str]


def main() -> int:
    """Measure, print, and write where asked; return the exit code."""
    return section.main("Cost of 60 rules against the first 13.", HEADING, report)


def report(*, quick: bool) -> list[str]:
    """Measure and return the section of the report."""
    count, rounds = (120, 3) if quick else (400, 9)
    found = evaluation.seeded(count)
    every = rulebook.load([rulebook.shipped()]).rules
    first, whole = side([rule for rule in every if rule.id in FIRST]), side(every)
    text = [
        HEADING,
        "",
        (
            f"{count} opportunities of the seeded org, stored records to findings, {rounds} pairs "
            f"of rounds on {machine.description()}. Signals read: {len(first.signals)} and "
            f"{len(whole.signals)}. Goal: at most {GOAL} x."
        ),
        "",
        (
            f"| engine | {len(first.rules)} rules, us | {len(whole.rules)} rules, us "
            "| ratio, median | of all pairs | others' processor use |"
        ),
        "|---|---:|---:|---:|---|---|",
    ]
    shown = [engine for engine in engines.available() if engine != "oracle"]
    text += [_row(engine, found, (first, whole), rounds) for engine in shown]
    return [*text, ""]


def _row(engine: str, found: evaluation.Material, sides: tuple[Side, Side], rounds: int) -> str:
    pairs, loads = [], []
    work = [prepared(engine, found, one) for one in sides]
    for _ in range(rounds):
        with machine.watched() as load:
            pairs.append(tuple(_timed(one) for one in work))
        loads.append(load)
    count = len(found.texts)
    ratios = sorted(more / less for less, more in pairs)
    times = [statistics.median(pair[place] for pair in pairs) / count * 1e6 for place in (0, 1)]
    middle = statistics.median(ratios)
    return (
        f"| {engine} | {times[0]:,.0f} | {times[1]:,.0f} | **{middle:.2f}** "
        f"| {ratios[0]:.2f} to {ratios[-1]:.2f} | {machine.together(loads)} |"
    )


def side(rules: Sequence[Rule]) -> Side:
    """Return a pack with the signals that its rules compare and its texts show."""
    names = set(ALWAYS)
    for rule in rules:
        names |= {clause.signal for clause in (*rule.when.clauses(), *rule.clears.clauses())}
        words = str(rule.then.task)
        names |= {name for name in SIGNALS if re.search(rf"\{{{name}\b", words)}
    return Side(tuple(rules), frozenset(names & SIGNALS.keys()))


def prepared(engine: str, found: evaluation.Material, pack: Side) -> Callable[[], int]:
    """Return the whole way from stored rows to findings; it returns how many there are."""
    judging = engines.build(pack.rules, engine)

    def opportunities() -> Iterator[Opportunity]:
        return evaluate.opportunities(found.rows, found.normalize, evaluation.NOW)

    def run() -> int:
        with only(pack.signals):
            baseline = evaluate.measure(opportunities(), evaluation.NOW)
            judge = evaluate.Evaluator(judging, pack.rules, baseline, evaluation.NOW)
            planner = Planner(
                pack.rules,
                organization="00D000000000001AAA",
                now=evaluation.NOW,
                policy=Policy(),
                gates=Gates(uncovered=evaluate.uncovered(pack.rules, baseline)),
                writable=frozenset(),
                can_write_tasks=True,
            )
            plans = [planner.add(one, Past((), ())) for one in judge.judge(opportunities())]
            return sum(len(plan.findings) for plan in (*plans, planner.finish()))

    return run


@contextmanager
def only(names: frozenset[str]) -> Iterator[None]:
    """Let the vocabulary hold these signals alone."""
    every = dict(SIGNALS)
    for name in every.keys() - names:
        del SIGNALS[name]
    try:
        yield
    finally:
        SIGNALS.clear()
        SIGNALS.update(every)


def _timed(work: Callable[[], int]) -> float:
    started = time.process_time()
    work()
    return time.process_time() - started


if __name__ == "__main__":
    raise SystemExit(main())
