"""``crmrules run``: sync on a schedule until it is stopped, and account for every due moment.

The configuration is read again before every run, and whenever its file changes: one that is broken
is reported, and the schedule goes on by the last good one. A sync that fails ends nothing.
"""

from __future__ import annotations

import random
import signal
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import click
import structlog

from crmrules import log as logs
from crmrules.cli.once import Asked, once
from crmrules.cli.options import common
from crmrules.cli.targets import schedule, targets
from crmrules.cli.wire import load_rules
from crmrules.cron import Cron
from crmrules.errors import CrmRulesError
from crmrules.observe import Endpoints, Observers, Past
from crmrules.operation import address
from crmrules.raw import zone
from crmrules.schedule import Due, Plan, Schedule
from crmrules.settings import FILE, find, load
from crmrules.stopping import Stop, Stopped

log = structlog.get_logger()
SIGNALS = (signal.SIGTERM, signal.SIGINT)


@click.command()
@common
def run(config: Path | None, log_format: Any, verbose: int) -> None:
    """Sync whenever [schedule] cron says so, until SIGTERM or Ctrl-C; then end cleanly, exit 0.

    Example: crmrules run --log-format json
    """
    logs.configure(log_format, verbose=verbose)
    halted = threading.Event()
    stop = Stop(signals=SIGNALS)
    service = Service(config, stop=stop, wait=halted.wait)
    with _halting(stop, halted), service.listening():
        service.forever()


@contextmanager
def _halting(stop: Stop, halted: threading.Event) -> Iterator[None]:
    """Let a signal between two runs end the wait; during one, ``stop`` listens itself."""

    def halt(*_: Any) -> None:
        stop.asked = True
        halted.set()

    before = [(each, signal.signal(each, halt)) for each in SIGNALS]
    try:
        yield
    finally:
        for each, handler in before:
            signal.signal(each, handler)


class Service:
    """One configuration, synced on its schedule.

    ``wait`` waits so many seconds and returns whether to stop; ``stop`` is asked by a signal during
    a run. Raises UsageError where the configuration or a rule is wrong already at the start.
    """

    def __init__(
        self,
        config: Path | None,
        *,
        stop: Stop,
        wait: Callable[[float], bool],
        clock: Callable[[], datetime] = lambda: datetime.now(UTC),
        chance: Callable[[], float] = random.random,
    ) -> None:
        settings, base = load(config)
        book = load_rules(settings, base)
        self._config = config or find(Path.cwd().resolve()) or Path(FILE)
        self._stop, self._wait, self._clock, self._chance = stop, wait, clock, chance
        self._mark = _mark(self._config)
        self._plan, self._listen = schedule(settings), settings.observe.listen
        self.observers = Observers(serving=True, clock=clock, patient=lambda: not stop.asked)
        self.observers.use(targets(settings, base, self._config))
        self.observers.known(frozenset(rule.id for rule in book.rules if not rule.private))

    @contextmanager
    def listening(self) -> Iterator[Endpoints | None]:
        """Serve /metrics and /healthz, where a place to listen at is configured."""
        if not self._listen:
            yield None
            return
        pages = Endpoints(
            address(self._listen), metrics=self.observers.meters.text, health=self.observers.health
        )
        try:
            yield pages
        finally:
            pages.close()

    def forever(self) -> None:
        """Run when it is due, until it is stopped."""
        past = self.observers.past
        again = past.unfinished or _worth_again(past)
        self.observers.killed()
        self._schedule = Schedule(
            self._read,
            clock=self._clock,
            wait=self._rest,
            tell=self.observers.missed,
            random=self._chance,
            handled=past.handled,
            before=_before(past),
            unfinished=again,
        )
        self._saved: Any = None
        log.info("scheduler begins", cron=self._plan.cron.expression, listen=self._listen)
        while not self._stop.asked and (due := self._schedule.next()) is not None:
            self._save()
            self._run(due)
        self._save()
        log.info("scheduler ends")

    def _run(self, due: Due) -> None:
        finished = True
        try:
            report = once(self._config, Asked(), stop=self._stop, observers=self.observers, due=due)
            finished = not report.left
        except Stopped:
            finished = False
        except Exception:  # noqa: BLE001 - it was logged with its traceback; the next run is due
            finished = not self._stop.asked
        if not finished:
            self.observers.note(lambda past: setattr(past, "unfinished", True))

    def _rest(self, seconds: float) -> bool:
        """Wait; what is known and could not be kept until now is kept."""
        self._save()
        self.observers.idle(self._schedule.coming())
        return self._wait(seconds)

    def _read(self) -> Plan:
        """Return when to run, from the file as it is now; a broken one changes nothing."""
        mark = _mark(self._config)
        if mark != self._mark:
            self._mark = mark
            try:
                settings, base = load(self._config)
                self.observers.use(targets(settings, base, self._config))
                self._plan = schedule(settings)
            except CrmRulesError as error:
                self.observers.explain(error)
        return self._plan

    def _save(self) -> None:
        """Keep until when due moments are accounted for."""
        plan, handled = self._schedule.plan, self._schedule.handled
        now = (plan.cron.expression, plan.cron.zone_name, handled)
        if now != self._saved:
            self._saved = now
            self.observers.note(lambda past: _handled(past, *now))


def _handled(past: Past, cron: str, zone_name: str, handled: datetime) -> None:
    past.cron, past.zone, past.handled = cron, zone_name, handled


def _before(past: Past) -> Plan | None:
    """Return the plan that held when this ran last; None: it never did."""
    if past.cron is None:
        return None
    try:
        return Plan(Cron(past.cron, zone(past.zone) or UTC))
    except ValueError:
        return None


def _worth_again(past: Past) -> bool:
    """Return whether a run that was killed is made again: once, since it may be what kills us."""
    return past.open is not None and not past.open.get("catch_up")


def _mark(path: Path) -> tuple[int, int] | None:
    try:
        found = path.stat()
    except OSError:
        return None
    return found.st_mtime_ns, found.st_size
