"""An organization without roles: nothing is said about power; a rep's tags open the eyes."""

from __future__ import annotations

import contextlib
import io
import json
import re
from collections import Counter

import pytest
from salesforce_world import SalesforceWorld

from crmrules import cli

ROLES = {
    *("entry-no-path-to-power", "entry-no-sponsor", "entry-power-access-wasted"),
    *("entry-power-without-preparation", "entry-sponsor-lost", "entry-sponsor-not-equipped"),
    "entry-stuck-at-receptivity",
}
"""Rules whose whole claim is about who decides, who has the problem or who speaks for us."""
EMPTY = {
    "OpportunityContactRole": {"Role": None, "CrmRules_Focus__c": None},
    "Contact": {"Title": None},
}


@pytest.fixture(scope="module")
def blind(tmp_path_factory):
    """Return a seeded organization in which nobody says who anybody is."""
    folder = tmp_path_factory.mktemp("blind")
    with SalesforceWorld(folder, rules=None, opportunities=40) as world:
        for sobject, nothing in EMPTY.items():
            for row in list(world.org.rows(sobject)):
                world.org.update(sobject, row["Id"], nothing)
        for sobject in ("Task", "Event"):
            for row in list(world.org.rows(sobject)):
                text = row.get("Description") or ""
                bare = re.sub(r"#(?:power|sponsor)\b.*", "", text)
                if bare != text:
                    world.org.update(sobject, row["Id"], {"Description": bare})
        yield world


def verdicts(world: SalesforceWorld) -> dict[tuple[str, str], str]:
    """Return what every rule says of every opportunity."""
    ran = world.plan("--verdicts", "all")
    assert ran.code == 0, ran.err
    return {(f["rule"], f["opportunity"]): f["verdict"] for f in ran.json["findings"]}


def doctor(world: SalesforceWorld) -> dict[str, dict]:
    """Return the readiness of every rule."""
    out = io.StringIO()
    with contextlib.redirect_stdout(out), contextlib.redirect_stderr(io.StringIO()):
        cli.run(["doctor", "--config", str(world.config), "--format", "json"])
    return {line["rule"]: line for line in json.loads(out.getvalue())["readiness"]}


@pytest.mark.slow
def test_no_rule_about_roles_fires_and_a_tag_makes_the_blind_ones_see(blind):
    before = verdicts(blind)
    fired = {rule for (rule, _), verdict in before.items() if verdict == "fires"}
    assert not fired & ROLES
    assert fired, "the others go on"
    unknown = Counter(rule for (rule, _), verdict in before.items() if verdict == "unknown")
    assert set(unknown) >= ROLES

    readiness = doctor(blind)
    for rule in sorted(ROLES):
        line = readiness[rule]
        assert line["missing"], rule
        assert all(line["why"][name] for name in line["missing"]), rule
        told = " ".join(line["fix"].values())
        assert "CrmRules_Focus__c" in told, (rule, line)
        assert "#power" in told, (rule, line)

    page = blind.folder / "page.html"
    assert cli.run(["report", "--config", str(blind.config), "--out", str(page)]) == 0
    assert "CrmRules_Focus__c" in page.read_text(encoding="utf-8")

    _tag(blind, before)
    after = verdicts(blind)
    seen = {
        rule
        for (rule, opportunity), verdict in before.items()
        if verdict == "unknown" and after[rule, opportunity] != "unknown"
    }
    assert seen >= ROLES
    lost = [k for k, v in before.items() if v != "unknown" and after[k] == "unknown"]
    assert lost == []


def _tag(world: SalesforceWorld, before: dict[tuple[str, str], str]) -> None:
    """Let reps name who decides and who speaks for us, wherever a rule could not tell."""
    dark = {o for (rule, o), verdict in before.items() if verdict == "unknown" and rule in ROLES}
    people = {row["Id"]: row for row in world.org.rows("Contact")}
    for opportunity in sorted(dark):
        roles = [
            row
            for row in world.org.rows("OpportunityContactRole")
            if row["OpportunityId"] == opportunity
        ]
        names = [people[row["ContactId"]] for row in roles]
        named = [f"{one.get('FirstName')} {one['LastName']}" for one in names]
        lines = [f"#power: {named[0] if named else 'R. Holt'}"]
        lines.append(f"#sponsor: {named[-1] if named else 'C. Vance'}")
        lines.append(f"#need: orders leave late @{named[0] if named else 'R. Holt'}")
        owner = next(u["Id"] for u in world.org.rows("User") if u.get("IsActive"))
        note = {"Subject": "Who is who", "Description": "\n".join(lines), "Status": "Completed"}
        world.org.insert("Task", note | {"WhatId": opportunity, "OwnerId": owner}, user_id=owner)
