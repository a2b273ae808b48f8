"""Organizations with states side by side or in one database, for the tests of many at once."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

sys.path.append(str(Path(__file__).resolve().parent.parent / "e2e"))  # world, crms


@pytest.fixture
def several(tmp_path, monkeypatch):
    """Make a group of organizations; their sandboxes are stopped at the end."""
    from orgs_kit import Several

    with Several(tmp_path, monkeypatch) as made:
        yield made


@pytest.fixture
def database(postgres_server):
    """Return the address of an empty PostgreSQL database."""
    postgres_server.sql("DROP DATABASE IF EXISTS orgs WITH (FORCE)")
    postgres_server.sql("CREATE DATABASE orgs")
    return postgres_server.url("orgs")
