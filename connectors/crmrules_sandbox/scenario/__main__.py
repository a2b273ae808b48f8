"""Writes a seeded scenario to a file: ``python -m crmrules_sandbox.scenario FILE``.

Know before changing: both sandboxes read the file with ``--scenario``; edited by hand in between,
it is still one organization told to both.

Does not do: anything else.
"""

from __future__ import annotations

import argparse
from datetime import UTC, datetime
from pathlib import Path

from crmrules_sandbox.scenario import dump, seeded


def main(argv: list[str] | None = None) -> int:
    """Write the file; return the exit code."""
    parser = argparse.ArgumentParser(prog="crmrules_sandbox.scenario", description=__doc__)
    parser.add_argument("file", type=Path)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--opportunities", type=int, default=220)
    parser.add_argument("--now", type=datetime.fromisoformat, help="ISO moment; else the real time")
    options = parser.parse_args(argv)
    now = options.now or datetime.now(UTC)
    if now.tzinfo is None:
        parser.error("--now needs a time zone, as in 2026-11-23T10:00:00+00:00")
    dump(seeded(options.seed, now, options.opportunities), options.file)
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
