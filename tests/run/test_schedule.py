"""The loop by itself, on a clock that a test sets: what is due, what was missed, and why."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta

from hypothesis import given, settings
from hypothesis import strategies as st

from crmrules.cron import Cron
from crmrules.schedule import Due, Missed, Plan, Schedule, SetBack

TEN = datetime(2026, 11, 24, 10, tzinfo=UTC)
QUARTERS = Plan(Cron("*/15 * * * *"))


def minutes(n: float) -> timedelta:
    return timedelta(minutes=n)


class Bench:
    """A schedule, and the time it sees. ``waits``: what happens instead of the n-th wait."""

    def __init__(self, now: datetime = TEN, plan: Plan = QUARTERS, **more) -> None:
        self.now, self.plan = now, plan
        self.told: list[Missed | SetBack] = []
        self.instead: list[Callable[[], None]] = []
        self.stops_at: datetime | None = None
        chance = more.pop("chance", 0.0)
        self.schedule = Schedule(
            lambda: self.plan,
            clock=lambda: self.now,
            wait=self._wait,
            tell=self.told.append,
            random=lambda: chance,
            **more,
        )

    def _wait(self, seconds: float) -> bool:
        assert 0 < seconds <= 20
        if self.instead:
            self.instead.pop(0)()
        else:
            self.now += timedelta(seconds=seconds)
        return self.stops_at is not None and self.now >= self.stops_at

    def next(self) -> Due | None:
        return self.schedule.next()

    def jump(self, by: timedelta) -> None:
        def jumped() -> None:
            self.now += by

        self.instead.append(jumped)


def test_runs_are_due_at_the_moments_of_the_schedule():
    bench = Bench()
    assert [bench.next().at for _ in range(3)] == [TEN + minutes(n) for n in (15, 30, 45)]
    assert bench.now == TEN + minutes(45)
    assert bench.told == []


def test_a_run_that_takes_longer_than_the_pause_makes_the_next_ones_missed_and_is_made_up_once():
    bench = Bench()
    bench.next()
    bench.now += minutes(50)  # until 11:05
    assert bench.next() == Due(TEN + minutes(65), catch_up=True)
    assert bench.told == [Missed(TEN + minutes(30), TEN + minutes(60), 3, "busy")]
    assert bench.next() == Due(TEN + minutes(75))
    assert len(bench.told) == 1


def test_a_moment_that_passed_seconds_ago_is_made_on_time_and_those_before_it_are_missed():
    bench = Bench(plan=Plan(Cron("* * * * *")))
    bench.next()
    bench.now += timedelta(seconds=200)  # 10:04:20
    assert bench.next() == Due(TEN + minutes(4))
    assert bench.told == [Missed(TEN + minutes(2), TEN + minutes(3), 2, "busy")]


def test_what_was_due_while_nothing_ran_is_made_up_once_at_the_start_and_told():
    bench = Bench(TEN + minutes(7), handled=TEN - timedelta(hours=1), before=QUARTERS)
    assert bench.next() == Due(TEN + minutes(7), catch_up=True)
    assert bench.told == [Missed(TEN - minutes(45), TEN, 4, "stopped")]
    assert bench.next() == Due(TEN + minutes(15))


def test_a_restart_between_two_moments_misses_nothing_and_makes_nothing():
    bench = Bench(TEN + minutes(7), handled=TEN, before=QUARTERS)
    assert bench.next() == Due(TEN + minutes(15))
    assert bench.told == []


def test_the_first_start_ever_has_missed_nothing():
    bench = Bench(TEN + minutes(1))
    assert bench.next() == Due(TEN + minutes(15))
    assert bench.told == []


def test_a_run_that_was_cut_off_is_made_again_at_the_start_once():
    bench = Bench(TEN + minutes(2), handled=TEN, before=QUARTERS, unfinished=True)
    assert bench.next() == Due(TEN + minutes(2), catch_up=True)
    assert bench.next() == Due(TEN + minutes(15))
    assert bench.told == []


def test_a_machine_that_slept_tells_what_it_missed_and_makes_it_up_once():
    bench = Bench()
    bench.jump(timedelta(hours=3, minutes=10))
    assert bench.next() == Due(TEN + minutes(190), catch_up=True)
    assert bench.told == [Missed(TEN + minutes(15), TEN + minutes(180), 12, "late")]


def test_a_clock_set_back_is_told_and_the_schedule_goes_on_at_the_new_time():
    bench = Bench()
    bench.next()
    bench.jump(-timedelta(hours=5))
    due = bench.next()
    assert due == Due(TEN - timedelta(hours=4, minutes=30))
    assert bench.told == [SetBack(timedelta(hours=5))]


def test_a_clock_set_back_by_seconds_makes_no_moment_twice():
    bench = Bench()
    bench.next()
    bench.jump(-timedelta(seconds=30))
    assert bench.next() == Due(TEN + minutes(30))
    assert bench.told == []


def test_a_journal_from_the_future_does_not_stop_the_schedule():
    bench = Bench(handled=TEN + timedelta(days=900), before=QUARTERS)
    assert bench.next() == Due(TEN + minutes(15))
    assert isinstance(bench.told[0], SetBack)


def test_a_new_schedule_holds_from_when_it_is_read_and_nothing_of_it_was_missed_before():
    bench = Bench(plan=Plan(Cron("0 12 * * *")))

    def changed() -> None:
        bench.plan = Plan(Cron("* * * * *"))
        bench.now = TEN + minutes(30) + timedelta(seconds=10)

    bench.instead.append(changed)
    assert bench.next() == Due(TEN + minutes(31))
    assert bench.told == []


def test_what_the_old_schedule_had_due_is_made_before_a_new_one_holds():
    bench = Bench()
    bench.next()  # 10:15
    bench.plan = Plan(Cron("0 0 1 1 *"))
    bench.now += minutes(15)
    assert bench.next() == Due(TEN + minutes(30))


def test_jitter_delays_a_run_by_no_more_than_half_of_the_pause_and_makes_nothing_late():
    bench = Bench(plan=Plan(Cron("*/15 * * * *"), jitter=3600), chance=0.99)
    due = bench.next()
    assert due == Due(TEN + minutes(15))
    assert TEN + minutes(22) < bench.now < TEN + minutes(22.5)
    assert bench.next() == Due(TEN + minutes(30))
    assert bench.told == []


def test_it_ends_when_it_is_asked_to_stop():
    bench = Bench()
    bench.stops_at = TEN + minutes(5)
    assert bench.next() is None
    assert bench.now < TEN + minutes(6)


steps = st.lists(
    st.one_of(
        st.tuples(st.just("run"), st.integers(0, 4000)),  # a run that takes so many seconds
        st.tuples(st.just("down"), st.integers(0, 20000)),  # a restart after so many seconds
        st.tuples(st.just("sleep"), st.integers(100, 20000)),  # the machine sleeps
    ),
    max_size=12,
)


@settings(max_examples=30, deadline=None)
@given(steps, st.sampled_from([1, 5, 15, 60]))
def test_every_moment_is_made_on_time_or_told_as_missed_exactly_once(taken, every):
    """The oracle: every multiple of the pause between the start and the last look."""
    plan = Plan(Cron(f"*/{every} * * * *" if every < 60 else "0 * * * *"))
    bench = Bench(TEN + timedelta(seconds=1), plan=plan)
    made: list[datetime] = []
    told: list[Missed | SetBack] = []
    for kind, seconds in [*taken, ("run", 0)]:
        if kind == "down":
            told += bench.told
            later = bench.now + timedelta(seconds=seconds)
            bench = Bench(later, plan=plan, handled=bench.schedule.handled, before=plan)
            continue
        if kind == "sleep":
            bench.jump(timedelta(seconds=seconds))
        due = bench.next()
        made += [] if due.catch_up else [due.at]
        if kind == "run":
            bench.now += timedelta(seconds=seconds)
    told += bench.told
    last = bench.schedule.handled
    expected = []
    moment = TEN + minutes(every)
    while moment <= last:
        expected.append(moment)
        moment += minutes(every)
    missed = []
    for each in told:
        stretch = [each.first + minutes(every) * n for n in range(each.count)]
        assert stretch[-1] == each.last
        missed += stretch
    assert sorted(made + missed) == expected
