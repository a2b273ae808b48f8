"""Tells everybody who wants to know when a run begins, when it has ended, and what was missed.

Know before changing: every observer stands in a guard of its own. What it raises is counted, logged
and dropped, since no sync may fail because nobody could be told of it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from datetime import UTC, datetime
from typing import Any

import structlog

from crmrules import __version__
from crmrules.errors import CrmRulesError
from crmrules.observe import figures, health
from crmrules.observe.journal import Change, Journal, Past
from crmrules.observe.meters import Meters, Values
from crmrules.observe.ping import ToldNobodyError
from crmrules.observe.targets import Targets
from crmrules.observe.teller import Teller
from crmrules.observe.watch import Watch
from crmrules.outcome import Report
from crmrules.plan import stamp
from crmrules.schedule import Due, Missed, SetBack

log = structlog.get_logger()


class Observers:
    """All observers of one configuration, for one run or for many.

    ``serving``: they live on between runs, as in ``crmrules run``, so that the journal is kept and
    the metrics have a reader whatever is configured. ``exporter`` sends traces in place of the
    configured endpoint. ``patient`` says whether there is time to wait for slow servers.
    """

    def __init__(
        self,
        *,
        serving: bool = False,
        clock: Callable[[], datetime] = lambda: datetime.now(UTC),
        exporter: Any = None,
        patient: Callable[[], bool] = lambda: True,
    ) -> None:
        self.meters, self.targets = Meters(), None
        self._serving, self._clock = serving, clock
        self._journal: Journal | None = None
        self._tell = Teller(exporter, patient)
        self._begun = clock()
        self._told: frozenset[str] | None = None
        self._watch: Watch | None = None
        self._seen: datetime | None = None  # when a sync came to its end, by the store

    targets: Targets | None

    # -- what the command line says ---------------------------------------------------------------
    def use(self, targets: Targets) -> None:
        """Tell these from now on."""
        before, self.targets = self.targets, targets
        if before == targets:
            return
        self.meters.replace("build_info", {(__version__,): 1}, targets.org)
        if targets.textfile is not None:
            with self._guard("textfile"):
                self.meters.resume(targets.textfile)
        if before is None or (before.state_url, before.name) != (targets.state_url, targets.name):
            self._journal = Journal(targets.state_url, targets.name) if self._keeps else None
            self._seen = None
            if self._journal is not None:
                with self._guard("journal"):
                    self._journal.load()
        self._schedule()

    def known(self, told: frozenset[str]) -> None:
        """Show what earlier runs left; ``told``: the rules that may be named."""
        self._told = told
        self._stored(None)

    @property
    def _keeps(self) -> bool:
        return self._serving or (self.targets is not None and self.targets.any)

    @property
    def past(self) -> Past:
        """What is known of earlier runs."""
        return Past() if self._journal is None else self._journal.past

    @property
    def _complete(self) -> datetime | None:
        """When a sync last came to its end; the store also knows of those made elsewhere."""
        return max(filter(None, (self.past.complete, self._seen)), default=None)

    def note(self, change: Change) -> None:
        """Change what is known, and keep it as soon as the store can be used."""
        if self._journal is not None:
            with self._guard("journal"):
                self._journal.change(change)

    @contextmanager
    def watching(self, due: Due | None = None) -> Iterator[Watch]:
        """Watch one run, from before its configuration is read until all is said about it."""
        watch = Watch(self, due)
        with structlog.contextvars.bound_contextvars(run_id=watch.id):
            try:
                yield watch
            except BaseException as error:
                self.explain(error)
                with self._guard("other"):
                    self._ended(watch, health.code_of(error))
                raise
            with self._guard("other"):
                self._ended(watch, 0)

    # -- what happens -----------------------------------------------------------------------------
    def began(self, watch: Watch) -> None:
        """Note and tell that a run begins."""
        watch.begun, self._watch = True, watch
        self.meters.set("running", 1 if self._serving else None, self._org)
        if self._serving:
            due, id_, now = watch.due, watch.id, self._clock()
            self.note(lambda past: past.began(id_, due, now))
        with self._guard("heartbeat"):
            self._tell.heartbeat(self.targets, watch.id, None)

    def idle(self, coming: datetime) -> None:
        """Note when the next run begins; try again to keep what could not be kept until now."""
        self.meters.set("next_run_timestamp_seconds", coming.timestamp(), self._org)
        if self._journal is not None:
            with suppress(CrmRulesError):  # it was told when it first could not
                self._journal.keep()

    def explain(self, error: BaseException) -> None:
        """Log what went wrong, where nobody prints it."""
        if not self._serving:
            return
        if isinstance(error, CrmRulesError):
            log.error("failed", error=error.message, where=error.where, remedy=error.remedy)
        elif isinstance(error, Exception):
            log.error("bug", exc_info=error)

    def _ended(self, watch: Watch, code: int) -> None:
        if watch.report is not None:  # what came after it was only about showing it
            code = watch.report.exit_code
        seconds, self._watch = watch.steps.end(), None
        self._told = self._told if watch.told is None else watch.told
        self._summary(watch, code, seconds)
        if self.targets is None:
            return
        now, org = self._clock(), self._org
        complete = watch.report is not None and code in (0, 4)
        self.note(lambda past: past.ended(watch.id, watch.due, code, now, complete=complete))
        if watch.report is not None:
            organization = watch.report.organization.id
            self.note(lambda past: setattr(past, "organization", organization))
        self._measure(watch, code, seconds, now)
        reason = self._judge(code, now)
        self.meters.set("healthy", reason is None, org)
        with self._guard("notice"):
            told = self._tell.notice(self.targets, self.past.told, watch.id, code, reason, now)
            self.note(lambda past: setattr(past, "told", told))
        self.write()
        with self._guard("heartbeat"):
            self._tell.heartbeat(self.targets, watch.id, 0 if complete else code)
        with self._guard("trace"):
            self._tell.trace(self.targets, watch.id, code, watch.steps)

    def missed(self, what: Missed | SetBack) -> None:
        """Note and tell that due moments passed without a run, or that the clock was set back."""
        now = self._clock()
        if isinstance(what, SetBack):
            seconds = round(what.by.total_seconds())
            log.warning("clock set back", seconds=seconds)
            self.note(lambda past: past.note(kind="clock", at=stamp(now), seconds=seconds))
            return
        first, last = stamp(what.first), stamp(what.last)
        log.warning("missed", count=what.count, first=first, last=last, reason=what.reason)
        self.meters.add("runs_missed", what.count, self._org, what.reason)

        def change(past: Past) -> None:
            past.missed += what.count
            told = {"count": what.count, "first": first, "last": last, "reason": what.reason}
            past.note(kind="missed", at=stamp(now), **told)

        self.note(change)
        self.write()

    def killed(self) -> None:
        """Note and tell that the run before this process was killed, where one was."""
        left = self.past.open
        if left is None:
            return
        now = self._clock()
        log.warning("killed", killed=left.get("run_id"), since=left.get("at"))
        self.meters.add("runs", 1, self._org, "killed")

        def change(past: Past) -> None:
            past.note(kind="killed", at=stamp(now), run_id=left.get("run_id"), due=left.get("due"))
            past.open, past.failed = None, past.failed + 1

        self.note(change)
        self.write()

    def health(self) -> str | None:
        """Return why syncs do not go well; None: they do, or nothing is known yet."""
        if self.targets is None:
            return None
        past = self.past
        if past.healthy is False and past.reason:
            return past.reason
        return health.stale(self._complete, self._begun, self._clock(), self.targets.overdue)

    # -- one by one -------------------------------------------------------------------------------
    @property
    def _org(self) -> str:
        return "" if self.targets is None else self.targets.org

    def _summary(self, watch: Watch, code: int, seconds: float) -> None:
        said: dict[str, Any] = {"exit": code, "seconds": round(seconds, 3)}
        said["steps"] = {name: round(took, 3) for name, took in watch.steps.seconds().items()}
        if watch.due is not None:
            said |= {"due": stamp(watch.due.at), "catch_up": watch.due.catch_up}
        if watch.report is not None:
            said |= {"organization": watch.report.organization.id, "run": watch.report.run}
            said |= watch.report.counts()
        elif watch.usage is not None:
            said["calls"] = watch.usage.calls
        (log.info if code in (0, 4, 75) else log.error)("sync", **said)

    def _measure(self, watch: Watch, code: int, seconds: float, now: datetime) -> None:
        meters, org = self.meters, self._org
        meters.add("runs", 1, org, str(code) if code in health.CODES else "other")
        meters.set("running", 0 if self._serving else None, org)
        meters.set("last_run_timestamp_seconds", now.timestamp(), org)
        meters.set("last_run_exit_code", code, org)
        meters.set("last_run_seconds", seconds, org)
        steps: Values = {(name,): took for name, took in watch.steps.seconds().items()}
        meters.replace("last_run_step_seconds", steps, org)
        figures.of_run(meters, org, watch.report, watch.usage)
        self._stored(watch.report)

    def _stored(self, report: Report | None) -> None:
        """Set what the state store knows, where anybody reads it."""
        targets = self.targets
        if targets is None or not (self._serving or targets.textfile):
            return
        with self._guard("figures"):
            known = report.organization.id if report else self.past.organization
            found = figures.read(targets.state_url, known or targets.pinned)
            if found is not None:
                figures.of_store(self.meters, targets.org, found, self._told)
                self._seen = found.last_complete.ended if found.last_complete else None
        self._schedule()

    def _schedule(self) -> None:
        """Set what the schedule wants."""
        if self.targets is not None:
            with self._guard("figures"):
                figures.of_schedule(self.meters, self.targets, self._complete)

    def _judge(self, code: int, now: datetime) -> str | None:
        """Return why syncs do not go well now, and note it."""
        assert self.targets is not None  # noqa: S101 - for the type checker
        late = health.stale(self._complete, self._begun, now, self.targets.overdue)
        reason = health.verdict(code, self.past.cut) or late
        self.note(lambda past: past.judged(reason))
        return reason

    def write(self) -> None:
        """Write the text file, where one is configured."""
        if self.targets is not None and self.targets.textfile is not None:
            with self._guard("textfile"):
                self.meters.write(self.targets.textfile)

    @contextmanager
    def _guard(self, observer: str) -> Iterator[None]:
        try:
            yield
        except Exception as error:  # noqa: BLE001 - see the head of the module
            self.meters.add("observer_failures", 1, self._org, observer)
            known = isinstance(error, CrmRulesError | ToldNobodyError)
            why = getattr(error, "message", str(error)) if known else type(error).__name__
            log.warning("observer failed", observer=observer, why=why)
