"""Tokens, limits, every fault, the log, the admin interface, TLS and the program."""

from __future__ import annotations

import json
import os
import signal
import ssl
import subprocess
import sys
from pathlib import Path

import httpx
import pytest
from portal_kit import API, Client, make_portal, where

from crmrules_sandbox.hubspot.faults import KINDS, Fault
from crmrules_sandbox.hubspot.server import HubSpotServer

ROOT = Path(__file__).resolve().parents[3]
DUE = {"hs_timestamp": "2026-03-05"}
INTERVAL = ("X-HubSpot-RateLimit-Interval-Milliseconds", "X-HubSpot-RateLimit-Max",
            "X-HubSpot-RateLimit-Remaining")  # fmt: skip


# -- tokens ---------------------------------------------------------------------------------------
def test_a_call_without_a_valid_token_is_401_and_not_counted(server, client, deal):
    for headers in ({"Authorization": ""}, {"Authorization": "Bearer pat-na1-0"},
                    {"Authorization": "Basic abc"}):  # fmt: skip
        answer = client.http.get(f"/crm/objects/{API}/deals/{deal}", headers=headers)
        assert answer.status_code == 401
        assert answer.json()["category"] == "INVALID_AUTHENTICATION"
    assert server.counted == 0
    server.revoke_tokens()
    assert client.read("deals", deal).status_code == 401
    assert server.calls[-1].status == 401


def test_a_token_with_blanks_in_it_stops_at_the_edge(client, deal):
    headers = {"Authorization": "Bearer pat-na1-0 \x01"}
    answer = client.http.get(f"/crm/objects/{API}/deals/{deal}", headers=headers)
    assert answer.status_code == 530
    assert answer.headers["Content-Type"] == "text/plain"


def test_a_target_that_is_too_long_is_414_in_html(client):
    long = ",".join(["hs_v2_date_entered_current_stage"] * 500)
    answer = client.get(f"/crm/objects/{API}/deals", properties=long)
    assert answer.status_code == 414
    assert answer.headers["Content-Type"] == "text/html"


# -- limits ---------------------------------------------------------------------------------------
def test_answers_tell_the_limits_except_searches_and_associations(client, portal, deal):
    told = client.read("deals", deal).headers
    assert told["X-HubSpot-RateLimit-Daily"] == "625000"
    assert told["X-HubSpot-RateLimit-Daily-Remaining"] == "624999"
    assert told["X-HubSpot-RateLimit-Max"] == "190"
    assert told["X-HubSpot-RateLimit-Interval-Milliseconds"] == "10000"
    for answer in (client.search("deals"), client.links("deals", "contacts", deal)):
        assert not [name for name in answer.headers if "ratelimit" in name.lower()]
    portal.quirks.daily_on_search = True
    headers = client.search("deals").headers
    assert headers["X-HubSpot-RateLimit-Daily-Remaining"] == "624996"
    assert not set(INTERVAL) & set(headers)


@pytest.fixture
def paced(clock):
    with HubSpotServer(make_portal(clock, interval_limit=3, pace=True)) as server:
        client = Client(server)
        yield client, server.portal
        client.http.close()


def test_ten_seconds_roll_by_the_portals_clock(paced, clock):
    client, _ = paced
    path = f"/crm/objects/{API}/deals"
    for left in ("2", "1", "0"):
        assert client.get(path).headers["X-HubSpot-RateLimit-Remaining"] == left
        clock.advance(seconds=3)
    refused = client.get(path)  # at 9 s the first call still counts
    assert refused.status_code == 429
    body = refused.json()
    assert body["policyName"] == "TEN_SECONDLY_ROLLING"
    assert body["message"] == "You have reached your ten_secondly_rolling limit."
    assert body["errorType"] == "RATE_LIMIT"
    assert "Retry-After" not in refused.headers
    clock.advance(seconds=1)
    assert client.get(path).status_code == 200
    assert client.get(path).status_code == 429


def test_a_429_may_say_when_to_come_back(paced):
    client, portal = paced
    portal.quirks.retry_after = True
    answers = [client.get(f"/crm/objects/{API}/deals") for _ in range(4)]
    assert answers[-1].headers["Retry-After"] == "10"


def test_searches_have_five_a_second_of_their_own(paced, clock):
    client, _ = paced
    assert [client.search("deals").status_code for _ in range(6)] == [200] * 5 + [429]
    assert client.search("deals").json()["policyName"] == "SECONDLY"
    assert client.get(f"/crm/objects/{API}/deals").status_code == 200
    clock.advance(seconds=1)
    assert client.search("deals").status_code == 200


def test_associations_are_exempt_from_the_ten_seconds(paced):
    client, _ = paced
    assert {client.links("deals", "contacts", "1").status_code for _ in range(9)} == {207}


def test_without_pace_nothing_but_the_day_is_counted(client, portal):
    portal.interval_limit = portal.search_limit = 1
    assert {client.search("deals").status_code for _ in range(7)} == {200}
    assert {client.get(f"/crm/objects/{API}/deals").status_code for _ in range(7)} == {200}


def test_a_day_ends_at_midnight_of_the_account_and_refusals_are_not_counted(
    client, server, portal, clock, deal
):
    portal.daily_limit = 2
    assert [client.read("deals", deal).status_code for _ in range(3)] == [200, 200, 429]
    refused = client.search("deals")
    assert (refused.status_code, refused.json()["policyName"]) == (429, "DAILY")
    assert refused.json()["message"] == "You have reached your daily limit."
    assert server.counted == 2
    clock.advance(hours=13, minutes=59)  # 23:59 in Berlin
    assert client.read("deals", deal).status_code == 429
    clock.advance(minutes=1)
    assert client.read("deals", deal).status_code == 200


# -- faults ---------------------------------------------------------------------------------------
def create_task(client, key="k"):
    return client.create("tasks", {**DUE, "crmrules_key": key})


@pytest.mark.parametrize("retry_after", [None, 7])
def test_fault_rate_limited_is_a_429_of_a_policy(client, server, portal, retry_after):
    fault = Fault("rate_limited", policy="SECONDLY", retry_after=retry_after, path="/search$")
    server.faults.add(fault)
    answer = client.search("deals")
    assert (answer.status_code, answer.json()["policyName"]) == (429, "SECONDLY")
    assert answer.headers.get("Retry-After") == (None if retry_after is None else "7")
    assert client.search("deals").status_code == 200
    server.faults.add(Fault("rate_limited"))
    assert create_task(client).json()["policyName"] == "TEN_SECONDLY_ROLLING"
    assert portal.records("tasks") == []


def test_fault_daily_exhausted_uses_up_the_day(client, server, clock, deal):
    server.faults.add(Fault("daily_exhausted", nth=2))
    assert client.read("deals", deal).status_code == 200
    refused = client.read("deals", deal)
    assert refused.json()["policyName"] == "DAILY"
    assert refused.headers["X-HubSpot-RateLimit-Daily-Remaining"] == "0"
    assert client.search("deals").status_code == 429
    clock.advance(days=1)
    assert client.read("deals", deal).status_code == 200


def test_fault_missing_scopes_names_them(client, server):
    server.faults.add(Fault("missing_scopes", scopes=("e-commerce",)))
    answer = client.search("quotes")
    assert answer.status_code == 403
    [error] = answer.json()["errors"]
    assert error["context"]["requiredGranularScopes"] == ["e-commerce"]


def test_fault_migrating_is_477_with_a_time(client, server):
    server.faults.add(Fault("migrating", retry_after=60))
    answer = client.search("deals")
    assert (answer.status_code, answer.headers["Retry-After"]) == (477, "60")


def test_fault_missing_hides_records_of_a_batch(client, server, deal):
    server.faults.add(Fault("missing", ids=(deal,)))
    answer = client.read("deals", deal)
    assert (answer.status_code, answer.json()["results"]) == (207, [])
    assert client.read("deals", deal).status_code == 200


def test_fault_partial_fails_inputs_of_a_batch(client, server, portal, deal):
    other = portal.create("deals", {"dealname": "Other"})
    server.faults.add(Fault("partial", ids=(deal,)))
    batch = [{"id": each, "properties": {"amount": "99"}} for each in (deal, other)]
    answer = client.objects("deals", "update", *batch)
    assert answer.status_code == 207
    assert answer.json()["numErrors"] == 1
    amounts = [portal.value("deals", each, "amount") for each in (deal, other)]
    assert amounts == ["12.5", "99"]


@pytest.mark.parametrize("status", [500, 502, 503, 504, 423])
def test_fault_status_before_does_nothing(client, server, portal, status):
    server.faults.add(Fault("status", status=status, retry_after=3))
    answer = create_task(client)
    assert (answer.status_code, answer.headers["Retry-After"]) == (status, "3")
    assert answer.json()["status"] == "error"
    assert portal.records("tasks") == []
    assert server.counted == 0


def test_fault_status_after_has_done_it(client, server, portal):
    server.faults.add(Fault("status", status=502, after=True, method="POST"))
    assert create_task(client).status_code == 502
    assert len(portal.records("tasks")) == 1
    assert create_task(client).status_code == 400  # the key is taken
    assert server.calls[0].counted == 1


@pytest.mark.parametrize(("kind", "made"), [("drop_before", 0), ("drop_after", 1)])
def test_faults_drop_look_the_same_and_are_not(client, server, portal, kind, made):
    server.faults.add(Fault(kind))
    with pytest.raises(httpx.RemoteProtocolError):
        create_task(client)
    assert len(portal.records("tasks")) == made
    assert server.calls[-1].status == 0


def test_fault_truncated_body_has_done_it(client, server, portal):
    server.faults.add(Fault("truncated_body"))
    with pytest.raises(httpx.RemoteProtocolError):
        create_task(client)
    assert len(portal.records("tasks")) == 1


@pytest.mark.parametrize("after", [False, True])
def test_fault_html_is_a_page_where_json_is_expected(client, server, portal, after):
    server.faults.add(Fault("html", status=200, after=after))
    answer = create_task(client)
    assert (answer.status_code, answer.headers["Content-Type"]) == (200, "text/html")
    assert len(portal.records("tasks")) == int(after)


def test_fault_slow_waits_before_or_after_the_work(clock):
    portal, waited = make_portal(clock), []

    def sleep(seconds):
        waited.append((seconds, len(portal.records("tasks"))))

    with HubSpotServer(portal, sleep=sleep) as server:
        client = Client(server)
        server.faults.add(Fault("slow", seconds=40), Fault("slow", seconds=50, after=True))
        assert create_task(client).status_code == 201
        client.http.close()
    assert waited == [(40, 0), (50, 1)]


def test_fault_unauthorized_ends_the_token_for_good(client, server, deal):
    server.faults.add(Fault("unauthorized", nth=2))
    answers = [client.read("deals", deal).status_code for _ in range(3)]
    assert answers == [200, 401, 401]
    server.faults.add(Fault("unauthorized", code="EXPIRED_AUTHENTICATION"))
    assert client.read("deals", deal).json()["category"] == "EXPIRED_AUTHENTICATION"
    renewed = Client(server)
    assert renewed.read("deals", deal).status_code == 200
    renewed.http.close()


def test_a_fault_strikes_only_what_it_matches_from_the_nth_on(client, server, deal):
    server.faults.add(
        Fault("status", status=503, path="/deals/batch/read", body='"dealname"', nth=2, times=2)
    )
    asked = {"properties": ["dealname"]}
    assert client.read("deals", deal).status_code == 200
    assert client.search("deals").status_code == 200
    told = [client.read("deals", deal, **asked).status_code for _ in range(4)]
    assert told == [200, 503, 503, 200]
    assert server.faults.pending() == []


def test_a_fault_without_a_path_strikes_calls_of_the_api_alone(client, server):
    server.faults.add(Fault("status", status=503))
    assert client.get("/oauth/2026-09/token").status_code == 404
    assert client.search("deals").status_code == 503


def test_there_is_no_fault_of_an_unknown_kind():
    with pytest.raises(ValueError, match="no fault of kind 'rain'"):
        Fault("rain")


def test_every_kind_of_fault_is_tested_here_or_with_search():
    folder = Path(__file__).parent
    text = "".join(
        (folder / name).read_text() for name in ("test_hubspot_server.py", "test_hubspot_search.py")
    )
    untested = {kind for kind in KINDS if f'"{kind}"' not in text}
    assert untested == set()


# -- the log and the admin interface --------------------------------------------------------------
def test_the_log_has_every_call_and_can_be_started_anew(client, server, deal):
    client.read("deals", deal)
    client.get("/crm/v3/objects/deals")
    [first, second] = server.calls
    assert (first.method, first.path) == ("POST", f"/crm/objects/{API}/deals/batch/read")
    assert (first.status, second.status) == (200, 404)
    assert server.counted == 2
    server.forget_calls()
    assert server.calls == []


def test_the_admin_interface_does_what_the_python_one_does(client, server, portal, deal):
    admin = client.admin
    armed = admin("POST", "faults", {"kind": "missing", "ids": [deal], "times": 3}).json()
    assert armed[0]["ids"] == [deal]
    assert client.read("deals", deal).json()["results"] == []
    assert len(admin("GET", "faults").json()) == 1
    admin("DELETE", "faults")
    assert client.read("deals", deal).json()["results"]
    assert len(admin("GET", "calls").json()) == 2
    assert admin("DELETE", "calls").json() == []
    made = admin("POST", "writes/notes", {"values": DUE, "links": [["deals", deal]]}).json()["id"]
    assert portal.linked("deals", deal, "notes") == [made]
    admin("POST", "writes/deals", {"id": deal, "values": {"amount": "5"}, "user_id": 9002})
    assert portal.get("deals", deal).history["amount"][-1].user_id == 9002
    assert [each["id"] for each in admin("GET", "records/notes").json()] == [made]
    for verb, found in (("archive", 0), ("restore", 1), ("purge", 0)):
        admin("POST", f"{verb}/notes", {"id": made})
        assert len(portal.records("notes")) == found
    other = portal.create("deals", {"dealname": "Other"})
    merged = admin("POST", "merge/deals", {"winner": deal, "loser": other}).json()["id"]
    admin("POST", "require/deals", {"property": "hs_next_step", "ids": [merged]})
    assert client.update("deals", merged, amount="1").status_code == 400
    assert admin("POST", "redefine/deals", {"name": "amount", "type": "string"}).json()["type"] == (
        "string"
    )
    assert admin("POST", "quirks", {"search_cap": 1}).json()["search_cap"] == 1
    assert admin("POST", "quirks", {"colour": 1}).status_code == 400
    assert "x.read" in admin("POST", "scopes", {"grant": ["x.read"]}).json()
    assert "x.read" not in admin("POST", "scopes", {"revoke": ["x.read"]}).json()
    assert admin("POST", "quota", {"used": 9, "limit": 9}).json() == {"used": 9, "limit": 9}
    assert client.read("deals", merged).status_code == 429
    token = admin("POST", "token").json()["token"]
    assert token.startswith("pat-na1-")
    admin("DELETE", "token")
    assert client.read("deals", merged).status_code == 401
    assert admin("GET", "nothing").status_code == 404
    assert admin("POST", "faults", {"kind": "rain"}).status_code == 400
    assert admin("POST", "faults", {"kind": "status", "colour": 1}).status_code == 400
    assert server.calls  # admin calls are not in the log
    assert not [call for call in server.calls if "__sandbox__" in call.path]


# -- the server -----------------------------------------------------------------------------------
def test_tls_is_there_for_those_who_ask(clock):
    with HubSpotServer(make_portal(clock), tls=True) as server:
        assert server.url.startswith("https://")
        context = ssl.create_default_context(cafile=server.ca_file)
        with httpx.Client(verify=context, trust_env=False) as session:
            answer = session.get(f"{server.url}/account-info/{API}/details")
        assert answer.status_code == 401
    assert not Path(server.ca_file).exists()


def test_stop_can_be_called_twice_and_ends_the_port(clock):
    server = HubSpotServer(make_portal(clock))
    url = server.url
    server.stop()
    server.stop()
    with httpx.Client(trust_env=False) as session, pytest.raises(httpx.ConnectError):
        session.get(url)


def test_big_answers_are_zipped_for_those_who_ask(client, portal):
    for number in range(30):
        portal.create("companies", {"name": f"C{number}"})
    answer = client.search("companies", where("name", "HAS_PROPERTY"))
    assert answer.headers["Content-Encoding"] == "gzip"
    assert answer.json()["total"] == 30


def test_the_program_says_how_to_reach_it_and_ends_when_told():
    environment = {**os.environ, "PYTHONPATH": str(ROOT / "connectors")}
    command = [sys.executable, "-m", "crmrules_sandbox.hubspot", "--opportunities", "12"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, env=environment, text=True) as program:
        told = json.loads(program.stdout.readline())
        headers = {"Authorization": f"Bearer {told['token']}"}
        with httpx.Client(trust_env=False, headers=headers) as session:
            answer = session.get(f"{told['url']}/account-info/{API}/details")
        assert answer.json()["portalId"] == told["portal_id"]
        program.send_signal(signal.SIGTERM)
        assert program.wait(10) == 0
