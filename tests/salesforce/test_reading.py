from __future__ import annotations

import json
import math
from datetime import timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from salesforce_org import (
    NOW,
    an_open_opportunity,
    bulk_org,
    by_jwt,
    connected,
    new_task,
    read,
    serving,
    small_org,
)

from crmrules.connector import SetFields
from crmrules.errors import AccessError, GuardError, RetryableError
from crmrules_salesforce.planner import Planner
from crmrules_salesforce.slices import Query
from crmrules_sandbox.salesforce.faults import Fault


def bodies(server, monkeypatch=None):
    return [call for call in server.calls if "composite" in call.path]


def ids(rows, kind):
    return {row.id for row in rows if row.kind == kind}


def test_a_quiet_incremental_pull_is_four_calls_sign_in_and_preflight_included(clock, tmp_path):
    org = small_org(clock)
    with serving(org) as server:
        how = by_jwt(server, tmp_path)
        with connected(server, clock, **how) as crm:
            _, marks, _ = read(crm)
        clock.sleep(3600)
        with connected(server, clock, **how) as crm:
            crm.check()
            rows, new, _ = read(crm, marks)
            assert crm.usage.calls <= 4
            assert not [row for row in rows if row.kind != "OpportunityStage"]
            assert new.keys() == marks.keys()
            assert all(new[key] > marks[key] for key in marks)


def test_our_own_writes_do_not_make_the_next_pull_dearer(clock, tmp_path):
    org = small_org(clock)
    with serving(org) as server:
        how = by_jwt(server, tmp_path)
        with connected(server, clock, **how) as crm:
            _, marks, _ = read(crm)
            crm.write([new_task(org)])
            crm.write([SetFields(an_open_opportunity(org)["Id"], {"status": "ok"})])
        clock.sleep(60)
        with connected(server, clock, **how) as crm:
            crm.check()
            rows, _, _ = read(crm, marks)
            assert {row.kind for row in rows} >= {"Task", "Opportunity"}
            assert crm.usage.calls <= 4


@pytest.mark.parametrize(
    "more", [{}, {"tasks": 9000, "history": 200}, {"history": 6000, "tasks": 100, "events": 0}]
)
def test_a_full_pull_needs_hardly_more_calls_than_the_floor(clock, tmp_path, more):
    org = bulk_org(clock, 20, **more)
    with (
        serving(org, page_size=50) as server,
        connected(server, clock, **by_jwt(server, tmp_path)) as crm,
    ):
        rows, _, complete = read(crm)
        assert crm.usage.floor == math.ceil(crm.usage.pages / 5)
        assert crm.usage.calls <= 1.05 * crm.usage.floor + 3
    for name in ("Task", "OpportunityHistory", "Event", "OpportunityContactRole"):
        assert ids(rows, name) == {row["Id"] for row in org.rows(name)}
        assert name in complete


@pytest.mark.slow
def test_a_full_pull_of_ten_thousand_opportunities_keeps_the_bound(clock):
    org = bulk_org(clock, 1000)
    with serving(org) as server, connected(server, clock) as crm:
        count = sum(len(batch.rows) for batch in crm.pull(None))
        assert count >= 165_000
        assert crm.usage.calls <= 1.05 * crm.usage.floor + 3
        assert crm.usage.calls <= 22


def test_deleted_changed_and_new_records_arrive_and_others_do_not(clock):
    org = small_org(clock)
    with serving(org) as server, connected(server, clock) as crm:
        _, marks, _ = read(crm)
        clock.sleep(3600)
        opportunity = an_open_opportunity(org)
        org.update("Opportunity", opportunity["Id"], {"Amount": 4711})
        task = next(
            row
            for row in org.rows("Task")
            if str(row["WhatId"]).startswith("006") and not row["IsDeleted"]
        )
        org.delete(task["Id"])
        clock.sleep(60)
        crm.check()
        rows, _, _ = read(crm, marks)
        assert ids(rows, "Opportunity") == {opportunity["Id"]}
        assert {row.id for row in rows if row.gone} == {task["Id"]}


def test_an_account_edit_reaches_its_opportunities(clock):
    org = small_org(clock)
    with serving(org) as server, connected(server, clock) as crm:
        _, marks, _ = read(crm)
        clock.sleep(3600)
        account = an_open_opportunity(org)["AccountId"]
        org.update("Account", account, {"Name": "Renamed"})
        clock.sleep(60)
        crm.check()
        rows, _, _ = read(crm, marks)
        about = {r["Id"] for r in org.rows("Opportunity") if r["AccountId"] == account}
        assert ids(rows, "Opportunity") == about


@pytest.mark.fault("T2")
def test_rows_stamped_before_the_watermark_are_found_within_ten_minutes(clock):
    org = small_org(clock)
    with serving(org) as server, connected(server, clock) as crm:
        opportunity = an_open_opportunity(org)
        org.update("Opportunity", opportunity["Id"], {"Amount": 4711})
        clock.sleep(300)
        crm.check()
        _, marks, _ = read(crm)
        clock.sleep(60)
        crm.check()
        rows, _, _ = read(crm, marks)
        assert opportunity["Id"] in ids(rows, "Opportunity")


def test_a_reopened_opportunity_brings_its_old_activities(clock):
    org = small_org(clock, 60)
    lost = next(
        row
        for row in org.rows("Opportunity")
        if row["IsClosed"]
        and not row["IsWon"]
        and any(task["WhatId"] == row["Id"] for task in org.rows("Task"))
    )
    with serving(org) as server, connected(server, clock) as crm:
        rows, marks, _ = read(crm)
        assert not [r for r in rows if r.kind == "Task" and r.parent == lost["Id"]]
        clock.sleep(3600)
        org.update("Opportunity", lost["Id"], {"StageName": "Prospecting"})
        clock.sleep(60)
        crm.check()
        rows, _, _ = read(crm, marks)
        wanted = {t["Id"] for t in org.rows("Task") if t["WhatId"] == lost["Id"]}
        assert {r.id for r in rows if r.kind == "Task" and r.parent == lost["Id"]} == wanted


@pytest.mark.slow
@pytest.mark.fault("N2", "N3", "H4", "H1")
@pytest.mark.parametrize(
    "fault",
    [
        Fault("unauthorized", nth=2, path="composite"),
        Fault("status", status=503, retry_after=7, path="composite"),
        Fault("status", status=429, retry_after=7, path="composite"),
        Fault("html", status=502, path="composite"),
        Fault("html", status=200, path="composite"),
        Fault("truncated_body", path="composite"),
        Fault("drop_before", path="composite"),
        Fault("drop_after", path="composite"),
        Fault("expire_cursors", body="query/01g"),
    ],
    ids=lambda fault: f"{fault.kind}-{fault.status}",
)
def test_a_pull_through_a_fault_equals_an_undisturbed_one(clock, tmp_path, fault):
    org = bulk_org(clock, 10)
    with serving(org, page_size=50) as server:
        how = by_jwt(server, tmp_path)
        with connected(server, clock, **how) as crm:
            wanted, _, _ = read(crm)
        with connected(server, clock, **how) as crm:
            crm.check()
            server.faults.add(fault)
            rows, _, _ = read(crm)
            assert not server.faults.pending()
    assert {(row.kind, row.id) for row in rows} == {(row.kind, row.id) for row in wanted}
    if fault.retry_after:
        assert clock.slept[0] >= 7


@pytest.mark.fault("H3")
def test_a_date_as_retry_after_is_waited_for(clock):
    org = small_org(clock)
    later = (NOW + timedelta(seconds=90)).strftime("%a, %d %b %Y %H:%M:%S GMT")
    with serving(org) as server, connected(server, clock) as crm:
        server.faults.add(Fault("status", status=503, retry_after=later, path="composite"))
        crm.check()
    assert 85 <= clock.slept[0] <= 95


@pytest.mark.fault("H4")
def test_a_server_that_stays_down_ends_the_run_after_five_tries(clock):
    org = small_org(clock)
    with serving(org) as server, connected(server, clock) as crm:
        server.faults.add(Fault("status", status=503, times=99, path="composite"))
        with pytest.raises(RetryableError, match="UNAVAILABLE"):
            crm.check()
        assert len(bodies(server)) == 5


@pytest.mark.fault("H2")
def test_used_up_quota_stops_at_once(clock):
    org = small_org(clock)
    with serving(org) as server, connected(server, clock) as crm:
        crm.check()
        server.forget_calls()
        server.faults.add(Fault("quota_exhausted", path="composite"))
        with pytest.raises(GuardError, match="quota") as caught:
            read(crm)
        assert caught.value.exit_code == 6
        assert len(server.calls) == 1


def test_our_own_ceiling_stops_before_the_call(clock):
    org = small_org(clock)
    with serving(org) as server, connected(server, clock, daily_calls=2) as crm:
        crm.check()
        with pytest.raises(GuardError, match="ceiling"):
            read(crm)
        assert len(server.calls) == 2


@pytest.mark.fault("H1")
def test_a_persistent_401_signs_in_once_and_stops(clock, tmp_path):
    org = small_org(clock)
    with serving(org) as server, connected(server, clock, **by_jwt(server, tmp_path)) as crm:
        server.faults.add(Fault("unauthorized", times=99, path="composite"))
        with pytest.raises(AccessError, match="401"):
            crm.check()
        assert len(server.calls) == 4  # sign in, refused, sign in again, refused again


def test_an_answer_that_is_too_big_is_asked_for_in_smaller_calls(clock):
    org = small_org(clock)
    with serving(org) as server, connected(server, clock) as crm:
        crm.check()
        server.forget_calls()
        server.faults.add(Fault("status", status=413, times=2, path="composite"))
        rows, _, _ = read(crm)
        assert rows
        assert {call.subrequests for call in server.calls[2:]} == {1}


class Script:
    """A transport whose server has the given rows per query, 7 to a page."""

    def __init__(self, tables):
        from crmrules.connector import Usage

        self.tables, self.usage, self.base = tables, Usage(), "/services/data/v63.0/"
        self.cursors, self.calls, self.widths = {}, 0, []

    def read(self, method, path, body):
        self.calls += 1
        parts = body["compositeRequest"]
        self.widths.append(len(parts))
        answers = [self.one(part) for part in parts]
        return json.loads(json.dumps({"compositeResponse": answers}))

    def one(self, part):
        url = part["url"]
        if "?q=" in url:
            key = f"c{len(self.cursors)}"
            self.cursors[key] = (self.rows(url), 0)
        else:
            key = url
        rows, start = self.cursors[key]
        page = rows[start : start + 7]
        self.cursors[key] = (rows, start + 7)
        done = start + 7 >= len(rows)
        body = {"totalSize": len(rows), "done": done, "records": page}
        if not done:
            body["nextRecordsUrl"] = key
        return {"httpStatusCode": 200, "referenceId": part["referenceId"], "body": body}

    def rows(self, url):
        import re
        from urllib.parse import unquote

        soql = unquote(url.partition("?q=")[2])
        rows = self.tables[re.search(r"FROM (\w+)", soql)[1]]
        low = re.search(r"CreatedDate >= (\S+?)Z", soql)
        high = re.search(r"CreatedDate < (\S+?)Z", soql)
        rows = [r for r in rows if not low or r["CreatedDate"][:19] >= low[1]]
        rows = [r for r in rows if not high or r["CreatedDate"][:19] < high[1]]
        down = "DESC" in soql
        return sorted(rows, key=lambda r: (r["CreatedDate"], r["Id"]), reverse=down)


def made(name, moments):
    return [
        {
            "Id": f"{name}{n}",
            "CreatedDate": (NOW + timedelta(seconds=at)).strftime("%Y-%m-%dT%H:%M:%S.000+0000"),
        }
        for n, at in enumerate(moments)
    ]


@pytest.mark.fault("T2")
@settings(max_examples=150, deadline=None)
@given(
    st.lists(
        st.lists(st.integers(0, 2000) | st.sampled_from([5, 6, 7]), max_size=300),
        min_size=1,
        max_size=6,
    )
)
def test_every_row_is_read_whatever_the_spread_of_moments(spread):
    tables = {f"T{n}": made(f"t{n}-", moments) for n, moments in enumerate(spread)}
    transport = Script(tables)
    seen = {name: set() for name in tables}
    last = []
    for page in Planner(transport).read([Query(n, f"SELECT Id FROM {n}") for n in tables]):
        seen[page.query.name] |= {record["Id"] for record in page.records}
        last += [page.query.name] if page.last else []
    assert seen == {name: {row["Id"] for row in rows} for name, rows in tables.items()}
    assert set(last) == set(tables)
    assert max(transport.widths) <= 5
    plain = max(math.ceil(len(rows) / 7) for rows in tables.values())
    assert transport.calls <= max(plain, math.ceil(transport.usage.pages / 5)) + 1


def test_one_long_query_keeps_all_five_slots_busy():
    transport = Script({"T": made("t", [n * n for n in range(7 * 100)])})
    rows = [
        r
        for page in Planner(transport).read([Query("T", "SELECT Id FROM T")])
        for r in page.records
    ]
    assert len({row["Id"] for row in rows}) == 700
    assert transport.calls <= 20 + 4


def test_a_newly_won_opportunity_brings_the_activities_of_its_account(clock):
    org = small_org(clock, 60)
    rows = org.rows("Opportunity")
    won = {row["AccountId"] for row in rows if row["IsWon"]}
    fresh = next(r for r in rows if not r["IsClosed"] and r["AccountId"] not in won)
    person = next(u["Id"] for u in org.rows("User") if u["IsActive"] and u["Id"] != org.user_id)
    values = {"Subject": "Call", "WhatId": fresh["AccountId"], "OwnerId": person}
    task = org.insert("Task", values | {"Status": "Completed", "Priority": "Normal"})
    with serving(org) as server, connected(server, clock) as crm:
        seen, marks, _ = read(crm)
        assert task not in ids(seen, "Task")
        clock.sleep(3600)
        org.update("Task", task, {"Subject": "Call again"})
        clock.sleep(1800)
        crm.check()
        seen, marks, _ = read(crm, marks)
        assert task not in ids(seen, "Task")  # changed, but its account is not in scope
        clock.sleep(3600)
        org.update(
            "Opportunity", fresh["Id"], {"StageName": "Closed Won", "CloseDate": "2026-11-23"}
        )
        clock.sleep(60)
        crm.check()
        seen, _, _ = read(crm, marks)
        assert task in ids(seen, "Task")


@pytest.mark.fault("H3")
def test_a_server_that_asks_for_an_hour_is_left_alone(clock):
    org = small_org(clock)
    with serving(org) as server, connected(server, clock) as crm:
        server.faults.add(Fault("status", status=429, retry_after=3600, path="composite"))
        with pytest.raises(RetryableError, match="3600"):
            crm.check()
    assert not clock.slept


def test_a_table_that_has_become_visible_is_read_in_full_without_hiding_its_sibling(clock):
    org = small_org(clock)
    with serving(org) as server, connected(server, clock) as crm:
        _, marks, _ = read(crm)
        clock.sleep(3600)
        crm.check()
        before = {key: mark for key, mark in marks.items() if key not in {"quote", "account_task"}}
        rows, new, complete = read(crm, before)
    assert ids(rows, "Quote")
    assert new.keys() == marks.keys()
    assert "Quote" in complete
    assert "Task" not in complete
