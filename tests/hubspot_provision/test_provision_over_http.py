"""``connect`` makes a provisioner that speaks through the connector's own transport."""

from __future__ import annotations

import json

import httpx
import pytest
from property_settings import PropertySettings

from crmrules.errors import AccessError, UsageError
from crmrules_hubspot.errors import RefusedError

transport = pytest.importorskip("crmrules_hubspot.transport")

SECTION = {"access_token": "pat-sync-1", "portal_id": "4711"}


class Portal(httpx.BaseTransport):
    """The stand-in behind HTTP. ``tokens``: which it was shown."""

    def __init__(self, settings: PropertySettings) -> None:
        self.settings, self.tokens = settings, set()

    def handle_request(self, request):
        self.tokens.add(request.headers["Authorization"])
        body = json.loads(request.read() or "null")
        try:
            status, answer = self.answer(request, body)
        except RefusedError as error:
            status, answer = error.status, error.body
        return httpx.Response(status, json=answer, request=request)

    def answer(self, request, body):
        path = request.url.path.removeprefix("/crm/properties/2026-09/")
        if path.startswith("/account-info/"):
            return 200, self.settings.account()
        object_, _, rest = path.partition("/")
        match request.method, rest:
            case "GET", "":
                archived = request.url.params.get("archived") == "true"
                return 200, {"results": self.settings.properties(object_, archived=archived)}
            case "GET", "groups":
                return 200, {"results": self.settings.groups(object_)}
            case "POST", "groups":
                self.settings.create_group(object_, body)
            case "POST", "batch/create":
                self.settings.create_properties(object_, body["inputs"])
            case "PATCH", name:
                self.settings.update_property(object_, name, body)
        return 201, {"status": "COMPLETE", "results": []}


@pytest.fixture
def portal(monkeypatch):
    """Put the stand-in where the network would be, under the watch of the contract."""
    from hubspot_contract.watch import ContractTransport

    made = Portal(PropertySettings())
    monkeypatch.setattr(transport, "http_transport", lambda *_, **__: ContractTransport(made))
    return made


def connect(**more):
    from crmrules_hubspot.provision import connect

    return connect(SECTION, sleep=pytest.fail, **{"token": None, "flags": ["gone_dark"]} | more)


def test_a_portal_is_provisioned_with_the_administrators_token_alone(portal):
    it = connect(token="pat-admin-1")
    steps = it.apply()
    it.close()
    assert portal.tokens == {"Bearer pat-admin-1"}
    assert len(portal.settings.written) == 10
    assert {step.action for step in steps} == {"create_group", "create_property"}


def test_looking_goes_with_the_sections_token(portal):
    it = connect()
    it.steps()
    it.close()
    assert portal.tokens == {"Bearer pat-sync-1"}
    assert portal.settings.written == []


def test_an_option_is_added_over_http(portal):
    connect(token="pat-admin-1").apply()
    connect(token="pat-admin-1", flags=["gone_dark", "no_power"]).apply()
    assert set(portal.settings.options("crmrules_flags")) == {"gone_dark", "no_power"}


def test_another_portal_is_refused(portal):
    portal.settings.portal = 1
    with pytest.raises(AccessError, match="the configuration pins 4711"):
        connect(token="pat-admin-1").apply()
    assert portal.settings.written == []


def test_a_wrong_section_is_one_usage_error():
    from crmrules_hubspot.provision import connect

    with pytest.raises(UsageError, match="no_such_key"):
        connect(SECTION | {"no_such_key": 1}, token="x", flags=[])
