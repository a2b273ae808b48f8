"""Private tasks find the opportunity they are about by their keys; nothing is asked needlessly."""

from __future__ import annotations

from datetime import UTC, datetime
from types import SimpleNamespace

import pytest

from crmrules.findings import TaskRecord, TaskStatus, task_key
from crmrules.model import Opportunity, OurTask
from crmrules.unlisted import UnlistedTasks

NOW = datetime(2026, 11, 24, 9, tzinfo=UTC)
RULES = [SimpleNamespace(id="conc-secret", private=True), SimpleNamespace(id="open", private=False)]


def task(key: str, **more) -> OurTask:
    return OurTask(**({"record": key, "known_at": NOW, "key": key, "id": key} | more))


def key(opportunity="1", rule="conc-secret", episode=1, organization="org") -> str:
    return task_key(organization, opportunity, rule, episode)


class Crm:
    """A connector that keeps tasks and notes what it was asked."""

    def __init__(self, *tasks: OurTask) -> None:
        self.tasks, self.asked = tasks, []

    def tasks_by_key(self, wanted):
        self.asked.append(sorted(wanted))
        return {one.key: one for one in self.tasks if one.key in wanted}

    def unlinked_tasks(self):
        self.asked.append("all")
        return self.tasks


def ledger(*records: TaskRecord):
    def load_tasks(*statuses):
        return [one for one in records if one.status in statuses]

    return SimpleNamespace(ledger=SimpleNamespace(load_tasks=load_tasks))


def joined(crm, tx, *, lost=False, rules=RULES, ours=()):
    found = UnlistedTasks.read(crm, tx, rules, "org", lost=lost)
    opportunities = [
        Opportunity(record=n, known_at=NOW, id=n, created_at=NOW, observed_at=NOW, our_tasks=ours)
        for n in ("1", "2")
    ]
    return {one.id: [(t.key, t.rule) for t in one.our_tasks] for one in found.join(opportunities)}


@pytest.mark.parametrize("lost", [True, False])
def test_without_a_private_rule_the_crm_is_asked_nothing(lost):
    crm = Crm(task(key()))
    assert joined(crm, ledger(), lost=lost, rules=RULES[1:]) == {"1": [], "2": []}
    assert crm.asked == []


def test_what_is_known_to_be_open_is_read_by_key_and_nothing_else():
    crm = Crm(task(key()), task(key("2")))
    records = [
        TaskRecord(key(), "conc-secret", "1", 1, status=TaskStatus.OPEN),
        TaskRecord(key("2"), "conc-secret", "2", 1, status=TaskStatus.COMPLETED),
        TaskRecord("other", "open", "2", 1, status=TaskStatus.OPEN),
    ]
    assert joined(crm, ledger(*records)) == {"1": [(key(), "conc-secret")], "2": []}
    assert crm.asked == [[key()]]
    idle = Crm()
    joined(idle, ledger())
    assert idle.asked == []


def test_after_a_lost_state_each_episode_comes_to_its_opportunity_and_rule():
    tasks = (task(key()), task(key(episode=7)), task(key("2", episode=3)))
    strange = (task(key("3")), task(key(rule="open")), task(key(organization="x")), task("no key"))
    crm = Crm(*tasks, *strange)
    assert joined(crm, ledger(), lost=True) == {
        "1": [(key(), "conc-secret"), (key(episode=7), "conc-secret")],
        "2": [(key("2", episode=3), "conc-secret")],
    }
    assert crm.asked == ["all"]


def test_a_task_that_a_rep_linked_by_hand_is_named_too_and_stands_there_once():
    linked = task(key(), subject="the linked one")
    found = joined(Crm(task(key())), ledger(), lost=True, ours=(linked,))
    assert found["1"] == [(key(), "conc-secret")]
    assert found["2"] == [(key(), None)]
