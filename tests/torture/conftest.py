"""The CRMs of the long run: the worlds of the end-to-end tests, lived in."""

from __future__ import annotations

import ssl
import sys
from pathlib import Path

import pytest

sys.path.append(str(Path(__file__).resolve().parent.parent / "e2e"))  # world, crms

from living import LIVING  # found through the line above


@pytest.fixture(params=LIVING)
def living(request):
    """A kind of world in which people work; what is held against it holds for every CRM."""
    return LIVING[request.param]


@pytest.fixture(scope="session", autouse=True)
def _without_the_certificates_of_this_machine():
    """No test meets one of them, and reading them takes a tenth of a small run."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(ssl.SSLContext, "load_default_certs", lambda *_: None)
        yield
