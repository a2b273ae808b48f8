"""Every write ends in a word that says what became of it, and nothing is written twice."""

from __future__ import annotations

import math
import re
from datetime import UTC, date, datetime, timedelta

import pytest
from hubspot_portal import (
    AL,
    KEY,
    RITA,
    Book,
    Clock,
    Small,
    connected,
    empty_portal,
    new_task,
    opportunity,
    ours,
    pulled,
    serving,
)

from crmrules.connector import ChangeTask, Result, SetFields
from crmrules.errors import AccessError, GuardError
from crmrules_hubspot.errors import outcome
from crmrules_sandbox.hubspot.faults import Fault

CREATE, UPDATE = r"tasks/batch/create", r"deals/batch/update"


@pytest.fixture
def clock():
    return Clock()


@pytest.fixture
def small(clock):
    return Small(clock)


@pytest.fixture
def server(small):
    with serving(small.portal) as running:
        yield running


@pytest.fixture
def crm(server, clock):
    with connected(server, clock, inside=True) as connector:
        connector.check()
        server.forget_calls()
        yield connector


def value(small, deal, name):
    return small.portal.value("deals", deal, f"crmrules_{name}")


def test_a_new_task_is_made_with_key_rule_owner_due_morning_and_deal(crm, small):
    [done] = crm.write([new_task(small.first, subject="x" * 300, body="One & two\n<three>")])
    [task] = ours(small.portal)
    told = small.portal.value
    assert (done.result, done.id) == (Result.DONE, task)
    assert small.portal.linked("tasks", task, "deals") == [small.first]
    assert told("tasks", task, "crmrules_rule") == "entry-no-path-to-power"
    assert told("tasks", task, "crmrules_opportunity") == small.first
    assert told("tasks", task, "hubspot_owner_id") == "51"
    assert told("tasks", task, "hs_task_status") == "NOT_STARTED"
    assert told("tasks", task, "hs_timestamp") == "2026-11-30T08:00:00.000Z"  # nine in Berlin
    assert len(told("tasks", task, "hs_task_subject")) == 255
    read = crm.tasks_by_key({KEY: small.first})[KEY]
    assert (read.body, read.due, read.edited) == ("One & two\n<three>", date(2026, 11, 30), False)


def test_a_private_task_names_no_deal_and_is_found_by_its_key(crm, small):
    [done] = crm.write([new_task(small.first, link=False)])
    assert small.portal.linked("tasks", done.id, "deals") == []
    assert small.portal.value("tasks", done.id, "crmrules_opportunity") is None
    assert crm.tasks_by_key({KEY: small.first})[KEY].id == done.id
    assert opportunity(crm, pulled(crm), small.first).our_tasks == ()


@pytest.mark.fault("H12")
def test_the_same_key_again_is_already_done_and_names_the_first_task(crm, small):
    [first] = crm.write([new_task(small.first)])
    [again] = crm.write([new_task(small.first, subject="other")])
    assert (again.result, again.id) == (Result.ALREADY, first.id)
    [task] = ours(small.portal)
    assert small.portal.value("tasks", task, "hs_task_subject") == "Ask who decides"


def test_one_key_twice_in_one_go_makes_one_task(crm, small):
    one, two = crm.write([new_task(small.first), new_task(small.first, subject="other")])
    assert [one.result, two.result] == [Result.DONE, Result.ALREADY]
    assert one.id == two.id
    assert len(ours(small.portal)) == 1


@pytest.mark.fault("H12")
@pytest.mark.parametrize("blocks", [False, True])
def test_the_key_of_a_deleted_task_is_found_whether_or_not_it_blocks(crm, small, blocks):
    small.portal.quirks.set(archived_keys_block=blocks)
    [first] = crm.write([new_task(small.first)])
    small.portal.archive("tasks", first.id)
    found = crm.tasks_by_key({KEY: small.first})[KEY]
    assert (found.id, found.deleted) == (first.id, True)
    if blocks:
        [again] = crm.write([new_task(small.first)])
        assert (again.result, again.id) == (Result.ALREADY, first.id)


def test_a_task_is_changed_only_in_the_given_values(crm, small):
    [made] = crm.write([new_task(small.first)])
    change = ChangeTask(KEY, made.id, {"due": date(2026, 12, 4), "status": "completed"})
    assert crm.write([change])[0].result is Result.DONE
    told = small.portal.value
    assert told("tasks", made.id, "hs_timestamp") == "2026-12-04T08:00:00.000Z"
    assert told("tasks", made.id, "hs_task_status") == "COMPLETED"
    assert told("tasks", made.id, "hs_task_body") == "Nobody knows yet."
    assert told("tasks", made.id, "hubspot_owner_id") == "51"


def test_fields_are_set_and_emptied_with_flags_joined(crm, small):
    moment = datetime(2026, 11, 23, 10, tzinfo=UTC)
    values = {"status": "attention", "flags": ["gone_dark", "early_concession"]}
    done = crm.write([SetFields(small.first, values | {"summary": "Why", "checked_at": moment})])
    assert done[0].result is Result.DONE
    assert value(small, small.first, "flags") == "early_concession;gone_dark"
    assert value(small, small.first, "checked_at") == "2026-11-23T10:00:00.000Z"
    crm.write([SetFields(small.first, {"flags": [], "status": None})])
    assert value(small, small.first, "flags") == ""
    assert value(small, small.first, "status") == ""
    assert value(small, small.first, "summary") == "Why"


def hundred(clock, count=100):
    portal = empty_portal(clock)
    book = Book(portal, clock)
    return portal, [book.deal(f"Deal {number}") for number in range(count)]


def test_a_hundred_records_are_one_call(clock):
    portal, deals = hundred(clock, 150)
    with serving(portal) as server, connected(server, clock, inside=True) as crm:
        crm.check()
        server.forget_calls()
        done = crm.write([SetFields(deal, {"status": "ok"}) for deal in deals])
        assert {one.result for one in done} == {Result.DONE}
        assert len(server.calls) == 2


@pytest.mark.fault("H11")
@pytest.mark.parametrize("bad", [0, 37, 99])
def test_one_record_that_a_rule_of_the_portal_refuses_blocks_none_of_the_others(clock, bad):
    portal, deals = hundred(clock)
    portal.require("deals", "closed_lost_reason", [deals[bad]])
    with serving(portal) as server, connected(server, clock, inside=True) as crm:
        crm.check()
        server.forget_calls()
        done = crm.write([SetFields(deal, {"status": "ok"}) for deal in deals])
        results = [one.result for one in done]
        assert results.pop(bad) is Result.REJECTED
        assert set(results) == {Result.DONE}
        assert "closed_lost_reason" in done[bad].error
        assert "validation rule" in done[bad].remedy
        assert portal.value("deals", deals[bad], "crmrules_status") is None
        assert {portal.value("deals", d, "crmrules_status") for d in deals} == {"ok", None}
        assert len(server.calls) <= 1 + 2 * math.ceil(math.log2(100))


@pytest.mark.fault("H11")
def test_however_many_records_are_bad_the_search_for_them_is_bounded(clock):
    portal, deals = hundred(clock)
    portal.require("deals", "closed_lost_reason", deals)
    with serving(portal) as server, connected(server, clock, inside=True) as crm:
        crm.check()
        server.forget_calls()
        done = crm.write([SetFields(deal, {"status": "ok"}) for deal in deals])
        assert {one.result for one in done} == {Result.REJECTED}
        assert len(server.calls) == 2 * 100 - 1


@pytest.mark.fault("H10")
def test_a_task_for_somebody_who_left_is_refused_alone(crm, small):
    writes = [
        new_task(small.first, "a"),
        new_task(small.first, "b", owner="53"),
        new_task(small.second, "c"),
        new_task(small.second, "d", owner="999"),
    ]
    done = crm.write(writes)
    assert [one.result for one in done] == [
        *(Result.DONE, Result.REJECTED),
        *(Result.DONE, Result.REJECTED),
    ]
    assert "INACTIVE_OWNER" in done[1].error or "deactivated" in done[1].error
    assert "fallback_owner" in done[1].remedy
    assert "fallback_owner" in done[3].remedy


@pytest.mark.fault("H8")
def test_an_option_that_is_missing_is_a_matter_of_configuration(crm, small):
    options = small.portal.definitions["deals"]["crmrules_status"]["options"]
    small.portal.redefine("deals", "crmrules_status", options=options[:1])
    [found] = crm.write([SetFields(small.first, {"status": "critical"})])
    assert found.result is Result.CONFIG
    assert "crmrules provision" in found.remedy


@pytest.mark.fault("H7")
@pytest.mark.parametrize("way", ["undefine", "archive"])
def test_a_property_that_is_gone_is_a_matter_of_configuration(crm, small, way):
    if way == "undefine":
        small.portal.undefine("deals", "crmrules_status")
    else:
        small.portal.redefine("deals", "crmrules_status", archived=True)
    [found] = crm.write([SetFields(small.first, {"status": "ok"})])
    assert found.result is Result.CONFIG
    assert "crmrules provision" in found.remedy


def test_a_property_that_became_read_only_is_a_matter_of_configuration(crm, small):
    meta = small.portal.definitions["deals"]["crmrules_status"]["modificationMetadata"]
    small.portal.redefine(
        "deals", "crmrules_status", modificationMetadata=meta | {"readOnlyValue": True}
    )
    [found] = crm.write([SetFields(small.first, {"status": "ok"})])
    assert found.result is Result.CONFIG


@pytest.mark.fault("H9")
@pytest.mark.parametrize("way", ["archive", "purge"])
def test_a_deal_that_is_gone_meanwhile_makes_its_fields_moot_and_no_others(crm, small, way):
    getattr(small.portal, way)("deals", small.first)
    gone, there = crm.write(
        [SetFields(small.first, {"status": "ok"}), SetFields(small.second, {"status": "ok"})]
    )
    assert (gone.result, there.result) == (Result.MOOT, Result.DONE)


@pytest.mark.fault("H9")
@pytest.mark.parametrize("way", ["archive", "purge"])
def test_a_task_for_a_deal_that_is_gone_is_not_made_and_others_are(crm, small, way):
    getattr(small.portal, way)("deals", small.first)
    gone, there = crm.write([new_task(small.first, "a"), new_task(small.second, "b")])
    assert there.result is Result.DONE
    assert gone.result is Result.MOOT
    assert not ours(small.portal, "a")


def test_a_change_of_a_task_that_is_gone_is_moot(crm, small):
    [made] = crm.write([new_task(small.first)])
    small.portal.archive("tasks", made.id)
    assert crm.write([ChangeTask(KEY, made.id, {"body": "x"})])[0].result is Result.MOOT


LOST = [
    Fault("status", status=502, path=CREATE, after=True),
    Fault("status", status=502, path=CREATE),
    Fault("html", status=504, path=CREATE, after=True),
    Fault("html", status=200, path=CREATE, after=True),
    Fault("drop_before", path=CREATE),
    Fault("drop_after", path=CREATE),
    Fault("truncated_body", path=CREATE),
    Fault("migrating", status=477, path=CREATE),
]


@pytest.mark.fault("N2", "N3", "H4")
@pytest.mark.parametrize("unique", [True, False])
@pytest.mark.parametrize("fault", LOST, ids=lambda f: f"{f.kind}-{f.status}-{f.after}")
def test_a_create_without_a_trustworthy_answer_is_uncertain_and_never_sent_twice(
    small, clock, fault, unique
):
    if not unique:
        small.portal.redefine("tasks", "crmrules_key", hasUniqueValue=False)
    with serving(small.portal) as server, connected(server, clock) as crm:
        crm.check()
        server.forget_calls()
        server.faults.add(fault)
        writes = [new_task(small.first, "a"), new_task(small.second, "b")]
        done = crm.write(writes)
        assert {one.result for one in done} == {Result.UNCERTAIN}
        assert len([call for call in server.calls if re.search(CREATE, call.path)]) == 1
        there = [*ours(small.portal, "a"), *ours(small.portal, "b")]
        found = crm.tasks_by_key({"a": small.first, "b": small.second})
        assert sorted(task.id for task in found.values()) == there
        again = [write for write in writes if write.key not in found]
        assert {one.result for one in crm.write(again)} <= {Result.DONE}
        assert len(ours(small.portal, "a")) == len(ours(small.portal, "b")) == 1


@pytest.mark.fault("H3")
@pytest.mark.parametrize(
    "fault",
    [
        Fault("rate_limited", path=CREATE),
        Fault("rate_limited", path=CREATE, retry_after=3),
        Fault("rate_limited", path=CREATE, policy="SECONDLY", times=3),
    ],
    ids=lambda f: f"{f.policy}-{f.retry_after}",
)
def test_a_create_that_was_refused_for_the_pace_is_sent_again(crm, small, server, fault):
    server.faults.add(fault)
    assert crm.write([new_task(small.first)])[0].result is Result.DONE
    assert len(ours(small.portal)) == 1


@pytest.mark.parametrize(
    "fault",
    [
        Fault("status", status=502, path=UPDATE),
        Fault("status", status=502, path=UPDATE, after=True),
        Fault("drop_before", path=UPDATE),
        Fault("drop_after", path=UPDATE),
        Fault("truncated_body", path=UPDATE),
        Fault("html", status=200, path=UPDATE),
        Fault("rate_limited", path=UPDATE),
    ],
    ids=lambda f: f"{f.kind}-{f.status}-{f.after}",
)
def test_an_update_is_repeated_until_it_is_done(crm, small, server, fault):
    server.faults.add(fault)
    assert crm.write([SetFields(small.first, {"status": "ok"})])[0].result is Result.DONE
    assert value(small, small.first, "status") == "ok"
    assert len(small.portal.get("deals", small.first).history["crmrules_status"]) == 1


def test_an_update_that_never_gets_through_is_left_for_later(crm, small, server):
    server.faults.add(Fault("status", status=503, path=UPDATE, times=99))
    [found] = crm.write([SetFields(small.first, {"status": "ok"})])
    assert found.result is Result.RETRY
    assert len(server.calls) == 5


@pytest.mark.fault("H5")
def test_what_fails_in_a_partial_answer_is_not_blamed_on_the_record(crm, small, server):
    """A server error of one input of a 207: an update may be repeated, a create looked up."""
    server.faults.add(
        Fault("partial", ids=(small.first,), path=UPDATE), Fault("partial", ids=("a",), path=CREATE)
    )
    done = crm.write(
        [
            SetFields(small.first, {"status": "ok"}),
            SetFields(small.second, {"status": "ok"}),
            new_task(small.first, "a"),
            new_task(small.second, "b"),
        ]
    )
    results = [one.result for one in done]
    assert results == [Result.RETRY, Result.DONE, Result.UNCERTAIN, Result.DONE]


@pytest.mark.fault("H1")
def test_a_token_revoked_in_the_middle_leaves_the_rest_for_the_next_run(clock):
    portal, deals = hundred(clock, 150)
    with serving(portal) as server, connected(server, clock, inside=True) as crm:
        crm.check()
        server.faults.add(Fault("unauthorized", path=UPDATE, nth=2))
        done = crm.write([SetFields(deal, {"status": "ok"}) for deal in deals])
        assert [one.result for one in done] == [Result.DONE] * 100 + [Result.CONFIG] * 50
        assert "token" in done[-1].error
        assert len([d for d in deals if portal.value("deals", d, "crmrules_status")]) == 100


def test_a_token_revoked_before_the_first_write_is_an_access_error(crm, small, server):
    server.faults.add(Fault("unauthorized", path=CREATE))
    with pytest.raises(AccessError, match="does not accept"):
        crm.write([new_task(small.first)])
    assert not ours(small.portal)


@pytest.mark.fault("H2")
def test_a_day_used_up_before_the_first_write_stops_and_in_the_middle_defers(clock):
    portal, deals = hundred(clock, 150)
    writes = [SetFields(deal, {"status": "ok"}) for deal in deals]
    with serving(portal) as server, connected(server, clock, inside=True) as crm:
        crm.check()
        server.faults.add(Fault("rate_limited", policy="DAILY", path=UPDATE, nth=2))
        assert [one.result for one in crm.write(writes)][99:] == [Result.DONE] + [
            Result.DEFERRED
        ] * 50
        server.faults.add(Fault("rate_limited", policy="DAILY", path=UPDATE))
        with pytest.raises(GuardError, match="day"):
            crm.write(writes)


def test_our_ceiling_reached_while_writing_is_no_lost_write(clock):
    portal, deals = hundred(clock, 150)
    with serving(portal) as server, connected(server, clock, daily_calls=5) as crm:
        crm.check()
        done = crm.write([SetFields(deal, {"status": "ok"}) for deal in deals])
        assert [one.result for one in done][99:] == [Result.DONE] + [Result.DEFERRED] * 50
        assert "ceiling" in done[-1].error


@pytest.mark.parametrize(
    ("scope", "feature"),
    [
        ("crm.objects.contacts.write", "tasks"),
        ("crm.objects.deals.write", "status, flags and summary"),
    ],
)
def test_a_missing_scope_for_writing_is_named_before_anything_is_written(
    crm, small, server, scope, feature
):
    assert crm.may_write() == ()
    small.portal.revoke(scope)
    stamps = {record.id: record.updated for record in small.portal.records("deals")}
    [problem] = crm.may_write()
    assert scope in problem.what
    assert feature in problem.what
    assert problem.level == "error"
    assert "service key" in problem.remedy
    assert {record.id: record.updated for record in small.portal.records("deals")} == stamps


def test_writing_without_the_scope_writes_nothing_and_names_it(crm, small):
    small.portal.revoke("crm.objects.contacts.write")
    with pytest.raises(AccessError, match=r"crm\.objects\.contacts\.write"):
        crm.write([new_task(small.first)])
    done = crm.write([SetFields(small.first, {"status": "ok"}), new_task(small.first)])
    assert [one.result for one in done] == [Result.DONE, Result.CONFIG]
    assert not ours(small.portal)


@pytest.mark.parametrize("kind", ["STANDARD", ""])
def test_a_production_portal_is_not_written_to_before_somebody_confirms(small, clock, kind):
    small.portal.account_type = kind
    with serving(small.portal) as server, connected(server, clock, inside=True) as crm:
        problems = [p.what for p in crm.check().problems if p.level == "error"]
        assert any("production" in text for text in problems)
        server.forget_calls()
        with pytest.raises(AccessError, match="production"):
            crm.write([new_task(small.first)])
        assert not server.calls
    with serving(small.portal) as server, connected(server, clock, allow_production=True) as crm:
        assert not [p for p in crm.check().problems if "production" in p.what]
        assert crm.write([new_task(small.first)])[0].result is Result.DONE


def test_another_portal_is_never_written_to(small, clock):
    with serving(small.portal) as server, connected(server, clock, portal_id="999") as crm:
        with pytest.raises(AccessError, match="4711"):
            crm.write([new_task(small.first)])
        assert len(server.calls) == 1
    assert not ours(small.portal)


def test_a_key_taken_by_another_unique_property_is_no_task_of_ours(crm, small):
    """A conflict is looked up; where no task has the key, the record is refused, not done."""
    crm.write([new_task(small.first)])
    small.portal.define(
        "tasks",
        {
            "name": "crmrules_rule",
            "label": "Rule",
            "type": "string",
            "fieldType": "text",
            "groupName": "taskinformation",
            "hasUniqueValue": True,
        },
    )
    [found] = crm.write([new_task(small.first, "cr1:other")])
    assert found.result is Result.REJECTED
    assert "unique" in found.remedy


def test_nothing_to_write_sends_nothing(crm, server):
    assert crm.write([]) == []
    assert not server.calls


# -- what we wrote must not come back as news --------------------------------------------------
def test_our_own_writes_are_no_news_about_the_opportunity(crm, small, server, clock):
    kept = pulled(crm)
    before = opportunity(crm, kept, small.first)
    crm.write([new_task(small.first), SetFields(small.first, {"status": "ok", "summary": "Why"})])
    clock.advance(hours=1)
    crm.check()
    rows = kept.pull(crm)
    assert {row.kind for row in rows} == {"deal", "task"}
    after = opportunity(crm, kept, small.first)
    assert after.our_fields.status == "ok"
    [task] = after.our_tasks
    assert not task.edited
    ours_aside = {"our_fields", "our_tasks", "observed_at"}
    assert after.model_dump(exclude=ours_aside) == before.model_dump(exclude=ours_aside)
    assert "task/" + task.id not in [one.record for one in after.activities]


def our_task(crm, small):
    return opportunity(crm, pulled(crm), small.first).our_tasks[0]


def test_what_we_change_ourselves_is_no_edit_by_a_person(crm, small, clock):
    [made] = crm.write([new_task(small.first)])
    clock.advance(days=1)
    crm.write([ChangeTask(KEY, made.id, {"body": "New", "due": date(2026, 12, 9), "owner": "52"})])
    assert not our_task(crm, small).edited
    crm.write([ChangeTask(KEY, made.id, {"status": "completed"})])
    task = our_task(crm, small)
    assert (task.edited, task.closed) == (False, True)


@pytest.mark.parametrize(
    "values",
    [
        {"hs_task_subject": "Mine"},
        {"hs_task_body": "Mine"},
        {"hs_timestamp": "2027-01-01T08:00:00.000Z"},
        {"hubspot_owner_id": "52"},
        {"hs_task_status": "WAITING"},
    ],
    ids=str,
)
def test_a_task_that_a_person_edits_is_edited(crm, small, values):
    [made] = crm.write([new_task(small.first)])
    small.portal.update("tasks", made.id, values, AL)
    assert our_task(crm, small).edited


def test_a_task_that_somebody_completes_in_hubspot_is_closed_then(crm, small, clock):
    [made] = crm.write([new_task(small.first)])
    clock.advance(days=1)
    small.portal.update("tasks", made.id, {"hs_task_status": "COMPLETED"}, RITA)
    task = our_task(crm, small)
    assert task.closed
    assert abs(task.closed_at - clock.now) < timedelta(seconds=5)
    assert task.edited


def test_after_a_change_of_the_app_older_tasks_count_as_edited_and_newer_do_not(
    crm, small, server, clock
):
    crm.write([new_task(small.first, "old")])
    small.portal.app_id += 1
    crm.write([new_task(small.first, "new")])
    tasks = {task.key: task for task in opportunity(crm, pulled(crm), small.first).our_tasks}
    assert (tasks["old"].edited, tasks["new"].edited) == (False, False)
    crm.write([ChangeTask("old", tasks["old"].id, {"body": "x"})])
    tasks = {task.key: task for task in opportunity(crm, pulled(crm), small.first).our_tasks}
    assert (tasks["old"].edited, tasks["new"].edited) == (True, False)


def test_tasks_are_found_by_their_deal_where_keys_are_not_unique(small, clock):
    small.portal.redefine("tasks", "crmrules_key", hasUniqueValue=False)
    with serving(small.portal) as server, connected(server, clock, inside=True) as crm:
        found = crm.check()
        assert (found.capabilities.tasks, found.capabilities.unique_key) == (True, False)
        assert any("not unique" in problem.what for problem in found.problems)
        keys = {f"k{number}": small.first for number in range(4)}
        linked, gone, unlinked, private = crm.write(
            [
                *(new_task(small.first, f"k{number}") for number in range(3)),
                new_task(small.first, "k3", link=False),
            ]
        )
        small.portal.archive("tasks", gone.id)
        small.portal.unlink("tasks", unlinked.id, "deals", small.first)
        tasks = crm.tasks_by_key(keys | {"nobody": small.second})
        assert {key: task.id for key, task in tasks.items()} == {
            "k0": linked.id,
            "k1": gone.id,
            "k2": unlinked.id,
            "k3": private.id,
        }
        assert [key for key, task in sorted(tasks.items()) if task.deleted] == ["k1"]


def test_a_hundred_and_twenty_keys_are_read_back_in_batches(clock):
    portal, deals = hundred(clock, 3)
    with serving(portal) as server, connected(server, clock, inside=True) as crm:
        writes = [new_task(deals[n % 3], f"k{n}") for n in range(120)]
        crm.write(writes)
        server.forget_calls()
        found = crm.tasks_by_key({w.key: w.task.opportunity for w in writes} | {"none": deals[0]})
        assert len(found) == 120
        assert len(server.calls) == 3 + 1  # the bin is asked for the one that is not there


@pytest.mark.parametrize(
    ("code", "message", "result", "remedy"),
    [
        ("INVALID_OBJECT_IDS", "DEAL=1 is not valid", Result.MOOT, "nothing is left"),
        ("INVALID_OWNER_ID", "Owner 9 does not exist", Result.REJECTED, "fallback_owner"),
        ("PROPERTY_DOESNT_EXIST", 'Property "x" does not exist', Result.CONFIG, "provision"),
        ("", 'Property "x" does not exist', Result.CONFIG, "provision"),
        ("INVALID_OPTION", "red was not one of the allowed options", Result.CONFIG, "provision"),
        ("", "Conditional property rules are not met", Result.REJECTED, "validation rule"),
        ("REQUIRED_FIELD", 'Property "y" is required', Result.REJECTED, "validation rule"),
        ("READ_ONLY_VALUE", '"x" is a read only property', Result.CONFIG, "doctor"),
        ("NEW_IN_2027", "Something nobody has listed", Result.REJECTED, "HubSpot says"),
    ],
)
def test_each_refusal_of_a_record_has_its_own_result_and_remedy(code, message, result, remedy):
    inner = {"message": message, "code": code, "context": {"propertyName": ["x"]}}
    found = outcome(400, {"category": "VALIDATION_ERROR", "message": message, "errors": [inner]})
    assert found.result is result
    assert remedy in found.remedy
    assert message in found.error


def test_a_scope_that_one_record_lacks_is_a_matter_of_configuration():
    context = {"requiredGranularScopes": ["crm.objects.deals.write"]}
    found = outcome(403, {"category": "MISSING_SCOPES", "errors": [{"context": context}]})
    assert found.result is Result.CONFIG
    assert "crm.objects.deals.write" in found.error
