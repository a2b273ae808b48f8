"""One sync of one configuration, from reading the file to the last word about it.

Everything is made anew and closed again: a changed rule file or a new token counts, and nothing
stays behind. ``sync`` does it once, ``run`` again and again.

It prints nothing: who calls it says who receives what it finds.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path
from typing import Protocol

from crmrules.batch import Batch
from crmrules.cli.limit import limited
from crmrules.cli.targets import targets
from crmrules.cli.wire import Setup, make
from crmrules.observe import Observers
from crmrules.outcome import Report, Show
from crmrules.schedule import Due
from crmrules.settings import load
from crmrules.stopping import Stop
from crmrules.sync import sync


@dataclass(frozen=True, slots=True)
class Asked:
    """What somebody asks of one sync, as on its command line."""

    as_of: datetime | None = None
    full: bool = False
    max_writes: int | None = None
    initial: bool = False
    batch: Batch | None = None  # what this sync is one of


class Receiver(Protocol):
    """Who is shown what a sync finds, and gets its report where it came to its end."""

    def show(self) -> Show:
        """Return where findings and writes go, one by one."""

    def finish(self, report: Report) -> None:
        """Take the report."""


class Nobody:
    """The receiver of a sync that nobody watches."""

    def show(self) -> Show:
        """Show nothing."""
        return Show()

    def finish(self, report: Report) -> None:
        """Drop the report."""


@contextmanager
def nobody(_: Setup) -> Iterator[Receiver]:
    """Let nobody receive it."""
    yield Nobody()


def once(
    config: Path | None,
    asked: Asked,
    *,
    stop: Stop,
    receive: Callable[[Setup], AbstractContextManager[Receiver]] = nobody,
    observers: Observers | None = None,
    due: Due | None = None,
) -> Report:
    """Read the configuration, sync once, and return the report.

    ``stop`` hears a request to stop, in the main thread of a process only. ``observers`` are told
    how it goes; None: those of the configuration, for this run alone. ``due``: the moment of the
    schedule it is made for. Logs have to be configured before. Raises whatever ends a sync:
    CrmRulesError, Stopped, or a bug.
    """
    with (observers or Observers()).watching(due) as watch:
        settings, base = load(config)
        watch.use(targets(settings, base, config))
        made = make(settings, base, now=asked.as_of)
        watch.told = frozenset(rule.id for rule in made.book.rules if not rule.private)
        try:
            with receive(made) as receiver:
                job = made.job(now=asked.as_of, max_writes=asked.max_writes, initial=asked.initial)
                job = replace(
                    job,
                    stop=stop,
                    batch=asked.batch,
                    connector=watch.connector(job.connector),
                )
                with limited(settings.guard.max_minutes), stop.listening():
                    watch.report = sync(job, full=asked.full, show=receiver.show())
                receiver.finish(watch.report)
        finally:
            made.close()
    return watch.report
