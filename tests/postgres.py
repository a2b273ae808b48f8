"""A real PostgreSQL server, thrown away at the end.

PostgreSQL refuses to run as root, so root hands it to another user. Where there are no server
programs the tests that need it skip, unless CRMRULES_REQUIRE_POSTGRES says that they must not.
"""

from __future__ import annotations

import contextlib
import os
import pwd
import shutil
import socket
import subprocess
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

PASSWORD = "not-a-secret"
_PLACES = ("/usr/lib/postgresql/*/bin", "/usr/pgsql-*/bin", "/opt/homebrew/opt/postgresql*/bin")


def programs() -> Path | None:
    """Return the folder of the newest server programs of this machine."""
    found = [folder for place in _PLACES for folder in Path("/").glob(place[1:])]
    on_path = shutil.which("pg_ctl")
    if on_path:
        found.append(Path(on_path).resolve().parent)
    usable = [folder for folder in found if (folder / "initdb").exists()]
    return max(usable, key=lambda f: [int(n) for n in f.parts if n.isdigit()], default=None)


def missing(what: str) -> None:
    """Skip, or fail where these tests must not be skipped."""
    if os.environ.get("CRMRULES_REQUIRE_POSTGRES"):
        pytest.fail(f"CRMRULES_REQUIRE_POSTGRES is set, but {what}")
    pytest.skip(what)


@dataclass
class Server:
    """A server that runs, reachable on this machine alone."""

    bin: Path
    folder: Path
    port: int
    user: dict[str, int]

    def url(self, database: str = "postgres", *, password: str = PASSWORD, schema: str = "") -> str:
        options = f"?options=-csearch_path%3D{schema}" if schema else ""
        place = f"127.0.0.1:{self.port}/{database}{options}"
        return f"postgresql+psycopg://crmrules:{password}@{place}"

    def sql(self, statement: str, database: str = "postgres") -> list[tuple]:
        import psycopg

        dsn = self.url(database).replace("+psycopg", "")
        with psycopg.connect(dsn, autocommit=True) as connection:
            found = connection.execute(statement)
            return found.fetchall() if found.description else []

    def control(self, *command: str) -> None:
        # pg_ctl -w waits; the output goes to a file, or the server would keep the pipe open
        with (self.folder / "pg_ctl.log").open("a") as log:
            subprocess.run(
                [self.bin / "pg_ctl", "-D", self.folder / "data", "-w", *command],
                check=True,
                stdout=log,
                stderr=log,
                cwd=self.folder,
                timeout=60,
                **self.user,
            )

    def start(self) -> None:
        options = f"-p {self.port} -k {self.folder} -c listen_addresses=127.0.0.1"
        options += " -c fsync=off -c max_connections=40 -c shared_buffers=16MB"
        self.control("-l", str(self.folder / "server.log"), "-o", options, "start")

    def stop(self) -> None:
        self.control("-m", "fast", "stop")

    def wait_for_a_primary(self) -> None:
        """Be a standby from the next start on."""
        (self.folder / "data" / "standby.signal").touch()


def _user() -> dict[str, int]:
    if os.geteuid() != 0:
        return {}
    for name in ("postgres", "nobody"):
        with contextlib.suppress(KeyError):
            entry = pwd.getpwnam(name)
            return {"user": entry.pw_uid, "group": entry.pw_gid}
    missing("PostgreSQL refuses to run as root, and there is no user 'postgres' or 'nobody'")
    raise AssertionError


@contextlib.contextmanager
def server() -> Iterator[Server]:
    """Start a server of its own folder and port; stop and remove it at the end."""
    pytest.importorskip("psycopg") if not os.environ.get("CRMRULES_REQUIRE_POSTGRES") else None
    bin_ = programs()
    if bin_ is None:
        missing("no PostgreSQL server programs (initdb, pg_ctl) are on this machine")
    with tempfile.TemporaryDirectory(prefix="crmrules-pg-", dir="/tmp") as folder:
        place, user = Path(folder), _user()
        if user:
            os.chown(place, user["user"], user["group"])
        secret = place / "password"
        secret.write_text(PASSWORD)
        secret.chmod(0o644)
        subprocess.run(
            [
                *(bin_ / "initdb", "-D", place / "data", "-U", "crmrules", "-A", "scram-sha-256"),
                *("--pwfile", secret, "--no-sync", "--no-locale", "-E", "UTF8"),
            ],
            check=True,
            capture_output=True,
            cwd=place,
            timeout=60,
            **user,
        )
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            port = free.getsockname()[1]
        running = Server(bin_, place, port, user)
        running.start()
        try:
            yield running
        finally:
            running.stop()
