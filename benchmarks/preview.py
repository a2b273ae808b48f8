"""What one look at a changed rule set costs against a whole plan, at 5,000 opportunities.

``python benchmarks/preview.py`` prints the section; ``--write`` puts it into results.md.

Know before changing: a connector made here hands out the rows of the seeded org and takes every
write, so the store holds what two syncs leave: episodes, tasks and our own latest writes. A plan is
measured without a network and with the python engine; loading a snapshot is told apart, since a
page does it once. Times are processor time, median of the rounds; each effect is one of a rule set
that was never looked at before, so nothing of it is kept.
"""

from __future__ import annotations

import statistics
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

HERE = Path(__file__).resolve().parent
for folder in (HERE, HERE.parent / "src", HERE.parent / "connectors"):
    if str(folder) not in sys.path:
        sys.path.insert(0, str(folder))

import evaluation  # noqa: E402 - found beside this file
import machine  # noqa: E402
import orjson  # noqa: E402
import section  # noqa: E402

from crmrules import engine as engines  # noqa: E402
from crmrules import rulebook  # noqa: E402
from crmrules.connector import (  # noqa: E402
    Batch,
    Capabilities,
    CreateTask,
    Organization,
    Outcome,
    Preflight,
    Result,
    Row,
    Usage,
    Write,
)
from crmrules.decide import Job  # noqa: E402
from crmrules.guards import Guards  # noqa: E402
from crmrules.model import Opportunity, OurTask  # noqa: E402
from crmrules.preview import Snapshot  # noqa: E402
from crmrules.rule import Mode, Rule  # noqa: E402
from crmrules.state import Store  # noqa: E402
from crmrules.studio import Desk, Draft  # noqa: E402
from crmrules.studio.pages import Pages  # noqa: E402
from crmrules.sync import plan, sync  # noqa: E402

SEEDED = 1000  # opportunities made up; more are copies of them
GOAL = 1.0  # second, for one effect at 5,000 opportunities (issue, "studio")
HEADING = "## Preview: the effect of a changed rule set, against a whole plan"
_FIELDS = frozenset({"status", "flags", "summary", "buying_phase", "checked_at"})


@dataclass
class Still:
    """A CRM in which nothing happens: it has these rows, and takes every write."""

    found: evaluation.Material
    name: str = "salesforce"
    usage: Usage = field(default_factory=Usage)
    _made: int = 0

    def check(self) -> Preflight:
        """Return what we may do here: everything."""
        able = Capabilities(tasks=True, flags=_FIELDS, unique_key=True)
        return Preflight(Organization("00D000000000001AAA"), capabilities=able)

    def may_write(self) -> Sequence[Any]:
        """Return nothing: we may."""
        return ()

    def pull(self, stored: Any) -> Iterator[Batch]:
        """Yield everything, once; afterwards nothing changes."""
        if stored is None:
            for _, rows in self.found.rows:
                yield Batch(rows, marks={"Opportunity": "now"})

    def normalize(self, opportunity: str, rows: Sequence[Row]) -> Opportunity | None:
        """Translate the rows of one opportunity."""
        return self.found.normalize(opportunity, rows)

    def remember(self) -> Mapping[str, Any]:
        """Return nothing: rows need nothing else."""
        return {}

    def recall(self, memory: Mapping[str, Any], now: datetime) -> None:
        """Do nothing."""
        del memory, now

    def tasks_by_key(self, wanted: Mapping[str, str]) -> Mapping[str, OurTask]:
        """Return nothing: it is never asked for more than there is."""
        del wanted
        return {}

    def unlinked_tasks(self) -> Sequence[OurTask]:
        """Return nothing."""
        return ()

    def write(self, writes: Sequence[Write]) -> Sequence[Outcome]:
        """Take every write."""
        return [Outcome(Result.DONE, id=self._id(write)) for write in writes]

    def _id(self, write: Write) -> str | None:
        self._made += isinstance(write, CreateTask)
        return f"00T{self._made:012}AAA"


def main() -> int:
    """Measure, print, and write where asked; return the exit code."""
    return section.main("An effect against a whole plan.", HEADING, report)


def report(*, quick: bool) -> list[str]:
    """Measure and return the section of the report."""
    count, rounds = (300, 3) if quick else (7000, 5)
    with tempfile.TemporaryDirectory() as folder, Store(f"sqlite:///{folder}/s.db") as store:
        job = prepared(store, many(count))
        with machine.watched() as load:
            whole, _ = timed(lambda: plan(job))
            loading, snapshot = timed(lambda: Snapshot.load(job))
            rows = [(name, *effects(snapshot, sets, rounds)) for name, sets in edits(job.rules)]
            title = "in the studio, from a threshold typed to the page's parts"
            rows.append((title, *typed(snapshot, Path(folder), job.rules, rounds)))
    text = [
        HEADING,
        "",
        (
            f"{count} opportunities of the seeded org, {len(snapshot.names)} of them judged by "
            f"{len(job.rules)} live rules, two syncs behind them, on {machine.description()}. "
            f"Goal: an effect within {GOAL:g} s at 5,000 opportunities. Peak memory of the "
            f"process, plans and seed included: {machine.peak_mb() or 0:,.0f} MB."
        ),
        "",
        "| step | s of processor | x plan | others' processor use |",
        "|---|---:|---:|---|",
        f"| a whole plan | {whole:.1f} | 1 | {load} |",
        f"| loading the snapshot, once | {loading:.1f} | {loading / whole:.2f} | {load} |",
    ]
    text += [
        f"| {name}: median of {n} | **{middle:.2f}** | **{middle / whole:.4f}** | {load} |"
        for name, middle, n in rows
    ]
    return [*text, ""]


def many(count: int) -> evaluation.Material:
    """Return so many opportunities: the seed has names for a thousand, so it is copied."""
    first = evaluation.seeded(min(count, SEEDED))
    rows = list(first.rows)
    for copy in range(1, count // SEEDED):
        rows += [(_renamed(key, copy), _copied(found, copy)) for key, found in first.rows]
    return replace(first, rows=rows)


def _copied(rows: Sequence[Row], copy: int) -> list[Row]:
    return [
        replace(
            row,
            id=_renamed(row.id, copy),
            parent=_renamed(row.parent, copy),
            account=None if row.account is None else _renamed(row.account, copy),
            body=orjson.loads(_renamed(orjson.dumps(row.body).decode(), copy)),
        )
        for row in rows
    ]


def _renamed(text: str, copy: int) -> str:
    """Return a text in which every id is one of another pod: characters 4 and 5 of it."""
    return text.replace("Kb0", f"K{chr(ord('b') + copy)}0")


def prepared(store: Store, found: evaluation.Material) -> Job:
    """Return a job whose store holds what two syncs leave, thirteen hours apart."""
    rules = tuple(
        rule.model_copy(update={"mode": Mode.LIVE})
        for rule in rulebook.load([rulebook.shipped()]).rules
        if not rule.private
    )
    job = Job(
        connector=Still(found),
        store=store,
        rules=rules,
        rules_hash="live",
        engine=engines.build(rules, "python"),
        now=evaluation.NOW,
        guards=Guards(10**9, 1.0, initial=True),
    )
    for hours in (0, 13):
        job = replace(job, now=evaluation.NOW + timedelta(hours=hours))
        sync(job)
    return replace(job, now=job.now + timedelta(hours=1))


def edits(rules: Sequence[Rule]) -> Iterator[tuple[str, list[list[Rule]]]]:
    """Yield kinds of changes, each with rule sets of it: one rule after another is changed."""

    def changed(rule: Rule, **update: Any) -> list[Rule]:
        return [r.model_copy(update=update) if r is rule else r for r in rules]

    def moved(rule: Rule) -> list[Rule]:
        name, setting = next((n, s) for n, s in rule.settings.items() if _number(s.value))
        value = setting.model_copy(update={"value": type(setting.value)(setting.value * 2)})
        return changed(rule, settings={**rule.settings, name: value})

    tuned = [rule for rule in rules if any(_number(s.value) for s in rule.settings.values())]
    yield "one threshold doubled", [moved(rule) for rule in tuned]
    yield "one rule to shadow", [changed(rule, mode=Mode.SHADOW) for rule in rules]
    shadowed = [rule.model_copy(update={"mode": Mode.SHADOW}) for rule in rules]
    yield "all rules to shadow", [shadowed]


def _number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and value > 0


def effects(snapshot: Snapshot, sets: list[list[Rule]], rounds: int) -> tuple[float, int]:
    """Return the median time of an effect, and of how many."""
    step = max(1, len(sets) // (4 * rounds))
    times = [timed(lambda rules=rules: snapshot.effect(rules, "x"))[0] for rules in sets[::step]]  # type: ignore[misc]
    return statistics.median(times), len(times)


def typed(
    snapshot: Snapshot, folder: Path, rules: Sequence[Rule], rounds: int
) -> tuple[float, int]:
    """Return the median time from a changed threshold to all that the studio then shows."""
    overlay = folder / "overlay.yaml"
    overlay.write_text("".join(f"{rule.id}: {{mode: live}}\n" for rule in rules), "utf-8")
    desk = Desk(Draft(rulebook.load([rulebook.shipped()]), overlay), lambda: snapshot)
    pages = Pages(desk, "")

    def type_(rule: Rule, name: str, value: Any) -> None:
        desk.change(rule.id, {("settings", name): value})
        pages.parts(rule.id)

    found = []
    for rule in rules:
        for name, one in rule.settings.items():
            value = type(one.value)(one.value * 1.5) if _number(one.value) else None  # type: ignore[operator]
            if value is not None and value <= (one.ceiling or value):
                found.append((rule, name, value))
    step = max(1, len(found) // (4 * rounds))
    times = []
    for rule, name, value in found[::step]:
        times.append(timed(lambda r=rule, n=name, v=value: type_(r, n, v))[0])  # type: ignore[misc]
        desk.discard()
    return statistics.median(times), len(times)


def timed(work: Callable[[], Any]) -> tuple[float, Any]:
    """Return seconds of processor time, and what came out."""
    started = time.process_time()
    found = work()
    return time.process_time() - started, found


if __name__ == "__main__":
    raise SystemExit(main())
