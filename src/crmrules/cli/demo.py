"""``crmrules demo``: the whole loop on a built-in sandbox CRM, told as it happens.

First run in shadow, promotion, tasks and flags, a rep answers, second sync, and a third one that
writes nothing. It moves the sandbox's clock, because a finding has to settle before it asks.
"""

from __future__ import annotations

import shutil
import time
from collections import Counter
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import click

SETTLE = timedelta(hours=13)
SHARE = 0.6  # the demo promotes every rule at once, which nobody should do on a real org


@dataclass(frozen=True, slots=True)
class _Stage:
    """The sandbox, where files go, and the configuration that reaches the sandbox."""

    crm: Any
    name: str
    folder: Path

    def setup(self, *, live: bool) -> Any:
        """Make a run's parts, with every rule in shadow or those recommended promoted."""
        from crmrules import rulebook
        from crmrules.cli.wire import make
        from crmrules.settings import parse

        overlay = self.folder / "overlay.yaml"
        book = rulebook.load([rulebook.shipped()])
        modes = {rule.id: rule.recommended for rule in book.rules if not rule.private}
        lines = [f"{rule}: {{mode: {mode if live else 'shadow'}}}" for rule, mode in modes.items()]
        overlay.write_text("\n".join(lines) + "\n", encoding="utf-8")
        raw = {
            "connector": self.name,
            self.name: self.crm.settings,
            "phases": self.crm.phases,
            "overlay": str(overlay),
            "state": {"url": f"sqlite:///{self.folder / 'state.db'}"},
            "guard": {"max_share_flagged": SHARE},
            "tasks": {"working_hours": ""},  # whoever tries it at night sees tasks as well
        }
        # A real state store named in the environment must never hold a made-up organization.
        told = parse(raw, where="the demo", environment=False)
        return make(told, self.folder, now=self.crm.now)


@click.command()
@click.option("--crm", default="salesforce", show_default=True, help="Which CRM to play.")
@click.option("--seed", type=int, default=1, show_default=True, help="Which made-up organization.")
@click.option(
    "--out",
    type=click.Path(path_type=Path, file_okay=False),
    default=Path("crmrules-demo"),
    show_default=True,
    help="Folder for the state and the report; made anew.",
)
def demo(crm: str, seed: int, out: Path) -> None:
    """Run the whole loop on a built-in sandbox CRM: no account, no network.

    Example: crmrules demo --seed 7
    """
    from crmrules import log, plugins

    log.configure("console", quiet=True)
    started = time.monotonic()
    folder = _fresh(out)
    now = datetime.now(UTC).replace(microsecond=0)
    running = plugins.load(plugins.SANDBOXES, crm)(seed, now)
    try:
        page = _play(_Stage(running, crm, folder))
    finally:
        running.stop()
    click.echo(f"\nDone in {time.monotonic() - started:.0f} s. The report: {page}")
    click.echo(f"Next, install it yourself on such a CRM: crmrules sandbox --crm {crm} --try try")


def _fresh(out: Path) -> Path:
    """Return an empty folder; one that is not ours is left alone."""
    from crmrules.errors import UsageError

    folder = out.resolve()
    if folder.exists():
        if not (folder / "state.db").exists() and any(folder.iterdir()):
            raise UsageError(
                f"{folder} holds something that is not a demo",
                remedy="Choose another folder with --out.",
            )
        shutil.rmtree(folder)
    folder.mkdir(parents=True)
    return folder


def _play(stage: _Stage) -> Path:
    crm = stage.crm
    click.echo(f"A sandbox {stage.name} is up, seeded with a made-up organization.\n")
    click.echo("1. First look, every rule in shadow: counts, writes nothing.")
    _tell(_sync(stage, live=False))
    crm.advance(SETTLE)
    click.echo("\n2. Thirteen hours later the recommended rules are live. What would they write?")
    planned = _plan(stage)
    _tell(planned)
    click.echo("\n3. Sync: exactly that is written.")
    _tell(_sync(stage, live=True))
    _show_tasks(crm)
    crm.advance(timedelta(hours=26))
    click.echo("\n4. A day later: what a rep did in the CRM meanwhile")
    for line in crm.rep_works():
        click.echo(f"     {line}")
    click.echo("\n5. Second sync: answers are respected, cleared tasks are closed.")
    _tell(_sync(stage, live=True))
    click.echo("\n6. Third sync, at once: nothing is left to write.")
    third = _sync(stage, live=True)
    _tell(third)
    if third.pending:
        raise AssertionError(f"the third sync wrote {dict(third.writes)}")
    _explain_one(stage)
    return _report(stage)


def _sync(stage: _Stage, *, live: bool) -> Any:
    from crmrules.sync import sync

    made = stage.setup(live=live)
    try:
        return sync(made.job(now=stage.crm.now))
    finally:
        made.close()


def _plan(stage: _Stage) -> Any:
    from crmrules.sync import plan

    made = stage.setup(live=True)
    try:
        return plan(made.job(now=stage.crm.now))
    finally:
        made.close()


def _tell(report: Any) -> None:
    held = {reason: n for reason, n in report.held_back.items() if reason}
    waiting = ", ".join(f"{n} {reason}" for reason, n in sorted(held.items())) or "nothing"
    writes = ", ".join(f"{n} {action}" for action, n in sorted(report.writes.items())) or "nothing"
    click.echo(
        f"   {report.opportunities} opportunities judged, {report.findings} findings; held back: "
        f"{waiting}\n   writes: {writes}; calls: {report.usage.calls} (the least "
        f"that could do: {report.usage.floor})"
    )


def _show_tasks(crm: Any) -> None:
    tasks = crm.our_tasks()
    owners = Counter(task["owner"] for task in tasks)
    click.echo(f"   {len(tasks)} tasks for {len(owners)} reps. One of them:")
    if tasks:
        task = max(tasks, key=lambda t: len(t["body"]))
        click.echo(f"     {task['owner']}: {task['subject']} (due {task['due']})")
        for line in task["body"].splitlines():
            click.echo(f"       {line}")


def _explain_one(stage: _Stage) -> None:
    from crmrules.cli.text import explanation
    from crmrules.explain import explain
    from crmrules.rule import Mode
    from crmrules.sync import look

    made = stage.setup(live=True)
    try:
        tasks = stage.crm.our_tasks()
        if not tasks:
            return
        opportunity = stage.crm.opportunity_of(tasks[0])
        found = look(made.job(now=stage.crm.now), opportunity)
        if found is None:
            return
        told = [(rule, explain(rule, found.judged.readings)) for rule in made.book.enabled]
        click.echo(f"\n7. crmrules explain {opportunity}, one of its {len(told)} verdicts:")
        rule, first = min(
            told, key=lambda pair: (pair[1].verdict != "fires", pair[0].mode is not Mode.LIVE)
        )
        for line in explanation(first, rule).splitlines():
            click.echo(f"     {line}")
    finally:
        made.close()


def _report(stage: _Stage) -> Path:
    from crmrules.cli.report import html

    made = stage.setup(live=True)
    try:
        path = stage.folder / "report.html"
        title = "crmrules demo: a made-up organization"
        path.write_text(html(made, title, now=stage.crm.now), encoding="utf-8")
    finally:
        made.close()
    return path
