from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime

import pytest
from salesforce_org import an_open_opportunity, connected, new_task, ours, serving, small_org

from crmrules.connector import ChangeTask, Result, SetFields
from crmrules.errors import AccessError, GuardError
from crmrules_sandbox.salesforce.faults import Fault

KEY = "cr1:1:o:abc"


@pytest.fixture
def crm(server, clock):
    with connected(server, clock) as connector:
        connector.check()
        server.forget_calls()
        yield connector


def test_a_new_task_is_made_with_key_rule_owner_and_opportunity(crm, org):
    write = new_task(org, subject="x" * 300)
    [outcome] = crm.write([write])
    [row] = ours(org, KEY)
    assert (outcome.result, outcome.id) == (Result.DONE, row["Id"])
    assert row["CrmRules_Rule__c"] == "entry-no-path-to-power"
    assert (row["WhatId"], row["OwnerId"]) == (write.task.opportunity, write.task.owner)
    assert (row["Status"], row["ActivityDate"]) == ("Not Started", "2026-11-30")
    assert len(row["Subject"]) == 255


def test_a_private_task_is_not_linked_and_does_not_name_its_rule(crm, org):
    crm.write([new_task(org, link=False)])
    [row] = ours(org, KEY)
    assert row.get("WhatId") is None
    assert row.get("CrmRules_Rule__c") is None
    assert crm.tasks_by_key({KEY: ""})[KEY].subject == "Ask who decides"


def test_our_tasks_that_hang_on_nothing_are_found_the_deleted_ones_too(crm, org):
    crm.write([new_task(org)])
    assert crm.unlinked_tasks() == []
    secret = replace(new_task(org, link=False), key=KEY[:-1] + "0")
    [made] = crm.write([secret])
    assert [(t.key, t.rule, t.deleted) for t in crm.unlinked_tasks()] == [(secret.key, None, False)]
    org.delete(made.id, org.get("Task", made.id)["OwnerId"])
    assert [(t.key, t.deleted) for t in crm.unlinked_tasks()] == [(secret.key, True)]


@pytest.mark.fault("H12")
def test_the_same_key_again_is_already_done_and_names_the_first_task(crm, org):
    [first] = crm.write([new_task(org)])
    again, twice = crm.write([new_task(org, subject="other"), new_task(org)])
    assert again.result is twice.result is Result.ALREADY
    assert again.id == first.id
    assert [row["Subject"] for row in ours(org, KEY)] == ["Ask who decides"]


def test_a_task_is_changed_only_in_the_given_values(crm, org):
    [made] = crm.write([new_task(org)])
    change = ChangeTask(KEY, made.id, {"due": date(2026, 12, 4), "status": "completed"})
    assert crm.write([change])[0].result is Result.DONE
    [row] = ours(org, KEY)
    assert (row["ActivityDate"], row["Status"]) == ("2026-12-04", "Completed")
    assert row["Description"] == "Nobody knows yet."


def test_fields_are_set_and_emptied_with_flags_joined(crm, org):
    identity = an_open_opportunity(org)["Id"]
    moment = datetime(2026, 11, 23, 10, tzinfo=UTC)
    values = {"status": "attention", "flags": ["gone_dark", "early_concession"]}
    done = crm.write([SetFields(identity, values | {"summary": "Why", "checked_at": moment})])
    row = org.get("Opportunity", identity)
    assert done[0].result is Result.DONE
    assert set(row["CrmRules_Flags__c"].split(";")) == {"gone_dark", "early_concession"}
    assert row["CrmRules_Checked_At__c"].startswith("2026-11-23T10:00:00")
    crm.write([SetFields(identity, {"flags": [], "status": None})])
    row = org.get("Opportunity", identity)
    assert row["CrmRules_Flags__c"] is None
    assert row["CrmRules_Summary__c"] == "Why"


def test_a_thousand_records_are_one_call(crm, org, server):
    writes = [new_task(org, key=f"cr1:1:o:{n}") for n in range(1000)]
    outcomes = crm.write(writes)
    assert {outcome.result for outcome in outcomes} == {Result.DONE}
    assert [(call.subrequests, call.counted) for call in server.calls] == [(5, 1)]


@pytest.mark.fault("H10", "H11")
def test_a_bad_record_never_blocks_the_others(crm, org):
    users = org.rows("User")
    idle = next((u["Id"] for u in users if not u["IsActive"]), None)
    if idle is None:
        idle = next(u["Id"] for u in users if u["Id"] != org.user_id)
        org.update("User", idle, {"IsActive": False})
    writes = [new_task(org, "a"), new_task(org, "b", owner=idle), new_task(org, "c")]
    results = crm.write(writes)
    assert [r.result for r in results] == [Result.DONE, Result.REJECTED, Result.DONE]
    assert "INACTIVE_OWNER_OR_USER" in results[1].error
    assert "fallback_owner" in results[1].remedy


@pytest.mark.fault("H6")
def test_a_locked_row_is_tried_again_in_small_collections(crm, org, clock):
    identity = an_open_opportunity(org)["Id"]
    org.lock_row(identity, 1)
    [found] = crm.write([SetFields(identity, {"status": "ok"})])
    assert found.result is Result.DONE
    assert clock.slept


@pytest.mark.fault("H6")
def test_a_row_that_stays_locked_is_left_for_later(crm, org):
    identity = an_open_opportunity(org)["Id"]
    org.lock_row(identity, 99)
    assert crm.write([SetFields(identity, {"status": "ok"})])[0].result is Result.DEFERRED


@pytest.mark.fault("H9")
def test_a_row_in_approval_is_deferred_and_a_deleted_one_moot(crm, org):
    identity = an_open_opportunity(org)["Id"]
    org.lock_for_approval(identity)
    assert crm.write([SetFields(identity, {"status": "ok"})])[0].result is Result.DEFERRED
    org.unlock(identity)
    org.delete(identity)
    assert crm.write([SetFields(identity, {"status": "ok"})])[0].result is Result.MOOT


@pytest.mark.fault("N2", "N3")
@pytest.mark.parametrize("kind", ["drop_before", "drop_after", "truncated_body"])
def test_a_lost_answer_is_uncertain_and_nothing_is_sent_again(crm, org, server, kind):
    server.faults.add(Fault(kind, path="composite"))
    [found] = crm.write([new_task(org)])
    assert found.result is Result.UNCERTAIN
    assert len(server.calls) == 1
    there = 0 if kind == "drop_before" else 1
    assert len(crm.tasks_by_key({KEY: ""})) == len(ours(org, KEY)) == there
    assert crm.write([new_task(org)])[0].result in {Result.DONE, Result.ALREADY}
    assert len(ours(org, KEY)) == 1


@pytest.mark.fault("H4")
@pytest.mark.parametrize("status", [500, 502, 503, 504])
def test_a_write_with_a_server_error_is_uncertain(crm, org, server, status):
    server.faults.add(Fault("html", status=status, path="composite"))
    assert crm.write([new_task(org)])[0].result is Result.UNCERTAIN


@pytest.mark.fault("H1")
def test_an_expired_token_is_renewed_without_a_second_task(server, clock, org, tmp_path):
    from salesforce_org import by_jwt

    with connected(server, clock, **by_jwt(server, tmp_path)) as crm:
        crm.check()
        server.faults.add(Fault("unauthorized", path="composite"))
        assert crm.write([new_task(org)])[0].result is Result.DONE
    assert len(ours(org, KEY)) == 1


@pytest.mark.fault("H2")
def test_without_quota_the_write_stops_before_anything_is_sent(crm, org, server):
    server.faults.add(Fault("quota_exhausted", path="composite"))
    with pytest.raises(GuardError, match="quota"):
        crm.write([new_task(org)])
    assert not ours(org, KEY)


def test_tasks_are_read_back_when_deleted_and_keys_are_quoted(crm, org):
    [made] = crm.write([new_task(org)])
    org.delete(made.id)
    found = crm.tasks_by_key({KEY: "", "it's \\ not there": ""})
    assert list(found) == [KEY]
    assert found[KEY].deleted
    assert not found[KEY].edited


def test_an_edit_by_a_person_is_seen(crm, org):
    [made] = crm.write([new_task(org)])
    person = next(u["Id"] for u in org.rows("User") if u["Id"] != org.user_id and u["IsActive"])
    org.update("Task", made.id, {"Subject": "Mine"}, person)
    assert crm.tasks_by_key({KEY: ""})[KEY].edited


def test_a_hidden_field_is_a_matter_of_configuration(crm, org):
    org.make_read_only("Opportunity", "CrmRules_Status__c")
    [found] = crm.write([SetFields(an_open_opportunity(org)["Id"], {"status": "ok"})])
    assert found.result is Result.CONFIG
    assert "permission set" in found.remedy


def test_a_production_org_is_not_written_to_before_somebody_confirms(clock):
    org = small_org(clock)
    org.organization["IsSandbox"] = False
    with serving(org) as server, connected(server, clock) as crm:
        problems = [p.what for p in crm.check().problems if p.level == "error"]
        assert any("production" in text for text in problems)
        with pytest.raises(AccessError, match="production"):
            crm.write([new_task(org)])
    assert not ours(org, KEY)
    with serving(org) as server, connected(server, clock, allow_production=True) as crm:
        assert crm.write([new_task(org)])[0].result is Result.DONE
