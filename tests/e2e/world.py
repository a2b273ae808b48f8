"""A small seeded sandbox, a configuration that reaches it, and the command line run against it.

Everything goes through ``crmrules.cli.run``, as a user would, with ``--as-of`` at the sandbox's own
moment. Only the connector's waiting is replaced: nothing here really sleeps.

``World`` is what is the same for every CRM; ``crm_half`` says what each CRM adds.
"""

from __future__ import annotations

import contextlib
import gc
import io
import json
import sqlite3
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, Self

import rule_text
from crm_half import TASK, Half

from crmrules import cli
from crmrules.cli import wire
from crmrules_sandbox.scenario.outline import LOST, NEGOTIATION, STAGES

ROOT = Path(__file__).resolve().parents[2]
START = datetime(2026, 11, 24, 9, tzinfo=UTC)  # a Tuesday
SETTLED = timedelta(hours=13)
RECOGNITION, CONCERNS, CLOSED_LOST = STAGES[2], NEGOTIATION, LOST
"""Stages: one of an early phase, one in which ``EARLY`` is quiet, and the end."""
OURS = ("status", "flags", "summary", "buying_phase", "checked_at")
EARLY, LATER = "e2e-early", "e2e-concerns"


def rule(name: str = EARLY, **more: Any) -> str:
    """Return a rule file that fires on every opportunity in its phases."""
    return rule_text.rule(name, **more)


_settled: dict[Any, Any] = {}
RULES = {EARLY: rule(), LATER: rule(LATER, severity="P1", phases="concerns")}


@dataclass(frozen=True)
class Ran:
    """What a command left on the terminal."""

    code: int
    out: str
    err: str

    @property
    def json(self) -> dict[str, Any]:
        return json.loads(self.out)

    @property
    def writes(self) -> list[dict[str, Any]]:
        return self.json["writes"]


@dataclass
class World(Half):
    """A sandbox, a folder with a configuration and a state store, and the time in both.

    ``access`` goes into the CRM's own section, ``sections`` stand beside it. ``unique_key`` False:
    the CRM does not keep our key unique. ``reachable`` False: no request is expected to arrive.
    """

    folder: Path
    seed: int = 1
    opportunities: int = 40
    rules: dict[str, str] | None = field(default_factory=lambda: dict(RULES))  # None: as shipped
    overlay: str = ""
    tls: bool = False
    unique_key: bool = True
    tasks: dict[str, Any] = field(default_factory=dict)
    guard: dict[str, Any] = field(default_factory=dict)
    people: dict[str, dict[str, str]] = field(default_factory=dict)  # [owners]
    access: dict[str, Any] = field(default_factory=dict)
    sections: dict[str, dict[str, Any]] = field(default_factory=dict)  # more of them
    now: datetime = START
    reachable: bool = True

    def __post_init__(self) -> None:
        self.folder.mkdir(parents=True, exist_ok=True)
        self.server = self.begin()
        self.token = self.server.token()
        self.slept: list[float] = []
        self.configure()
        self.prepare()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.server.stop()

    # -- configuration and runs -------------------------------------------------------------------
    @property
    def state(self) -> Path:
        return self.folder / "state.db"

    @property
    def state_url(self) -> str:
        return "sqlite:///state.db"

    @property
    def config(self) -> Path:
        return self.folder / "crmrules.toml"

    def configure(self) -> None:
        """Write the configuration, rules and overlay again, from what the attributes say now."""
        top: dict[str, Any] = {"connector": self.name}
        if self.rules is not None:
            files = self.folder / "rules"
            files.mkdir(exist_ok=True)
            for name, text in self.rules.items():
                (files / f"{name}.yml").write_text(text)
            top["rules"] = ["rules"]
        if self.overlay:
            (self.folder / "overlay.yaml").write_text(self.overlay)
            top["overlay"] = "overlay.yaml"
        sections = {
            "state": {"url": self.state_url},
            self.name: self.section() | self.access,
            "tasks": {"working_hours": ""} | self.tasks,
            "guard": {"max_share_flagged": 1.0, "max_writes": 5000} | self.guard,
        } | {f"phases.{name}": values for name, values in self.phases().items()}
        sections |= {f'owners."{name}"': values for name, values in self.people.items()}
        sections |= self.sections
        lines = [f"{name} = {json.dumps(value)}" for name, value in top.items()]
        for section, values in sections.items():
            lines.append(f"[{section}]")
            lines += [f"{name} = {json.dumps(value)}" for name, value in values.items()]
        self.config.write_text("\n".join(lines) + "\n")

    def run(self, command: str, *options: str) -> Ran:
        """Run a command of the command line, as of now."""
        return self.cli(command, "--as-of", self.now.isoformat(), *options)

    def cli(self, command: str, *options: str) -> Ran:
        """Run a command of the command line."""
        args = [command, "--config", str(self.config), *options, "--format", "json"]
        out, err = io.StringIO(), io.StringIO()
        with contextlib.redirect_stdout(out), contextlib.redirect_stderr(err), self._awake():
            code = cli.run(args)
        return Ran(code, out.getvalue(), err.getvalue())

    def plan(self, *options: str) -> Ran:
        return self.run("plan", *options)

    def sync(self, *options: str) -> Ran:
        return self.run("sync", *options)

    def synced(self, *options: str) -> Ran:
        """Sync, and insist that all went well."""
        ran = self.sync(*options)
        assert ran.code == 0, ran.err
        return ran

    @contextlib.contextmanager
    def _awake(self) -> Iterator[None]:
        """Let the connector note how long it would wait instead of waiting."""
        real = wire.connect

        def connect(*args: Any, **kwargs: Any) -> Any:
            connector = real(*args, **kwargs)
            connector._transport._sleep = self.slept.append
            return connector

        wire.connect = connect
        try:
            yield
        finally:
            wire.connect = real

    def advance(self, step: timedelta = SETTLED) -> None:
        self.now += step

    def settle(self) -> Self:
        """Sync once so that every finding is pending, and let the settle time pass.

        The same fresh organization, configured the same way, is synced once only in a test session;
        its records and the state file are handed on. Change the organization after this.
        """
        fresh = (self.name, self.seed, self.opportunities, self.now, self.unique_key)
        same = (*fresh, repr((self.rules, self.overlay, self.tasks, self.people)))
        if same in _settled:
            records, state = _settled[same]
            self.restore(records)
            self.state.write_bytes(state)
        else:
            self.synced()
            assert not self.state.with_name("state.db-wal").exists()
            _settled[same] = (self.snapshot(), self.state.read_bytes())
            gc.freeze()  # or every later collection would look at all of it again
        self.advance()
        return self

    def strike(self, kind: str, on: str = "write", **more: Any) -> None:
        """Arm a fault."""
        self.server.faults.add(self.fault(kind, on, **more))

    def mend(self) -> None:
        """Let the faults be over, and give a new token and a new day's calls."""
        self.server.faults.clear()
        self.new_day()
        self.token = self.server.token()
        self.configure()

    # -- what stands in the CRM -------------------------------------------------------------------
    def task(self, key: str) -> dict[str, Any]:
        [found] = [task for task in self.our_tasks() if task["key"] == key]
        return found

    def dump(self) -> dict[str, Any]:
        """Return our tasks and our fields, without what the CRM made up (ids, stamps)."""
        tasks = sorted(
            [*(task[name] for name in TASK), task["deleted"]] for task in self.our_tasks()
        )
        return {"tasks": tasks, "fields": self.fields()}

    def keys(self) -> list[str]:
        return sorted(task["key"] for task in self.our_tasks())

    def one_task_per_key(self) -> bool:
        keys = self.keys()
        return len(keys) == len(set(keys))

    def complete(self, task: dict[str, Any]) -> None:
        self.edit(task, status="completed")

    def somebody_else(self, *owners: str) -> str:
        return next(each for each in self.owners() if each not in owners)

    def one_in(self, stage: str) -> str:
        """Return an opportunity in a stage."""
        return next(one for one, here in self.stages().items() if here == stage)

    def tables(self, *ignored: str) -> dict[str, list[Any]]:
        """Return the content of the state store by table."""
        found: dict[str, list[Any]] = {}
        with contextlib.closing(sqlite3.connect(self.state)) as connection:
            names = connection.execute("SELECT name FROM sqlite_master WHERE type = 'table'")
            for (name,) in names.fetchall():
                if name not in ignored:
                    rows = connection.execute(f'SELECT * FROM "{name}"').fetchall()
                    found[name] = sorted(rows, key=repr)
        return found

    def remembered(self, key: str) -> tuple[Any, ...]:
        """Return what the state store knows of a task."""
        [found] = [row for row in self.tables()["task"] if key in row]
        return found

    def forget(self) -> None:
        """Lose the state store."""
        for file in self.folder.glob("state.db*"):
            file.unlink()
