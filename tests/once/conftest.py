"""What the machine's tests share: one plant for each CRM and mode, made once."""

from __future__ import annotations

from collections.abc import Callable
from functools import cache

import pytest
import structlog
from hunt import PLANTS
from runs import Plant


@pytest.fixture(scope="session")
def plant_of() -> Callable[[str], Plant]:
    """Return what gives the plant of a CRM and mode."""
    before = structlog.get_config()

    @cache
    def made(name: str) -> Plant:
        return Plant(*PLANTS[name])

    yield made
    structlog.configure(**before)
