"""The CRMs for which the promises are proved."""

from __future__ import annotations

import pytest
from crms import WORLDS
from world import World


@pytest.fixture(scope="session", params=WORLDS)
def crm(request) -> type[World]:
    """A kind of world; what a test holds it to must hold for every CRM."""
    return WORLDS[request.param]
