"""Which tasks the state knows of: it adds to what ``unprovision`` finds in the CRM."""

from __future__ import annotations

from datetime import date

from state_kit import NOW, ORG, Wish, create, on_sqlite, open_store

from crmrules.connector import ChangeTask, Outcome, Result
from crmrules.provisioning import Known
from crmrules.state.types import Answer
from crmrules.takedown import remembered

pytestmark = on_sqlite
OTHER = "00D000000000002"
LATER = Wish(ChangeTask("k1", "t1", {"due": date(2026, 12, 1)}), "006A", "update_task", None)


def write(store, org, *steps):
    """Plan writes, send them, and note what became of each."""
    part = store.for_org(org)
    with part.lease("sync") as fence, part.run(NOW, "h") as run:
        for wish, outcome in steps:
            with part.transaction(fence) as tx:
                tx.outbox.plan([wish], run.id)
            [intent] = part.take(fence, 10)
            with part.transaction(fence) as tx:
                tx.outbox.settle([Answer(intent, outcome)], run=run.id, now=NOW)


def test_a_task_is_remembered_as_we_left_it(tmp_path):
    with open_store(tmp_path) as store:
        write(
            store,
            ORG,
            (create("k1"), Outcome(Result.DONE, id="t1")),
            (LATER, Outcome(Result.DONE, id="t1")),
            (create("k2"), Outcome(Result.REJECTED, error="no")),
        )
        assert remembered(store, ORG) == [
            Known(
                "k1",
                "t1",
                {"subject": "Call them", "body": "Why", "due": date(2026, 12, 1), "owner": "005A"},
            )
        ]


def test_the_tasks_of_another_organization_are_never_named(tmp_path):
    with open_store(tmp_path) as store:
        write(store, OTHER, (create("k1"), Outcome(Result.DONE, id="501")))
        store.for_org(ORG)
        assert remembered(store, ORG) == []
        assert [one.task_id for one in remembered(store, OTHER)] == ["501"]


def test_without_a_state_nothing_is_remembered():
    assert remembered(None, ORG) == []
