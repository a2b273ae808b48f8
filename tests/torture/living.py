"""What people do in a CRM all year, on each CRM: the hands of the long run.

``hands`` extend the worlds of the end-to-end tests by what only a long life needs: new
opportunities, answers in a task's comment, tasks that are put off or given to somebody else.
``People`` decides, by a seeded dice, and remembers how everybody left a task: the oracle holds the
product to it.
"""

from __future__ import annotations

import html
from collections import Counter
from dataclasses import dataclass, field
from datetime import timedelta
from random import Random
from typing import Any

from hubspot_world import HubSpotWorld
from salesforce_world import SalesforceWorld
from world import World, rule

from crmrules_sandbox.hubspot.pipelines import PIPELINE, STAGE_IDS
from crmrules_sandbox.hubspot.values import stamp
from crmrules_sandbox.scenario.outline import EVALUATION, LOST, NEGOTIATION, STAGES, WON

PHASE_OF = (
    dict.fromkeys(STAGES, "recognition")
    | dict.fromkeys(EVALUATION, "evaluation")
    | {NEGOTIATION: "concerns", WON: "implementation", LOST: None}
)
"""Stage -> buying phase, written down again: what the oracle goes by."""
PHASES = {
    "soak-early": ("recognition", "evaluation"),
    "soak-evaluation": ("evaluation",),
    "soak-third": ("evaluation", "concerns"),
    "soak-concerns": ("concerns",),
    "soak-slow": ("recognition", "evaluation", "concerns"),
}
SLOW_DAYS = 9  # ``soak-slow`` turns true by time alone, with no record changed


def rules() -> dict[str, str]:
    """Return the rules of the long run: each fires on every opportunity of its phases."""
    found = {
        name: rule(name, severity="P1" if name == "soak-concerns" else "P2", phases=", ".join(on))
        for name, on in PHASES.items()
    }
    slow = found["soak-slow"].replace("days: {value: 0,", f"days: {{value: {SLOW_DAYS},")
    slow = slow.replace("opportunity_age_days: 1,", "opportunity_age_days: 400,")
    return found | {"soak-slow": slow}


class SalesforceHands(SalesforceWorld):
    """People in a Salesforce org."""

    PUT_OFF = ("Deferred", "Waiting on someone else")

    def begin_opportunity(self, number: int, stage: str, owner: str, *, alone: bool = False) -> str:
        if alone:
            account = self.org.insert("Account", {"Name": f"Buyer {number}"}, owner)
        else:
            accounts = [row["Id"] for row in self.org.rows("Account")]
            account = accounts[number % len(accounts)]
        values = {
            "Name": f"Living {number}",
            "AccountId": account,
            "StageName": stage,
            "CloseDate": (self.now + timedelta(days=90)).date().isoformat(),
            "Amount": 10_000.0 + number,
            "OwnerId": owner,
        }
        return self.org.insert("Opportunity", values, owner)

    def set_status(self, task: dict[str, Any], status: str) -> None:
        self.org.update("Task", task["id"], {"Status": status}, task["owner"])

    def comment(self, task: dict[str, Any], line: str) -> None:
        body = f"{task['body']}\n{line}"
        self.org.update("Task", task["id"], {"Description": body}, task["owner"])

    def hand_to(self, task: dict[str, Any], owner: str) -> None:
        self.org.update("Task", task["id"], {"OwnerId": owner}, task["owner"])


class HubSpotHands(HubSpotWorld):
    """People in a HubSpot portal."""

    PUT_OFF = ("DEFERRED", "WAITING")

    def begin_opportunity(self, number: int, stage: str, owner: str, *, alone: bool = False) -> str:
        person = self._person(owner)
        if alone:
            company = self.portal.create("companies", {"name": f"Buyer {number}"}, (), person)
        else:
            companies = [record.id for record in self.portal.records("companies")]
            company = companies[number % len(companies)]
        values = {
            "dealname": f"Living {number}",
            "pipeline": PIPELINE,
            "dealstage": STAGE_IDS[stage],
            "closedate": stamp(self.now + timedelta(days=90)),
            "amount": str(10_000 + number),
            "hubspot_owner_id": owner,
        }
        made = self.portal.create("deals", values, (), person)
        self.portal.link("deals", made, "companies", company, primary=True)
        return made

    def move(self, opportunity: str, stage: str) -> None:
        super().move(opportunity, stage)
        if stage == WON:
            values = {"closedate": stamp(self.now)}
            self.portal.update("deals", opportunity, values, None)

    def set_status(self, task: dict[str, Any], status: str) -> None:
        values = {"hs_task_status": status}
        self.portal.update("tasks", task["id"], values, self._person(task["owner"]))

    def comment(self, task: dict[str, Any], line: str) -> None:
        body = self.portal.value("tasks", task["id"], "hs_task_body") or ""
        values = {"hs_task_body": f"{body}<p>{html.escape(line)}</p>"}
        self.portal.update("tasks", task["id"], values, self._person(task["owner"]))

    def hand_to(self, task: dict[str, Any], owner: str) -> None:
        values = {"hubspot_owner_id": owner}
        self.portal.update("tasks", task["id"], values, self._person(task["owner"]))


LIVING = {hands.name: hands for hands in (SalesforceHands, HubSpotHands)}
TAGS = ("#not-true", "#not-useful", "#done-otherwise")


@dataclass
class People:
    """Reps who answer, and opportunities that move. ``kept``: key -> how a person left a task."""

    world: Any
    dice: Random
    population: int
    started: Any  # the moment for which the seed tells its story
    kept: dict[str, dict[str, Any]] = field(default_factory=dict)
    deeds: Counter[str] = field(default_factory=Counter)
    _number: int = 0

    def fill(self) -> None:
        """Bring the open opportunities to their usual number."""
        missing = self.population - len(self._open())
        for _ in range(max(0, missing)):
            self._number += 1
            owner = self.dice.choice(self.world.owners())
            self.world.begin_opportunity(self._number, self.dice.choice(STAGES), owner)
            self.deeds["opportunity begun"] += 1

    def work(self) -> None:
        """Let some hours of work happen."""
        for task in self.world.our_tasks(deleted=False):
            if task["status"] != "completed" and self.dice.random() < 0.08:
                self._answer(task)
        for opportunity in self._open():
            if self.dice.random() < 0.02:
                self._live(opportunity)
        if self.dice.random() < 0.5:
            self.fill()

    def _open(self) -> list[str]:
        return [one for one, stage in self.world.stages().items() if stage not in (WON, LOST)]

    def _answer(self, task: dict[str, Any]) -> None:
        world, dice = self.world, self.dice
        deed = dice.choices(
            ("complete", "tag", "delete", "subject", "due", "body", "put off", "hand over"),
            (30, 20, 8, 8, 5, 5, 15, 9),
        )[0]
        if deed == "complete":
            world.complete(task)
        elif deed == "tag":
            world.comment(task, f"{dice.choice(TAGS)} they said so")
            world.complete(task)
        elif deed == "delete":
            world.delete(task)
        elif deed == "subject":
            world.edit(task, subject=f"In my words {dice.random()}")
        elif deed == "due":
            world.edit(
                task, due=(world.now + timedelta(days=dice.randint(1, 20))).date().isoformat()
            )
        elif deed == "body":
            world.comment(task, "I have asked them twice.")
        elif deed == "put off":
            world.set_status(task, dice.choice(world.PUT_OFF))
        else:
            world.hand_to(task, dice.choice([o for o in world.owners() if o != task["owner"]]))
        self.deeds[deed] += 1
        left = world.task(task["key"])
        if left != task:  # who picks the day it is due already has changed nothing
            self.kept[task["key"]] = left

    def _live(self, opportunity: str) -> None:
        world, dice = self.world, self.dice
        deed = dice.choices(("move", "won", "lost", "delete", "reassign"), (65, 7, 8, 5, 15))[0]
        if deed == "move":
            here = world.stages()[opportunity]
            world.move(opportunity, dice.choice([s for s in STAGES if s != here]))
        elif deed in ("won", "lost"):
            world.move(opportunity, WON if deed == "won" else LOST)
        elif deed == "delete":
            before = {
                task["key"] for task in world.our_tasks() if task["opportunity"] == opportunity
            }
            world.delete_opportunity(opportunity)
            for key in before & self.kept.keys():  # with it went its tasks, where the CRM does so
                self.kept[key] = world.task(key)
        else:
            world.reassign(opportunity, world.somebody_else(world.owner_of(opportunity)))
        self.deeds[f"opportunity {deed}"] += 1


__all__ = ["LIVING", "PHASES", "PHASE_OF", "People", "World", "rules"]
