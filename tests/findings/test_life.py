"""An episode settles, asks once, and counts."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from crmrules.findings import Episode, EpisodeStatus, TaskKey, advance, task_key
from crmrules.findings.life import Cleared, gone
from crmrules.model import Phase
from crmrules.rule import Clause, Group, Mode, Rule, Severity, TaskText, Then, Verdict

START = datetime(2026, 11, 2, 9, tzinfo=UTC)
SETTLE = timedelta(hours=12)
CLAUSE = Group(join="all", members=(Clause(signal="x", operator="is", value=True),))


def rule(rule_id="nego-early-concession", **facts) -> Rule:
    base = {
        "id": rule_id,
        "title": "t",
        "mode": Mode.LIVE,
        "recommended": Mode.LIVE,
        "severity": Severity.P2,
        "phases": (Phase.EVALUATION,),
        "why": "w",
        "source": "s",
        "false_positives": ("f",),
        "review": "2027-05-01",
        "maintainer": "crmrules",
        "when": CLAUSE,
        "clears": CLAUSE,
        "then": Then(task=TaskText(subject="Ask", body=("a?", "b"), due_in_days=5), flag="f"),
    }
    return Rule(**(base | facts))


def walk(verdicts, *, hours=6.0, rule_=None, settle=SETTLE):
    """Return the episode after each verdict, evaluated every so many hours."""
    episode, seen = None, []
    for number, verdict in enumerate(verdicts):
        now = START + timedelta(hours=hours * number)
        episode = advance(episode, rule_ or rule(), "006", verdict, now, settle=settle)
        seen.append(episode)
    return seen


def test_a_finding_settles_before_it_opens():
    first, second, third = walk([Verdict.FIRES] * 3)

    assert first is not None
    assert first.status is second.status is EpisodeStatus.PENDING
    assert third.status is EpisodeStatus.OPEN
    assert third.since == START


def test_a_pending_finding_that_goes_quiet_leaves_nothing_behind():
    assert walk([Verdict.FIRES, Verdict.QUIET])[-1] is None


def test_unknown_keeps_an_episode_open_and_closes_nothing():
    states = walk([Verdict.FIRES, Verdict.FIRES, Verdict.FIRES, Verdict.UNKNOWN])

    assert states[-1].status is EpisodeStatus.OPEN


def test_unknown_does_not_settle_a_pending_finding():
    states = walk([Verdict.FIRES, Verdict.UNKNOWN, Verdict.UNKNOWN, Verdict.UNKNOWN])

    assert states[-1].status is EpisodeStatus.PENDING


def test_the_second_time_is_the_second_episode():
    once = [Verdict.FIRES] * 3 + [Verdict.QUIET]
    states = walk(once + once)

    assert [states[3].status, states[3].n] == [EpisodeStatus.ENDED, 1]
    assert [states[6].status, states[6].n] == [EpisodeStatus.OPEN, 2]


def test_an_episode_that_never_opened_gives_its_number_back():
    once = [Verdict.FIRES] * 3 + [Verdict.QUIET]
    states = walk([*once, Verdict.FIRES, Verdict.QUIET, *once])

    assert states[5].n == 1
    assert max(s.n for s in states if s) == 2


def test_a_p1_rule_on_a_dated_event_opens_at_once():
    dated = rule(severity=Severity.P1, dated_event=True)

    assert walk([Verdict.FIRES], rule_=dated)[0].status is EpisodeStatus.OPEN


def test_judging_an_earlier_moment_moves_nothing():
    episode = walk([Verdict.FIRES] * 3)[-1]

    again = advance(
        episode, rule(), "006", Verdict.QUIET, START - timedelta(days=30), settle=SETTLE
    )

    assert again == episode


def test_a_rule_that_only_time_clears_expires():
    short = rule(expires_in_days=1)

    assert walk([Verdict.FIRES] * 6, rule_=short)[4].reason is Cleared.EXPIRED


def test_an_opportunity_that_is_gone_ends_its_episode():
    ended = gone(walk([Verdict.FIRES] * 3)[-1], START + timedelta(days=2))

    assert ended is not None
    assert ended.reason is Cleared.GONE


def counted(verdicts, hours, settle_hours):
    """Count episodes that opened, straight from the words of the decision: the oracle."""
    opened, firing_since, is_open, ended_at = 0, None, False, None
    for number, verdict in enumerate(verdicts):
        now = number * hours
        if verdict is Verdict.QUIET:
            firing_since, is_open = None, False
            ended_at = now
        elif verdict is Verdict.FIRES:
            if firing_since is None and ended_at != now:
                firing_since = now
            if firing_since is not None and not is_open and now - firing_since >= settle_hours:
                opened, is_open = opened + 1, True
    return opened


@given(
    st.lists(st.sampled_from(list(Verdict)), max_size=40),
    st.sampled_from([1, 6, 12, 24]),
    st.sampled_from([0, 12, 30]),
)
def test_episode_numbers_count_the_times_a_finding_settled(verdicts, hours, settle):
    states = walk(verdicts, hours=float(hours), settle=timedelta(hours=settle))
    opened = {(s.n, s.since) for s in states if s is not None and s.status is EpisodeStatus.OPEN}

    assert len(opened) == counted(verdicts, hours, settle)
    assert {n for n, _ in opened} == set(range(1, len(opened) + 1))


@given(st.lists(st.sampled_from(list(Verdict)), max_size=30), st.text(), st.text())
def test_a_key_is_readable_and_never_repeats_over_episodes(verdicts, organization, opportunity):
    seen: set[str] = set()
    for n in range(1, 6):
        key = task_key(organization, opportunity, "r", n)
        assert TaskKey.parse(key) == (n, "o", key[-28:])
        assert key not in seen
        seen.add(key)


def test_the_manager_s_copy_has_a_key_of_its_own():
    assert task_key("00D", "006", "r", 1) != task_key("00D", "006", "r", 1, "m")


def test_something_else_is_not_a_key():
    assert TaskKey.parse("cr1:0:o:" + "0" * 28) is None
    assert TaskKey.parse(None) is None


def episode(rule_id, status=EpisodeStatus.OPEN, n=1, since=START) -> Episode:
    return Episode(rule_id, "006", n, status, since, since)
