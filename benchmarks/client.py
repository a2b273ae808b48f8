"""One ``plan`` against an address, alone in its process: ``python client.py URL FOLDER``.

Know before changing: the peak of resident memory is read at the end from the system, so nothing may
be measured in this process beside the plan. Findings and writes are streamed away, as the command
line streams them to its output. The last line on standard output is a JSON object.

It prints no report.
"""

from __future__ import annotations

import sys
import time
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

HERE = Path(__file__).resolve().parent
for folder in (HERE, HERE.parent / "src", HERE.parent / "connectors"):
    if str(folder) not in sys.path:
        sys.path.insert(0, str(folder))

import machine  # noqa: E402 - found beside this file
import material  # noqa: E402
import orjson  # noqa: E402

from crmrules import mapping, sync  # noqa: E402
from crmrules.engine import build  # noqa: E402
from crmrules.outcome import Show  # noqa: E402
from crmrules.state import Store  # noqa: E402
from crmrules_salesforce import connect  # noqa: E402


def main() -> int:
    """Plan once and tell the peak; return the exit code."""
    url, folder = sys.argv[1], Path(sys.argv[2])
    rules, name = material.rules_here()
    section = {"auth": "token", "instance_url": url, "access_token": "x", "daily_calls": 1_000_000}
    connector: Any = connect(section, mapping=mapping.build({}, {}))
    wrote = 0

    def count(_: object) -> None:
        nonlocal wrote
        wrote += 1

    before, started = machine.peak_mb(), time.perf_counter()
    with Store(f"sqlite:///{folder / 'state.db'}") as store:
        job = sync.Job(
            connector=connector,
            store=store,
            rules=rules,
            rules_hash="benchmark",
            engine=build(rules),
            now=datetime.now(UTC),
        )
        report = sync.plan(job, full=True, show=Show(write=count))
    usage = connector.usage
    connector.close()
    told = {
        "start_mb": before,
        "peak_mb": machine.peak_mb(),
        "seconds": time.perf_counter() - started,
        "rules": f"{len(rules)} {name}",
        "opportunities": report.opportunities,
        "writes": wrote,
        "calls": usage.calls,
        "floor": usage.floor,
    }
    sys.stdout.write(orjson.dumps(told).decode() + "\n")
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
