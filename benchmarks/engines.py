"""Judgements per second: every engine against plain functions and against zen-engine.

Know before changing: an engine is timed only after all its answers equal the oracle's. Each of its
rounds follows a round of the plain functions at once, so the ratio of the two says more than either
figure; the medians of the rounds are told. Times are processor time of this process: waiting for
a shared processor is not in them, a cache that others emptied is.

It measures no signals and no CRM.
"""

from __future__ import annotations

import statistics
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

import machine
import material
import peers

from crmrules import engine as engines
from crmrules.engine.oracle import OracleEngine
from crmrules.engine.port import Judgement
from crmrules.errors import CrmRulesError
from crmrules.rule import Rule


class Judge(Protocol):
    """What an engine and a peer have in common."""

    name: str

    def judge(self, facts: Sequence[Mapping[str, Any]]) -> list[Mapping[str, Judgement]]:
        """Return for each fact set the judgement of every rule by rule id."""


@dataclass(frozen=True, slots=True)
class Line:
    """One engine on one set of rules."""

    name: str
    per_second: float  # judgements: fact sets times rules
    to_plain: float  # speed as a share of the plain functions' in the same rounds
    load: machine.Load


def report(*, quick: bool) -> list[str]:
    """Measure and return the section of the report."""
    count, rounds = (200, 3) if quick else (1000, 7)
    text = ["## Engines: judgements per second", ""]
    rules, name = material.rules_here()
    text += _table(f"{len(rules)} {name}", rules, material.signal_kinds(), count, rounds)
    more = material.random_rules(60)
    text += _table("60 random rules", more, material.VOCABULARY, count, rounds)
    return text


def _table(
    title: str, rules: Sequence[Rule], kinds: material.Kinds, count: int, rounds: int
) -> list[str]:
    facts = material.fact_sets(rules, kinds, count)
    truth = OracleEngine(rules, kinds).judge(facts)
    verdicts = [judgement.verdict for entry in truth for judgement in entry.values()]
    share = {str(v): verdicts.count(v) / len(verdicts) for v in dict.fromkeys(verdicts)}
    judges, absent = _judges(rules, kinds)
    right = [judge for judge in judges if _right(judge, facts, truth, absent)]
    text = [
        f"### {title}, {count} fact sets, {rounds} rounds",
        "",
        "Verdicts: "
        + ", ".join(f"{name} {part:.0%}" for name, part in sorted(share.items()))
        + ". "
        "Every answer of every line was equal to the oracle's before it was timed.",
        "",
        "| engine | judgements / s of processor | x plain | x zen-engine | others' processor use |",
        "|---|---:|---:|---:|---|",
    ]
    lines = measure(right, facts, len(rules), rounds)
    zen = next((line.to_plain for line in lines if line.name == peers.Zen.name), None)
    for line in lines:
        beside = "-" if not zen else f"{line.to_plain / zen:.2f}"
        text.append(
            f"| {line.name} | {line.per_second:,.0f} | {line.to_plain:.3f} | {beside} "
            f"| {line.load} |"
        )
    return [*text, *(f"\nNot measured: {reason}." for reason in absent), ""]


def _judges(rules: Sequence[Rule], kinds: material.Kinds) -> tuple[list[Judge], list[str]]:
    """Return what can be measured here, and why the rest cannot."""
    judges: list[Judge] = [peers.Plain(rules)]
    judges += [engines.build(rules, name, kinds) for name in ("python", "oracle")]
    absent = []
    if "durable" in engines.available():
        judges.insert(1, engines.build(rules, "durable", kinds))
    else:
        absent.append("durable, which is not installed")
    try:
        judges.append(peers.Zen(rules))
    except ImportError:
        absent.append("zen-engine, which is not installed")
    return judges, absent


def _right(
    judge: Judge,
    facts: Sequence[Mapping[str, Any]],
    truth: Sequence[Mapping[str, Judgement]],
    absent: list[str],
) -> bool:
    """Return whether every answer equals the oracle's; what does not is told and not timed."""
    failed, wrong, said = 0, 0, ""
    for entry, expected in zip(facts, truth, strict=True):
        try:
            wrong += judge.judge([entry])[0] != expected
        except CrmRulesError as error:
            failed, said = failed + 1, str(error).splitlines()[0]
    if failed:
        absent.append(f"{judge.name}, which failed on {failed} of {len(facts)} fact sets: {said}")
    if wrong:
        absent.append(f"{judge.name}, which differs from the oracle on {wrong} fact sets")
    return not failed and not wrong


def measure(
    judges: Sequence[Judge],
    facts: Sequence[Mapping[str, Any]],
    rules: int,
    rounds: int,
) -> list[Line]:
    """Time each judge right after the first one, which is the measure."""
    plain = judges[0]
    pairs: dict[str, list[tuple[float, float]]] = {judge.name: [] for judge in judges}
    loads: dict[str, list[machine.Load]] = {judge.name: [] for judge in judges}
    for _ in range(rounds):
        for judge in judges:
            with machine.watched() as load:
                pairs[judge.name].append((_timed(plain, facts), _timed(judge, facts)))
            loads[judge.name].append(load)
    judgements = len(facts) * rules
    return [
        Line(
            judge.name,
            judgements / statistics.median(own for _, own in pairs[judge.name]),
            statistics.median(base / own for base, own in pairs[judge.name]),
            machine.together(loads[judge.name]),
        )
        for judge in judges
    ]


def _timed(judge: Judge, facts: Sequence[Mapping[str, Any]]) -> float:
    """Return seconds; a fast judge is repeated until the clock is fine enough."""
    times, started = 0, time.process_time()
    while True:
        judge.judge(facts)
        times += 1
        passed = time.process_time() - started
        if passed > 0.05:
            return passed / times
