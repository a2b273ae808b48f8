"""``crmrules sync --all``: several configurations, and one answer about all of them."""

from __future__ import annotations

import os
import secrets
import shutil
import signal
import sys
import threading
from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager
from pathlib import Path
from typing import IO

import click

from crmrules.cli.options import progress
from crmrules.orgs import local, together
from crmrules.orgs.ended import Ended, worst
from crmrules.orgs.unit import Order


def run(
    configs: Sequence[Path], words: Sequence[str], *, output: str, at_once: int | None, dask: str
) -> int:
    """Sync every configuration in a process of its own; return the worst exit code.

    ``words``: the options of every sync. Raises UsageError for what cannot be run together.
    """
    together.refuse_shared_secrets(os.environ)
    together.refuse_doubles(configs)
    batch = secrets.token_hex(8)
    orders = [
        (path, Order(str(path), batch, ("sync", "--config", str(path.resolve()), *words)))
        for path in configs
    ]
    queues = together.queues(orders)
    limit = min(at_once or local.processors(), len(queues))
    progress(f"{len(configs)} configurations, {limit} at the same time ...")
    with _stopping() as stop:
        if dask:
            from crmrules.orgs import cluster

            cluster.check(dask, configs)
            ends = cluster.run(queues, dask, limit, _tell, stop)
        else:
            ends = local.run(queues, limit, _tell, stop)
        with closing(ends):
            return _print(ends, output)


@contextmanager
def _stopping() -> Iterator[threading.Event]:
    """Let SIGTERM ring a bell that everybody listens to; only the main thread of a process can."""
    stop = threading.Event()
    if threading.current_thread() is not threading.main_thread():
        yield stop
        return
    before = signal.signal(signal.SIGTERM, lambda *_: stop.set())
    try:
        yield stop
    finally:
        signal.signal(signal.SIGTERM, before)


def _tell(line: str) -> None:
    # In one piece: several threads tell.
    sys.stderr.write(f"{line}\n")


def _print(ends: Iterator[Ended], output: str) -> int:
    """Print every end as it comes, then one line for each on stderr; return the worst code."""
    found: list[Ended] = []
    show = _as_json if output == "json" else _as_text
    for ended in ends:
        with ended.out:
            show(ended, sys.stdout, first=not found)
        sys.stdout.flush()
        found.append(ended)
    if output == "json":
        sys.stdout.write("\n]\n" if found else "[]\n")
    for ended in sorted(found, key=lambda one: one.config):
        said = ended.said.splitlines()[0].removeprefix(f"{ended.config}: ") if ended.said else ""
        said = f": {said}" if said else ""
        click.echo(f"{ended.config}: exit {ended.code}{said}", err=True)
    return worst(ended.code for ended in found)


def _as_text(ended: Ended, out: IO[str], *, first: bool) -> None:
    out.write(f"{'' if first else chr(10)}== {ended.config}: exit {ended.code}\n")
    shutil.copyfileobj(ended.out, out)


def _as_json(ended: Ended, out: IO[str], *, first: bool) -> None:
    """Write one element of the list, on a line of its own; the report goes through as it is."""
    from crmrules.state.columns import dumps

    head = {
        "config": ended.config,
        "exit": ended.code,
        "seconds": round(ended.seconds, 3),
        "error": ended.said or None,
    }
    out.write(("[\n" if first else ",\n") + dumps(head).decode()[:-1] + ',"report":')
    if _whole(ended.out):
        for part in iter(lambda: ended.out.read(1 << 16), ""):
            out.write(part.rstrip("\n"))
    else:
        out.write("null")
    out.write("}")


def _whole(report: IO[str]) -> bool:
    """Return whether a report was printed to its end: it is one line, and the end of it is last."""
    last = ""
    for part in iter(lambda: report.read(1 << 16), ""):
        last = part
    report.seek(0)
    return last.endswith("}\n")
