"""A small org behind a sandbox server, and its clock."""

from __future__ import annotations

import pytest
from salesforce_org import Clock, serving, small_org


@pytest.fixture
def clock():
    return Clock()


@pytest.fixture
def org(clock):
    return small_org(clock)


@pytest.fixture
def server(org):
    with serving(org) as running:
        yield running
