"""One organization's sync in a process of its own, watched by this one.

The child is ``crmrules.cli.child`` with the words of a sync. Its standard input is its life line:
where this process is gone, however it went, the child ends as if asked by SIGTERM. Nothing secret
is in its words; its credentials it reads itself.
"""

from __future__ import annotations

import subprocess  # of our own program, without a shell
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterable
from contextlib import ExitStack
from dataclasses import dataclass
from typing import IO, Protocol

from crmrules.orgs.ended import BUG, LEFT, Ended, not_begun
from crmrules.stopping import GRACE

_CHILD = "crmrules.cli.child"
_LOOK = 0.5  # seconds between two looks whether all is over
_HARD = GRACE + 1.0  # seconds after which a child that was asked to stop is killed
_LONGEST = 4000  # characters of an error that are kept
_SAID = "crmrules: "  # begins what the command line tells people of an error


class Bell(Protocol):
    """Something that can be waited for, such as an event of a thread or of Dask."""

    def wait(self, timeout: float) -> bool:
        """Wait at most so many seconds; return whether all were asked to stop."""


@dataclass(frozen=True, slots=True)
class Order:
    """A sync to make: ``name`` is its configuration as somebody wrote it."""

    name: str
    batch: str
    words: tuple[str, ...]


def run(order: Order, tell: Callable[[str], None], stop: Bell) -> Ended:
    """Sync one organization; give every line of its log to ``tell`` as it comes.

    Asked to stop, it lets the child finish its batch. Raises nothing: whatever goes wrong is how
    this organization's sync has ended.
    """
    if stop.wait(0):
        return not_begun(order.name)
    began = time.monotonic()
    with ExitStack() as closing:
        try:
            out = closing.enter_context(
                tempfile.TemporaryFile("w+", encoding="utf-8", errors="replace")
            )
            child = _start(order, out)
        except OSError as error:
            said = f"no process could be started: {error.strerror}; nothing was done"
            return Ended(order.name, LEFT, said=said)
        closing.pop_all()  # from now on whoever prints it closes it
    over = threading.Event()
    asked: list[bool] = []
    watch = threading.Thread(target=_watch, args=(child, stop, over, asked), daemon=True)
    watch.start()
    with child:
        said = _listen(order.name, child.stderr or (), tell)
        code = child.wait()
        over.set()
    watch.join(2 * _LOOK)
    if code < 0:
        code, said = _killed(-code, bool(asked), said)
    out.seek(0)
    return Ended(order.name, code, time.monotonic() - began, said, out)


def _start(order: Order, out: IO[str]) -> subprocess.Popen[str]:
    # -P: nothing that lies in the current folder may take the place of a module. A session of its
    # own: Ctrl-C reaches this process alone, which lets every child finish its batch.
    return subprocess.Popen(  # noqa: S603 - our own program
        [sys.executable, "-P", "-m", _CHILD, order.name, order.batch, *order.words],
        stdin=subprocess.PIPE,
        stdout=out,
        stderr=subprocess.PIPE,
        encoding="utf-8",
        errors="replace",
        start_new_session=True,
    )


def _listen(name: str, lines: Iterable[str], tell: Callable[[str], None]) -> str:
    """Pass on what the child says, each line marked as its own; return its error, if it told one.

    A line of the log is JSON and names its configuration itself.
    """
    said: list[str] = []
    for line in lines:
        text = line.rstrip("\n")
        if text.startswith(_SAID):
            said = [text.removeprefix(_SAID)]
        elif said and not text.startswith("{"):
            said.append(text)
        tell(text if text.startswith("{") else f"{name}: {text}")
    return "\n".join(said)[:_LONGEST]


def _watch(
    child: subprocess.Popen[str], stop: Bell, over: threading.Event, asked: list[bool]
) -> None:
    """Ask the child to stop when all are; kill it where it does not."""
    while not over.is_set():
        if stop.wait(_LOOK):
            asked.append(True)
            child.terminate()
            if not over.wait(_HARD):
                child.kill()
            return


def _killed(number: int, asked: bool, said: str) -> tuple[int, str]:
    """Return code and error of a child that a signal ended: ours, or somebody else's."""
    if asked:
        return LEFT, said or "stopped on request; the next sync clears up and goes on"
    return BUG, f"its process was killed by signal {number}; the next sync clears up and goes on"
