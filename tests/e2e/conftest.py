"""The CRMs for which the promises are proved."""

from __future__ import annotations

import ssl

import pytest
from crms import WORLDS
from world import World


@pytest.fixture(scope="session", params=WORLDS)
def crm(request) -> type[World]:
    """A kind of world; what a test holds it to must hold for every CRM."""
    return WORLDS[request.param]


@pytest.fixture(scope="session", autouse=True)
def _without_the_certificates_of_this_machine():
    """No test meets one of them, and reading them takes a tenth of a small run."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(ssl.SSLContext, "load_default_certs", lambda *_: None)
        yield
