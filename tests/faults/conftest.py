"""The worlds of the end-to-end tests, and a listener that records whatever is sent to it."""

from __future__ import annotations

import ssl
import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parent.parent / "e2e"))

from crms import WORLDS
from listener import Listener


@pytest.fixture(scope="session", params=WORLDS)
def crm(request):
    """A kind of world; what a test holds it to must hold for every CRM."""
    return WORLDS[request.param]


@pytest.fixture
def listener():
    with Listener() as running:
        yield running


@pytest.fixture(scope="session", autouse=True)
def _without_the_certificates_of_this_machine():
    """No test meets one of them, and reading them takes a tenth of a small run."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(ssl.SSLContext, "load_default_certs", lambda *_: None)
        yield
