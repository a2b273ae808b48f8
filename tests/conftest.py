"""What every test may ask for."""

from __future__ import annotations

from pathlib import Path

import pytest
import structlog

import chromium
import compiled
import postgres
from hubspot_contract import watch

ROOT = Path(__file__).resolve().parent.parent


@pytest.fixture(scope="session")
def shared_data() -> Path:
    """Folder of recorded API shapes and CRM data; tests that need it skip where it is absent."""
    folder = ROOT.parent / "shared" / "data"
    if not folder.is_dir():
        pytest.skip("the recorded data is not on this machine")
    return folder


@pytest.fixture(scope="session")
def postgres_server():
    """A real PostgreSQL server of this test session; skips where there is none to start."""
    with postgres.server() as running:
        yield running


@pytest.fixture(scope="module")
def browser():
    """This machine's Chromium, for the tests of one module; skips where there is none.

    Not for longer: while it runs, Playwright keeps an event loop in this thread.
    """
    with chromium.launched() as running:
        yield running


@pytest.fixture
def look(browser, request):
    """Open pages in the browser (``chromium.Eyes``); fails where one complains or asks outside."""
    cache = request.config.cache.mkdir("axe")
    eyes = chromium.Eyes(browser, lambda: chromium.axe_source(cache))
    yield eyes
    eyes.close()


def pytest_configure() -> None:
    """Watch the HubSpot connector before anything imports it, and compile statements once."""
    watch.install()
    compiled.once_for_all_stores()


@pytest.fixture(autouse=True)
def _requests_to_hubspot_keep_its_contract():
    """Fail a test during which a request broke the contract, whatever became of the error."""
    before = len(watch.SESSION.broken)
    yield
    broken = watch.SESSION.broken[before:]
    if broken:
        pytest.fail("HubSpot would not take:\n" + "\n".join(broken), pytrace=False)


@pytest.fixture(autouse=True)
def _no_test_logs_into_what_another_one_captured():
    """A command points the log at its standard error, which ends with the test that reads it."""
    yield
    into = getattr(structlog.get_config()["logger_factory"], "_file", None)
    if into is not None and into.closed:
        structlog.configure(logger_factory=structlog.PrintLoggerFactory())


@pytest.hookimpl(optionalhook=True)
def pytest_testnodedown(node) -> None:
    """Take over what a worker of pytest-xdist has counted."""
    watch.SESSION.checked += getattr(node, "workeroutput", {}).get("hubspot_requests", 0)


def pytest_sessionfinish(session) -> None:
    """Hand the count of this worker to whoever collects it."""
    if hasattr(session.config, "workeroutput"):
        session.config.workeroutput["hubspot_requests"] = watch.SESSION.checked


def pytest_terminal_summary(terminalreporter) -> None:
    """Say how many requests were checked: none, where HubSpot was tested, is a broken watch."""
    checked = watch.SESSION.checked
    terminalreporter.write_line(f"HubSpot: {checked} requests checked against its contract")
