"""The server over real sockets: paging, composites, tokens, quota, every fault, the program."""

from __future__ import annotations

import gzip
import json
import os
import re
import signal
import subprocess
import sys
import time
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from pathlib import Path
from urllib.parse import quote

import jwt
import pytest
import requests
from simple_salesforce import Salesforce
from simple_salesforce.exceptions import SalesforceExpiredSession

from crmrules_sandbox.salesforce.faults import Fault
from crmrules_sandbox.salesforce.org import Org
from crmrules_sandbox.salesforce.schema import load_deploy, standard_schema
from crmrules_sandbox.salesforce.server import SandboxServer
from crmrules_sandbox.salesforce.start import shipped_fields

ROOT = Path(__file__).resolve().parents[2]
V = "/services/data/v63.0"
NOW = datetime(2026, 3, 2, 9, 0, 0, tzinfo=UTC)


class Client:
    """A plain HTTP client of a server; ``get`` and the rest return a ``requests`` response."""

    def __init__(self, server, token=None):
        self.server = server
        self.session = requests.Session()
        self.session.trust_env = False
        self.session.verify = server.ca_file or True
        self.session.headers["Authorization"] = f"Bearer {token or server.token()}"

    def call(self, method, path, **options):
        url = self.server.url + (path if path.startswith("/") else f"{V}/{path}")
        return self.session.request(method, url, timeout=10, **options)

    def get(self, path, **options):
        return self.call("GET", path, **options)

    def query(self, text, **headers):
        return self.get(f"query?q={quote(text)}", headers=headers).json()

    def composite(self, *parts, **more):
        body = {
            "compositeRequest": [
                {"method": method, "url": f"{V}/{url}", "referenceId": f"r{number}", **rest}
                for number, (method, url, rest) in enumerate(parts)
            ],
            **more,
        }
        return self.call("POST", "composite", json=body)


@pytest.fixture
def org():
    found = Org(load_deploy(shipped_fields(), standard_schema()), clock=lambda: NOW)
    found.load({"Account": [{"Name": f"A{number}"} for number in range(7)]})
    return found


@pytest.fixture
def server(org):
    with SandboxServer(org, page_size=3) as running:
        yield running


@pytest.fixture
def client(server):
    found = Client(server)
    yield found
    found.session.close()


def task(key, **more):
    return {"attributes": {"type": "Task"}, "Subject": "s", "CrmRules_Key__c": key, **more}


def insert(client, *records, **more):
    return client.call("POST", "composite/sobjects", json={"records": [*records], **more})


def keys(org):
    return [row["CrmRules_Key__c"] for row in org.rows("Task")]


def test_pages_follow_each_other_by_literal_locators_until_done(client):
    page = client.query("SELECT Name FROM Account")
    names = [r["Name"] for r in page["records"]]
    assert page["totalSize"] == 7
    while not page["done"]:
        assert re.fullmatch(rf"{V}/query/01g\w{{15}}-\d+", page["nextRecordsUrl"])
        page = client.get(page["nextRecordsUrl"]).json()
        names += [r["Name"] for r in page["records"]]
    assert names == [f"A{number}" for number in range(7)]
    assert "nextRecordsUrl" not in page


def test_the_same_page_can_be_read_twice_but_not_after_the_locator_is_gone(client, server):
    locator = client.query("SELECT Name FROM Account")["nextRecordsUrl"]
    assert client.get(locator).json() == client.get(locator).json()
    server.faults.add(Fault("expire_cursors"))
    lost = client.get(locator)
    assert lost.status_code == 400
    assert lost.json()[0]["errorCode"] == "INVALID_QUERY_LOCATOR"


def test_a_locator_lives_for_two_days(client, org):
    locator = client.query("SELECT Name FROM Account")["nextRecordsUrl"]
    org.clock = lambda: NOW + timedelta(days=2)
    assert client.get(locator).status_code == 200
    org.clock = lambda: NOW + timedelta(days=2, seconds=1)
    assert client.get(locator).status_code == 400


def test_the_eleventh_open_query_closes_the_oldest(client):
    opened = [client.query("SELECT Id FROM Account")["nextRecordsUrl"] for _ in range(11)]
    statuses = [client.get(locator).status_code for locator in opened]
    assert statuses == [400] + [200] * 10


def test_batch_size_is_asked_for_by_header_within_its_bounds(org):
    org.load({"Account": [{"Name": "x"} for _ in range(500)]})
    with SandboxServer(org) as server:
        client = Client(server)
        text = "SELECT Id FROM Account"
        sizes = {
            wanted: len(
                client.query(text, **{"Sforce-Query-Options": f"batchSize={wanted}"})["records"]
            )
            for wanted in (10, 250, 5000)
        }
        client.session.close()
    assert sizes == {10: 200, 250: 250, 5000: 507}


def test_child_rows_count_towards_the_size_of_a_page(org, client):
    accounts = [row["Id"] for row in org.rows("Account")]
    org.load({"Contact": [{"LastName": "c", "AccountId": a} for a in accounts for _ in range(2)]})
    page = client.query("SELECT Id, (SELECT Id FROM Contacts) FROM Account")
    assert len(page["records"]) == 1
    assert page["totalSize"] == 7


def test_simple_salesforce_reads_writes_and_pages_as_with_the_real_thing(server, org):
    session = requests.Session()
    session.trust_env, session.verify = False, server.ca_file
    sf = Salesforce(
        session_id=server.token(), instance_url=server.url, session=session, version="63.0"
    )
    everything = sf.query_all("SELECT Name FROM Account")
    assert [r["Name"] for r in everything["records"]] == [f"A{n}" for n in range(7)]
    made = sf.restful(
        "composite/sobjects", method="POST", json={"allOrNone": False, "records": [task("k1")]}
    )
    assert made[0]["success"] is True
    again = sf.restful("composite/sobjects", method="POST", json={"records": [task("k1")]})
    assert again[0]["errors"][0]["statusCode"] == "DUPLICATE_VALUE"
    upserted = sf.restful(
        "composite/sobjects/Task/CrmRules_Key__c", method="PATCH", json={"records": [task("k1")]}
    )
    assert upserted == [{**made[0], "created": False}]
    assert sf.Task.get_by_custom_id("CrmRules_Key__c", "k1")["Id"] == made[0]["id"]
    assert sf.Task.update(made[0]["id"], {"Status": "Completed"}) == 204
    assert sf.Task.describe()["name"] == "Task"
    assert sf.describe()["sobjects"]
    assert sf.Task.delete(made[0]["id"]) == 204
    gone = sf.Task.deleted(NOW - timedelta(hours=1), NOW + timedelta(hours=1))
    assert gone["deletedRecords"] == []  # the end is not covered: the record went at this second
    assert sf.limits()["DailyApiRequests"]["Max"] == org.daily_limit
    server.auth.revoke()
    with pytest.raises(SalesforceExpiredSession):
        sf.query("SELECT Id FROM Account")
    session.close()


def test_a_composite_is_one_counted_call_whatever_it_holds(client, server):
    query = f"query?q={quote('SELECT Id FROM Account')}"
    answer = client.composite(
        *[("GET", query, {})] * 5, *[("GET", "sobjects/Task/describe", {})] * 20
    )
    assert answer.status_code == 200
    assert {part["httpStatusCode"] for part in answer.json()["compositeResponse"]} == {200}
    (call,) = server.calls
    assert (call.subrequests, call.counted) == (25, 1)
    assert answer.headers["Sforce-Limit-Info"] == "api-usage=1/100000"


@pytest.mark.parametrize(
    "parts",
    [
        [("GET", "query?q=SELECT+Id+FROM+Account", {})] * 6,
        [("GET", "query/01g000000000001AAA-3", {})] * 6,
        [("GET", "queryAll?q=SELECT+Id+FROM+Account", {})] * 6,
        [("PATCH", "composite/sobjects", {"body": {"records": []}})] * 6,
        [("GET", "sobjects", {})] * 26,
        [("GET", "sobjects", {"referenceId": "a-b"})],
        [("GET", "sobjects", {"referenceId": "same"})] * 2,
        [("GET", "sobjects", {"httpHeaders": {"Accept": "x"}})],
        [],
    ],
)
def test_a_composite_that_breaks_a_rule_is_refused_as_a_whole(client, parts):
    assert client.composite(*parts).status_code == 400


def test_a_composite_answers_200_though_each_part_fails_and_halts_only_if_asked(client, org):
    good = ("POST", "sobjects/Task", {"body": {"Subject": "x"}})
    bad = ("POST", "sobjects/Task", {"body": {"Nonsense": "x"}})
    parts = client.composite(good, bad).json()["compositeResponse"]
    assert [p["httpStatusCode"] for p in parts] == [201, 400]
    assert len(org.rows("Task")) == 1
    parts = client.composite(good, bad, allOrNone=True).json()["compositeResponse"]
    assert parts[0]["body"][0]["errorCode"] == "PROCESSING_HALTED"
    assert parts[1]["body"][0]["errorCode"] == "INVALID_FIELD"
    assert len(org.rows("Task")) == 1


def test_an_outer_all_or_none_rolls_back_rows_it_still_calls_successful(client, org):
    body = {"allOrNone": False, "records": [task("a"), task("a")]}
    (part,) = client.composite(
        ("POST", "composite/sobjects", {"body": body}), allOrNone=True
    ).json()["compositeResponse"]
    assert [item["success"] for item in part["body"]] == [True, False]
    assert keys(org) == []


def test_a_describe_in_a_composite_is_304_until_a_permission_changes(client, org):
    first = client.get("sobjects/Task/describe")
    since = {"httpHeaders": {"If-Modified-Since": first.headers["Last-Modified"]}}
    (part,) = client.composite(("GET", "sobjects/Task/describe", since)).json()["compositeResponse"]
    assert (part["httpStatusCode"], part["body"]) == (304, None)
    org.clock = lambda: NOW + timedelta(minutes=1)
    org.hide("Task", "CrmRules_Key__c")
    (part,) = client.composite(("GET", "sobjects/Task/describe", since)).json()["compositeResponse"]
    assert part["httpStatusCode"] == 200
    assert "CrmRules_Key__c" not in {field["name"] for field in part["body"]["fields"]}


def test_a_collection_answers_in_order_with_the_good_ones_done(client, org):
    results = insert(client, task("a"), task("a"), task("b", Nope=1), task("c")).json()
    assert [r["success"] for r in results] == [True, False, False, True]
    assert "id" not in results[1]
    assert keys(org) == ["a", "c"]
    rolled = insert(client, task("d"), task("a"), allOrNone=True).json()
    assert rolled[0]["errors"][0]["statusCode"] == "ALL_OR_NONE_OPERATION_ROLLED_BACK"
    assert rolled[0]["id"].startswith("00T")
    assert keys(org) == ["a", "c"]
    ids = [row["Id"] for row in org.rows("Task")]
    gone = client.call("DELETE", f"composite/sobjects?ids={','.join(ids)}&allOrNone=false")
    assert [r["success"] for r in gone.json()] == [True, True]


def test_a_collection_of_more_than_two_hundred_is_refused(client):
    refused = insert(client, *[task(str(number)) for number in range(201)])
    assert refused.status_code == 400
    assert refused.json()[0]["errorCode"] == "EXCEEDED_ID_LIMIT"


def test_rows_are_read_by_id_in_the_order_asked_with_null_for_missing_ones(client, org):
    ids = [row["Id"] for row in org.rows("Account")][:2]
    body = {"ids": [ids[1], "001000000000000AAA", ids[0]], "fields": ["Name"]}
    rows = client.call("POST", "composite/sobjects/Account", json=body).json()
    assert [row and row["Name"] for row in rows] == ["A1", None, "A0"]


def test_batch_counts_each_of_its_parts(client, server):
    part = {"method": "GET", "url": "v63.0/query?q=SELECT+Id+FROM+Account+LIMIT+1"}
    answer = client.call("POST", "composite/batch", json={"batchRequests": [part] * 3}).json()
    assert [each["statusCode"] for each in answer["results"]] == [200] * 3
    assert server.counted == 3
    assert client.get("limits").headers["Sforce-Limit-Info"] == "api-usage=4/100000"


def test_one_record_answers_by_verb_and_stops_stale_writes(client, org):
    made = client.call("POST", "sobjects/Task", json={"Subject": "s", "CrmRules_Key__c": "k"})
    assert made.status_code == 201
    path = f"sobjects/Task/{made.json()['id']}"
    stale = {"If-Unmodified-Since": "Mon, 02 Mar 2026 08:59:59 GMT"}
    refused = client.call("PATCH", path, json={"Subject": "t"}, headers=stale)
    assert refused.status_code == 412
    fresh = {"If-Unmodified-Since": "Mon, 02 Mar 2026 09:00:00 GMT"}
    done = client.call("PATCH", path, json={"Subject": "t"}, headers=fresh)
    assert (done.status_code, done.content) == (204, b"")
    upsert = client.call("PATCH", "sobjects/Task/CrmRules_Key__c/k", json={"Subject": "u"})
    assert (upsert.status_code, upsert.json()["created"]) == (200, False)
    assert client.get(path).json()["Subject"] == "u"
    assert client.call("DELETE", path).status_code == 204
    assert client.get(path).status_code == 404
    assert client.get("sobjects/Task/00T000000000001AAA").status_code == 404


def test_versions_need_no_token_and_carry_no_limit_header(server, client):
    listed = requests.get(f"{server.url}/services/data/", verify=server.ca_file, timeout=5)
    assert listed.json()[-1] == {
        "label": "Summer '26",
        "url": "/services/data/v67.0",
        "version": "67.0",
    }
    assert "Sforce-Limit-Info" not in listed.headers
    assert client.get("/services/data/v25.0/sobjects").status_code == 410
    assert client.get("/services/data/v99.0/sobjects").status_code == 404
    assert client.get("nothing").json()[0]["errorCode"] == "NOT_FOUND"
    long = client.get(f"query?q={'x' * 17_000}")
    assert long.status_code == 414


def test_time_comes_from_the_org_and_big_answers_are_zipped_when_asked(client):
    plain = client.get("sobjects", headers={"Accept-Encoding": "identity"})
    zipped = client.get("sobjects", headers={"Accept-Encoding": "gzip"}, stream=True)
    assert parsedate_to_datetime(plain.headers["Date"]) == NOW
    assert "Content-Encoding" not in plain.headers
    assert gzip.decompress(zipped.raw.read()) == plain.content


def test_requests_may_be_chunked_and_zipped(client, org):
    body = gzip.compress(json.dumps({"records": [task("z")]}).encode())
    headers = {"Content-Encoding": "gzip", "Content-Type": "application/json"}
    done = client.call(
        "POST", "composite/sobjects", data=iter([body[:9], body[9:]]), headers=headers
    )
    assert done.json()[0]["success"] is True
    assert keys(org) == ["z"]


# -- tokens ---------------------------------------------------------------------------------------


def ask_token(server, **form):
    auth = form.pop("auth", None)
    url = f"{server.url}/services/oauth2/token"
    return requests.post(url, data=form, verify=server.ca_file, timeout=5, auth=auth)


def assertion(server, key, **claims):
    content = {
        "iss": server.auth.consumer_key,
        "sub": "crmrules@sandbox.example",
        "aud": "https://test.salesforce.com",
        "exp": datetime.now(UTC) + timedelta(minutes=3),
        **claims,
    }
    return jwt.encode(content, key, algorithm="RS256")


JWT = "urn:ietf:params:oauth:grant-type:jwt-bearer"


def test_a_signed_assertion_gets_a_token_that_works(server):
    key = server.auth.make_key()
    granted = ask_token(server, grant_type=JWT, assertion=assertion(server, key)).json()
    assert granted["instance_url"] == server.url
    client = Client(server, granted["access_token"])
    assert client.get("sobjects").status_code == 200
    client.session.close()
    assert server.counted == 1


def test_each_refusal_of_a_token_says_its_own_pair(server):
    key = server.auth.make_key()
    other = SandboxServer(server.org, tls=False)
    stranger = other.auth.make_key()
    other.stop()
    cases = {
        ("invalid_grant", "audience is invalid"): {"aud": "https://login.salesforce.com"},
        ("invalid_client_id", "client identifier invalid"): {"iss": "other"},
        ("invalid_grant", "authentication failure"): {"sub": "nobody@x.example"},
        ("invalid_grant", "expired authorization code"): {
            "exp": datetime.now(UTC) - timedelta(seconds=30)
        },
    }
    signed = [(pair, assertion(server, key, **claims)) for pair, claims in cases.items()]
    signed.append((("invalid_grant", "invalid assertion"), assertion(server, stranger)))
    signed.append((("invalid_grant", "invalid assertion"), "nonsense"))
    for pair, each in signed:
        refused = ask_token(server, grant_type=JWT, assertion=each)
        assert refused.status_code == 400
        assert (refused.json()["error"], refused.json()["error_description"]) == pair
    server.auth.approved = False
    refused = ask_token(server, grant_type=JWT, assertion=assertion(server, key))
    assert refused.json()["error_description"] == "user hasn't approved this consumer"


def test_client_credentials_work_by_header_or_form_and_only_with_the_secret(server):
    pair = (server.auth.consumer_key, server.auth.consumer_secret)
    by_header = ask_token(server, grant_type="client_credentials", auth=pair).json()
    assert {"access_token", "signature", "issued_at"} <= set(by_header)
    form = {"client_id": pair[0], "client_secret": pair[1]}
    assert ask_token(server, grant_type="client_credentials", **form).status_code == 200
    wrong = ask_token(server, grant_type="client_credentials", auth=(pair[0], "x"))
    assert wrong.json()["error"] == "invalid_client"
    assert ask_token(server, grant_type="password").json()["error"] == "unsupported_grant_type"


def test_a_token_ends_when_its_life_is_over(org):
    with SandboxServer(org, token_life=timedelta(hours=2)) as server:
        client = Client(server)
        assert client.get("sobjects").status_code == 200
        org.clock = lambda: NOW + timedelta(hours=2)
        refused = client.get("sobjects")
        client.session.close()
    assert refused.status_code == 401
    assert refused.json() == [
        {"message": "Session expired or invalid", "errorCode": "INVALID_SESSION_ID"}
    ]


# -- faults ---------------------------------------------------------------------------------------


def test_a_session_can_end_in_the_middle_of_paging(client, server):
    server.faults.add(Fault("unauthorized", path="/query/01g", nth=2))
    page = client.query("SELECT Id FROM Account")
    page = client.get(page["nextRecordsUrl"]).json()
    refused = client.get(page["nextRecordsUrl"])
    assert refused.status_code == 401
    assert client.get("sobjects").status_code == 401  # the token stays worthless
    fresh = Client(server)
    assert fresh.get(page["nextRecordsUrl"]).json()["done"] is True
    fresh.session.close()


def test_a_fault_can_look_into_a_composite(client, server):
    server.faults.add(Fault("status", status=503, retry_after=7, body="query/01g"))
    locator = client.query("SELECT Id FROM Account")["nextRecordsUrl"].removeprefix(f"{V}/")
    failed = client.composite(("GET", locator, {}))
    assert (failed.status_code, failed.headers["Retry-After"]) == (503, "7")
    assert failed.json()[0]["errorCode"] == "SERVER_UNAVAILABLE"
    assert client.composite(("GET", locator, {})).status_code == 200
    assert server.faults.pending() == []


def test_statuses_come_with_the_retry_after_given(client, server):
    date = "Mon, 02 Mar 2026 09:00:30 GMT"
    server.faults.add(
        Fault("status", status=429, retry_after=date), Fault("html", nth=2, status=502)
    )
    limited = client.get("sobjects")
    assert (limited.status_code, limited.headers["Retry-After"]) == (429, date)
    page = client.get("sobjects")
    assert (page.status_code, page.headers["Content-Type"]) == (502, "text/html")
    assert client.get("sobjects").status_code == 200
    assert server.counted == 1


@pytest.mark.parametrize(("kind", "done"), [("drop_before", []), ("drop_after", ["k"])])
def test_a_connection_can_break_before_and_after_the_commit(client, server, org, kind, done):
    server.faults.add(Fault(kind, method="POST"))
    with pytest.raises(requests.ConnectionError):
        insert(client, task("k"))
    assert keys(org) == done
    assert server.calls[-1].status == 0
    (result,) = insert(client, task("k")).json()
    assert result["success"] is not bool(done)


def test_an_answer_can_be_cut_in_half_after_the_commit(client, server, org):
    server.faults.add(Fault("truncated_body"))
    with pytest.raises((requests.exceptions.ChunkedEncodingError, requests.ConnectionError)):
        insert(client, task("k"))
    assert keys(org) == ["k"]


def test_a_server_error_can_hide_a_commit(client, server, org):
    server.faults.add(Fault("status", status=500, after=True))
    assert insert(client, task("k")).status_code == 500
    assert keys(org) == ["k"]


def test_the_quota_ends_in_the_middle_and_for_the_day(client, server):
    server.faults.add(Fault("quota_exhausted", nth=2))
    assert client.get("sobjects").status_code == 200
    for _ in range(2):
        refused = client.get("sobjects")
        assert refused.status_code == 403
        assert refused.json() == [
            {"message": "TotalRequests Limit exceeded.", "errorCode": "REQUEST_LIMIT_EXCEEDED"}
        ]
        assert refused.headers["Sforce-Limit-Info"] == "api-usage=100000/100000"
    assert server.counted == 1


def test_an_answer_can_be_slow_before_and_after_the_work(org):
    slept = []
    with SandboxServer(org, sleep=lambda s: slept.append((s, keys(org)))) as server:
        client = Client(server)
        server.faults.add(Fault("slow", seconds=3), Fault("slow", seconds=4, after=True))
        insert(client, task("k"))
        client.session.close()
    assert slept == [(3, []), (4, ["k"])]


def test_rows_can_be_locked_for_a_number_of_writes(client, server, org):
    account = next(iter(org.rows("Account")))["Id"]
    server.faults.add(Fault("lock_rows", ids=(account,), writes=1))
    record = {"attributes": {"type": "Account"}, "id": account, "Phone": "1"}
    failed, done = (
        client.call("PATCH", "composite/sobjects", json={"records": [record]}).json()[0]
        for _ in range(2)
    )
    assert failed["errors"][0]["statusCode"] == "UNABLE_TO_LOCK_ROW"
    assert failed["id"] == account
    assert done["success"] is True


def test_an_unknown_kind_of_fault_is_refused():
    with pytest.raises(ValueError, match="no fault of kind 'flood'"):
        Fault("flood")


def test_the_admin_interface_arms_faults_reads_rows_and_counts_calls(client, server):
    armed = client.call("POST", "/__sandbox__/faults", json={"kind": "drop_after"})
    assert armed.json()[0]["kind"] == "drop_after"
    with pytest.raises(requests.ConnectionError):
        insert(client, task("k"))
    (row,) = client.get("/__sandbox__/rows/Task").json()
    assert row["CrmRules_Key__c"] == "k"
    (call,) = client.get("/__sandbox__/calls").json()
    assert (call["status"], call["counted"]) == (0, 1)
    assert client.call("POST", "/__sandbox__/faults", json={"kind": "x"}).status_code == 400
    client.call("POST", "/__sandbox__/access", json={"hide": {"Task": ["CrmRules_Key__c"]}})
    assert insert(client, task("l")).json()[0]["errors"][0]["statusCode"] == "INVALID_FIELD"
    client.call("POST", "/__sandbox__/quota", json={"used": 9, "limit": 10})
    assert client.get("sobjects").status_code == 200
    assert client.get("sobjects").status_code == 403
    assert client.get("/__sandbox__/other").status_code == 404


def test_plain_http_is_served_when_asked(org):
    with SandboxServer(org, tls=False) as server:
        client = Client(server)
        assert server.url.startswith("http://")
        assert client.get("limits").status_code == 200
        client.session.close()


def test_a_client_without_the_ca_is_turned_away_and_blocks_nobody(server, client):
    with pytest.raises(requests.exceptions.SSLError):
        requests.get(f"{server.url}/services/data", timeout=5)
    assert client.get("sobjects").status_code == 200


def test_the_program_says_where_it_is_and_ends_on_a_signal(tmp_path):
    command = [sys.executable, "-m", "crmrules_sandbox.salesforce", "--opportunities", "20"]
    environment = {**os.environ, "PYTHONPATH": str(ROOT / "connectors")}
    with subprocess.Popen(command, stdout=subprocess.PIPE, env=environment, text=True) as process:
        told = json.loads(process.stdout.readline())
        url = f"{told['url']}{V}/query?q=SELECT+count()+FROM+Opportunity"
        headers = {"Authorization": f"Bearer {told['token']}"}
        counted = requests.get(url, headers=headers, verify=told["ca_file"], timeout=5).json()
        process.send_signal(signal.SIGTERM)
        began = time.monotonic()
        assert process.wait(10) == 0
    assert time.monotonic() - began < 5
    assert counted["totalSize"] == 20
    assert not Path(told["ca_file"]).exists()
