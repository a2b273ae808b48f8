"""Every test of the state store runs on both databases."""

from __future__ import annotations

import pytest
import state_kit

from crmrules.state import prune


@pytest.fixture(scope="session")
def server(postgres_server):
    return postgres_server


@pytest.fixture(autouse=True, params=["sqlite", pytest.param("postgresql", marks=pytest.mark.slow)])
def database(request, monkeypatch):
    """The name of the database that ``state_kit.open_store`` opens during this test."""
    if request.param == "postgresql":
        running = request.getfixturevalue("server")
        monkeypatch.setenv(state_kit.SERVER, running.url())
    return request.param


@pytest.fixture(autouse=True)
def unhurried(monkeypatch):
    """Let what is overdue be removed whole, however busy the machine."""
    monkeypatch.setattr(prune, "SECONDS", 600.0)
