"""The material of docs/review.md: the sandbox's organization, and two public sets in two states.

``python benchmarks/review.py --seeded`` plans the sandbox's organization and draws the page's
sample from its tasks.

``python benchmarks/review.py DATA OUT`` writes the folders ``OUT/cc0`` and ``OUT/maven``, each with
its ``crmrules.toml`` and ``export/``. With ``--findings`` it instead draws the page's sample from
``OUT/cc0.json`` and ``OUT/maven.json``, which ``crmrules plan --format json`` wrote.

Know before changing: the files without rows say that nothing was ever logged, which the sets do
not say. They are there to see what the rules do then; without them every rule is unknown.
"""

from __future__ import annotations

import csv
import json
import random
import shutil
import sys
import tempfile
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, NamedTuple

from crmrules import rulebook, sync
from crmrules.cli.wire import make
from crmrules.outcome import Show
from crmrules.plan import PlannedWrite
from crmrules.settings import parse
from crmrules_sandbox import scenario
from crmrules_sandbox.salesforce import render
from crmrules_sandbox.salesforce.server import SandboxServer
from crmrules_sandbox.salesforce.start import seeded_org

ROOT = Path(__file__).resolve().parent.parent
SETS = {"cc0": "salesforce_demo_opps_cc0", "maven": "maven_crm"}
EMPTY = (
    *("OpportunityContactRole", "Task", "Event", "EmailMessage", "OpportunityLineItem"),
    *("Quote", "QuoteLineItem", "OpportunityCompetitor"),
)
SEED, EACH = 7, 10
NOW, ORGANIZATION, COUNT, TASKS = datetime(2026, 11, 24, 9, tzinfo=UTC), 1, 220, 20


class Asked(NamedTuple):
    """A task that would reach a rep: the scenario's opportunity, the rule and the words."""

    opportunity: str
    rule: str
    subject: str


def prepare(data: Path, out: Path, name: str, *, empty: bool = False, every: int = 1) -> Path:
    """Write a set beside its configuration and return the latter's path.

    ``empty`` adds the files without rows and, for Maven, what ``_complete`` says; ``every`` keeps
    each n-th opportunity of Maven's then.
    """
    export = out / "export"
    export.mkdir(parents=True, exist_ok=True)
    for path in (data / SETS[name]).iterdir():
        if path.suffix in (".csv", ".json"):
            shutil.copyfile(path, export / path.name)
    if name == "maven" and empty:
        _complete(export, every)
    for kind in EMPTY if empty else ():
        (export / f"{kind}.csv").write_text("Id\n")
    return Path(shutil.copyfile(ROOT / f"docs/examples/{name}.toml", out / "crmrules.toml"))


def _complete(export: Path, every: int) -> None:
    """Give open opportunities their list price, and all of them the stages their dates tell."""
    with (export / "products.csv").open(newline="") as file:
        prices = {_product(row): row["sales_price"] for row in csv.DictReader(file)}
    with (export / "sales_pipeline.csv").open(newline="") as file:
        rows = list(csv.DictReader(file))[::every]
    stages = []
    for row in rows:
        key = row["opportunity_id"]
        row["close_value"] = row["close_value"] or prices[_product(row)]
        stages += [(f"{key}1", key, row["engage_date"], "Engaging")] if row["engage_date"] else []
        stages += [(f"{key}2", key, row["close_date"], row["deal_stage"])] * bool(row["close_date"])
    _write(export / "sales_pipeline.csv", list(rows[0]), (row.values() for row in rows))
    head = ["Id", "OpportunityId", "CreatedDate", "StageName"]
    _write(export / "OpportunityHistory.csv", head, stages)


def _product(row: Mapping[str, str]) -> str:
    return row["product"].replace(" ", "")  # "GTXPro" in one file is "GTX Pro" in the other


def _write(path: Path, head: list[str], rows: Iterable[Iterable[str]]) -> None:
    with path.open("w", newline="") as file:
        csv.writer(file).writerows((head, *rows))


def sample(plans: Iterable[Mapping[str, Any]]) -> list[tuple[str, str]]:
    """Return ten findings of each plan, (opportunity, rule); one generator for all."""
    dice, found = random.Random(SEED), list[tuple[str, str]]()
    for plan in plans:
        pairs = sorted((one["opportunity"], one["rule"]) for one in plan["findings"])
        found += dice.sample(pairs, EACH)
    return found


def seeded() -> list[Asked]:
    """Plan the sandbox's organization, public rules live and settled; return twenty tasks of it."""
    told = scenario.seeded(ORGANIZATION, NOW, COUNT)
    names = {found[0]: name for name, found in render.ids(told).items()}
    org = seeded_org(0, clock=lambda: NOW, scenario=told)
    with SandboxServer(org, tls=False) as server, tempfile.TemporaryDirectory() as folder:
        writes = _planned(server, Path(folder))
    tasks = {
        (one.opportunity, one.rule): one.write.task.subject
        for one in writes
        if one.action == "create_task" and one.opportunity  # no digest
    }
    drawn = random.Random(SEED).sample(sorted(tasks), TASKS)
    return [Asked(names[pair[0]], pair[1], tasks[pair]) for pair in drawn]


def _planned(server: SandboxServer, folder: Path) -> list[PlannedWrite]:
    overlay = folder / "overlay.yaml"
    rules = rulebook.load([rulebook.shipped()]).rules
    overlay.write_text("".join(f"{one.id}: {{mode: live}}\n" for one in rules if not one.private))
    access = {"auth": "token", "instance_url": server.url, "access_token": server.token()}
    raw = {
        "connector": "salesforce",
        "salesforce": access,
        "overlay": str(overlay),
        "state": {"url": f"sqlite:///{folder / 'state.db'}"},
        "tasks": {"settle_hours": 0, "working_hours": ""},
    }
    writes: list[PlannedWrite] = []
    made = make(parse(raw, where="the review"), folder, now=NOW)
    try:
        sync.plan(made.job(now=NOW), show=Show(write=writes.append))
    finally:
        made.close()
    return writes


def main(arguments: list[str]) -> None:
    """Prepare the folders, or draw a sample."""
    if "--seeded" in arguments:
        print(*("  ".join(one) for one in seeded()), sep="\n")
        return
    data, out = Path(arguments[0]), Path(arguments[1])
    if "--findings" in arguments:
        plans = [json.loads((out / f"{name}.json").read_text()) for name in SETS]
        print(*(" ".join(pair) for pair in sample(plans)), sep="\n")
        return
    for name in SETS:
        prepare(data, out / name, name, empty=True)


if __name__ == "__main__":
    main(sys.argv[1:])
