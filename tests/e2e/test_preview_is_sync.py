"""What preview says of changed rules is exactly what the next sync with them writes."""

from __future__ import annotations

import random
from collections import Counter

import pytest
import yaml
from preview_kit import AGES, SECRET, SIZE, Organization, by_name, carried_out, edited, rules_of

from crmrules import rulebook

CRMS = ("salesforce", "hubspot")
EACH_TIME = 72  # of 14 kinds of organizations: a thousand and eight
EACH = [(crm, age) for crm in CRMS for age in AGES]
SAMPLE = [("salesforce", age) for age in AGES]
SAMPLE += [("hubspot", age) for age in ("written", "answered", "handmade")]


def held(organization: Organization, seed: str, seen: Counter[str]) -> str:
    """Hold one random change to a real sync; return what differs, "" where nothing does."""
    was, rules = organization.unchanged, rules_of(organization.world)
    firing = {finding["rule"] for finding in was.told["findings"]}
    changes = edited(random.Random(seed), organization.changes, rules, firing)
    said, did = organization.preview(changes), organization.sync(changes)
    appear = {one["key"] for one in said["next_sync"]["appear"]}
    go = {one["key"] for one in said["next_sync"]["go"]}
    flags = {f["opportunity"]: (f["before"], f["after"]) for f in said["flags"]}
    after, unchanged = (
        {n: f["flags"] for n, f in one.after["fields"].items()} for one in (did, was)
    )
    wrong = {
        "the CRM shows something else": carried_out(did.before, said["writes"]) != did.after,
        "another number is done": did.told["done"] != len(said["writes"]),
        "the sync says something else": by_name(said["writes"]) != by_name(did.told["writes"]),
        "another column once settled": by_name(said["writes_once_settled"])
        != by_name(did.told["once_settled"]),
        "other tasks appear": appear != (did.made - was.made) | (was.ended - did.ended),
        "other tasks go": go != (was.made - did.made) | (did.ended - was.ended),
        "other flags change": flags
        != {n: (unchanged[n], after[n]) for n in after if after[n] != unchanged[n]},
    }
    seen.update(looks=1, appear=bool(appear), go=bool(go), flags=bool(flags))
    seen.update(writes=bool(said["writes"]), settled=bool(said["once_settled"]["appear"]))
    if seen["looks"] % 6 == 1:  # the other column, by a sync that waits for nothing
        at_once = organization.sync(changes, settle_hours=0, working_hours="")
        settled = carried_out(at_once.before, said["writes_once_settled"])
        wrong["the CRM shows something else once settled"] = settled != at_once.after
    found = [what for what, yes in wrong.items() if yes]
    return "; ".join([seed, *found]) if found else ""


@pytest.fixture(scope="module")
def quick():
    """The engine that keeps nothing of a rule set, and the shipped files read once."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("CRMRULES_ENGINE", "python")
        read, kept = rulebook.read, {}

        def once(path, vocabulary):
            if path not in kept:
                kept[path] = read(path, vocabulary=vocabulary)
            return kept[path]

        patch.setattr(rulebook, "read", once)
        yield


@pytest.mark.slow
@pytest.mark.parametrize(("crm", "age"), SAMPLE, indirect=["crm"], scope="session")
def test_preview_says_what_the_next_sync_writes(crm, age, tmp_path, quick):
    assert looked(crm, age, tmp_path, 2)["looks"] == 2


@pytest.mark.slow
@pytest.mark.parametrize("crm", CRMS, indirect=["crm"], scope="session")
def test_a_private_rule_is_switched_off_when_the_weekly_pull_is_due(crm, tmp_path, quick):
    """Only then a sync looks up the tasks of a rule that it knows no more."""
    with crm(tmp_path, opportunities=SIZE, rules=None) as world:
        AGES["handmade"](world)
        organization = Organization(world)
        changes = organization.changes | {SECRET: {"mode": "disabled"}}
        said, did = organization.preview(changes), organization.sync(changes)
        organization.put_back()
        world.overlay = yaml.safe_dump(changes)
        world.configure()
        assert SECRET not in world.plan().out  # switched off, it is as private as before
    assert "cancel_task" in {write["action"] for write in did.told["writes"]}
    assert by_name(said["writes"]) == by_name(did.told["writes"])


@pytest.mark.torture
@pytest.mark.parametrize(("crm", "age"), EACH, indirect=["crm"], scope="session")
def test_a_thousand_random_changes_do_what_preview_says(crm, age, tmp_path, quick, record_property):
    seen = looked(crm, age, tmp_path, EACH_TIME)
    record_property("seen", dict(seen))
    moved = ("appear", "go", "settled", "flags")
    assert sum(seen[what] for what in moved) > 10, "the changes change nothing"


def looked(crm, age: str, folder, count: int) -> Counter[str]:
    """Hold so many changes, and count what kinds of effect there were."""
    seen: Counter[str] = Counter()
    with crm(folder, opportunities=SIZE, rules=None) as world:
        AGES[age](world)
        organization = Organization(world)
        found = [held(organization, f"{crm.name} {age} {n}", seen) for n in range(count)]
    assert [one for one in found if one] == []
    return seen
