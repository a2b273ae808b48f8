"""What weekly snapshots cost: bytes per opportunity and week, seconds, and peak memory.

``python benchmarks/snapshots.py 5000 20000``: for each size, in a process of its own, an imagined
org is pulled into a store, and three weeks follow: the first, one in which a share of the
opportunities has a new next step, and one in which nothing changed. The file's growth is what a
week costs.

It judges nothing.
"""

from __future__ import annotations

import subprocess
import sys
import tempfile
import time
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

HERE = Path(__file__).resolve().parent
for folder in (HERE, HERE.parent / "src", HERE.parent / "connectors"):
    if str(folder) not in sys.path:
        sys.path.insert(0, str(folder))

import machine  # noqa: E402 - found beside this file
import memory  # noqa: E402
import orjson  # noqa: E402

from crmrules import mapping  # noqa: E402
from crmrules.state import Store  # noqa: E402
from crmrules_salesforce import connect  # noqa: E402

SIZES = (5_000, 20_000)
ONE_IN = 5  # of the opportunities change in the second week
_HEAD = (
    *("opportunities kept", "mirror, B each", "first week, B each", "B per changed one"),
    *(
        "week without changes, B",
        "first week / mirror",
        "CPU s of each week",
        "CPU s to read a week",
    ),
    *("peak MB", "peak MB after the pull"),
)
NOW, WEEK = datetime(2026, 11, 23, 10, tzinfo=UTC), timedelta(days=7)


def pulled(url: str, org: Any) -> None:
    section = {"auth": "token", "instance_url": url, "access_token": "x", "daily_calls": 1_000_000}
    connector: Any = connect(section, mapping=mapping.build({}, {}))
    with org.transaction() as tx:
        for batch in connector.pull(None):
            tx.mirror.put(batch.rows, "r1")
    connector.close()


def edited(org: Any) -> int:
    """Give one in so many opportunities a new next step, as reps do."""
    with org.transaction() as tx:
        ids = [head.id for head in tx.mirror.heads()][::ONE_IN]
        for start in range(0, len(ids), 200):
            rows = tx.mirror.own(ids[start : start + 200])
            told = [replace(row, body={**row.body, "NextStep": "Call again"}) for row in rows]
            tx.mirror.put(told, "r2")
    return len(ids)


def size(store: Store) -> int:
    with store.engine.connect() as connection:
        pages = connection.exec_driver_sql("PRAGMA page_count").scalar_one()
        free = connection.exec_driver_sql("PRAGMA freelist_count").scalar_one()
        each = connection.exec_driver_sql("PRAGMA page_size").scalar_one()
        connection.rollback()
    return int((pages - free) * each)


def child(url: str, folder: Path) -> None:
    """Measure in this process; tell it as JSON."""
    with Store(f"sqlite:///{folder / 'state.db'}") as store:
        org = store.for_org("00D")
        pulled(url, org)
        begun = size(store)
        told: dict[str, Any] = {"mirror": begun, "peak_before": machine.peak_mb(), "weeks": []}
        for number in range(3):
            changed = edited(org) if number == 1 else 0
            before, started = size(store), time.process_time()
            with org.transaction() as tx:
                rows = tx.snapshots.take(NOW + number * WEEK)
            seconds = time.process_time() - started
            told["weeks"].append(
                {"rows": rows, "changed": changed, "bytes": size(store) - before, "s": seconds}
            )
        started = time.process_time()
        with org.reading() as tx:
            told["opportunities"] = sum(1 for _ in tx.snapshots.at(NOW))
        told["read_s"] = time.process_time() - started
    print(orjson.dumps(told | {"peak": machine.peak_mb()}).decode())


def main() -> int:
    """Measure every size; print a Markdown table."""
    if sys.argv[1:2] == ["--child"]:
        child(sys.argv[2], Path(sys.argv[3]))
        return 0
    sizes = [int(word) for word in sys.argv[1:]] or SIZES
    print(f"| {' | '.join(_HEAD)} |")
    print("|" + "---|" * len(_HEAD))
    for number in sizes:
        with (
            tempfile.TemporaryDirectory(prefix="crmrules-weeks-") as folder,
            memory.serving(number) as (url, _),
        ):
            command = [sys.executable, __file__, "--child", url, folder]
            done = subprocess.run(command, capture_output=True, text=True, check=True)
        told = orjson.loads(done.stdout.splitlines()[-1])
        first, second, third = told["weeks"]
        print(
            f"| {told['opportunities']} | {told['mirror'] / number:.0f}"
            f" | {first['bytes'] / number:.0f} | {second['bytes'] / second['changed']:.0f}"
            f" | {third['bytes']} | {first['bytes'] / told['mirror']:.2f}"
            f" | {', '.join(format(week['s'], '.1f') for week in told['weeks'])}"
            f" | {told['read_s']:.1f} | {told['peak']:.0f} | {told['peak_before']:.0f} |",
            flush=True,
        )
    return 0


if __name__ == "__main__":
    sys.exit(main())
