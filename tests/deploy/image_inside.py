"""What `make image-check` does inside the container. WHAT: demo or sync."""

import json
import os
import subprocess
import sys
from pathlib import Path


def tell(text: str) -> None:
    sys.stdout.write(f"inside: {text}\n")


def crmrules(*words: str) -> str:
    """Run a command that has to end well, and return what it printed."""
    done = subprocess.run(["crmrules", *words], capture_output=True, text=True, check=False)
    assert done.returncode == 0, (words, done.returncode, done.stdout, done.stderr)
    return done.stdout


def demo() -> None:
    """See what a cluster would give us, then play the whole loop without a network."""
    lines = Path("/proc/self/status").read_text(encoding="utf-8").splitlines()
    status = dict(line.split(":\t", 1) for line in lines if ":\t" in line)
    assert (os.getuid(), os.getgid(), os.getgroups()) == (10001, 10001, [])
    assert all(int(status[name], 16) == 0 for name in ("CapEff", "CapPrm", "CapBnd", "CapAmb"))
    assert status["NoNewPrivs"] == "1"
    assert os.statvfs("/").f_flag & os.ST_RDONLY
    tell("user 10001, no capability, no new privileges, a read-only root")
    for name in [name for name in os.environ if name.startswith("CRMRULES_")]:
        del os.environ[name]
    tell(f"demo: {crmrules('demo', '--out', '/tmp/demo').splitlines()[-1]}")
    assert Path("/tmp/demo/report.html").stat().st_size > 10_000


def sync() -> None:
    """Sync with a configuration, a key and a state that are mounts."""
    crmrules("doctor")
    first = json.loads(crmrules("sync", "--format", "json"))
    again = json.loads(crmrules("sync", "--format", "json"))
    assert first["opportunities"] > 100, first
    assert again["writes"] == [], again
    [known] = json.loads(crmrules("status", "--format", "json"))
    assert known["last_success_age"] < 60, known
    state = Path("/var/lib/crmrules/crmrules.db").stat()
    assert (state.st_uid, state.st_gid) == (10001, 10001)
    tell(f"synced {first['opportunities']} opportunities, twice, with the key of a mount")


{"demo": demo, "sync": sync}[sys.argv[1]]()
