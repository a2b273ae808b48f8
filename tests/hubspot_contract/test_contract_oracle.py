"""The oracle lets through what HubSpot takes and stops what it does not.

Every bad request differs from a good one in one thing, so that it can only be stopped for that.
"""

from __future__ import annotations

import copy
import json
from urllib.parse import parse_qsl, urlsplit

import httpx
import pytest

from hubspot_contract import sdk
from hubspot_contract.schemas import FAULTS
from hubspot_contract.watch import problems

TYPES = (
    *("deals", "contacts", "companies", "calls", "meetings", "emails", "notes", "tasks"),
    *("quotes", "line_items"),
)
OBJECTS, LINKS, PROPERTIES = (
    f"/crm/{name}/2026-09" for name in ("objects", "associations", "properties")
)


def search(**more):
    change = {"propertyName": "hs_lastmodifieddate", "operator": "GTE", "value": "1795000000000"}
    return {
        "filterGroups": [{"filters": [change]}],
        "sorts": [{"propertyName": "hs_object_id", "direction": "ASCENDING"}],
        "properties": ["hs_lastmodifieddate"],
        "limit": 200,
    } | more


def filtered(**one):
    return search(filterGroups=[{"filters": [{"propertyName": "dealstage", **one}]}])


def link(kind, category="HUBSPOT_DEFINED"):
    return {"associationCategory": category, "associationTypeId": kind}


def new_task(number):
    return {
        "properties": {"hs_timestamp": "2026-11-25T09:00:00Z", "crmrules_key": f"cr1:1:o:{number}"},
        "associations": [
            {"to": {"id": "512"}, "types": [link(216)]},
            {"to": {"id": "77"}, "types": [link(204)]},
        ],
        "objectWriteTraceId": f"cr1:1:o:{number}",
    }


def ids(count, start=1):
    return [{"id": str(number)} for number in range(start, start + count)]


def pairs(count):
    return [{"from": {"id": "1"}, "to": {"id": str(n)}, "types": [link(216)]} for n in range(count)]


OPTION = {"label": "Gone dark", "value": "gone_dark", "displayOrder": 0, "hidden": False}
FLAGS = {
    "name": "crmrules_flags",
    "label": "crmrules flags",
    "groupName": "crmrules",
    "type": "enumeration",
    "fieldType": "checkbox",
    "options": [OPTION],
}
GOOD = {
    "the account's details": ("GET", "/account-info/2026-09/details", None),
    "the calls used today": ("GET", "/account-info/2026-09/api-usage/daily/private-apps", None),
    "pipelines": ("GET", "/crm/pipelines/2026-09/deals", None),
    "a page of owners": ("GET", "/crm/owners/2026-09?limit=500&after=7&archived=true", None),
    "properties": ("GET", f"{PROPERTIES}/deals?archived=false", None),
    "groups": ("GET", f"{PROPERTIES}/tasks/groups", None),
    "a new group": (
        "POST",
        f"{PROPERTIES}/deals/groups",
        {"name": "crmrules", "label": "crmrules"},
    ),
    "new properties": ("POST", f"{PROPERTIES}/deals/batch/create", {"inputs": [FLAGS]}),
    "more options": ("PATCH", f"{PROPERTIES}/deals/crmrules_flags", {"options": [OPTION]}),
    "a page of deals": (
        "GET",
        f"{OBJECTS}/deals?limit=100&after=5&properties=amount,dealname",
        None,
    ),
    "a page with history": (
        "GET",
        f"{OBJECTS}/deals?limit=50&propertiesWithHistory=dealstage&archived=true",
        None,
    ),
    "one record by its id": ("GET", f"{OBJECTS}/deals/512?properties=hs_merged_object_ids", None),
    "one record by a key": ("GET", f"{OBJECTS}/tasks/cr1:1:o:ab?idProperty=crmrules_key", None),
    "an empty batch": ("POST", f"{OBJECTS}/deals/batch/update", {"inputs": []}),
    "a search": ("POST", f"{OBJECTS}/deals/search", search()),
    "a later page of a search": ("POST", f"{OBJECTS}/deals/search", search(after="9800")),
    "a search between": (
        "POST",
        f"{OBJECTS}/deals/search",
        filtered(operator="BETWEEN", value="1", highValue="2"),
    ),
    "a search in a list": (
        "POST",
        f"{OBJECTS}/deals/search",
        filtered(operator="IN", values=["a", "b"]),
    ),
    "a search for a value": ("POST", f"{OBJECTS}/deals/search", filtered(operator="HAS_PROPERTY")),
    "a read": (
        "POST",
        f"{OBJECTS}/deals/batch/read",
        {"inputs": ids(100), "properties": ["amount"]},
    ),
    "a read of the bin": (
        "POST",
        f"{OBJECTS}/deals/batch/read?archived=true",
        {"inputs": ids(1), "properties": ["amount"]},
    ),
    "a read with history": (
        "POST",
        f"{OBJECTS}/deals/batch/read",
        {"inputs": ids(50), "properties": ["amount"], "propertiesWithHistory": ["dealstage"]},
    ),
    "a read by key": (
        "POST",
        f"{OBJECTS}/tasks/batch/read",
        {
            "inputs": [{"id": "cr1:1:o:ab"}],
            "properties": ["crmrules_key"],
            "idProperty": "crmrules_key",
        },
    ),
    "an update": (
        "POST",
        f"{OBJECTS}/deals/batch/update",
        {"inputs": [{"id": "512", "properties": {"crmrules_status": "", "amount": "12.5"}}]},
    ),
    "new tasks": ("POST", f"{OBJECTS}/tasks/batch/create", {"inputs": [new_task(1), new_task(2)]}),
    "an upsert": (
        "POST",
        f"{OBJECTS}/tasks/batch/upsert",
        {"inputs": [{"id": "k", "idProperty": "crmrules_key", "properties": {"hs_task_body": ""}}]},
    ),
    "associations": ("POST", f"{LINKS}/deals/contacts/batch/read", {"inputs": ids(1000)}),
    "a later page of associations": (
        "POST",
        f"{LINKS}/deals/contacts/batch/read",
        {"inputs": [{"id": "1", "after": "500"}]},
    ),
    "labels": ("GET", f"{LINKS}/deals/contacts/labels", None),
    "new associations": ("POST", f"{LINKS}/tasks/deals/batch/create", {"inputs": pairs(2000)}),
    "a label of the portal": (
        "POST",
        f"{LINKS}/deals/contacts/batch/create",
        {"inputs": [{"from": {"id": "1"}, "to": {"id": "2"}, "types": [link(31, "USER_DEFINED")]}]},
    ),
    "default associations": (
        "POST",
        f"{LINKS}/tasks/deals/batch/associate/default",
        {"inputs": [{"from": {"id": "1"}, "to": {"id": "2"}}]},
    ),
    "the associations of one record": (
        "GET",
        f"{OBJECTS}/deals/512/associations/companies?limit=500",
        None,
    ),
    "deals by their type number": (
        "POST",
        f"{OBJECTS}/0-3/batch/read",
        {"inputs": ids(1), "properties": ["amount"]},
    ),
    "a custom object": ("GET", f"{OBJECTS}/2-1234567?limit=100", None),
    "the older version": ("GET", "/crm/objects/2026-03/deals?limit=100", None),
}


def request(method, url, body=None, token="Bearer pat-eu1-x"):
    headers = {} if token is None else {"Authorization": token}
    return (
        httpx.Request(method, f"https://api.hubapi.com{url}", json=body, headers=headers)
        if (body is not None)
        else httpx.Request(method, f"https://api.hubapi.com{url}", headers=headers)
    )


@pytest.mark.parametrize("name", GOOD)
def test_a_good_request_passes(name):
    assert problems(request(*GOOD[name])) == []


@pytest.mark.parametrize("version", sdk.VERSIONS)
@pytest.mark.parametrize("kind", TYPES)
def test_every_object_type_can_be_listed_searched_read_and_written(kind, version):
    path = f"/crm/objects/{version}/{kind}"
    write = {"id": "1", "properties": {"hs_x": "1"}}
    assert problems(request("GET", f"{path}?limit=100")) == []
    assert problems(request("POST", f"{path}/search", search())) == []
    read = {"inputs": ids(100), "properties": ["hs_x"]}
    assert problems(request("POST", f"{path}/batch/read", read)) == []
    assert problems(request("POST", f"{path}/batch/update", {"inputs": [write]})) == []
    wrong = {"inputs": [write | {"propertys": {}}]}
    assert problems(request("POST", f"{path}/batch/update", wrong)) != []


def put(*path_and_value):
    """Return a change that puts a value into a body."""
    *path, value = path_and_value

    def change(method, url, body):
        place = body
        for step in path[:-1]:
            place = place[step]
        place[path[-1]] = value
        return method, url, body

    return change


def drop(*path):
    def change(method, url, body):
        place = body
        for step in path[:-1]:
            place = place[step]
        del place[path[-1]]
        return method, url, body

    return change


def spell(old, new):
    """Return a change of the address."""

    def change(method, url, body):
        assert old in url
        return method, url.replace(old, new), body

    return change


def by(method):
    return lambda _, url, body: (method, url, body)


def filters(*counts):
    one = {"propertyName": "a", "operator": "HAS_PROPERTY"}
    return [{"filters": [one] * count} for count in counts]


F = ("filterGroups", 0, "filters", 0)
BAD = {
    "a key is misspelt": ("a read", put("propertiez", []), "propertiez"),
    "a key of a filter is misspelt": ("a search", put(*F, "property", "a"), "property"),
    "a group of filters is misspelt": ("a search", put("filterGruops", []), "filterGruops"),
    "an id is a number": ("a read", put("inputs", 0, "id", 1), "not of type 'string'"),
    "a record id is a word": ("a read", put("inputs", 0, "id", "abc"), "is not a number"),
    "a batch is one too large": ("a read", put("inputs", ids(101)), "100 is the most"),
    "a batch with history is one too large": (
        "a read with history",
        put("inputs", ids(51)),
        "50 is the most",
    ),
    "a batch reads one record twice": (
        "a read",
        put("inputs", [*ids(1), *ids(1)]),
        "twice in one batch",
    ),
    "a read names no properties": ("a read", drop("properties"), "'properties' is a required"),
    "record ids are named as a property": (
        "a read by key",
        put("idProperty", "hs_object_id"),
        "leave it out",
    ),
    "a query parameter is misspelt": (
        "a page of deals",
        spell("limit=", "limt="),
        "no query parameter 'limt'",
    ),
    "a page is one too large": ("a page of deals", spell("=100", "=101"), "100 is the most"),
    "a page with history is one too large": (
        "a page with history",
        spell("=50", "=51"),
        "50 is the most",
    ),
    "a page of owners is too large": ("a page of owners", spell("500", "501"), "500 is the most"),
    "a page of nothing": ("a page of deals", spell("limit=100", "limit=0"), "a page of 0"),
    "a page size is a word": ("a page of deals", spell("limit=100", "limit=all"), "is a number"),
    "a flag of the query is a number": (
        "a page of owners",
        spell("archived=true", "archived=1"),
        "true or false",
    ),
    "the address is too long": (
        "a page of deals",
        spell("amount", ",".join(["a_long_property"] * 1000)),
        "15000 is the most",
    ),
    "the path is of the third version": (
        "a page of deals",
        spell("/objects/2026-09", "/v3/objects"),
        "no such operation",
    ),
    "associations are of the fourth version": (
        "associations",
        spell("/crm/associations/2026-09", "/crm/v4/associations"),
        "no such operation",
    ),
    "the version is one nobody made": (
        "a page of deals",
        spell("2026-09", "2026-10"),
        "no such operation",
    ),
    "the object type is misspelt": ("a search", spell("deals", "deal"), "no such operation"),
    "the method is another": ("a search", by("PUT"), "no such operation"),
    "a record is addressed by a name": (
        "one record by its id",
        spell("/512", "/acme"),
        "is not a number",
    ),
    "a body is sent where none is taken": (
        "pipelines",
        lambda m, u, _: (m, u, {"limit": 5}),
        "takes no body",
    ),
    "a body is missing": ("a search", lambda m, u, _: (m, u, None), "body is missing"),
    "there are two sorts": ("a search", put("sorts", search()["sorts"] * 2), "only 1 is taken"),
    "a sort is a text": ("a search", put("sorts", ["amount"]), "not of type 'object'"),
    "an operator is unknown": ("a search", put(*F, "operator", "EQUALS"), "is not one of"),
    "a filter lacks its value": ("a search", drop(*F, "value"), "GTE takes value"),
    "a filter value is a number": ("a search", put(*F, "value", 1), "not of type 'string'"),
    "a list stands in value": (
        "a search in a list",
        lambda m, u, _: (m, u, filtered(operator="IN", value="a;b")),
        "IN takes values",
    ),
    "a list is empty": ("a search in a list", put(*F, "values", []), "empty list"),
    "an interval is open": ("a search between", drop(*F, "highValue"), "BETWEEN takes"),
    "a filter for any value names one": (
        "a search for a value",
        put(*F, "value", "a"),
        "takes no value",
    ),
    "a date is the beginning of time": ("a search", put(*F, "value", "0"), "500"),
    "a search asks for one too many": ("a search", put("limit", 201), "200 is the most"),
    "a search goes past its end": (
        "a later page of a search",
        put("after", "9801"),
        "10000 is the last",
    ),
    "a search goes on from a number": ("a search", put("after", 200), "not of type 'string'"),
    "a search has six groups": (
        "a search",
        put("filterGroups", filters(*[1] * 6)),
        "filter groups",
    ),
    "a group has seven filters": ("a search", put("filterGroups", filters(7)), "more than 6"),
    "a search has nineteen filters": (
        "a search",
        put("filterGroups", filters(6, 6, 6, 1)),
        "19 filters",
    ),
    "a search is too long": ("a search", put("properties", ["a" * 100] * 30), "3000 is the most"),
    "a value is null": ("an update", put("inputs", 0, "properties", "amount", None), "is null"),
    "a value is a number": ("an update", put("inputs", 0, "properties", "amount", 12.5), "texts"),
    "a value is a truth": ("an update", put("inputs", 0, "properties", "won", True), "texts"),
    "an update has associations": (
        "an update",
        put("inputs", 0, "associations", []),
        "associations",
    ),
    "an update writes one record twice": (
        "an update",
        put("inputs", [{"id": "512", "properties": {"amount": "1"}}] * 2),
        "twice in one batch",
    ),
    "an update names the record id as a property": (
        "an update",
        put("inputs", 0, "idProperty", "hs_object_id"),
        "leave it out",
    ),
    "an update is one too large": (
        "an update",
        put("inputs", [{"id": str(n), "properties": {"amount": "1"}} for n in range(101)]),
        "100 is the most",
    ),
    "a new task has no trace id": (
        "new tasks",
        drop("inputs", 1, "objectWriteTraceId"),
        "without objectWriteTraceId",
    ),
    "two new tasks share a trace id": (
        "new tasks",
        put("inputs", 1, "objectWriteTraceId", "cr1:1:o:1"),
        "twice",
    ),
    "a new task has no due date": (
        "new tasks",
        drop("inputs", 0, "properties", "hs_timestamp"),
        "hs_timestamp",
    ),
    "a new task is associated the wrong way round": (
        "new tasks",
        put("inputs", 0, "associations", 0, "types", [link(215)]),
        "does not lead from tasks",
    ),
    "a new task is associated with nothing said of it": (
        "new tasks",
        drop("inputs", 0, "associations"),
        "'associations' is a required",
    ),
    "an association is named as it is read": (
        "new tasks",
        put("inputs", 0, "associations", 0, "types", [{"category": "USER_DEFINED", "typeId": 1}]),
        "typeId",
    ),
    "an upsert names no property": ("an upsert", drop("inputs", 0, "idProperty"), "idProperty"),
    "an upsert has associations": (
        "an upsert",
        put("inputs", 0, "associations", []),
        "associations",
    ),
    "associations of one record too many": (
        "associations",
        put("inputs", ids(1001)),
        "1000 is the most",
    ),
    "too many new associations": (
        "new associations",
        put("inputs", pairs(2001)),
        "2000 is the most",
    ),
    "one association twice": (
        "new associations",
        put("inputs", pairs(1) * 2),
        "the same association twice",
    ),
    "an association starts nowhere": (
        "default associations",
        drop("inputs", 0, "from"),
        "'from' is a required",
    ),
    "an association is of another pair": (
        "new associations",
        spell("/tasks/deals/", "/tasks/contacts/"),
        "does not lead from tasks to contacts",
    ),
    "an option lacks its order": (
        "more options",
        drop("options", 0, "displayOrder"),
        "'displayOrder' is a required",
    ),
    "a property has a type nobody knows": (
        "new properties",
        put("inputs", 0, "type", "text"),
        "is not one of",
    ),
    "a property belongs to no group": (
        "new properties",
        drop("inputs", 0, "groupName"),
        "'groupName' is a required",
    ),
}


@pytest.mark.parametrize("name", BAD)
def test_a_bad_request_is_stopped_when(name):
    good, change, reason = BAD[name]
    found = problems(request(*change(*copy.deepcopy(GOOD[good]))))
    assert reason in "\n".join(found)


@pytest.mark.parametrize("token", [None, "pat-eu1-x", "Basic eDp5"])
def test_a_request_without_its_token_is_stopped(token):
    found = problems(request("GET", "/crm/pipelines/2026-09/deals", None, token))
    assert found == ["the token belongs into the Authorization header, as Bearer"]


def test_a_body_that_is_not_json_is_stopped():
    sent = request("POST", f"{OBJECTS}/deals/search", search())
    broken = httpx.Request(sent.method, sent.url, content=b"{", headers=sent.headers)
    assert problems(broken) == ["the body is not JSON"]


def test_a_form_is_no_json():
    body = json.dumps(search()).encode()
    sent = httpx.Request(
        "POST",
        f"https://api.hubapi.com{OBJECTS}/deals/search",
        content=body,
        headers={"Authorization": "Bearer x", "Content-Type": "text/plain"},
    )
    assert problems(sent) == ["a body is sent as application/json"]


def test_every_operation_of_the_package_can_be_checked():
    operations = sdk.contract().operations
    assert len(operations) > 300
    for one in operations:
        assert one.template.startswith(("/crm/", "/account-info/"))
        assert one.body is None or one.validator.schema["type"] in ("object", "array")
        assert isinstance(one.parameters, dict)


@pytest.mark.parametrize("fault", FAULTS, ids=lambda fault: fault.reason)
def test_every_known_fault_is_still_one(fault):
    """A fault the package no longer has is taken from the list."""
    concerned = [
        one for one in sdk.contract().operations if one.body and fault.concerns(one.template)
    ]
    assert concerned
    for one in concerned:
        as_told = one.body.schema()
        corrected = copy.deepcopy(as_told)
        fault.mend(corrected)
        assert corrected != as_told


def test_the_table_of_good_requests_has_no_query_twice():
    for _, url, _body in GOOD.values():
        names = [name for name, _ in parse_qsl(urlsplit(url).query)]
        assert len(names) == len(set(names))
