"""A rep works the tasks between two runs, in either CRM, and does the same in both."""

from __future__ import annotations

from collections import Counter
from datetime import UTC, datetime, timedelta
from functools import cache

import pytest

from crmrules_sandbox.hubspot import rep as hubspot_rep
from crmrules_sandbox.hubspot.pipelines import STAGE_IDS
from crmrules_sandbox.hubspot.render import ids as hubspot_ids
from crmrules_sandbox.hubspot.start import seeded_portal
from crmrules_sandbox.salesforce.demo import DemoCrm
from crmrules_sandbox.salesforce.ledger import parse
from crmrules_sandbox.salesforce.render import ids as salesforce_ids
from crmrules_sandbox.scenario import seeded
from crmrules_sandbox.scenario.rep import Chance, Rep, Task

pytestmark = pytest.mark.slow  # about the sandbox alone; all others lean on it

NOW = datetime(2026, 11, 23, 10, 0, tzinfo=UTC)
COUNT = 90
LATER = timedelta(hours=3)


@cache
def told():
    return seeded(1, NOW, COUNT)


def chosen():
    """The opportunities our tasks are about: those of somebody who left come first."""
    left = {one.id for one in told().colleagues if not one.active}
    still = [one for one in told().opportunities if one.outcome == "open"]
    return sorted(still, key=lambda one: one.owner not in left)[:30]


class InSalesforce:
    """A Salesforce sandbox with our tasks in it, and what the rep left behind in neutral words."""

    def __init__(self):
        self.crm = DemoCrm(1, NOW, opportunities=COUNT, port=0, standing=True)
        self.org = self.crm.org
        self.ids = salesforce_ids(told())
        self.names = {many[0]: name for name, many in self.ids.items()}
        for number, one in enumerate(chosen()):
            fields = {"Subject": f"Ask {number % 7}", "WhatId": self.ids[one.id][0]}
            fields |= {"CrmRules_Key__c": f"k{number}", "Status": "Not Started"}
            fields |= {"OwnerId": self.owner(one.owner), "Description": "Why: x < y"}
            self.org.insert("Task", fields)
        self.crm.advance(LATER)

    def owner(self, colleague):
        user = self.org.get("User", self.ids[colleague][0])
        return user["Id"] if user["IsActive"] else user["ManagerId"]

    @property
    def desk(self):
        return self.crm.rep._desk

    def id(self, name):
        return self.ids[name][0]

    def left(self):
        tasks = [row for row in self.org.rows("Task") if row.get("CrmRules_Key__c")]
        calls = self.made("Task", "Call")
        return {
            "tasks": Counter(
                (row["Subject"], row["Status"], row["Description"].splitlines()[1:] != [])
                for row in tasks
                if not row["IsDeleted"]
            ),
            "stages": {
                self.names[row["Id"]]: (row["StageName"], row["NextStep"])
                for row in self.org.rows("Opportunity")
            },
            "calls": sorted(self.about(row) for row in calls),
            "meetings": sorted(
                (*self.about(row), parse(row["StartDateTime"]), parse(row["EndDateTime"]))
                for row in self.made("Event", None)
            ),
            "drafts": {
                self.names[row["Id"]] for row in self.org.rows("Quote") if row["Status"] == "Draft"
            },
        }

    def made(self, name, subtype):
        fresh = (NOW + LATER).strftime("%Y-%m-%dT%H:%M:%S.000+0000")
        return [
            row
            for row in self.org.rows(name)
            if row["CreatedDate"] == fresh and row.get("TaskSubtype") == subtype
        ]

    def about(self, row):
        return self.names[row["WhatId"]], self.names.get(row["WhoId"], "")

    def stop(self):
        self.crm.stop()


WORDS = {
    "NOT_STARTED": "Not Started",
    "COMPLETED": "Completed",
    "DEFERRED": "Deferred",
    "WAITING": "Waiting on someone else",
}
SPAN = ("hs_meeting_start_time", "hs_meeting_end_time")
STAGES = {stage_id: word for word, stage_id in STAGE_IDS.items()}


class InHubSpot:
    """The same in a HubSpot sandbox; its tasks were made in another order."""

    def __init__(self):
        self.now = NOW
        self.portal = seeded_portal(1, clock=lambda: self.now, opportunities=COUNT)
        self.ids = hubspot_ids(told())
        self.names = {place: name for name, place in self.ids.items()}
        for number, one in reversed(list(enumerate(chosen()))):
            values = {"hs_task_subject": f"Ask {number % 7}", "hs_timestamp": NOW.isoformat()}
            values |= {"crmrules_key": f"k{number}", "hs_task_status": "NOT_STARTED"}
            values |= {"hs_task_body": "<p>Why: x &lt; y</p>"}
            self.portal.create("tasks", values, [self.ids[one.id]])
        self.now += LATER

    @property
    def desk(self):
        return hubspot_rep.Desk(self.portal)

    def id(self, name):
        return self.ids[name][1]

    def values(self, record, *names):
        found = (self.portal.value(record.type, record.id, name) for name in names)
        return tuple(found) if len(names) > 1 else next(found)

    def left(self):
        tasks = [
            self.values(task, "hs_task_subject", "hs_task_status", "hs_task_body")
            for task in self.portal.records("tasks")
        ]
        return {
            "tasks": Counter(
                (subject, WORDS[status], body != "<p>Why: x &lt; y</p>")
                for subject, status, body in tasks
            ),
            "stages": {
                self.names["deals", deal.id]: (
                    STAGES[self.values(deal, "dealstage")],
                    self.values(deal, "hs_next_step"),
                )
                for deal in self.portal.records("deals")
            },
            "calls": sorted(self.about(each) for each in self.made("calls")),
            "meetings": sorted(
                (*self.about(each), *map(datetime.fromisoformat, self.values(each, *SPAN)))
                for each in self.made("meetings")
            ),
            "drafts": {
                self.names["quotes", quote.id]
                for quote in self.portal.records("quotes")
                if self.values(quote, "hs_status") == "DRAFT"
            },
        }

    def made(self, kind):
        return [each for each in self.portal.records(kind) if each.created == self.now]

    def about(self, record):
        (deal,) = self.portal.linked(record.type, record.id, "deals")
        contacts = self.portal.linked(record.type, record.id, "contacts")
        person = self.names["contacts", contacts[0]] if contacts else ""
        return self.names["deals", deal], person

    def stop(self):
        pass


@pytest.fixture
def crm(request):
    made = []

    def make(kind):
        made.append(kind())
        return made[-1]

    yield make
    for each in made:
        each.stop()


@pytest.mark.parametrize("kind", [InSalesforce, InHubSpot])
def test_a_rep_does_the_same_work_on_the_same_day_and_says_what(kind, crm):
    one, other = crm(kind), crm(kind)
    said = Rep(one.desk, seed=5).work()
    assert said == Rep(other.desk, seed=5).work()
    assert said != Rep(crm(kind).desk, seed=6).work()
    text = "\n".join(said)
    for phrase in ("completed", "deferred", "waiting", "#not-true", "reworded", "logged a reply"):
        assert phrase in text
    for phrase in ("booked a meeting", "moved ", "pulled a quote back"):
        assert phrase in text
    left = one.left()
    assert len(left["calls"]) == text.count("logged a reply")
    assert len(left["meetings"]) == text.count("booked a meeting")
    assert len(left["drafts"]) == text.count("pulled a quote back")
    statuses = Counter()
    for (_, status, _), count in left["tasks"].items():
        statuses[status] += count
    assert statuses["Deferred"] == statuses["Waiting on someone else"] == 1
    assert sum(count for (_, _, more), count in left["tasks"].items() if more) == 1
    assert left["tasks"].total() == len(chosen()) - text.count("deleted")


@pytest.mark.parametrize(
    "seed", [0, *(pytest.param(seed, marks=pytest.mark.slow) for seed in (1, 2, 3))]
)
def test_a_rep_does_the_same_in_both_crms_and_leaves_both_alike(seed, crm):
    here, there = crm(InSalesforce), crm(InHubSpot)
    assert here.left() == there.left()
    assert Rep(here.desk, seed=seed).work() == Rep(there.desk, seed=seed).work()
    assert here.left() == there.left()
    here.crm.advance(timedelta(days=1))
    there.now += timedelta(days=1)
    after = Rep(here.desk, seed=seed + 10).work()  # what is left, on another day
    assert after == Rep(there.desk, seed=seed + 10).work()


def test_what_a_rep_does_in_a_portal_looks_like_the_owner_of_the_deal(crm):
    there = crm(InHubSpot)
    Rep(there.desk, seed=5).work()
    users = {owner.id: owner.user_id for owner in there.portal.owners}
    seen = 0
    for kind in ("deals", "quotes"):
        for record in there.portal.records(kind):
            for versions in record.history.values():
                for version in (each for each in versions if each.at == there.now):
                    assert version.source_type == "CRM_UI"
                    assert version.user_id == users[there.values(record, "hubspot_owner_id")]
                    seen += 1
    assert seen


class Notebook:
    """A desk that only notes what is done at it."""

    def __init__(self, tasks, chances):
        self.given, self.chances, self.done = tasks, chances, []

    def now(self):
        return NOW

    def tasks(self):
        return list(self.given)

    def chance(self, about):
        return self.chances.get(about)

    def pull_back(self, chance):
        return False

    def __getattr__(self, verb):
        return lambda *told: self.done.append((verb, *told))


def test_a_rep_leaves_closed_opportunities_alone_and_does_nothing_without_tasks():
    desk = Notebook([], {})
    assert Rep(desk, seed=1).work() == []
    assert desk.done == []
    tasks = [Task(str(n), f"Ask {n}", f"o{n}", f"Opportunity {n}") for n in range(20)]
    desk = Notebook(tasks, {})
    assert len(Rep(desk, seed=1).work()) == len(desk.done)
    verbs = {verb for verb, *_ in desk.done}
    assert verbs <= {"complete", "defer", "wait", "reword", "delete"}


def test_a_rep_never_moves_on_from_negotiation_and_goes_back_from_a_proposal_without_quotes():
    tasks = [Task(str(n), f"Ask {n}", f"o{n}", f"Opportunity {n}") for n in range(40)]
    cases = {
        "Negotiation/Review": set(),
        "Proposal/Price Quote": {"Negotiation/Review", "Needs Analysis"},
    }
    for stage, moved in cases.items():
        chances = {task.about: Chance(task.about, task.name, stage) for task in tasks}
        desk = Notebook(tasks, chances)
        Rep(desk, seed=1).work()
        assert {call[2] for call in desk.done if call[0] == "move"} == moved


def test_a_rep_acts_on_twelve_opportunities_in_one_stretch_at_most():
    tasks = [Task(str(n), f"Ask {n}", f"o{n}", f"Opportunity {n}") for n in range(60)]
    chances = {task.about: Chance(task.about, task.name, "Needs Analysis") for task in tasks}
    desk = Notebook(tasks, chances)
    Rep(desk, seed=1).work()
    acts = Counter(call[0] for call in desk.done)
    assert (acts["log_call"], acts["book"], acts["move"]) == (3, 3, 3)


@pytest.mark.parametrize("kind", [InSalesforce, InHubSpot])
def test_only_the_newest_quote_is_pulled_back_and_a_closed_opportunity_is_no_chance(kind, crm):
    place = crm(kind)
    one = next(one for one in chosen() if len(one.quotes) > 1)
    chance = place.desk.chance(place.id(one.id))
    assert (chance.name, chance.stage) == (one.name, one.stages[-1].stage)
    assert place.desk.pull_back(chance)
    assert place.left()["drafts"] == {one.quotes[-1].id}
    for outcome in ("won", "lost"):
        closed = next(one for one in told().opportunities if one.outcome == outcome)
        assert place.desk.chance(place.id(closed.id)) is None


@pytest.mark.parametrize("kind", [InSalesforce, InHubSpot])
def test_a_booked_meeting_takes_an_hour_and_there_may_be_no_quote_to_pull_back(kind, crm):
    place = crm(kind)
    one = next(one for one in chosen() if not one.quotes)
    chance = place.desk.chance(place.id(one.id))
    assert not place.desk.pull_back(chance)
    place.desk.book(chance, "Working session", NOW + timedelta(days=4))
    ((opportunity, person, start, end),) = place.left()["meetings"]
    assert (opportunity, person) == (one.id, one.roles[0].person if one.roles else "")
    assert (start, end) == (NOW + timedelta(days=4), NOW + timedelta(days=4, hours=1))
