"""What keeps a finding from becoming a task."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from datetime import datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st
from test_life import START, episode, rule

from crmrules.findings import (
    EpisodeStatus,
    HeldBack,
    Limits,
    Ranked,
    TaskRecord,
    TaskStatus,
    adopt,
    hold_on_opportunity,
    observe,
    rank_and_cap,
    task_key,
)
from crmrules.findings.hold import Gates, Load
from crmrules.findings.tasks import ANSWER_HINT, Answer, CoolDowns
from crmrules.model import OurTask
from crmrules.rule import Hides, Mode, Severity

NOW = START + timedelta(days=3)


def hold(episodes, rules, tasks=None, **kwargs):
    gates = kwargs.pop("gates", Gates())
    return hold_on_opportunity(
        episodes, {r.id: r for r in rules}, tasks or {}, gates, NOW, **kwargs
    )


def record(n=1, status=TaskStatus.COMPLETED, **facts) -> TaskRecord:
    return TaskRecord(task_key("00D", "006", "a", n), "a", "006", n, status=status, **facts)


def seen_task(key, **facts) -> OurTask:
    base = {"record": "00T1", "known_at": START, "key": key, "id": "00T1", "rule": "a"}
    return OurTask(**(base | facts))


def test_a_shadow_rule_only_counts():
    assert hold([episode("a")], [rule("a", mode=Mode.SHADOW)]) == {"a": HeldBack.SHADOW}


def test_a_demoted_or_uncovered_rule_is_as_good_as_in_shadow():
    gates = Gates(demoted=frozenset({"a"}), uncovered=frozenset({"b"}))

    held = hold([episode("a"), episode("b")], [rule("a"), rule("b")], gates=gates)

    assert held == {"a": HeldBack.DEMOTED, "b": HeldBack.COVERAGE_GATE}


def test_once_settled_a_pending_finding_counts_as_open():
    pending = [episode("a", EpisodeStatus.PENDING)]

    assert hold(pending, [rule("a")]) == {"a": HeldBack.PENDING}
    assert hold(pending, [rule("a")], settled=True) == {"a": None}


def test_an_open_finding_hides_those_it_names_and_a_hidden_one_hides_nothing():
    a = rule("a", hides=(Hides(rule="b"),))
    b = rule("b", hides=(Hides(rule="c"),))
    held = hold([episode("a"), episode("b"), episode("c")], [a, b, rule("c")])

    assert held == {"a": None, "b": HeldBack.SUPPRESSED, "c": None}


def test_a_finding_in_shadow_hides_nothing():
    a = rule("a", mode=Mode.SHADOW, hides=(Hides(rule="b"),))

    assert hold([episode("a"), episode("b")], [a, rule("b")])["b"] is None


def test_hiding_the_same_person_needs_the_same_person():
    a = rule("a", hides=(Hides(rule="b", same="person"),))
    both = [episode("a"), episode("b")]
    apart = {"a": frozenset({"003A"}), "b": frozenset({"003B"})}
    together = {"a": frozenset({"003A"}), "b": frozenset({"003A"})}

    assert hold(both, [a, rule("b")], evidence=apart)["b"] is None
    assert hold(both, [a, rule("b")], evidence=together)["b"] is HeldBack.SUPPRESSED


def test_hiding_the_same_criterion_needs_the_same_one_and_not_the_same_record():
    a = rule("a", hides=(Hides(rule="b", same="criterion"),))
    both = [episode("a"), episode("b")]
    apart = {"a": frozenset({"006", "006#price"}), "b": frozenset({"006", "006#go-live"})}
    together = {"a": frozenset({"006", "006#price"}), "b": frozenset({"00T1", "006#price"})}

    assert hold(both, [a, rule("b")], evidence=apart)["b"] is None
    assert hold(both, [a, rule("b")], evidence=together)["b"] is HeldBack.SUPPRESSED


def test_hiding_until_a_day_ends_on_that_day():
    a = rule("a", hides=(Hides(rule="b", until_day=3),))

    assert hold([episode("a"), episode("b")], [a, rule("b")])["b"] is None
    late = [episode("a", since=START + timedelta(hours=1)), episode("b")]
    assert hold(late, [a, rule("b")])["b"] is HeldBack.SUPPRESSED


def test_the_answer_decides_how_long_the_next_episode_waits():
    for answer, days in ((Answer.DONE, 14), (Answer.NOT_USEFUL, 30), (Answer.NOT_TRUE, 90)):
        for past, waits in ((days - 1, True), (days, False)):
            ended = NOW - timedelta(days=past)
            tasks = {"a": [record(1, ended_at=ended, answer=answer)]}
            held = hold([episode("a", n=2)], [rule("a")], tasks)
            assert (held["a"] is HeldBack.COOLDOWN) is waits, (answer, past)


def test_a_snoozed_task_holds_its_own_episode():
    tasks = {"a": [record(1, TaskStatus.SNOOZED)]}

    assert hold([episode("a")], [rule("a")], tasks) == {"a": HeldBack.SNOOZED}


def candidate(number, owner="005A", severity=Severity.P2, amount=None, opportunity=None) -> Ranked:
    return Ranked(f"r{number}", opportunity or f"006{number}", severity, owner, amount, START)


def test_the_most_severe_and_then_the_largest_come_first():
    limits = Limits(new_per_owner_per_day=1)
    small, large = candidate(1, amount=10.0), candidate(2, amount=99.0)
    urgent = candidate(3, severity=Severity.P1)

    assert rank_and_cap([small, large], Load(), limits)["r2", "0062"] is None
    assert rank_and_cap([small, large, urgent], Load(), limits)["r3", "0063"] is None


def test_that_there_is_nobody_to_ask_is_said():
    assert list(rank_and_cap([candidate(1, owner=None)], Load(), Limits()).values()) == [
        HeldBack.NO_OWNER
    ]


def test_a_p3_is_a_task_of_its_own_only_for_who_has_nothing_else():
    minor = [candidate(n, severity=Severity.P3) for n in (1, 2)]

    alone = rank_and_cap(minor, Load(), Limits())
    assert list(alone.values()) == [None, HeldBack.DIGEST]
    beside = rank_and_cap([*minor, candidate(3)], Load(), Limits())
    assert [beside[c.rule, c.opportunity] for c in minor] == [HeldBack.DIGEST] * 2
    busy = Load(per_owner=Counter({"005A": 1}))
    assert set(rank_and_cap(minor, busy, Limits()).values()) == {HeldBack.DIGEST}


def test_a_managers_copy_is_capped_by_the_managers_load_alone():
    copy = replace(candidate(1, owner="005M"), copy=True)
    full = Load(per_opportunity=Counter({"0061": 9}))

    assert rank_and_cap([copy], full, Limits())["r1", "0061"] is None
    assert full.per_opportunity["0061"] == 9
    laden = Load(per_owner=Counter({"005M": 12}))
    assert rank_and_cap([copy], laden, Limits())["r1", "0061"] is HeldBack.CAP_OWNER


def test_who_is_not_at_work_keeps_the_place_in_the_queue():
    first = replace(candidate(1, amount=9.0), off_hours=True)
    second = candidate(2, amount=1.0)

    held = rank_and_cap([first, second], Load(), Limits(new_per_owner_per_day=1))

    assert (held["r1", "0061"], held["r2", "0062"]) == (HeldBack.WORKING_HOURS, HeldBack.CAP_OWNER)


@given(
    st.lists(
        st.tuples(
            st.integers(0, 6),
            st.sampled_from(["A", "B", None]),
            st.sampled_from([Severity.P1, Severity.P2]),
            st.integers(0, 4),
        ),
        max_size=30,
    ),
    st.integers(0, 3),
    st.integers(0, 4),
    st.integers(0, 6),
)
def test_no_cap_is_ever_passed_and_none_is_held_without_need(rows, per_opp, per_day, per_owner):
    findings = [
        Ranked(f"r{i}", f"o{opp}", severity, owner, float(amount), START)
        for i, (opp, owner, severity, amount) in enumerate(rows)
    ]
    limits = Limits(per_opp, per_day, per_owner)

    held = rank_and_cap(findings, Load(), limits)

    made = [f for f in findings if held[f.rule, f.opportunity] is None]
    opp = Counter(f.opportunity for f in made)
    own = Counter(f.owner for f in made)
    assert max(opp.values(), default=0) <= per_opp
    assert max(own.values(), default=0) <= min(per_day, per_owner)
    for f in findings:
        if f not in made and f.owner is not None:
            full = opp[f.opportunity] >= per_opp or own[f.owner] >= min(per_day, per_owner)
            assert full
            ahead = [m for m in made if m.place < f.place]
            assert sum(m.opportunity == f.opportunity for m in ahead) >= per_opp or sum(
                m.owner == f.owner for m in ahead
            ) >= min(per_day, per_owner)


def test_what_people_did_in_the_crm_is_what_we_know():
    wanted = record(1, TaskStatus.WANTED)

    assert observe(wanted, seen_task(wanted.key), NOW).status is TaskStatus.OPEN
    assert observe(wanted, seen_task(wanted.key, snoozed=True), NOW).status is TaskStatus.SNOOZED
    completed = seen_task(wanted.key, closed=True, closed_at=START, edited=True)
    done = observe(wanted, completed, NOW)
    assert (done.status, done.answer, done.ended_at) == (TaskStatus.COMPLETED, Answer.DONE, START)
    said_no = seen_task(wanted.key, closed=True, body="No. #Not-True", edited=True)
    denied = observe(wanted, said_no, NOW)
    assert denied.answer is Answer.NOT_TRUE
    binned = observe(wanted, seen_task(wanted.key, deleted=True), NOW)
    assert (binned.status, binned.answer) == (TaskStatus.DELETED, Answer.DELETED)


def test_the_hint_how_to_answer_is_no_answer():
    wanted = record(1, TaskStatus.WANTED)
    body = f"Ask: who decides?\n\n{ANSWER_HINT}"

    assert observe(wanted, seen_task(wanted.key, body=body), NOW).answer is None
    said = observe(wanted, seen_task(wanted.key, body=f"{body}\n#not-true, I met her"), NOW)
    assert said.answer is Answer.NOT_TRUE


def test_a_task_we_withdrew_is_not_an_answer():
    withdrawn = record(1, TaskStatus.WITHDRAWN, ended_at=START)

    after = observe(withdrawn, seen_task(withdrawn.key, closed=True, closed_at=NOW), NOW)

    assert (after.status, after.answer) == (TaskStatus.WITHDRAWN, None)
    assert CoolDowns().until(after) == START + timedelta(days=14)


def test_a_lost_state_is_rebuilt_from_the_tasks_themselves():
    old = seen_task(task_key("00D", "006", "a", 3), deleted=True)
    new = seen_task(task_key("00D", "006", "a", 4), id="00T2", record="00T2")
    other = seen_task("somebody else's", rule=None)

    records, episodes = adopt("006", [new, old, other], NOW)

    assert sorted(r.episode for r in records) == [3, 4]
    assert [(e.rule, e.n, e.status) for e in episodes] == [("a", 4, EpisodeStatus.OPEN)]
    assert all(isinstance(e.since, datetime) for e in episodes)


def test_a_rule_that_no_run_has_counted_is_in_shadow_now_and_would_ask_once_settled():
    gates, rules = Gates(unseen=frozenset({"a"})), [rule("a"), rule("b")]
    episodes = [episode("a"), episode("b")]

    assert hold(episodes, rules, gates=gates) == {"a": HeldBack.SHADOW, "b": None}
    assert hold(episodes, rules, gates=gates, settled=True) == {"a": None, "b": None}
