"""Finding everything of ours in an org and taking it away, against the sandbox."""

from __future__ import annotations

from datetime import date

import pytest
from bare_org import DEPLOY, SET, made

from crmrules.errors import AccessError
from crmrules.provisioning import Known
from crmrules_sandbox.salesforce.faults import Fault

BULK = "composite/sobjects"


@pytest.fixture
def there():
    """An org that was provisioned; its administrator sees our fields."""
    with made() as here:
        here.reach(assign=True).apply()
        [held] = [r for r in here.org.rows("PermissionSet") if r["Name"] == SET]
        assigned = {"PermissionSetId": held["Id"], "AssigneeId": here.admin}
        here.org.insert("PermissionSetAssignment", assigned)
        here.server.forget_calls()
        yield here


def task(here, key="cr1:1:o:a", **values):
    values = {"Subject": "Ask", "Description": "Why?", "ActivityDate": "2026-12-01"} | values
    return here.org.insert("Task", {"CrmRules_Key__c": key, "Status": "Not Started"} | values)


def somebody(here):
    return next(
        row["Id"]
        for row in here.org.rows("User")
        if row["Id"] not in (here.org.user_id, here.admin)
    )


def known(here, task_id, **changed):
    row = here.org.get("Task", task_id)
    values = {
        "subject": row["Subject"],
        "body": row["Description"],
        "due": date.fromisoformat(row["ActivityDate"]),
        "owner": row["OwnerId"],
    }
    return Known(row.get("CrmRules_Key__c") or "cr1:1:o:a", task_id, values | changed)


def tasks(things):
    return {one.name: one.edited for one in things if one.kind == "task"}


def living(here):
    return {row["Id"] for row in here.org.rows("Task") if not row.get("IsDeleted")}


# -- looking ------------------------------------------------------------------------------------
def test_tasks_come_first_and_their_key_is_the_last_field_and_rights_go_last(there):
    mine = task(there)
    there.reach(views=True).apply()
    kinds = [(one.kind, one.object, one.name) for one in there.reach().ours()]
    assert kinds[0] == ("task", "Task", mine)
    fields = [place for place, one in enumerate(kinds) if one[0] == "field"]
    assert kinds[max(fields)][1:] == ("Activity", "CrmRules_Key__c")
    views = [place for place, one in enumerate(kinds) if one[0] == "component"]
    rights = [place for place, one in enumerate(kinds) if one[0] == "permission_set"]
    assert max(views) < min(fields)
    assert max(fields) < min(rights)
    assert len(fields) == 8


def hide(here, user):
    """Take the permission set from a user."""
    [given] = [r for r in here.org.rows("PermissionSetAssignment") if r["AssigneeId"] == user]
    here.org.delete(given["Id"])


def test_an_administrator_who_does_not_see_the_key_finds_tasks_as_the_sync_does(there):
    mine = task(there)
    hide(there, there.admin)
    here = there.reach()
    things = here.ours()
    assert tasks(things) == {mine: False}
    assert {step.action for step in here.remove(things)} == {"remove"}
    assert (there.reach().ours(), mine in living(there)) == ([], False)


@pytest.mark.slow
def test_a_key_that_nobody_sees_is_told_and_how_to_see_it(there):
    mine = task(there)
    hide(there, there.admin)
    hide(there, there.org.user_id)
    for settings in ({}, {"access_token": "worthless"}, {"auth": "jwt"}):
        with pytest.raises(AccessError, match="hidden from this user") as caught:
            there.reach(settings=settings).ours()
        assert "assign yourself the permission set" in caught.value.remedy
    assert mine in living(there)


@pytest.mark.slow
def test_the_syncs_own_user_can_look_without_any_right_to_the_setup(there):
    mine = task(there)
    things = there.reach(admin=False).ours()
    assert tasks(things) == {mine: False}
    assert {one.kind for one in things} == {"task", "field"}


def test_completing_is_an_answer_and_any_other_change_is_an_edit(there):
    done, changed, untouched, late = (task(there, f"cr1:1:o:{n}") for n in "abcd")
    memory = [known(there, each) for each in (done, changed, untouched, late)]
    there.org.update("Task", done, {"Status": "Completed"}, somebody(there))
    there.org.update("Task", changed, {"Subject": "In my words"}, somebody(there))
    there.org.update("Task", late, {"ActivityDate": "2026-12-24"}, somebody(there))
    found = tasks(there.reach().ours(memory))
    assert found == {done: False, changed: True, untouched: False, late: True}


def test_without_the_state_a_task_somebody_touched_counts_as_edited(there):
    done, untouched = task(there, "cr1:1:o:a"), task(there, "cr1:1:o:b")
    there.org.update("Task", done, {"Status": "Completed"}, somebody(there))
    assert tasks(there.reach().ours()) == {done: True, untouched: False}


@pytest.mark.slow
def test_an_archived_task_is_found_and_one_in_the_bin_is_not(there):
    old, gone = task(there, "cr1:1:o:a"), task(there, "cr1:1:o:b")
    there.org.archive(old)
    there.org.delete(gone)
    assert set(tasks(there.reach().ours())) == {old}


@pytest.mark.slow
def test_a_task_that_lost_its_key_is_found_by_the_state_and_counts_as_edited(there):
    mine = task(there)
    memory = [known(there, mine)]
    there.org.update("Task", mine, {"CrmRules_Key__c": None})
    assert tasks(there.reach().ours()) == {}
    assert tasks(there.reach().ours(memory)) == {mine: True}


@pytest.mark.slow
def test_tasks_are_found_by_the_state_when_the_key_field_is_gone_already(there):
    mine = task(there)
    memory = [known(there, mine), Known("cr1:9:o:z", "00T000000000001AAA")]
    here = there.reach()
    here.remove([one for one in here.ours() if one.kind == "field"])
    assert tasks(there.reach().ours()) == {}
    assert tasks(there.reach().ours(memory)) == {mine: False}


@pytest.mark.slow
def test_a_field_tells_on_how_many_records_it_has_a_value(there):
    first = next(iter(there.org.rows("Opportunity")))["Id"]
    there.org.update("Opportunity", first, {"CrmRules_Status__c": "ok"})
    details = {one.name: one.detail for one in there.reach().ours()}
    assert details["CrmRules_Status__c"].endswith("value on 1 Opportunity record(s)")
    assert "value on" not in details["CrmRules_Buying_Phase__c"]


@pytest.mark.slow
def test_the_focus_that_people_keep_is_theirs_once_it_has_a_value(there):
    def focus():
        return next(o.edited for o in there.reach().ours() if o.name == "CrmRules_Focus__c")

    assert focus() is False
    role = next(iter(there.org.rows("OpportunityContactRole")))
    there.org.load({"OpportunityContactRole": [role | {"CrmRules_Focus__c": "power"}]})
    assert focus() is True


# -- removing -----------------------------------------------------------------------------------
@pytest.mark.slow
def test_everything_goes_and_each_has_a_step(there):
    task(there)
    there.reach(views=True).apply()
    here = there.reach()
    things = here.ours()
    steps = here.remove(things)
    assert [(s.action, s.name) for s in steps] == [("remove", one.name) for one in things]
    assert here.removed == things
    assert (there.reach().ours(), there.ours()) == ([], {})
    assert list(there.org.rows("PermissionSetAssignment")) == []


@pytest.mark.slow
def test_exactly_what_is_given_goes(there):
    first, second = task(there, "cr1:1:o:a"), task(there, "cr1:1:o:b")
    here = there.reach()
    [one] = [thing for thing in here.ours() if thing.name == first]
    here.remove([one])
    assert living(there) >= {second}
    assert first not in living(there)
    assert len([o for o in there.reach().ours() if o.kind == "field"]) == 8


@pytest.mark.slow
def test_what_is_gone_already_counts_as_removed(there):
    mine = task(there)
    here = there.reach()
    things = here.ours()
    there.reach().remove(things)
    assert {step.action for step in here.remove(things)} == {"remove"}
    assert mine not in living(there)


@pytest.mark.slow
def test_two_hundred_tasks_go_in_a_call(there):
    for number in range(201):
        task(there, f"cr1:1:o:{number}")
    here = there.reach()
    steps = here.remove([one for one in here.ours() if one.kind == "task"])
    assert len([s for s in steps if s.action == "remove"]) == 201
    calls = [c for c in there.server.calls if c.method == "DELETE"]
    assert len(calls) == 2


@pytest.mark.slow
def test_a_locked_task_is_tried_again_and_then_told(there):
    brief, long, free = (task(there, f"cr1:1:o:{n}") for n in "abc")
    there.org.lock_row(brief, 1)
    there.org.lock_row(long, 9)
    here = there.reach()
    steps = {s.name: s for s in here.remove([o for o in here.ours() if o.kind == "task"])}
    assert [steps[each].action for each in (brief, long, free)] == ["remove", "refused", "remove"]
    assert "UNABLE_TO_LOCK_ROW" in steps[long].detail
    assert steps[long].remedy
    assert {one.name for one in here.removed} == {brief, free}


def test_a_field_in_use_stays_with_a_remedy_and_the_rest_goes(there):
    there.org.metadata.in_use = {"Opportunity.CrmRules_Status__c": "Flow - Theirs"}
    here = there.reach()
    steps = here.remove(here.ours())
    [refused] = [step for step in steps if step.action == "refused"]
    assert refused.name == "CrmRules_Status__c"
    assert "Flow - Theirs" in refused.detail
    assert "take it out of what uses it" in refused.remedy
    assert there.ours() == {"Opportunity": {"CrmRules_Status__c"}}


@pytest.mark.slow
def test_a_report_of_somebody_else_keeps_the_field_it_shows(there):
    there.reach(views=True).apply()
    metadata = there.org.metadata
    ours = metadata.components["Report", "CrmRules/Open_Questions_By_Owner"]
    metadata.components["Report", "Sales/Theirs"] = ours
    here = there.reach()
    refused = [s.name for s in here.remove(here.ours()) if s.action == "refused"]
    assert "CrmRules_Opportunities" in refused  # its report type
    assert "CrmRules_Status__c" in refused
    assert "CrmRules_Key__c" not in refused


@pytest.mark.slow
@pytest.mark.parametrize(
    ("method", "path"), [("DELETE", BULK), ("POST", DEPLOY)], ids=["tasks", "components"]
)
@pytest.mark.parametrize("kind", ["drop_before", "drop_after"])
def test_a_lost_answer_hinders_nothing(there, method, path, kind):
    task(there)
    here = there.reach()
    things = here.ours()
    there.server.faults.add(Fault(kind, method=method, path=path))
    assert {step.action for step in here.remove(things)} == {"remove"}
    assert there.reach().ours() == []


@pytest.mark.slow
def test_nobody_but_an_administrator_removes_anything(there):
    mine = task(there)
    there.admin = there.org.user_id
    with pytest.raises(AccessError):
        there.reach().ours()
    assert mine in living(there)
