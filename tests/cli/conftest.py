"""One small sandbox for all tests that only read it."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

NOW = datetime(2026, 11, 24, 9, tzinfo=UTC)


@pytest.fixture(scope="session")
def crm():
    """Return a sandbox that nobody writes to."""
    demo = pytest.importorskip("crmrules_sandbox.salesforce.demo")
    pytest.importorskip("simple_salesforce")
    running = demo.start(1, NOW, opportunities=30)
    yield running
    running.stop()
