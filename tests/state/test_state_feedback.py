"""One query counts by rule what a walk over all tasks would."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from state_kit import NOW, ORG, open_store

from crmrules.errors import StateError
from crmrules.findings import Answer, TaskRecord, TaskStatus
from crmrules.findings.feedback import Precision, counts_as
from crmrules.state.feedback import precisions

RULES = ("a-rule", "b-rule", "c-rule")
DAYS = st.integers(0, 40).map(lambda n: NOW - timedelta(days=n))


TASK = st.builds(
    TaskRecord,
    key=st.none(),
    rule=st.sampled_from(RULES),
    opportunity=st.sampled_from(["006A", "006B"]),
    episode=st.just(1),
    addressee=st.sampled_from("om"),
    status=st.sampled_from(TaskStatus),
    made_at=st.none() | DAYS,
    ended_at=st.none() | DAYS,
    answer=st.none() | st.sampled_from(Answer),
    accepted_at=st.none() | DAYS,
)
TASKS = st.lists(TASK, max_size=25).map(
    lambda found: [replace(one, key=f"k{number}") for number, one in enumerate(found)]
)


def walked(records, since, now) -> dict[str, Precision]:
    """Count one by one."""
    found: dict[str, Precision] = {}
    for one in records:
        young = one.rule not in since or (one.made_at and one.made_at >= since[one.rule])
        if one.addressee != "o" or not young:
            continue
        recent = one.ended_at is not None and now - one.ended_at < timedelta(days=14)
        accepted = one.accepted_at is not None
        said = counts_as(one.answer, one.status, accepted=accepted, recent=recent)
        if said is not None:
            told = found.get(one.rule, Precision(one.rule))
            found[one.rule] = replace(told, **{said: getattr(told, said) + 1})
    return found


@pytest.fixture
def org(tmp_path):
    with open_store(tmp_path) as store:
        yield store.for_org(ORG)


@settings(
    max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(TASKS, st.dictionaries(st.sampled_from(RULES), DAYS))
def test_the_query_counts_what_a_walk_counts(org, records, since):
    with org.dry_run() as tx:
        tx.save(tasks=records)
        counted = precisions(tx.connection, ORG, since=since, now=NOW)
        assert counted == walked(records, since, NOW)
        assert precisions(tx.connection, "another", since=since, now=NOW) == {}


def test_a_moment_is_compared_as_one_whatever_its_time_zone(org):
    from datetime import timezone

    made = datetime(2026, 11, 1, 12, tzinfo=UTC)
    east = timezone(timedelta(hours=9))
    with org.dry_run() as tx:
        task = TaskRecord("k", "a-rule", "006", 1, status=TaskStatus.DELETED, made_at=made)
        tx.save(tasks=[replace(task, answer=Answer.DELETED)])
        for hours, expected in ((0, {"a-rule": Precision("a-rule", not_useful=1)}), (1, {})):
            since = {"a-rule": (made + timedelta(hours=hours)).astimezone(east)}
            assert precisions(tx.connection, ORG, since=since, now=NOW) == expected


def test_a_status_that_cannot_be_is_a_damaged_store(org):
    with org.dry_run() as tx:
        task = TaskRecord("k", "a-rule", "006", 1, status=TaskStatus.DELETED)
        tx.save(tasks=[replace(task, answer=Answer.DELETED)])
        tx.connection.exec_driver_sql("UPDATE task SET status = 'x'")
        with pytest.raises(StateError, match="damaged"):
            precisions(tx.connection, ORG, since={}, now=NOW)


def test_a_task_made_nobody_knows_when_is_older_than_any_change_of_its_rule(org):
    with org.dry_run() as tx:
        old = TaskRecord("k", "a-rule", "006", 1, status=TaskStatus.DELETED, answer=Answer.DELETED)
        tx.save(tasks=[old, replace(old, key="l", rule="b-rule")])
        counted = precisions(tx.connection, ORG, since={"b-rule": NOW}, now=NOW)
        assert counted == {"a-rule": Precision("a-rule", not_useful=1)}
