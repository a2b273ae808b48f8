"""Runs of the real product against a desk, in this process, that can be killed or stalled anywhere.

A run passes named points. At one of them it may be killed: then nothing of it reaches the state any
more, not even the clean-up that a ``finally`` would do, for a killed process does none. Or it
stalls, and whatever happens meanwhile happens inside the call.
"""

from __future__ import annotations

import sqlite3
import tempfile
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
import structlog
from hubspot_desk import HubSpotDesk
from rule_files import EARLY, LATER, PAGES
from salesforce_desk import SalesforceDesk
from sqlalchemy import event
from sqlalchemy.util import LRUCache

from crmrules import rulebook, signals, sync, writeback
from crmrules.baseline import Baseline
from crmrules.engine import build
from crmrules.errors import CrmRulesError
from crmrules.evaluate import Evaluator
from crmrules.findings import Limits
from crmrules.plan import Policy
from crmrules.rule import Mode
from crmrules.state import Store, database, lease, organization
from crmrules.state.organization import OrgStore

START = datetime(2026, 11, 24, 9, tzinfo=UTC)
POINTS = (
    "pulling",  # a page has come, the decision is not made
    "deciding",  # everything is decided, and not yet durable
    "decided",  # the decision is durable, nothing is sent
    "sending",  # a batch is durably marked as being sent
    "answered",  # the CRM has done one call of the batch, we have not read its answer
    "written",  # all of the batch is answered, nothing of it is recorded
    "settling",  # the answers are written, not committed
    "settled",  # one batch is recorded, the next not taken
    "reading back",  # an uncertain batch is about to be looked up
    "read back",  # it was looked up, what was found is not recorded
    "drained",  # everything is recorded, the run has not said so
)
ALLOWED = {
    ("planned", "sending"),
    ("planned", "moot"),
    *(("sending", to) for to in ("done", "rejected", "deferred", "planned", "unknown", "moot")),
    *(("unknown", to) for to in ("done", "planned", "moot")),
    *((old, to) for old in ("deferred", "rejected") for to in ("planned", "moot")),
    ("moot", "planned"),
}
"""Where an intent may go (reliability.md, I5, with deferred and rejected for quarantined)."""
_TRIGGERS = f"""
CREATE TRIGGER once_moves AFTER UPDATE OF state ON outbox
WHEN old.state <> new.state AND (old.state || '>' || new.state) NOT IN
  ({", ".join(f"'{a}>{b}'" for a, b in sorted(ALLOWED))})
BEGIN SELECT RAISE(ABORT, 'an intent went a way that is not allowed'); END;
CREATE TRIGGER once_audit BEFORE UPDATE ON audit
BEGIN SELECT RAISE(ABORT, 'the audit is append-only'); END;
"""


class KilledError(BaseException):
    """The process is gone."""


@dataclass
class Process:
    """A run that goes on: where something happens to it, and what."""

    host: str
    at: str = ""
    nth: int = 1
    act: Callable[[], None] | None = None
    dead: bool = False
    hit: bool = False
    full: bool = False
    decided: bool = False

    def point(self, name: str) -> None:
        if self.dead:
            raise KilledError
        if name != self.at or self.hit:
            return
        self.nth -= 1
        if self.nth == 0:
            self.hit = True
            assert self.act is not None
            self.act()

    def die(self) -> None:
        self.dead = True
        raise KilledError


def _alive(process: Process | None) -> None:
    if process is not None and process.dead:
        raise KilledError


@dataclass
class Plant:
    """One CRM in one mode, the rules, and what is made only once because it costs."""

    crm: str
    unique: bool
    folder: Path = field(default_factory=lambda: Path(tempfile.mkdtemp(dir=_fast())))

    def __post_init__(self) -> None:
        structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(50))
        rules = self.folder / "rules"
        rules.mkdir()
        for name, page in PAGES.items():
            (rules / f"{name}.yml").write_text(page)
        self.rules = rulebook.load([rules]).enabled
        shadow = [
            r.model_copy(update={"mode": Mode.SHADOW}) if r.id == LATER else r for r in self.rules
        ]
        self.sets = {"live": self.rules, "shadow": shadow}
        self.engines = {name: build(rules, "python") for name, rules in self.sets.items()}
        flags = tuple(rule.then.flag for rule in self.rules)
        self.desk: Any = (
            SalesforceDesk(START, unique=self.unique)
            if self.crm == "salesforce"
            else HubSpotDesk(START, unique=self.unique, flags=flags)
        )
        self.running: list[Process] = []
        self.observe: Callable[[Process, datetime], None] = lambda *_: None
        self.judged = START
        self.skew = timedelta(0)
        self.connectors = [self._connector() for _ in range(2)]
        self.template = self.folder / "template.db"
        with Store(f"sqlite:///{self.template}") as store:
            store.for_org("x")
        with sqlite3.connect(self.template) as raw:
            raw.executescript(_TRIGGERS)
        raw.close()
        self.file = self.folder / "state.db"
        self.stores: dict[str, Store] = {}
        self.compiled = LRUCache(1000)
        self.ledger: sqlite3.Connection | None = None
        self.counts: Counter[str] = Counter()

    def _connector(self) -> Any:
        made = self.desk.connector(lambda: self.judged)
        check, pull, write = made.check, made.pull, made.write
        read_back, kept = made.tasks_by_key, []

        def quick_check() -> Any:
            """Look once; after that only the server's time is new."""
            if not kept:
                kept.append(check())
            made._transport.server_time = self.desk.now.replace(microsecond=0)
            made._observed = made._transport.server_time
            return kept[0]

        def pulling(stored: Any) -> Iterator[Any]:
            self.running[-1].full = stored is None
            for batch in pull(stored):
                self.point("pulling")
                yield batch

        def writing(writes: Any) -> Any:
            self.point("sending")
            outcomes = write(writes)
            self.point("written")
            return outcomes

        def reading(wanted: Any) -> Any:
            self.point("reading back")
            found = read_back(wanted)
            self.point("read back")
            return found

        made.check, made.pull, made.write, made.tasks_by_key = (
            quick_check, pulling, writing, reading
        )  # fmt: skip
        return made

    def point(self, name: str) -> None:
        if self.running:
            self.running[-1].point(name)

    # -- the state file -------------------------------------------------------------------------
    def reset(self) -> None:
        self.desk.reset()
        self.desk.line.point = self.point
        self.running.clear()
        self.skew = timedelta(0)
        self.lose()

    def close(self) -> None:
        for store in self.stores.values():
            store.close()
        self.stores = {}
        if self.ledger is not None:
            self.ledger.close()
            self.ledger = None

    def put_state(self, content: bytes) -> None:
        """Let the state file be this one; every connection to the old one is closed first."""
        self.close()
        for suffix in ("", "-wal", "-shm"):
            self.file.with_name(self.file.name + suffix).unlink(missing_ok=True)
        self.file.write_bytes(content)

    def lose(self) -> None:
        self.put_state(self.template.read_bytes())

    def take_backup(self) -> bytes:
        copy = self.folder / "copy.db"
        copy.unlink(missing_ok=True)
        self.raw().execute("VACUUM INTO ?", (str(copy),))
        return copy.read_bytes()

    def raw(self) -> sqlite3.Connection:
        """Return a connection of our own, which sees what is durable and nothing else."""
        if self.ledger is None:
            self.ledger = sqlite3.connect(self.file, isolation_level=None, timeout=0)
        return self.ledger

    def tables(self) -> dict[str, list[Any]]:
        """Return everything that is in the state."""
        names = ["meta", "watermark", "record", "episode", "task", "outbox", "audit", "run", "note"]
        return {
            name: self.raw().execute(f"SELECT * FROM {name} ORDER BY 1, 2, 3").fetchall()
            for name in [*names, "lease"]
        }

    def store(self, host: str) -> Store:
        if host not in self.stores:
            store = Store(f"sqlite:///{self.file}", clock=lambda: self.desk.now + self.skew)
            store.engine._compiled_cache = self.compiled  # or each sequence compiles all SQL again
            store._ready = True  # the file is a copy of one that was looked at
            if host != "here":
                store.file = None  # as on another machine: only the row of the lease is shared
            for moment in ("begin", "commit"):
                event.listen(store.engine, moment, self._only_the_living)
            self.stores[host] = store
        return self.stores[host]

    def _only_the_living(self, *_: Any) -> None:
        _alive(self.running[-1] if self.running else None)

    # -- runs -----------------------------------------------------------------------------------
    def run(self, process: Process, judged: datetime, mode: str) -> Any:
        """Sync; return the report, or the CrmRulesError that ended it; None: it was killed."""
        job = sync.Job(
            connector=self.connectors[len(self.running)],
            store=self.store(process.host),
            rules=self.sets[mode],
            rules_hash=mode,
            engine=self.engines[mode],
            now=judged,
            policy=Policy(limits=Limits(20, 100, 100)),
            guards=sync.Guards(5000, 1.0, initial=True),
        )
        self.counts["syncs"] += 1
        self.running.append(process)
        before, self.judged = self.judged, judged
        try:
            return sync.sync(job)
        except CrmRulesError as error:
            return error
        except KilledError:
            return None
        finally:
            self.running.pop()
            self.judged = before


def _fast() -> str | None:
    return "/dev/shm" if Path("/dev/shm").is_dir() else None


_READ = ("phase", "is_major", "opportunity_age_days", "quotes_sent")


def few_signals(view: Any) -> dict[str, Any]:
    """Return the readings that the machine's rules rest on."""
    return {name: signals.SIGNALS[name].function(view) for name in _READ}


class RowAlone:
    """Between machines: no lock of the system reaches, nothing counts but the row of the lease."""

    def __init__(self, *_: Any) -> None:
        """Take what the lock of a database server takes."""

    def acquire(self) -> None:
        """Prove nothing."""

    def release(self) -> None:
        """Do nothing."""

    def evict(self) -> bool:
        return False


@contextmanager
def points(plant: Plant) -> Iterator[None]:
    """Let every run of the product pass the points; install what breaks it before."""
    drain, settle, send = sync.drain, writeback._settle, writeback._send
    leftovers = sync.leftovers

    def deciding(*args: Any, **more: Any) -> Any:
        plan = leftovers(*args, **more)
        plant.point("deciding")
        return plan

    def drained(*args: Any, **kwargs: Any) -> Any:
        process = plant.running[-1]
        process.decided = True
        plant.observe(process, kwargs["now"])
        plant.point("decided")
        sent = drain(*args, **kwargs)
        plant.point("drained")
        return sent

    def settled(*args: Any) -> None:
        settle(*args)
        plant.point("settling")

    def sent(*args: Any) -> Any:
        answers = send(*args)
        plant.point("settled")
        return answers

    host = SimpleNamespace(gethostname=lambda: plant.running[-1].host if plant.running else "here")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(sync, "drain", drained)
        patch.setattr(sync, "leftovers", deciding)
        patch.setattr(writeback, "_settle", settled)
        patch.setattr(writeback, "_send", sent)
        patch.setattr(writeback, "BATCH", 2)
        # What has no part in the promise costs half of a run: what is normal here, the engine's
        # check of itself, and the signals that no rule of the machine reads.
        patch.setattr(sync, "measured", lambda *_: Baseline())
        patch.setattr(Evaluator, "_check", lambda *_: None)
        patch.setattr(signals, "read", few_signals)
        patch.setattr(lease, "socket", host)
        patch.setattr(organization, "SessionLock", RowAlone)
        patch.setattr(database, "BUSY_SECONDS", 0.0)
        patch.setattr(database, "_PRAGMAS", ("PRAGMA synchronous=OFF",))
        yield


__all__ = ["EARLY", "LATER", "OrgStore", "suppress"]
