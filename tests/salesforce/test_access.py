from __future__ import annotations

import json
import re
import socket
import traceback
from datetime import UTC, datetime

import pytest
import requests
from salesforce_org import (
    Clock,
    by_jwt,
    connected,
    new_task,
    ours,
    read,
    serving,
)

from crmrules.errors import AccessError, CrmRulesError, RetryableError, UsageError
from crmrules.mapping import Mapping
from crmrules.transport import retry_after, tls_context
from crmrules_salesforce import connect
from crmrules_salesforce.auth import sign_in
from crmrules_salesforce.config import read_config, trusted
from crmrules_salesforce.session import Adapter, Session, quota
from crmrules_sandbox.salesforce.faults import Fault

TOKEN = {
    "auth": "token",
    "instance_url": "https://acme.my.salesforce.com",
    "access_token": "S3CR3T",
}
SECRET = "sandbox-consumer-secret"


def test_jwt_signs_in_and_says_who_we_are(server, clock, org, tmp_path):
    with connected(server, clock, **by_jwt(server, tmp_path)) as crm:
        found = crm.check().organization
    assert (found.id, found.user) == (org.organization["Id"], org.user_id)


def test_client_credentials_sign_in(server, clock, org):
    how = {"auth": "client_credentials", "client_id": server.auth.consumer_key}
    with connected(server, clock, **how, client_secret=SECRET, access_token="") as crm:
        assert crm.check().organization.user == org.user_id


def test_plain_http_works_on_the_loopback(clock, org):
    with serving(org, tls=False) as server, connected(server, clock) as crm:
        assert read(crm)[0]


def break_approval(server, how):
    server.auth.approved = False
    return how


@pytest.mark.parametrize(
    ("spoil", "remedy"),
    [
        (break_approval, "pre-authorized"),
        (lambda _, how: how | {"audience": "https://login.salesforce.com"}, "test.salesforce.com"),
        (lambda _, how: how | {"client_id": "nobody"}, "client_id"),
        (lambda _, how: how | {"username": "nobody@acme.example"}, "frozen"),
    ],
)
def test_each_refused_sign_in_has_its_own_remedy(server, clock, tmp_path, spoil, remedy):
    how = spoil(server, by_jwt(server, tmp_path))
    with connected(server, clock, **how) as crm, pytest.raises(AccessError) as caught:
        crm.check()
    assert remedy in caught.value.remedy
    assert caught.value.exit_code == 3


@pytest.mark.fault("X6")
def test_a_foreign_instance_address_in_the_sign_in_answer_is_refused(clock):
    config = read_config(
        {"auth": "client_credentials", "client_id": "a", "client_secret": "b"}
        | {"instance_url": "https://acme.my.salesforce.com"}
    )
    answer = {"access_token": "t", "instance_url": "https://evil.example"}
    with pytest.raises(AccessError, match=r"salesforce\.com"):
        sign_in(config, lambda *_: (200, answer), clock())


@pytest.mark.fault("X6")
@pytest.mark.parametrize(
    "url",
    [
        *("http://acme.my.salesforce.com", "https://salesforce.com.evil.example"),
        *("https://evilsalesforce.com", "https://user@acme.my.salesforce.com", "https://10.0.0.1"),
        *("https://acme.my.salesforce.com?x=1", "ftp://localhost", "https://s\u0430lesforce.com"),
        "https://[::ffff:10.0.0.1]",
    ],
)
def test_an_untrusted_address_is_refused(url):
    with pytest.raises(ValueError, match="must"):
        trusted(url)
    with pytest.raises(UsageError, match="instance_url"):
        read_config(TOKEN | {"instance_url": url})


@pytest.mark.parametrize(
    "url",
    [
        *("https://acme.my.salesforce.com", "https://acme--dev.sandbox.my.salesforce.com/"),
        *("https://x.lightning.force.com", "http://localhost:8080", "http://127.0.0.1:1"),
        "https://[::1]:8443",
    ],
)
def test_a_salesforce_or_loopback_address_is_taken(url):
    assert trusted(url) == url.rstrip("/")


def test_every_problem_of_the_section_is_named_at_once_and_no_value():
    bad = TOKEN | {"api_version": "40.0", "daily_calls": "many", "organization_id": "S3CR3T"}
    with pytest.raises(UsageError) as caught:
        read_config(bad | {"typo": "S3CR3T"})
    text = str(caught.value)
    assert all(name in text for name in ("api_version", "daily_calls", "organization_id", "typo"))
    assert "S3CR3T" not in text


def test_what_a_flow_lacks_is_named():
    with pytest.raises(UsageError, match="client_id, username, private_key"):
        read_config({"auth": "jwt"})
    with pytest.raises(UsageError, match="My Domain"):
        read_config(
            {"auth": "client_credentials", "client_id": "a", "client_secret": "b"}
            | {"instance_url": TOKEN["instance_url"], "token_url": "https://login.salesforce.com"}
        )


@pytest.mark.fault("X7")
def test_a_key_file_that_others_can_read_is_refused(server, clock, tmp_path):
    how = by_jwt(server, tmp_path)
    (tmp_path / "key.pem").chmod(0o640)
    with connected(server, clock, **how) as crm, pytest.raises(UsageError, match="other users"):
        crm.check()
    assert not server.calls


def test_another_organization_is_refused(server, clock, org):
    other = "00D000000000001"
    with (
        connected(server, clock, organization_id=other) as crm,
        pytest.raises(AccessError, match=other),
    ):
        crm.write([new_task(org)])
    assert not ours(org, "cr1:1:o:abc")


def test_a_wrong_token_is_an_access_error(server, clock):
    with connected(server, clock, access_token="nonsense") as crm, pytest.raises(AccessError):
        crm.check()


@pytest.mark.fault("X5")
def test_an_unknown_ca_is_an_access_error_that_names_the_setting(server, clock):
    with connected(server, clock, ca_bundle="") as crm, pytest.raises(AccessError) as caught:
        crm.check()
    assert "ca_bundle" in caught.value.remedy


def test_a_ca_file_that_is_none_is_a_usage_error(server, tmp_path):
    (tmp_path / "ca.pem").write_text("no certificate")
    with pytest.raises(UsageError, match=r"ca\.pem"):
        tls_context(str(tmp_path / "ca.pem"), where="salesforce")


@pytest.mark.fault("N1")
def test_an_unreachable_host_is_tried_five_times(clock):
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        url = f"http://127.0.0.1:{free.getsockname()[1]}"
        how = {"auth": "token", "instance_url": url, "access_token": "x"}
        crm = connect(how, mapping=Mapping(), now=clock, sleep=clock.sleep, random=lambda: 1.0)
        with pytest.raises(RetryableError, match="cannot reach"):
            crm.check()
        crm.close()
    assert len(clock.slept) == 4


@pytest.mark.fault("N5", "X6")
def test_a_request_to_another_host_never_leaves_and_redirects_are_not_followed(server):
    adapter = Adapter(tls_context(server.ca_file, where="salesforce"), lambda: None)
    adapter.allow(server.url)
    with Session(adapter) as session:
        with pytest.raises(AccessError, match="host"):
            session.get("https://example.invalid/")
        server.faults.add(Fault("status", status=302, path="/services/data"))
        answer = session.get(f"{server.url}/services/data/v63.0/limits")
        assert answer.status_code == 302


FAULTS = [
    Fault("unauthorized", times=99, path="composite"),
    Fault("status", status=400, path="composite", times=99),
    Fault("html", status=403, path="composite", times=99),
    Fault("html", status=200, path="composite", times=99),
    Fault("status", status=503, path="composite", times=99),
    Fault("truncated_body", path="composite", times=99),
    Fault("drop_after", path="composite", times=99),
    Fault("status", status=400, path="oauth2/token", times=99),
    Fault("drop_before", path="oauth2/token", times=99),
    Fault("truncated_body", path="oauth2/token", times=99),
]


@pytest.mark.fault("X4")
@pytest.mark.parametrize("fault", FAULTS, ids=lambda f: f"{f.kind}-{f.status}-{f.path[-5:]}")
def test_no_secret_is_in_any_error_or_traceback(server, clock, fault):
    how = {"auth": "client_credentials", "client_id": server.auth.consumer_key}
    server.faults.add(fault)
    with connected(server, clock, **how, client_secret=SECRET, access_token="") as crm:
        with pytest.raises(CrmRulesError) as caught:
            crm.check()
        token = crm._transport._token
        text = "".join(traceback.format_exception(caught.value)) + repr(crm._config) + repr(token)
    assert SECRET not in text
    assert token is None or token.access not in text


@pytest.mark.fault("H7")
def test_missing_optional_objects_and_fields_degrade_to_problems(clock, tmp_path):
    from crmrules_sandbox.salesforce.start import seeded_org

    org = seeded_org(7, clock=clock, opportunities=12, features=())
    org.hide("Opportunity", "NextStep", "Amount")
    org.hide("Task", "CallType")
    with serving(org) as server, connected(server, clock) as crm:
        told = {p.what: p for p in crm.check().problems}
        rows, _, _ = read(crm)
        found = crm.normalize(rows[0].id, [rows[0]])
    text = "\n".join(told)
    assert "Quote does not exist" in text
    assert re.search(r"Opportunity: .*Amount.*NextStep.* does not exist, or field-level", text)
    assert all("permission set" in problem.remedy for problem in told.values())
    assert not any("NextStep" in row.body for row in rows)
    assert found is not None
    assert found.quotes is None


def test_without_opportunities_nothing_can_be_done(server, clock, org):
    org.deny("Opportunity", "read")
    with connected(server, clock) as crm, pytest.raises(AccessError, match="Opportunity"):
        crm.check()


def test_without_the_key_field_no_tasks_are_promised(server, clock, org):
    org.hide("Task", "CrmRules_Key__c")
    with connected(server, clock) as crm:
        found = crm.check()
    assert not found.capabilities.tasks
    assert not found.capabilities.unique_key
    assert any("CrmRules_Key__c" in p.what and "no tasks" in p.what for p in found.problems)


def test_a_flag_field_we_may_not_write_is_left_out_of_the_capabilities(server, clock, org):
    org.make_read_only("Opportunity", "CrmRules_Summary__c")
    with connected(server, clock) as crm:
        found = crm.check()
    assert found.capabilities.flags == {"status", "flags", "buying_phase", "checked_at"}


def test_every_request_has_the_documented_shape(server, clock, org, monkeypatch):
    sent = []
    send = Adapter.send

    def spy(self, request, *args, **kwargs):
        sent.append(request)
        return send(self, request, *args, **kwargs)

    monkeypatch.setattr(Adapter, "send", spy)
    with connected(server, clock) as crm:
        _, marks, _ = read(crm)
        crm.write([new_task(org)])
        crm.tasks_by_key({"cr1:1:o:abc": ""})
        crm.check()
        read(crm, marks)
    assert len(sent) > 8
    for request in sent[1:]:
        assert request.url.endswith("/services/data/v63.0/composite")
        assert request.headers["Authorization"].startswith("Bearer ")
        assert request.headers["Sforce-Call-Options"] == "client=crmrules"
        body = json.loads(request.body)
        assert (body["allOrNone"], body["collateSubrequests"]) == (False, False)
        parts = body["compositeRequest"]
        queries = [p for p in parts if "/query" in p["url"] or "/composite/" in p["url"]]
        assert len(queries) <= 5
        assert len(parts) <= 25
        assert len({p["referenceId"] for p in parts}) == len(parts)
        for part in parts:
            assert re.fullmatch(r"[A-Za-z0-9][A-Za-z0-9_]*", part["referenceId"])
            assert part["url"].startswith("/services/data/v63.0/")
            assert not set(part["url"]) & set(" '<>\"")
            assert set(part.get("httpHeaders", {})) <= {"Sforce-Query-Options"}


def test_the_quota_header_is_read_whatever_follows_it():
    assert quota("api-usage=10018/100000") == (10018, 100000)
    assert quota("per-app-api-usage=17/250(appName=x), api-usage=25/5000") == (25, 5000)
    assert quota("api-usage=18/5000; per-app-api-usage=17/250(appName=sample-app)") == (18, 5000)
    assert quota(None) is quota("nonsense") is None


@pytest.mark.fault("H3")
def test_retry_after_is_seconds_or_a_date(clock):
    assert retry_after("120", clock()) == 120
    assert retry_after("Mon, 23 Nov 2026 10:01:00 GMT", clock()) == 60
    assert retry_after("soon", clock()) is retry_after(None, clock()) is None


def test_a_netrc_file_does_not_replace_the_token(server, monkeypatch, tmp_path):
    (tmp_path / "netrc").write_text("machine localhost login other password wrong\n")
    monkeypatch.setenv("NETRC", str(tmp_path / "netrc"))
    adapter = Adapter(tls_context(server.ca_file, where="salesforce"), lambda: None)
    with Session(adapter) as session:
        request = requests.Request("GET", server.url, headers={"Authorization": "Bearer x"})
        assert session.prepare_request(request).headers["Authorization"] == "Bearer x"


def test_a_run_that_judges_by_a_past_moment_signs_in_by_the_real_time(server, tmp_path):
    long_ago = Clock(datetime(2024, 1, 1, tzinfo=UTC))
    with connected(server, long_ago, **by_jwt(server, tmp_path)) as crm:
        assert crm.check().organization.id
