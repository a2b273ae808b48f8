"""Named mutants: each takes one safeguard away and leaves everything else as it is.

``kills`` names the CRM and mode in which the machine has to notice; a mutant counts in the mode its
safeguard protects (decisions.md 4). ``why`` says what stands behind it elsewhere.
"""

from __future__ import annotations

import secrets
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import Any

import pytest

from crmrules import sync, writeback
from crmrules.connector import ChangeTask, CreateTask, Outcome, Result
from crmrules.findings import hold, life
from crmrules.findings.tasks import CoolDowns
from crmrules.plan import planner, queue, tasks
from crmrules.rule import Mode
from crmrules.state import lease
from crmrules.state.history import History
from crmrules.state.lease import FileLock
from crmrules.state.mirror import Mirror
from crmrules.state.organization import OrgStore
from crmrules.state.outbox import Outbox
from crmrules.state.types import IntentState

Patch = pytest.MonkeyPatch
SALESFORCE, HUBSPOT = ("salesforce unique", "salesforce query"), ("hubspot unique", "hubspot query")
QUERY = ("salesforce query", "hubspot query")
EVERYWHERE = (*SALESFORCE, *HUBSPOT)


@dataclass(frozen=True)
class Mutant:
    """One safeguard taken away."""

    name: str
    safeguard: str
    break_it: Callable[[Patch], None]
    kills: Sequence[str]
    quick: bool = False


def marked_after_sending(patch: Patch) -> None:
    def take(self: OrgStore, fence: Any, limit: int, *, after: int = 0) -> Any:
        with self.dry_run(fence) as tx:
            return tx.outbox.take(limit, self._store.clock(), after=after)

    settle = Outbox.settle

    def mark_and_settle(self: Outbox, answers: Any, **more: Any) -> None:
        states = self._states([answer.intent.id for answer in answers])
        for one, state in states.items():
            if state is IntentState.PLANNED:
                self._connection.execute(self._one(one).values(state="sending", attempt=1))
        settle(self, answers, **more)

    patch.setattr(OrgStore, "take", take)
    patch.setattr(Outbox, "settle", mark_and_settle)


def no_reconcile(patch: Patch) -> None:
    def reconcile(_: Any, tx: Any, __: Any, run: str, *___: Any) -> None:
        tx.outbox.recover()
        tx.outbox._move_all(IntentState.UNKNOWN, IntentState.PLANNED)
        tx.outbox.supersede(run)

    patch.setattr(sync, "reconcile", reconcile)


def _verdict_of(patch: Patch, kind: type, changed: Outcome, *, only_absent: bool) -> None:
    verdict = writeback._verdict

    def other(intent: Any, task: Any, *more: Any) -> Any:
        if isinstance(intent.write, kind) and not (only_absent and task is not None):
            return changed
        return verdict(intent, task, *more)

    patch.setattr(writeback, "_verdict", other)


def uncertain_is_done(patch: Patch) -> None:
    _verdict_of(patch, CreateTask, Outcome(Result.DONE), only_absent=True)


def uncertain_is_not_done(patch: Patch) -> None:
    _verdict_of(patch, CreateTask, Outcome(Result.RETRY), only_absent=False)


def no_settle_window(patch: Patch) -> None:
    patch.setattr(writeback, "SETTLE", timedelta(0))


def change_sent_blindly(patch: Patch) -> None:
    _verdict_of(patch, ChangeTask, Outcome(Result.RETRY), only_absent=False)


def watermark_first(patch: Patch) -> None:
    pull = sync.pull

    def early(connector: Any, tx: Any, **more: Any) -> Any:
        class Marked:
            def pull(self, stored: Any) -> Any:
                batches = list(connector.pull(stored))
                for batch in batches:
                    tx.mirror.set_marks(batch.marks)
                if stored is not None:
                    tx.connection.exec_driver_sql("COMMIT")
                    tx.connection.exec_driver_sql("BEGIN IMMEDIATE")
                return iter(batches)

        return pull(Marked(), tx, **more)

    patch.setattr(sync, "pull", early)


def random_key(patch: Patch) -> None:
    def key(_: str, __: str, ___: str, n: int, addressee: str = "o") -> str:
        return f"cr1:{n}:{addressee}:{secrets.token_hex(14)}"

    patch.setattr(tasks, "task_key", key)


def no_fencing(patch: Patch) -> None:
    patch.setattr(lease, "check", lambda *_: None)


def no_lock(patch: Patch) -> None:
    acquire = lease.acquire

    def always(connection: Any, org: str, holder: str, now: Any, nonce: str, reach: Any) -> Any:
        connection.exec_driver_sql("UPDATE lease SET nonce = NULL")
        return acquire(connection, org, holder, now, nonce, reach)

    patch.setattr(lease, "acquire", always)
    patch.setattr(FileLock, "acquire", lambda *_: None)


def duplicate_is_a_failure(patch: Patch) -> None:
    from crmrules_hubspot import writer as hubspot
    from crmrules_salesforce import writer as salesforce

    refused = Outcome(Result.REJECTED, error="DUPLICATE_VALUE")
    patch.setattr(salesforce, "_duplicate", lambda _: refused)
    patch.setattr(hubspot, "conflict", lambda *_: False)


def no_look_before_a_create(patch: Patch) -> None:
    from crmrules_hubspot.writer import Writer

    patch.setattr(Writer, "_known", lambda *_: None)


def no_adoption(patch: Patch) -> None:
    patch.setattr(planner, "adopt", lambda *_: ([], []))


def adoption_counts_from_one(patch: Patch) -> None:
    adopt = planner.adopt

    def from_one(*args: Any) -> Any:
        records, episodes = adopt(*args)
        return records, [replace(episode, n=1) for episode in episodes]

    patch.setattr(planner, "adopt", from_one)


def _counts(patch: Patch, step: int) -> None:
    begun = life._begun

    def other(last: Any, *args: Any) -> Any:
        made = begun(last, *args)
        return made if last is None else replace(made, n=last.n + step)

    patch.setattr(life, "_begun", other)


def episode_not_counted(patch: Patch) -> None:
    _counts(patch, 0)


def episode_counted_twice(patch: Patch) -> None:
    _counts(patch, 2)


def not_settled(patch: Patch) -> None:
    event = life._event

    def at_once(rule: Any, verdict: Any, age: Any, _: Any, **more: Any) -> Any:
        return event(rule, verdict, age, timedelta(0), **more)

    patch.setattr(life, "_event", at_once)


def answer_by_position(patch: Patch) -> None:
    from crmrules_hubspot import writer

    def read(items: Any, body: Any) -> list[Outcome]:
        results = [*(body.get("results") or ())] if isinstance(body, dict) else []
        done = [Outcome(Result.DONE, id=str(each["id"])) for each in results]
        return [*done, *(item.lost for item in items)][: len(items)]

    patch.setattr(writer, "_read", read)


def edits_not_seen(patch: Patch) -> None:
    from crmrules_hubspot import ours
    from crmrules_salesforce import activities

    patch.setattr(ours, "_edited", lambda _: False)
    our_task = activities.our_task

    def untouched(*args: Any) -> Any:
        return our_task(*args).model_copy(update={"edited": False})

    from crmrules_salesforce import connector, rows

    for module in (activities, connector, rows):
        if hasattr(module, "our_task"):
            patch.setattr(module, "our_task", untouched)


def no_look_before_a_change(patch: Patch) -> None:
    from crmrules_hubspot.writer import Writer

    patch.setattr(Writer, "_touched", lambda *_: None)


def nothing_superseded(patch: Patch) -> None:
    patch.setattr(Outbox, "supersede", lambda *_: 0)


def cool_down_ignored(patch: Patch) -> None:
    patch.setattr(CoolDowns, "until", lambda *_: None)


def shadow_writes(patch: Patch) -> None:
    by_itself = hold._by_itself

    def loud(episode: Any, rule: Any, *args: Any, **more: Any) -> Any:
        return by_itself(episode, rule.model_copy(update={"mode": Mode.LIVE}), *args, **more)

    patch.setattr(hold, "_by_itself", loud)


def asks_again(patch: Patch) -> None:
    """An episode that has its task asks once more, under the next number."""
    patch.setattr(queue, "asked", lambda *_: False)
    patch.setattr(hold, "asked", lambda *_: False)
    create = tasks.create

    def next_number(finding: Any, *args: Any) -> Any:
        episode = replace(finding.episode, n=finding.episode.n + secrets.randbelow(2))
        return create(replace(finding, episode=episode), *args)

    patch.setattr(tasks, "create", next_number)


def no_audit(patch: Patch) -> None:
    patch.setattr(History, "record", lambda *_, **__: None)


def lost_answer_is_a_refusal(patch: Patch) -> None:
    """A broken connection after the request left counts as "not sent"."""
    from crmrules.errors import RetryableError
    from crmrules_hubspot import transport as hubspot
    from crmrules_salesforce import http as salesforce

    def refused(*_: Any, **__: Any) -> RetryableError:
        return RetryableError("the connection broke", remedy="try again")

    patch.setattr(hubspot, "_broken", refused)
    patch.setattr(salesforce, "_broken", refused)


def deletions_forgotten(patch: Patch) -> None:
    """What a person deleted is as if it had never been."""
    put = Mirror.put

    def living(self: Mirror, rows: Any, run: str) -> None:
        kept = [
            replace(row, gone=True)
            if row.body.get("archived") or row.body.get("IsDeleted")
            else row
            for row in rows
        ]
        put(self, kept, run)

    patch.setattr(Mirror, "put", living)


MUTANTS = (
    Mutant("marked after sending", "the write-ahead row: an intent is durable before it leaves",
           marked_after_sending, EVERYWHERE, quick=True),
    Mutant("no reconcile", "what a killed run left uncertain is read back by its key",
           no_reconcile, EVERYWHERE),
    Mutant("uncertain counts as done", "only what was read back counts as done",
           uncertain_is_done, EVERYWHERE, quick=True),
    Mutant("uncertain counts as not done", "nothing uncertain is sent again blindly",
           uncertain_is_not_done, QUERY),
    Mutant("lost answer counts as not sent", "a broken connection is uncertain, not a refusal",
           lost_answer_is_a_refusal, QUERY),
    Mutant("no settle window", "query mode waits until nothing can be under way",
           no_settle_window, QUERY),
    Mutant("watermark first", "watermark, rows and decision become durable together",
           watermark_first, EVERYWHERE),
    Mutant("random key", "the key can be computed again", random_key, EVERYWHERE, quick=True),
    Mutant("no fencing", "a run that was overtaken writes nothing into the state",
           no_fencing, EVERYWHERE),
    Mutant("no lock", "one run at a time", no_lock, EVERYWHERE, quick=True),
    Mutant("duplicate counts as refused", "a key that is taken counts as done",
           duplicate_is_a_failure, ("salesforce unique", "hubspot unique")),
    Mutant("no look before a create", "HubSpot's bin is asked before a create",
           no_look_before_a_create, HUBSPOT),
    Mutant("no adoption", "tasks found in the CRM are taken over after a lost state",
           no_adoption, EVERYWHERE),
    Mutant("adoption counts from 1", "counting resumes at the highest number found",
           adoption_counts_from_one, EVERYWHERE),
    Mutant("deletions forgotten", "deleted tasks count after a lost state",
           deletions_forgotten, EVERYWHERE),
    Mutant("episode not counted", "a new episode has a number of its own",
           episode_not_counted, EVERYWHERE),
    Mutant("episode counted twice", "episodes are numbered one by one",
           episode_counted_twice, EVERYWHERE),
    Mutant("nothing settles", "a finding is asked only when it has fired twice",
           not_settled, EVERYWHERE, quick=True),
    Mutant("answer by position", "an answer is matched by its key",
           answer_by_position, HUBSPOT, quick=True),
    Mutant("edits not seen", "what a person touched is left alone", edits_not_seen, EVERYWHERE),
    Mutant("change sent blindly", "an uncertain change is sent again only if nobody was there",
           change_sent_blindly, ("salesforce unique", "salesforce query")),
    Mutant("no look before a change", "HubSpot is asked before a change who was there",
           no_look_before_a_change, HUBSPOT),
    Mutant("nothing superseded", "what an earlier run planned and never sent is decided anew",
           nothing_superseded, EVERYWHERE),
    Mutant("cool-down ignored", "a rule is silent for a while after its task ended",
           cool_down_ignored, EVERYWHERE),
    Mutant("shadow writes", "a rule in shadow only counts", shadow_writes, EVERYWHERE),
    Mutant("an episode asks again", "an episode never asks twice", asks_again, EVERYWHERE,
           quick=True),
    Mutant("no audit", "every write has its row in the audit", no_audit, EVERYWHERE, quick=True),
)  # fmt: skip
