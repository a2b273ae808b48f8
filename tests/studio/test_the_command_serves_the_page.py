"""``crmrules studio`` as it is started: the page comes up, private to who has its address."""

from __future__ import annotations

import os
import re
import signal
import socket
import subprocess
import sys
import urllib.error
import urllib.request
from http.cookiejar import CookieJar

import pytest

pytestmark = pytest.mark.slow
PROGRAM = "from crmrules.cli import main; main()"


def started(world, *options: str) -> subprocess.Popen[str]:
    words = ["studio", "--config", str(world.config), "--as-of", world.now.isoformat(), *options]
    paths = os.pathsep.join(filter(None, sys.path))
    return subprocess.Popen(
        [sys.executable, "-c", PROGRAM, *words],
        stderr=subprocess.PIPE,
        text=True,
        env=os.environ | {"PYTHONPATH": paths},
    )


def test_the_printed_address_shows_the_rules_until_it_is_stopped(world):
    process = started(world)
    try:
        line = process.stderr.readline()
        address = re.search(r"http://127\.0\.0\.1:\d+/\?token=\S+", line)
        assert address is not None, line + process.stderr.read()
        with pytest.raises(urllib.error.HTTPError, match="403"):
            urllib.request.urlopen(address[0].partition("?")[0], timeout=120)
        browser = urllib.request.build_opener(urllib.request.HTTPCookieProcessor(CookieJar()))
        with browser.open(address[0], timeout=120) as page:
            assert b"conc-gone-dark" in page.read()
        process.send_signal(signal.SIGINT)
        process.communicate(timeout=120)
    finally:
        process.kill()
    assert process.returncode in (0, 130)


def test_a_port_that_is_taken_is_exit_2(world):
    with socket.create_server(("127.0.0.1", 0)) as taken:
        process = started(world, "--port", str(taken.getsockname()[1]))
        _, said = process.communicate(timeout=120)
    assert process.returncode == 2
    assert "--port" in said
