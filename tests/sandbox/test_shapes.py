"""What the sandbox answers has the keys, statuses and texts of recorded answers.

Compared are keys and types, not values: the recorded orgs hold other data. Where a recorded body is
an error, code and message must be equal too.
"""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from urllib.parse import quote

import pytest
import requests

from crmrules_sandbox.salesforce.org import Org
from crmrules_sandbox.salesforce.schema import load_deploy, standard_schema
from crmrules_sandbox.salesforce.server import SandboxServer
from crmrules_sandbox.salesforce.start import shipped_fields

V = "/services/data/v63.0"
NOW = datetime(2026, 3, 2, 9, 0, 0, tzinfo=UTC)


@pytest.fixture
def recorded(shared_data):
    folder = shared_data / "salesforce_recorded"

    def read(path):
        return json.loads((folder / path).read_text(encoding="utf-8"))

    read.folder = folder
    return read


@pytest.fixture
def org():
    found = Org(load_deploy(shipped_fields(), standard_schema()), clock=lambda: NOW)
    found.load({"Account": [{"Name": "Smith Corp."}]})
    return found


@pytest.fixture
def call(org):
    with SandboxServer(org, page_size=2) as server, requests.Session() as session:
        session.trust_env, session.verify = False, server.ca_file
        session.headers["Authorization"] = f"Bearer {server.token()}"

        def ask(method, path, **options):
            url = server.url + (path if path.startswith("/") else f"{V}/{path}")
            return session.request(method, url, timeout=10, **options)

        ask.server = server
        yield ask


def shape(value):
    """Keys and types, the elements of a list merged into their distinct shapes."""
    if isinstance(value, dict):
        return {key: shape(each) for key, each in value.items()}
    if isinstance(value, list):
        found = []
        for each in value:
            if (one := shape(each)) not in found:
                found.append(one)
        return found
    return "number" if type(value) in (int, float) else type(value).__name__


def exchange(recorded, name, number=0):
    steps = [each for each in recorded(f"cumulusci/exchanges/{name}.json") if "request" in each]
    return steps[number]


def replay(call, step):
    request = json.loads(json.dumps(step["request"]).replace("/vxx.0/", "/v63.0/"))
    path = request["uri"].split(".com", 1)[1]
    answer = call(request["method"], path, json=request["body"])
    assert answer.status_code == step["response"]["status"]
    assert answer.headers["Content-Type"] == "application/json;charset=UTF-8"
    return answer.json()


@pytest.mark.parametrize("number", [0, 1])
def test_a_composite_of_queries_has_the_recorded_shape(recorded, call, number):
    name = "TestCompositeParallelSalesforce.test_composite_parallel_salesforce"
    step = exchange(recorded, name, number)
    assert shape(replay(call, step)) == shape(step["response"]["body"])


def test_an_unknown_object_in_a_composite_answers_word_for_word(recorded, call):
    step = exchange(recorded, "TestCompositeParallelSalesforce.test_errors")
    assert replay(call, step) == step["response"]["body"]


def test_counting_in_a_composite_answers_word_for_word_but_for_the_count(recorded, call):
    step = exchange(recorded, "TestCountSObjects.test_count_sobjects__errors")
    wanted = step["response"]["body"]
    wanted["compositeResponse"][0]["body"]["totalSize"] = 1
    assert replay(call, step) == wanted


def test_an_unchanged_global_describe_in_a_composite_is_304_with_no_body(recorded, call, org):
    step = exchange(recorded, "ManualEditTestCompositeParallelSalesforce.test_http_headers")
    text = json.dumps(step["request"]["body"]).replace(
        "Thu, 03 Sep 2020 21:35:07 GMT", "Mon, 02 Mar 2026 09:00:00 GMT"
    )
    answer = call("POST", "composite", json=json.loads(text)).json()
    assert shape(answer) == shape(step["response"]["body"])
    assert {part["httpStatusCode"] for part in answer["compositeResponse"]} == {304}


def test_a_collection_update_has_the_recorded_shape(recorded, call, org):
    step = next(
        each
        for each in recorded(
            "cumulusci/exchanges/TestUpdatesIntegrationTests.test_updates_task.json"
        )
        if "request" in each and each["request"]["method"] == "PATCH"
    )
    ids = [org.insert("Account", {"Name": "x"}) for _ in step["request"]["body"]["records"]]
    for record, record_id in zip(step["request"]["body"]["records"], ids, strict=True):
        record["Id"] = record_id
    answer = replay(call, step)
    assert shape(answer) == shape(step["response"]["body"])
    assert [item["id"] for item in answer] == ids
    assert org.get("Account", ids[0])["NumberOfEmployees"] == 10_000


def test_a_collection_upsert_says_created(recorded, call):
    name = "TestUpsert.test_upsert_complex_external_id_field_rest__duplicate_error"
    steps = recorded(f"cumulusci/exchanges/{name}.json")
    step = next(s for s in steps if s.get("request", {}).get("method") == "PATCH")
    assert shape(replay(call, step)) == shape(step["response"]["body"])


def grouparoo(recorded, name="salesforce__export-objects__export-records-reference"):
    lines = (recorded.folder / f"grouparoo/{name}.jsonl").read_text(encoding="utf-8").splitlines()
    return [json.loads(line) for line in lines]


def test_partial_failure_inside_200_has_the_recorded_shape_and_text(recorded, call):
    step = next(
        each
        for each in grouparoo(recorded)
        if each["method"] == "POST" and not each["response"][0]["success"]
    )
    answer = call("POST", "composite/sobjects", json=step["request"])
    assert answer.status_code == step["status"]
    assert answer.json() == step["response"]


def test_collection_inserts_and_deletes_answer_200_in_the_recorded_shape(recorded, call):
    steps = grouparoo(recorded)
    created = next(s for s in steps if s["method"] == "POST" and s["response"][0]["success"])
    made = call("POST", "composite/sobjects", json=created["request"])
    assert (made.status_code, shape(made.json())) == (200, shape(created["response"]))
    deleted = next(s for s in steps if s["method"] == "DELETE")
    ids = made.json()[0]["id"]
    gone = call("DELETE", f"composite/sobjects?ids={ids}&allOrNone=true")
    assert (gone.status_code, shape(gone.json())) == (200, shape(deleted["response"]))
    missing = next(
        s
        for s in grouparoo(recorded, "salesforce__export-objects__export-records-lead")
        if s["status"] == 404
    )
    again = call("GET", "sobjects/Account/001000000000001AAA")
    assert again.status_code == 404
    assert again.json() == missing["response"]


def test_a_query_page_has_the_recorded_shape(recorded, call, org):
    org.load({"Account": [{"Name": "x"}, {"Name": "y"}]})
    first = call("GET", f"query?q={quote('SELECT Name FROM Account')}").json()
    last = call("GET", first["nextRecordsUrl"]).json()
    for page, name in ((first, "first"), (last, "last")):
        wanted = recorded(f"restforce/sobject__query_paginated_{name}_page_response.json")
        wanted["records"][0]["Name"] = wanted["records"][0].pop("Text_Label")
        assert shape(page) == shape(wanted)


def test_errors_of_session_and_token_are_those_recorded(recorded, call):
    refused = call("GET", "sobjects", headers={"Authorization": "Bearer nonsense"})
    assert refused.status_code == 401
    assert refused.json() == recorded("restforce/expired_session_response.json")
    token = call("POST", "/services/oauth2/token", data={"grant_type": "password"})
    assert token.status_code == 400
    assert shape(token.json()) == shape(recorded("restforce/auth_error_response.json"))


def test_a_granted_token_has_at_least_the_recorded_keys(recorded, call):
    pair = (call.server.auth.consumer_key, call.server.auth.consumer_secret)
    form = {"grant_type": "client_credentials"}
    granted = call("POST", "/services/oauth2/token", data=form, auth=pair).json()
    wanted = shape(recorded("restforce/auth_success_response.json"))
    assert {key: shape(granted).get(key) for key in wanted} == wanted


def test_writing_an_unknown_column_or_key_answers_in_the_recorded_words(recorded, call):
    unknown = call("POST", "sobjects/Task", json={"foo": 1})
    wanted = recorded("restforce/sobject__write_error_response.json")
    wanted[0]["message"] = wanted[0]["message"].replace("Bar", "Task")
    assert (unknown.status_code, unknown.json()) == (400, wanted)
    no_key = call("PATCH", "sobjects/Task/Namez/x", json={"Subject": "s"})
    assert no_key.status_code == 404
    assert no_key.json() == recorded("restforce/sobject__upsert_error_response.json")


def test_single_answers_and_deletions_have_the_recorded_shapes(recorded, call, org):
    made = call("POST", "sobjects/Task", json={"Subject": "s"})
    assert made.status_code == 201
    success = recorded("restforce/sobject__create_success_response.json")
    assert shape(made.json()) == shape(success)
    assert call("DELETE", f"sobjects/Task/{made.json()['id']}").status_code == 204
    org.clock = lambda: NOW + timedelta(minutes=5)
    span = "start=2026-03-02T08:00:00%2B00:00&end=2026-03-02T09:04:00%2B00:00"
    deleted = call("GET", f"sobjects/Task/deleted/?{span}").json()
    wanted = recorded("restforce/sobject__get_deleted_success_response.json")
    assert shape(deleted) == shape(wanted)
    assert deleted["latestDateCovered"] == "2026-03-02T09:04:00.000+0000"


def test_a_halted_composite_has_the_recorded_shape_and_text(recorded, call):
    wanted = recorded("camel/composite_response_example_failure.json")["compositeResponse"]
    parts = [
        {"method": "POST", "url": f"{V}/sobjects/Account", "referenceId": "a", "body": body}
        for body in ({"Name": "x"}, {"Nope": "x"})
    ]
    parts[1]["referenceId"] = "b"
    body = {"allOrNone": True, "compositeRequest": parts}
    answer = call("POST", "composite", json=body).json()["compositeResponse"]
    assert answer[0]["body"] == wanted[0]["body"]
    assert shape(answer[0]) == shape(wanted[0])
    assert answer[1]["httpStatusCode"] == wanted[1]["httpStatusCode"]


def test_limits_has_the_recorded_entries(recorded, call):
    wanted = shape(recorded("camel/limits_excerpt.json"))
    found = shape(call("GET", "limits").json())
    assert {key: wanted[key] for key in found} == found


def test_every_code_the_sandbox_gives_to_a_record_is_one_salesforce_has(recorded):
    known = set((recorded.folder / "statuscodes.txt").read_text(encoding="utf-8").split())
    given = {
        *("ALL_OR_NONE_OPERATION_ROLLED_BACK", "DUPLICATE_EXTERNAL_ID", "DUPLICATE_VALUE"),
        *("ENTITY_IS_DELETED", "ENTITY_IS_LOCKED", "INACTIVE_OWNER_OR_USER"),
        *("INSUFFICIENT_ACCESS_OR_READONLY", "INVALID_CROSS_REFERENCE_KEY", "INVALID_TYPE"),
        *("INVALID_FIELD", "INVALID_FIELD_FOR_INSERT_UPDATE", "MALFORMED_ID"),
        *("INVALID_OR_NULL_FOR_RESTRICTED_PICKLIST", "MISSING_ARGUMENT", "STRING_TOO_LONG"),
        *("REQUIRED_FIELD_MISSING", "UNABLE_TO_LOCK_ROW"),
    }
    assert given <= known
