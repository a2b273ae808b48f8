"""What the tests of the scheduler share: the worlds of the end-to-end tests, a listener, chance."""

from __future__ import annotations

import ssl
import sys
from pathlib import Path

import pytest

for folder in ("e2e", "faults", "torture"):
    sys.path.append(str(Path(__file__).parent.parent / folder))


@pytest.fixture(scope="module", autouse=True)
def _without_the_certificates_of_this_machine():
    """No test meets one of them, and reading them takes a tenth of a small run."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(ssl.SSLContext, "load_default_certs", lambda *_: None)
        yield


@pytest.fixture(autouse=True)
def patient(monkeypatch):
    """Wait for those who are told as long as a busy machine takes; tests of haste say less."""
    for place in ("ping.PATIENCE", "teller.PATIENCE", "trace.PATIENCE"):
        monkeypatch.setattr(f"crmrules.observe.{place}", 60.0)
