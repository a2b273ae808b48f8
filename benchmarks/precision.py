"""How often each rule is right, and how much it sees, where the truth is known.

``python benchmarks/precision.py`` prints the page; ``--write`` puts it into docs/precision.md.

Know before changing: the seed is part of the page, and the same seed gives the same page on every
machine, so a test holds the small table to the letter. A change of a rule or a signal changes the
page: write it again and look at the difference, which is what the change did.

It holds no measurement: that is ``simulation.measuring``.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path

HERE = Path(__file__).resolve().parent
for folder in (HERE, HERE.parent / "src", HERE.parent / "connectors"):
    if str(folder) not in sys.path:
        sys.path.insert(0, str(folder))

from simulation.causes import CAUSES  # noqa: E402
from simulation.measuring import Count, Share, at_level, measured, more_than_chance  # noqa: E402
from simulation.truth import TRUTHS  # noqa: E402
from simulation.world import SEED, lives  # noqa: E402

from crmrules import rulebook  # noqa: E402 - found beside this file
from crmrules.rule import Rule  # noqa: E402

PAGE = HERE.parent / "docs" / "precision.md"
LEVELS = (1.0, 0.75, 0.5, 0.25)
SIZE, SMALL = 2000, 400
SMALL_LEVELS = (1.0, 0.5)
FLOOR, LEAST = 0.60, 0.30  # precision and recall below which a rule does badly
Counts = Mapping[float, Mapping[str, Count]]
INTRODUCTION = f"""\
# How often the rules are right

*Written by `python benchmarks/precision.py --write`. Seed {SEED}; the same on every machine.*

Nobody can look up in a CRM what a buyer really thinks. So we made an organization in which we
can: {SIZE:,} imagined opportunities, each with a hidden life. The life says where the buyer
really is, who there suffers and who decides, what they want and decide by, what they fear and
whether they say it, what else they look at, what we gave, and what came after the sale. A team of
24 sellers, each with habits, turns a part of it into records: at 100 % they record all that they
do and learn, at 50 % about half of it, careless ones less. It is the same world each time, and
whatever is recorded at a lower level is there at a higher one. Some errors stay even at 100 %:
stages that run ahead of the buyer, friendliness taken for support, ratings a point too high,
things learnt late, and all that the buyer keeps to himself.

For each rule one sentence says what must be so in the hidden life for the rule to be right. Those
sentences (at the end of this page) read no record and share no code with the rules. Then the
records go through the shipped rules as they are, with their shipped numbers.

**What this can say:** which rules stand on what is written down and which on what is so, what
missing data does to them, and where a rule claims more than it can know. **What it cannot say:**
how often they are right at your company. The world is ours: how often buyers fear, mask and go
silent are guesses. Rare cases were made more frequent once, after counting how many there are and
before any rule was run, so that there is something to count; nothing was tuned after that. We
corrected two points of one sentence after the first run, because they said less than the title of
`entry-sponsor-lost`: that a decider who left counts even if we never spoke, and that it matters
after the sale too.

*Precision*: of the opportunities on which a rule fires, the share where it is so. *Recall*: of
those where it is so, the share on which it fires; *recall where seen* leaves out those it called
unknown. In brackets the 95 % interval (Wilson). *Scope*: in the rule's phases and large
enough, by the CRM. *Hidden* rules are counted as fired; the column "shown" is the precision after
rules that hide each other. *Gate*: winners record too little, so the rule stays in shadow and
nobody sees what it says.
"""

HALF = """\
Rules that stand on something recorded fall silent or call it unknown. Rules that say "X is
missing" cannot tell "nobody asked" from "nobody wrote it down": their false alarms grow, and only
the coverage gate holds them. It asks for 30 % of winners, and so does not close at 50 %. On the
same opportunities, more false alarms came than went (one-sided sign test, below 1 in 1,000) for
the rules below. Each of them has a gate; a test holds that no rule without one is among them."""


def main() -> int:
    """Measure, print, and write where asked; return the exit code."""
    parser = argparse.ArgumentParser(
        description="Precision and recall per rule, where truth is known."
    )
    parser.add_argument("--write", action="store_true", help="also write docs/precision.md")
    options = parser.parse_args()
    text = page(shipped())
    sys.stdout.write(text)
    if options.write:
        PAGE.write_text(text, encoding="utf-8")
    return 0


def shipped() -> tuple[Rule, ...]:
    """Return the rules as they ship, whatever their mode."""
    return rulebook.load([rulebook.shipped()]).rules


def counts(rules: Sequence[Rule], size: int, levels: Sequence[float]) -> Counts:
    """Return per level and rule what was counted."""
    known = list(lives(size))
    return {level: at_level(known, rules, level) for level in levels}


def page(every: Sequence[Rule]) -> str:
    """Return the whole page."""
    rules = sorted(measured(every), key=lambda rule: rule.id)
    found = counts(rules, SIZE, LEVELS)
    unmeasured = sorted({rule.id for rule in every} - {rule.id for rule in rules})
    text = [
        INTRODUCTION,
        "## Everything recorded",
        "",
        *_full(found[1.0]),
        "",
        *_others(unmeasured),
        "## Where a rule does badly",
        "",
        f"Precision below {FLOOR:.0%} or recall below {LEAST:.0%} with everything recorded.",
        "",
        *_badly(found[1.0]),
        "",
        "## When less is recorded",
        "",
        "Precision / recall / share unknown at each level; **g**: the gate holds the rule.",
        "",
        *_levels(found),
        "",
        "### What happens at 50 %",
        "",
        *_half(found, rules),
        "",
        "## What must be so",
        "",
        "Rules about major sales ask for a large one as well, and each for its phases.",
        "",
        *(f"- `{rule.id}`: {TRUTHS[rule.id].words}" for rule in rules),
        "",
        "## A smaller run",
        "",
        f"The first {SMALL} opportunities of the same seed. A test makes this table anew.",
        "",
        small(rules, counts(rules, SMALL, SMALL_LEVELS)),
    ]
    return "\n".join(text).rstrip() + "\n"


def small(rules: Sequence[Rule], found: Counts) -> str:
    """Return the table of the smaller run, which a test makes anew."""
    lines = [
        "| rule | level | in scope | so | fires | right | unknown |",
        "|---|---:|---:|---:|---:|---:|---:|",
    ]
    for rule in sorted(rules, key=lambda one: one.id):
        for level in SMALL_LEVELS:
            one = found[level][rule.id]
            numbers = (one.scope, len(one.true), len(one.fires), len(one.right), len(one.unknown))
            told = " | ".join(str(number) for number in numbers)
            lines.append(f"| {rule.id} | {level:.0%} | {told} |")
    return "\n".join(lines)


def precision(one: Count) -> Share:
    """Return of where it fires, where it is so."""
    return Share(len(one.right), len(one.fires))


def recall(one: Count) -> Share:
    """Return of where it is so, where it fires."""
    return Share(len(one.right), len(one.true))


def does_badly(one: Count) -> bool:
    """Return whether a rule is below what we ask for with everything recorded."""
    right, seen = precision(one).value, recall(one).value
    return (right is not None and right < FLOOR) or (seen is not None and seen < LEAST)


def _full(found: Mapping[str, Count]) -> list[str]:
    lines = [
        "| rule | scope | so | fires | unknown | precision | shown | recall | recall where seen |",
        "|---|---:|---:|---:|---:|---:|---:|---:|---:|",
    ]
    for name, one in found.items():
        seen = Share(len(one.right), len(one.seen))
        shown = Share(len(one.shown & one.true), len(one.shown)).value
        lines.append(
            f"| {name} | {one.scope} | {len(one.true)} | {len(one.fires)} | {_blind(one)} "
            f"| {precision(one)} | {_percent(shown)} | {recall(one)} | {seen} |"
        )
    return lines


def _blind(one: Count) -> str:
    return _percent(len(one.unknown) / one.scope if one.scope else None)


def _percent(share: float | None) -> str:
    return "-" if share is None else f"{100 * share:.0f} %"


def _others(names: Sequence[str]) -> list[str]:
    if not names:
        return []
    told = ", ".join(f"`{name}`" for name in names)
    return [f"Not measured here, because they read texts, and this world has none: {told}.", ""]


def _badly(found: Mapping[str, Count]) -> list[str]:
    lines = []
    for name, one in found.items():
        if does_badly(one):
            cause = CAUSES.get(name, "nobody has looked into it yet.")
            lines.append(f"- `{name}`: precision {precision(one)}, recall {recall(one)}. {cause}")
    return lines or ["None does."]


def _levels(found: Counts) -> list[str]:
    heads = " | ".join(f"{level:.0%}" for level in found)
    lines = [f"| rule | {heads} |", "|---|" + "---|" * len(found)]
    for name in found[1.0]:
        cells = []
        for level in found:
            one = found[level][name]
            held = " **g**" if one.held else ""
            parts = (_percent(precision(one).value), _percent(recall(one).value), _blind(one))
            cells.append(" / ".join(parts) + held)
        lines.append(f"| {name} | {' | '.join(cells)} |")
    return lines


def grew(found: Counts, rules: Sequence[Rule], level: float) -> list[tuple[Rule, int, int]]:
    """Return the rules whose false alarms less data raises beyond chance, with the numbers."""
    lines = []
    for rule in rules:
        added, gone, beyond = more_than_chance(found[1.0][rule.id], found[level][rule.id])
        if beyond:
            lines.append((rule, added, gone))
    return lines


def _half(found: Counts, rules: Sequence[Rule]) -> list[str]:
    full, half = found[1.0], found[0.5]
    fired, right = (sum(len(one.fires) for one in level.values()) for level in (full, half))
    alarms = [sum(len(one.fires - one.true) for one in level.values()) for level in (full, half)]
    text = [
        (
            f"All rules together fire {fired:,} times at 100 % and {right:,} times at 50 %; "
            f"wrongly {alarms[0]:,} and {alarms[1]:,} times."
        ),
        "",
        HALF,
        "",
    ]
    for rule, added, gone in grew(found, rules, 0.5):
        gate = "gated by " + ", ".join(rule.coverage) if rule.coverage else "**no gate**"
        held = "; held at 50 %" if half[rule.id].held else ""
        text.append(f"- `{rule.id}`: {added} came, {gone} went ({gate}{held})")
    return text


if __name__ == "__main__":
    raise SystemExit(main())
