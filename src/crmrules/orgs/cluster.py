"""Many organizations on the machines of a Dask cluster, or on a small one of this machine's own.

A unit is a queue of configurations, mostly one. It goes to a worker as names and options alone:
configuration and credentials are read where it runs, so they lie on every worker under the same
path. Where a worker is lost Dask gives its unit to another; the process that was left behind ends
by itself (``unit``) and lets the lock go.

Know before changing: a unit may run twice. The lock keeps the second away (75), and a sync that is
repeated writes nothing that was written.
"""

from __future__ import annotations

import asyncio
import logging
import os
import threading
import time
from collections.abc import Callable, Generator, Iterator, Sequence
from concurrent.futures import CancelledError
from contextlib import contextmanager, suppress
from importlib.util import find_spec
from io import StringIO
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from crmrules.errors import CrmRulesError, RetryableError, UsageError
from crmrules.orgs import unit
from crmrules.orgs.ended import BUG, LEFT, LOCKED, Ended
from crmrules.orgs.together import refuse_shared_secrets, refuse_sqlite
from crmrules.orgs.unit import Bell, Order
from crmrules.section import is_loopback
from crmrules.stopping import GRACE

LOCAL = "local"
_CONNECT = 20.0  # seconds until a scheduler has to answer
_PATIENCE = 300.0  # seconds without any worker, until what is left is given up
_LOOK = 1.0
_AGAIN = (3.0, 6.0, 9.0)
"""Seconds until a unit that finds its organization locked looks again: the lock may be that of its
own first run, whose worker was lost and whose process is finishing its batch."""
_LOG = 5000  # lines of one sync's log that travel back

_GONE = (OSError, CancelledError, asyncio.CancelledError)
"""What is raised where the scheduler does not answer any more."""

Lines = list[str]
Units = dict[Any, Sequence[Order]]  # what will come back -> the queue it is about
Told = tuple[str, int, float, str, str, Lines]  # an Ended as plain values, with its log


def check(address: str, configs: Sequence[Path]) -> None:
    """Raise UsageError where Dask is not installed, or cannot be used in this way."""
    if find_spec("distributed") is None:
        raise UsageError(
            "--dask needs the package 'distributed'", remedy="Run: pip install 'crmrules[dask]'"
        )
    if address == LOCAL:
        return
    parts = urlsplit(address)
    here = parts.scheme == "tcp" and is_loopback(parts.hostname or "")
    if not parts.hostname or not (here or parts.scheme == "tls"):
        raise UsageError(
            f"'{address}' is no scheduler that we may use",
            where="--dask",
            remedy="Write 'local', or tls://HOST:PORT; tcp:// is for this machine's loopback only, "
            "since whoever reaches a scheduler can run programs where your credentials are.",
        )
    refuse_sqlite(configs)


def run(
    queues: Sequence[Sequence[Order]],
    address: str,
    at_once: int,
    tell: Callable[[str], None],
    stop: threading.Event,
) -> Generator[Ended, None, None]:
    """Yield the end of every sync as it comes back. ``at_once`` counts for a local cluster alone.

    Raises RetryableError where the scheduler does not answer. Units that no worker takes for five
    minutes, or that do not come back after a stop, are left to the next sync.
    """
    from distributed import Event  # noqa: PLC0415 - an extra

    with _client(address, at_once) as client:
        name = f"crmrules-{queues[0][0].batch}"
        bell = Event(name, client)
        shared = address != LOCAL
        waiting = {
            client.submit(on_worker, list(queue), name, shared, pure=False): queue
            for queue in queues
        }
        try:
            yield from _gather(client, waiting, bell, tell, stop)
        except _GONE:
            said = "the scheduler was lost; what it has handed out ends by itself"
            yield from _left(waiting, said)
            waiting.clear()
        finally:
            _end(client, waiting, bell, rung=stop.is_set())


def _end(client: Any, waiting: Units, bell: Any, *, rung: bool) -> None:
    """Let whatever still runs end, and leave nothing behind on the scheduler."""
    with suppress(*_GONE):
        if waiting:
            bell.set()
            client.cancel(list(waiting))
            time.sleep(_LOOK)  # until every worker has heard it
        if waiting or rung:
            bell.clear()


def _left(waiting: Units, said: str) -> Iterator[Ended]:
    yield from (Ended(o.name, LEFT, said=said) for queue in waiting.values() for o in queue)


def _gather(
    client: Any,
    waiting: Units,
    bell: Any,
    tell: Callable[[str], None],
    stop: threading.Event,
) -> Iterator[Ended]:
    from distributed import wait  # noqa: PLC0415 - an extra

    alone_since, stopped_at = time.monotonic(), None
    while waiting:
        try:
            done, _ = wait(list(waiting), timeout=_LOOK, return_when="FIRST_COMPLETED")
        except TimeoutError:
            done = set()
        for future in done:
            yield from _ends(future, waiting.pop(future), tell)
        now = time.monotonic()
        if stop.is_set() and stopped_at is None:
            bell.set()
            stopped_at = now
        if client.scheduler_info()["workers"]:
            alone_since = now
        late = stopped_at is not None and now - stopped_at > GRACE + _LOOK
        if late or now - alone_since > _PATIENCE:
            said = "asked to stop, it did not come back" if late else "no worker takes it"
            yield from _left(waiting, said)
            return


def _ends(future: Any, queue: Sequence[Order], tell: Callable[[str], None]) -> Iterator[Ended]:
    """Yield what came back for a queue; where a worker failed, that is how all of it ended."""
    error = future.exception()
    if isinstance(error, CancelledError | asyncio.CancelledError):  # by a scheduler that went
        raise error
    if error is not None:
        said = f"its worker failed: {type(error).__name__}: {error}"[:1000]
        yield from (Ended(order.name, BUG, said=said) for order in queue)
        return
    for name, code, seconds, said, out, lines in future.result():
        for line in lines:
            tell(line)
        yield Ended(name, code, seconds, said, StringIO(out))


@contextmanager
def _client(address: str, at_once: int) -> Iterator[Any]:
    from distributed import Client, LocalCluster  # noqa: PLC0415 - an extra

    for name in ("distributed", "distributed.client"):  # what matters of it is told by us
        logging.getLogger(name).setLevel(logging.CRITICAL)
    if address == LOCAL:
        # Workers only watch: memory that counts is that of the syncs, which Dask does not see.
        with (
            LocalCluster(
                n_workers=at_once,
                threads_per_worker=1,
                memory_limit=0,
                dashboard_address=None,
                silence_logs=50,
            ) as cluster,
            Client(cluster) as client,
        ):
            yield client
        return
    try:
        client = Client(address, timeout=_CONNECT)
    except (OSError, TimeoutError, ValueError) as error:
        raise RetryableError(
            f"the scheduler {address} does not answer: {type(error).__name__}: {error}",
            where="--dask",
            remedy="See that it runs and its certificates fit; nothing was done.",
        ) from error
    try:
        yield client
    finally:
        with suppress(RuntimeError, *_GONE):  # of a scheduler that is gone
            client.close()


def on_worker(queue: Sequence[Order], bell: str, shared: bool) -> list[Told]:
    """Sync the configurations of a queue on this worker, one after the other."""
    from distributed import Event, get_client  # noqa: PLC0415 - an extra

    stop = Event(bell, get_client())
    return [_told(order, stop, shared=shared) for order in queue]


def _told(order: Order, stop: Bell, *, shared: bool) -> Told:
    lines: Lines = []
    try:
        refuse_shared_secrets(os.environ)  # of this machine
        if shared:
            refuse_sqlite([Path(order.words[order.words.index("--config") + 1])])
        ended = _patiently(order, lines.append, stop)
    except CrmRulesError as error:
        lines.append(f"{order.name}: crmrules: {error}")
        ended = Ended(order.name, error.exit_code, said=str(error))
    with ended.out:
        out = ended.out.read()
    return ended.config, ended.code, ended.seconds, ended.said, out, lines[-_LOG:]


def _patiently(order: Order, tell: Callable[[str], None], stop: Bell) -> Ended:
    ended = unit.run(order, tell, stop)
    for seconds in _AGAIN:
        if ended.code != LOCKED or stop.wait(seconds):
            break
        ended.out.close()
        ended = unit.run(order, tell, stop)
    return ended
