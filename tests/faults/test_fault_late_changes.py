"""Changes that show late, share one stamp, or come in bulk: the kept rows are those of a full pull.

The oracle is the org's own store, read by a fresh full pull.
"""

from __future__ import annotations

import random
import sys
from datetime import timedelta
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parent.parent / "salesforce"))

from salesforce_org import Clock, Marks, connected, serving, small_org

OVERLAP = timedelta(minutes=10)
STAGES = ("Qualification", "Needs Analysis", "Negotiation/Review", "Closed Lost")


class Kept:
    """Rows as the mirror of the state store keeps them."""

    def __init__(self) -> None:
        self.rows: dict[tuple[str, str], object] = {}
        self.marks: dict[str, str] = {}

    def pull(self, crm, *, full: bool = False) -> None:
        seen = set()
        for batch in crm.pull(None if full or not self.marks else Marks(self.marks)):
            for row in batch.rows:
                if row.gone:
                    self.rows.pop((row.kind, row.id), None)
                else:
                    self.rows[row.kind, row.id] = row
                    seen.add((row.kind, row.id))
            self.rows = {
                key: row
                for key, row in self.rows.items()
                if key[0] not in batch.complete or key in seen
            }
            self.marks |= batch.marks


class Walk:
    """What people and integrations do to opportunities and tasks, chosen by a seed."""

    def __init__(self, org, clock, seed: int) -> None:
        self.org, self.clock, self.rng = org, clock, random.Random(seed)
        self.story: list[str] = []
        self.late: list[tuple] = []

    def live(self, name: str) -> list:
        return [row for row in self.org.rows(name) if not row["IsDeleted"]]

    def open(self) -> list:
        return [row for row in self.live("Opportunity") if not row["IsClosed"]]

    def do_edit(self) -> None:
        row = self.rng.choice(self.open())
        self.org.update("Opportunity", row["Id"], {"Amount": self.rng.randrange(9999)})

    def do_bulk(self) -> None:
        """Change all at once: one stamp for hundreds of rows."""
        for row in self.open():
            self.org.update("Opportunity", row["Id"], {"NextStep": f"Step {self.rng.random()}"})

    def do_task(self) -> None:
        if len(self.live("Task")) > 150:
            return
        about = self.rng.choice(self.open())
        values = {"Subject": "Call", "WhatId": about["Id"], "OwnerId": about["OwnerId"]}
        self.org.insert("Task", {**values, "Status": "Not Started"})

    def do_delete_task(self) -> None:
        open_ = {row["Id"] for row in self.open()}
        tasks = [row for row in self.live("Task") if row["WhatId"] in open_]
        if tasks:
            self.org.delete(self.rng.choice(tasks)["Id"])

    def do_commit_late(self) -> None:
        """Let a transaction that began up to ten minutes ago become visible now."""
        row = dict(self.rng.choice(self.open()))
        row["Description"] = f"Late {self.rng.random()}"
        at = self.clock.now - timedelta(seconds=self.rng.randrange(1, 590))
        if str(row["SystemModstamp"])[:19] <= f"{at:%Y-%m-%dT%H:%M:%S}":
            self.org.commit_late("Opportunity", {**row, "NextStep": "late"}, at)

    def do_move(self) -> None:
        if len(self.open()) > 3:
            row = self.rng.choice(self.open())
            self.org.update("Opportunity", row["Id"], {"StageName": self.rng.choice(STAGES[:3])})

    def do_wait(self) -> None:
        self.clock.sleep(self.rng.choice((0, 1, 59, 599, 3600)))

    def step(self) -> None:
        name = self.rng.choice([n for n in dir(self) if n.startswith("do_")])
        self.story.append(name)
        getattr(self, name)()


def look(crm) -> None:
    """Learn the org's time, as every run does before it pulls; the fields stay as they are."""
    crm._transport.read("GET", "limits")


def walk(seed: int, histories: int, steps: int) -> None:
    """Live through histories, pulling now and then; after each the kept rows equal a full pull."""
    clock = Clock()
    org = small_org(clock, 6)
    people = Walk(org, clock, seed)
    with serving(org, tls=False) as server, connected(server, clock) as crm:
        kept = Kept()
        kept.pull(crm)
        for history in range(histories):
            people.story.clear()
            for _ in range(steps):
                people.step()
                if people.rng.random() < 0.4:
                    people.story.append("pull")
                    look(crm)
                    kept.pull(crm)
            look(crm)
            kept.pull(crm)
            fresh = Kept()
            fresh.pull(crm, full=True)
            keys = {*kept.rows, *fresh.rows}
            missed = [k for k in sorted(keys) if kept.rows.get(k) != fresh.rows.get(k)]
            assert missed == [], (seed, history, people.story)


@pytest.mark.fault("T2", on="salesforce")
def test_no_change_is_missed_however_late_or_many_at_one_moment():
    walk(1, histories=5, steps=6)


@pytest.mark.slow
@pytest.mark.fault("T2", on="salesforce")
def test_fifty_histories_miss_nothing():
    walk(2, histories=50, steps=6)


@pytest.mark.torture
@pytest.mark.fault("T2", on="salesforce")
@pytest.mark.parametrize("seed", range(10, 60))
def test_ten_thousand_histories_miss_nothing(seed):
    walk(seed, histories=200, steps=6)
