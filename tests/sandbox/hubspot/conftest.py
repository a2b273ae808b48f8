"""A portal, its server, a client."""

from __future__ import annotations

import pytest
from portal_kit import Client, Clock, make_portal

from crmrules_sandbox.hubspot.server import HubSpotServer


@pytest.fixture
def clock():
    return Clock()


@pytest.fixture
def portal(clock):
    return make_portal(clock)


@pytest.fixture
def server(portal):
    with HubSpotServer(portal) as running:
        yield running


@pytest.fixture
def client(server):
    found = Client(server)
    yield found
    found.http.close()


@pytest.fixture
def deal(portal):
    values = {"dealname": "Harbour", "pipeline": "default", "dealstage": "1001", "amount": "12.5"}
    return portal.create("deals", values, user_id=9001)
