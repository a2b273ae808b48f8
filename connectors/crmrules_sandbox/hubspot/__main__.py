"""Serves the sandbox by itself: ``python -m crmrules_sandbox.hubspot``.

Know before changing: the first line on standard output is a JSON object with everything a client
needs (url, token, ca_file, portal_id, pid); it comes when the port is open, so a test can wait for
it. The server ends on SIGTERM, on SIGINT and after ``--max-seconds``, so a forgotten one does not
stay.

Does not do: anything but start and stop.
"""

from __future__ import annotations

import argparse
import json
import os
import signal
import sys
import threading
from pathlib import Path

from crmrules_sandbox.hubspot.server import HubSpotServer
from crmrules_sandbox.hubspot.start import seeded_portal


def _arguments(argv: list[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="crmrules_sandbox.hubspot", description=__doc__)
    parser.add_argument("--port", type=int, default=0, help="0 takes a free one")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--opportunities", type=int, default=220)
    parser.add_argument("--scenario", type=Path, help="scenario file to tell instead of a seed")
    parser.add_argument("--bare", action="store_true", help="without the shipped properties")
    parser.add_argument("--pace", action="store_true", help="hold clients to the rate limits")
    parser.add_argument("--max-seconds", type=float, default=3600.0, help="stop after that long")
    parser.add_argument("--https", action="store_true", help="HTTPS with a throw-away CA")
    return parser.parse_args(argv)


def main(argv: list[str] | None = None) -> int:
    """Serve until told to stop; return the exit code."""
    options = _arguments(argv)
    done = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: done.set())
    portal = seeded_portal(
        options.seed,
        opportunities=options.opportunities,
        scenario=options.scenario,
        provisioned=not options.bare,
        pace=options.pace,
    )
    with HubSpotServer(portal, options.port, tls=options.https) as server:
        told = {
            "url": server.url,
            "token": server.token(),
            "ca_file": server.ca_file,
            "portal_id": portal.portal_id,
            "pid": os.getpid(),
        }
        sys.stdout.write(json.dumps(told) + "\n")
        sys.stdout.flush()
        done.wait(options.max_seconds)
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
