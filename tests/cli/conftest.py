"""One small sandbox for all tests that only read it."""

from __future__ import annotations

import pytest
from cli_kit import sandbox


@pytest.fixture(scope="session")
def crm():
    """Return a sandbox that nobody writes to."""
    running = sandbox(30)
    yield running
    running.stop()
