"""A task that prepares an event is due a business day before it, and follows it when it moves."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from crmrules.engine import Judgement
from crmrules.findings import Episode, TaskRecord
from crmrules.findings.calendar import Calendar
from crmrules.findings.life import EpisodeStatus
from crmrules.model import Opportunity, OurTask
from crmrules.plan import Judged, Policy, tasks
from crmrules.plan.types import Finding
from crmrules.plan.who import Staff
from crmrules.rule import Clause, Group, Mode, Rule, Severity, TaskText, Then, Verdict
from crmrules.signals import Known, Unknown

NOW = datetime(2026, 11, 24, 9, tzinfo=UTC)  # a Tuesday
TODAY = NOW.date()
EVENT = "days_to_power_meeting"
CLAUSE = Group(join="all", members=(Clause(signal=EVENT, operator="at_most", value=7),))
TEXT = TaskText(
    subject=("Prepare for {event_day}", "Prepare for {account}"),
    body=("What?", "Who?"),
    due_in_days=2,
    due_before=EVENT,
)
RULE = Rule(
    id="entry-prepare",
    title="A meeting is booked",
    recommended=Mode.LIVE,
    severity=Severity.P1,
    phases=(),
    why="Because.",
    source="A test",
    false_positives=("None.",),
    review="2027-05-01",
    maintainer="tests",
    when=CLAUSE,
    clears=CLAUSE,
    then=Then(task=TEXT, flag="prepare"),
)
OPPORTUNITY = Opportunity(record="006", id="006", known_at=NOW, created_at=NOW, observed_at=NOW)


def policy(zone: str = "UTC") -> Policy:
    return Policy(time_zone=ZoneInfo(zone))


def readings(event: datetime | None, now: datetime = NOW) -> dict:
    if event is None:
        return {EVENT: Unknown("none is booked")}
    return {EVENT: Known((event - now).total_seconds() / 86_400, ("event",))}


def made(event: datetime | None, now: datetime = NOW, zone: str = "UTC"):
    judged = Judged(OPPORTUNITY, readings(event, now), {RULE.id: Judgement(Verdict.FIRES)})
    episode = Episode(RULE.id, "006", 1, EpisodeStatus.OPEN, since=now, seen_at=now)
    finding = Finding(RULE, "006", Verdict.FIRES, episode, (), None)
    staff = Staff.around(OPPORTUNITY, policy(zone))
    return tasks.create(finding, judged, "005", "org", now, staff).write.task


def at(month: int, day: int, hour: int = 10) -> datetime:
    return datetime(2026, month, day, hour, tzinfo=UTC)


@pytest.mark.parametrize(
    ("event", "due"),
    [
        (at(11, 27), date(2026, 11, 26)),  # Friday: the Thursday before
        (at(11, 30), date(2026, 11, 27)),  # Monday: the Friday before
        (at(11, 29), date(2026, 11, 27)),  # Sunday
        (at(11, 25), TODAY),
        (at(11, 24, 15), TODAY),  # later today: the day before is over
    ],
)
def test_it_is_due_the_business_day_before(event, due):
    assert made(event).due == due


def test_its_day_is_told_in_the_text_and_degrades():
    assert made(at(11, 27)).subject == "Prepare for Friday, 27 November"
    assert made(None).subject == "Prepare for this account"


def test_without_the_event_it_is_due_in_so_many_days():
    assert made(None).due == date(2026, 11, 26)


def test_the_day_is_that_of_the_organization():
    late = datetime(2026, 11, 26, 23, 30, tzinfo=UTC)  # the 27th in Berlin
    assert made(late).due == date(2026, 11, 25)
    assert made(late, zone="Europe/Berlin").due == date(2026, 11, 26)


@pytest.mark.parametrize("second", [0, 1, 13_577])
def test_midnight_is_never_lost_in_a_fraction_of_a_day(second):
    now = NOW + timedelta(seconds=second, microseconds=123_457)
    midnight = datetime(2026, 11, 27, tzinfo=UTC)
    assert made(midnight, now).due == date(2026, 11, 26)


def task(due: date | None, **values) -> OurTask:
    known = {"record": "00T", "known_at": NOW, "key": "k", "id": "00T", "owner": "005"}
    return OurTask(**{**known, "due": due, **values})


def moved(event: datetime | None, one: OurTask, owner: str = "005"):
    record = TaskRecord("k", RULE.id, "006", 1)
    due = tasks.moved_due(RULE, one, readings(event), NOW, Calendar())
    return tasks.hand_over(record, one, owner, due)


def test_a_task_follows_its_event():
    write = moved(at(12, 1), task(date(2026, 11, 25)))
    assert (write.action, write.write.values) == ("update_task", {"due": date(2026, 11, 30)})
    assert write.before == {"due": date(2026, 11, 25)}
    assert moved(at(11, 25), task(date(2026, 11, 30))).write.values == {"due": TODAY}


@pytest.mark.parametrize(
    ("event", "due"),
    [
        (at(11, 27), date(2026, 11, 26)),  # nothing moved
        (at(11, 25), TODAY),
        (at(11, 24, 15), date(2026, 11, 23)),  # overdue stays overdue
        (None, date(2026, 11, 23)),
        (at(11, 27), None),
    ],
)
def test_a_task_that_is_in_time_or_overdue_is_left_alone(event, due):
    assert moved(event, task(due)) is None


@pytest.mark.parametrize("touched", ["edited", "closed", "deleted"])
def test_a_task_somebody_touched_is_left_alone(touched):
    assert moved(at(12, 1), task(date(2026, 11, 25), **{touched: True})) is None


def test_owner_and_day_move_in_one_write():
    write = moved(at(12, 1), task(date(2026, 11, 25)), owner="007")
    assert write.write.values == {"owner": "007", "due": date(2026, 11, 30)}
    assert write.owner == "007"


def test_a_rule_without_an_event_moves_no_day():
    plain = RULE.model_copy(
        update={"then": Then(task=TEXT.model_copy(update={"due_before": None}), flag="f")}
    )
    one = task(date(2026, 11, 25))
    assert tasks.moved_due(plain, one, readings(at(12, 1)), NOW, Calendar()) is None
