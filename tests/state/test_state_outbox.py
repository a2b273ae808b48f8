from __future__ import annotations

from collections import Counter
from datetime import UTC, date, datetime
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    rule,
    run_state_machine_as_test,
)
from state_kit import NOW, ORG, create, flags, open_store, quick_folder, states

from crmrules.connector import ChangeTask, Outcome, Result, SetFields
from crmrules.errors import StateError
from crmrules.state import Answer, IntentState
from crmrules.state.codec import decode, encode
from crmrules.state.columns import dumps, loads


@pytest.fixture
def org(tmp_path):
    with open_store(tmp_path) as store:
        yield store.for_org(ORG)


def _send(org, *results, limit=10):
    """Take intents and settle them with these results."""
    with org.transaction() as tx:
        taken = tx.outbox.take(limit, NOW)
    with org.transaction() as tx:
        answers = [Answer(i, Outcome(r, "00T9")) for i, r in zip(taken, results, strict=False)]
        tx.outbox.settle(answers, run="r1", now=NOW)
    return taken


def _plan(org, *wishes, run="r1"):
    with org.transaction() as tx:
        return [str(state) for state in tx.outbox.plan(wishes, run)]


_VALUES = st.dictionaries(
    st.text(min_size=1),
    st.one_of(
        st.none(),
        st.text(),
        st.booleans(),
        st.dates(),
        st.datetimes(timezones=st.just(UTC)),
        st.lists(st.text()),
    ),
)


@given(_VALUES)
def test_a_write_comes_back_as_it_was(values):
    for write in (SetFields("006A", values), ChangeTask("k", "00T", values)):
        assert decode(loads(dumps(encode(write)))) == write


def test_a_new_task_comes_back_as_it_was():
    write = create("k").write
    assert decode(loads(dumps(encode(write)))) == write
    assert decode(loads(dumps(encode(write)))).task.due == date(2026, 11, 30)


@pytest.mark.parametrize("text", [{"create": "k", "task": {"no": 1}}, {}, [], {"set": "x"}])
def test_a_damaged_write_is_a_state_error(text):
    with pytest.raises(StateError):
        decode(text)


def test_intents_are_sent_in_the_order_they_were_planned(org):
    _plan(org, create("b"), flags("006B", "x"), create("a"))
    with org.transaction() as tx:
        first = tx.outbox.take(2, NOW)
        rest = tx.outbox.take(2, NOW, after=first[-1].id)
    assert [i.key for i in [*first, *rest]] == ["b", None, "a"]
    assert {(i.state, i.attempt, i.last_attempt) for i in first} == {("sending", 1, NOW)}


@pytest.mark.fault("C1", "C4")
def test_what_was_being_sent_when_a_run_died_is_unknown(org):
    _plan(org, create("a"), create("b"))
    with org.transaction() as tx:
        tx.outbox.take(1, NOW)
    with org.transaction() as tx:
        assert tx.outbox.recover() == 1
        (lost,) = tx.outbox.unknown()
        assert (lost.key, lost.attempt) == ("a", 1)
        assert [i.key for i in tx.outbox.take(9, NOW)] == ["b"]


@pytest.mark.parametrize(
    ("result", "state"),
    [
        (Result.DONE, "done"),
        (Result.ALREADY, "done"),
        (Result.RETRY, "planned"),
        (Result.DEFERRED, "deferred"),
        (Result.REJECTED, "rejected"),
        (Result.CONFIG, "rejected"),
        (Result.MOOT, "moot"),
        (Result.UNCERTAIN, "unknown"),
    ],
)
def test_every_answer_has_its_state(org, result, state):
    _plan(org, create("a"))
    _send(org, result)
    assert states(org) == {"a": state}
    with org.reading() as tx:
        (line,) = tx.history.audit()
        (intent,) = tx.outbox.intents(*IntentState)
    assert (line.result, line.key, line.after["create"]) == (str(result), "a", "a")
    assert intent.task_id == ("00T9" if state == "done" else None)


def test_a_key_is_created_once_for_ever(org):
    assert _plan(org, create("a"), create("a")) == ["planned", "planned"]
    _send(org, Result.DONE)
    assert _plan(org, create("a"), run="r2") == ["done"]
    with org.transaction() as tx:
        assert tx.outbox.take(9, NOW) == []


def test_a_create_that_waits_takes_the_newer_words(org):
    _plan(org, create("a", "old"))
    _send(org, Result.REJECTED)
    assert _plan(org, create("a", "new"), run="r2") == ["planned"]
    with org.transaction() as tx:
        (intent,) = tx.outbox.take(9, NOW)
    assert (intent.write.task.subject, intent.run, intent.attempt) == ("new", "r2", 2)


def test_a_create_with_no_known_outcome_is_not_planned_again(org):
    _plan(org, create("a"))
    _send(org, Result.UNCERTAIN)
    assert _plan(org, create("a"), run="r2") == ["unknown"]


def test_older_values_never_follow_newer_ones(org):
    _plan(org, flags("006A", "old"), create("a"))
    _plan(org, flags("006A", "new"), run="r2")
    with org.transaction() as tx:
        assert tx.outbox.supersede("r2") == 2
        (taken,) = tx.outbox.take(9, NOW)
    assert taken.write.values == {"flags": ["new"], "checked_at": NOW}


def test_a_superseded_create_comes_back_with_its_key_when_it_is_wanted_again(org):
    _plan(org, create("a", "old"))
    with org.transaction() as tx:
        tx.outbox.supersede("r2")
    assert states(org) == {"a": "moot"}
    assert _plan(org, create("a", "new"), run="r2") == ["planned"]
    with org.transaction() as tx:
        (taken,) = tx.outbox.take(9, NOW)
    assert taken.write.task.subject == "new"


def test_what_may_have_been_made_is_never_superseded(org):
    _plan(org, create("a"), create("b"), create("c"))
    _send(org, Result.DONE, Result.UNCERTAIN)
    with org.transaction() as tx:
        assert tx.outbox.supersede("r2") == 0


def test_a_create_nobody_wants_any_more_is_not_sent(org):
    _plan(org, create("a"), create("b"))
    _send(org, Result.DONE, limit=1)
    with org.transaction() as tx:
        assert tx.outbox.withdraw(["a", "b", "c"]) == 1
    assert states(org) == {"a": "done", "b": "moot"}


def test_deferred_intents_are_tried_by_the_next_run(org):
    _plan(org, create("a"))
    _send(org, Result.DEFERRED)
    with org.transaction() as tx:
        assert tx.outbox.take(9, NOW) == []
        tx.outbox.recover()
        assert [i.key for i in tx.outbox.take(9, NOW)] == ["a"]


def test_an_answer_out_of_turn_is_a_bug_and_writes_nothing(org):
    _plan(org, create("a"), create("b"))
    taken = _send(org, Result.DONE, Result.RETRY)
    for intent, result in ((taken[0], Result.REJECTED), (taken[1], Result.DONE)):
        with pytest.raises(ValueError, match="settled"), org.transaction() as tx:
            tx.outbox.settle([Answer(intent, Outcome(result))], run="r1", now=NOW)
    assert states(org) == {"a": "done", "b": "planned"}


def test_the_audit_names_the_rules_and_hides_private_words(org):
    with org.run(NOW, "the hash"):
        _plan(org, create("secret", link=False), create("plain"))
        _send(org, Result.DONE, Result.DONE)
    with org.reading() as tx:
        secret, plain = tx.history.audit()
    assert (secret.after, secret.before, secret.rule) == (None, None, "some-rule")
    assert (secret.opportunity, secret.task_id, secret.error) == ("", None, None)
    assert (secret.action, secret.result, secret.key) == ("create_task", "done", "secret")
    assert plain.after["task"]["subject"] == "Call them"
    assert plain.rules_hash == "the hash"


def test_a_message_of_the_crm_with_odd_characters_is_kept(org):
    _plan(org, create("a"))
    with org.transaction() as tx:
        (intent,) = tx.outbox.take(1, NOW)
        bad = Outcome(Result.REJECTED, error="no\0 \ud800 way", remedy="x")
        tx.outbox.settle([Answer(intent, bad)], run="r1", now=NOW)
        (line,) = tx.history.audit(since=datetime(2026, 1, 1, tzinfo=UTC))
    assert line.error == "no ? way"


# What may follow what, written down once more, apart from the product's own table.
ALLOWED = {
    "planned": {"sending", "moot"},
    "sending": {"done", "rejected", "deferred", "planned", "unknown", "moot"},
    "unknown": {"done", "planned", "moot"},
    "deferred": {"planned", "moot"},
    "rejected": {"planned", "moot"},
    "done": set(),
    "moot": {"planned"},
}


class OutboxMachine(RuleBasedStateMachine):
    """Runs that plan, send, crash, are answered and read back, in any order.

    A CRM without a unique key stands beside it and counts what reaches it, whatever it answered.
    """

    @initialize()
    def begin(self):
        self.folder = quick_folder()
        self.store = open_store(Path(self.folder.name))
        self.org = self.store.for_org(ORG)
        self.before, self.made, self.flying, self.runs = {}, Counter(), [], 1

    def teardown(self):
        if hasattr(self, "store"):
            self.store.close()
            self.folder.cleanup()

    @rule(keys=st.lists(st.sampled_from("abcde"), max_size=4))
    def plan(self, keys):
        _plan(self.org, *map(create, keys), run=f"r{self.runs}")

    @rule(limit=st.integers(1, 3), crash=st.booleans())
    def take(self, limit, crash):
        phase = self.org.dry_run if crash else self.org.transaction  # undone: it never left
        with phase() as tx:
            taken = tx.outbox.take(limit, NOW)
        self.step()
        self.flying += [] if crash else taken

    @rule(data=st.data())
    def answer(self, data):
        """The CRM makes the task where it says so, and perhaps where it says nothing."""
        answers = []
        for intent in self.flying:
            result = data.draw(st.sampled_from(list(Result)))
            arrived = result in (Result.DONE, Result.ALREADY) or (
                result is Result.UNCERTAIN and data.draw(st.booleans())
            )
            self.made[intent.key] += arrived
            answers.append(Answer(intent, Outcome(result)))
        self.flying = []
        with self.org.transaction() as tx:
            tx.outbox.settle(answers, run=f"r{self.runs}", now=NOW)

    @rule(arrived=st.booleans())
    def killed_while_sending(self, arrived):
        for intent in self.flying:
            self.made[intent.key] += arrived
        self.flying = []
        self.runs += 1
        with self.org.transaction() as tx:
            tx.outbox.recover()

    @rule()
    def read_back(self):
        with self.org.transaction() as tx:
            answers = [
                Answer(i, Outcome(Result.DONE if self.made[i.key] else Result.RETRY))
                for i in tx.outbox.unknown()
            ]
            tx.outbox.settle(answers, run=f"r{self.runs}", now=NOW)

    @rule(key=st.sampled_from("abcde"), all_older=st.booleans())
    def withdraw(self, key, all_older):
        with self.org.transaction() as tx:
            if all_older:
                self.runs += 1
                tx.outbox.supersede(f"r{self.runs}")
            else:
                tx.outbox.withdraw([key])

    @invariant()
    def step(self):
        if not hasattr(self, "org"):
            return
        now = states(self.org)
        for key, state in now.items():
            old = self.before.get(key, "planned")
            assert state == old or state in ALLOWED[old], (key, old, state)
        assert self.before.keys() <= now.keys()
        self.before = now

    @invariant()
    def at_most_one_task_per_key(self):
        if hasattr(self, "made"):
            assert all(n <= 1 for n in self.made.values()), self.made


def test_whatever_happens_an_intent_moves_as_it_may_and_no_task_is_made_twice(database):
    examples = 30 if database == "sqlite" else 4
    chosen = settings(max_examples=examples, stateful_step_count=25, deadline=None)
    run_state_machine_as_test(OutboxMachine, settings=chosen)
