"""Serves the sandbox by itself: ``python -m crmrules_sandbox.salesforce``.

Know before changing: the first line on standard output is a JSON object with everything a client
needs (url, token, ca_file, consumer_key, consumer_secret, username, key_file, pid); it comes when
the port is open, so a test can wait for it. The server ends on SIGTERM, on SIGINT and after
``--max-seconds``, so a forgotten one does not stay.

Does not do: anything but start and stop.
"""

from __future__ import annotations

import argparse
import json
import os
import signal
import sys
import tempfile
import threading
from pathlib import Path

from crmrules_sandbox.salesforce.server import SandboxServer
from crmrules_sandbox.salesforce.start import seeded_org


def _arguments(argv: list[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="crmrules_sandbox.salesforce", description=__doc__)
    parser.add_argument("--port", type=int, default=0, help="0 takes a free one")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--opportunities", type=int, default=220)
    parser.add_argument("--scenario", type=Path, help="scenario file to tell instead of a seed")
    parser.add_argument("--deploy", type=Path, default=None, help="folder of SFDX source")
    parser.add_argument("--page-size", type=int, default=2000)
    parser.add_argument("--max-seconds", type=float, default=3600.0, help="stop after that long")
    parser.add_argument("--http", action="store_true", help="plain HTTP")
    return parser.parse_args(argv)


def main(argv: list[str] | None = None) -> int:
    """Serve until told to stop; return the exit code."""
    options = _arguments(argv)
    done = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: done.set())
    org = seeded_org(
        options.seed,
        opportunities=options.opportunities,
        deploy=options.deploy,
        scenario=options.scenario,
    )
    server = SandboxServer(org, options.port, tls=not options.http, page_size=options.page_size)
    with server, tempfile.TemporaryDirectory(prefix="crmrules-sandbox-") as folder:
        key_file = Path(folder) / "client-key.pem"
        key_file.touch(mode=0o600)
        key_file.write_text(server.auth.make_key(), encoding="ascii")
        user = org.get("User", org.user_id) or {}
        told = {
            "url": server.url,
            "token": server.token(),
            "ca_file": server.ca_file,
            "consumer_key": server.auth.consumer_key,
            "consumer_secret": server.auth.consumer_secret,
            "username": user.get("Username"),
            "key_file": str(key_file),
            "pid": os.getpid(),
        }
        sys.stdout.write(json.dumps(told) + "\n")
        sys.stdout.flush()
        done.wait(options.max_seconds)
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
