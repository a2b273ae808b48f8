"""One organization around all pairs, and what each CRM makes of it.

Know before changing: the pairs stand in the middle of a background of won, lost and open
opportunities, whose winners record what the rules of "X is missing" ask for, so that gates and
thresholds are those of an organization at work. Every rule is live, every text signal is on, and
nothing waits to settle.

It judges no pair.
"""

from __future__ import annotations

import importlib
from collections.abc import Iterator
from dataclasses import asdict, dataclass, replace
from datetime import timedelta
from functools import cache
from pathlib import Path
from typing import Any

from crmrules import rulebook
from crmrules.cli.wire import make
from crmrules.outcome import Show
from crmrules.plan import Finding, Judged
from crmrules.rule import Rule
from crmrules.settings import parse
from crmrules.signals import Unknown
from crmrules.sync import plan
from crmrules.text.kinds import SIGNALS
from crmrules_sandbox.hubspot import render as hubspot
from crmrules_sandbox.hubspot.pipelines import STAGE_PHASES
from crmrules_sandbox.hubspot.server import HubSpotServer
from crmrules_sandbox.hubspot.start import seeded_portal
from crmrules_sandbox.salesforce import render as salesforce
from crmrules_sandbox.salesforce.server import SandboxServer
from crmrules_sandbox.salesforce.start import seeded_org
from crmrules_sandbox.scenario import Scenario, seeded
from crmrules_sandbox.scenario.model import Conversation, Opportunity
from pairs.kit import NOW, PAIRS
from pairs.settle import Settled, settle

CHAPTERS = (
    *("buying", "entry", "needs", "criteria", "competition", "concerns", "negotiation"),
    *("account", "private"),
)
CRMS = ("salesforce", "hubspot")
BACKGROUND = 112  # opportunities: 31 of them won, and thirty make a baseline
HABITS = """
#need! wants orders without re-keying @A. Somebody impact=40k/quarter
#criterion: go-live under 8 weeks | crucial | us=4 | source=customer
#concern: who owns the interface | resolved
#comp: status quo
#sponsor: A. Somebody
#diff: runs when the line is down @A. Somebody
#range: 3-7%
#concession: training for two
#success: re-keying 4h/wk -> 0 @A. Somebody
#reference: asked A. Somebody
"""
"""What those who win here note down."""

for chapter in CHAPTERS:
    importlib.import_module(f"pairs.{chapter}")


@dataclass(frozen=True, slots=True)
class Verdicts:
    """What every rule says of one opportunity on one CRM, and why where it cannot tell.

    ``held``: of those that fire, what keeps the finding back; "" for nothing.
    """

    said: dict[str, str]
    why: dict[str, list[str]]
    held: dict[str, str]


@cache
def pack() -> dict[str, Rule]:
    """Return every shipped rule."""
    return {rule.id: rule for rule in rulebook.load([rulebook.shipped()]).rules}


def name_of(place: str, which: str) -> str:
    """Return the id of a story in the scenario."""
    return f"{place} {which}"


@cache
def settled() -> dict[str, Settled]:
    """Return every story, ``fires`` and ``misses`` of each pair, by name."""
    found: dict[str, Settled] = {}
    for number, (place, pair) in enumerate(sorted(PAIRS.items())):
        for which, told in (("fires", pair.fires), ("misses", pair.misses)):
            name = name_of(place, which)
            found[name] = settle(told, name, len(found) + 1, f"rep-{number % 8 + 1}")
    return found


@cache
def scenario() -> Scenario:
    """Return the background with all stories in it."""
    background = seeded(1, NOW, BACKGROUND)
    told = settled().values()
    return replace(
        background,
        companies=(*background.companies, *(one.company for one in told)),
        people=(*background.people, *(person for one in told for person in one.people)),
        opportunities=(
            *(_noted(one) for one in background.opportunities),
            *(one.opportunity for one in told),
        ),
    )


def _noted(one: Opportunity) -> Opportunity:
    """Return a won opportunity with what was noted on it shortly before."""
    if one.outcome != "won":
        return one
    at = max(one.stages[-1].at - timedelta(days=3), one.entered + timedelta(hours=1))
    note = Conversation(
        f"note of {one.id}", "note", at, at, subject="Note to file", body=HABITS.strip()
    )
    return replace(one, conversations=(*one.conversations, note))


def verdicts(crm: str, folder: Path) -> dict[str, Verdicts]:
    """Plan once on one CRM, and return what it says of every story, by name."""
    started = {"salesforce": _salesforce, "hubspot": _hubspot}[crm]
    found: dict[str, Verdicts] = {}
    for settings, names in started():
        judged, findings = _planned(settings, folder)
        for one in judged:
            name = names[one.opportunity.id]
            if name in settled():
                held = {
                    f.rule.id: str(f.held_back or "")
                    for f in findings
                    if f.opportunity == one.opportunity.id
                }
                found[name] = _verdicts(one, held)
    return found


def _verdicts(judged: Judged, held: dict[str, str]) -> Verdicts:
    said = {rule: str(judgement.verdict) for rule, judgement in judged.judgements.items()}
    why = {}
    for rule in (rule for rule, verdict in said.items() if verdict == "unknown"):
        reads = dict.fromkeys(clause.signal for clause in pack()[rule].when.clauses())
        readings = [judged.readings[signal] for signal in reads]
        why[rule] = [one.reason for one in readings if isinstance(one, Unknown)]
    return Verdicts(said, why, held)


Started = Iterator[tuple[dict[str, Any], dict[str, str]]]


def _salesforce() -> Started:
    """Yield the settings for a sandbox org, and its ids -> names of the stories."""
    names = {found[0]: name for name, found in salesforce.ids(scenario()).items()}
    org = seeded_org(0, clock=lambda: NOW, scenario=scenario())
    with SandboxServer(org, tls=False) as server:
        access = {"auth": "token", "instance_url": server.url, "access_token": server.token()}
        mapped = {"fields": {"Opportunity.Contract_End__c": "contract_end"}}
        yield {"connector": "salesforce", "salesforce": access, "mapping": mapped}, names


def _hubspot() -> Started:
    """Yield the settings for a portal, and the ids of its deals -> names of the stories."""
    ids = hubspot.ids(scenario()).items()
    names = {one: name for name, (kind, one) in ids if kind == "deals"}
    portal = seeded_portal(0, clock=lambda: NOW, scenario=scenario())
    with HubSpotServer(portal) as server:
        yield (
            {
                "connector": "hubspot",
                "hubspot": {"access_token": server.token(), "base_url": server.url},
                "mapping": {"fields": {"Opportunity.contract_end": "contract_end"}},
                "phases": {"default": dict(STAGE_PHASES)},
            },
            names,
        )


def _planned(settings: dict[str, Any], folder: Path) -> tuple[list[Judged], list[Finding]]:
    overlay = folder / "overlay.yaml"
    overlay.write_text("".join(f"{rule}: {{mode: live}}\n" for rule in pack()))
    more = {
        "overlay": str(overlay),
        "state": {"url": f"sqlite:///{folder}/state.db"},
        "tasks": {"settle_hours": 0, "working_hours": ""},
        "text": {"signals": sorted(SIGNALS), "competitors": ["Dockmaster"]},
    }
    judged: list[Judged] = []
    findings: list[Finding] = []
    made = make(parse(settings | more, where="pairs"), folder, now=NOW)
    try:
        plan(made.job(now=NOW), show=Show(judged=judged.append, finding=findings.append))
    finally:
        made.close()
    return judged, findings


def plain(found: dict[str, Verdicts]) -> dict[str, Any]:
    """Return verdicts as JSON can keep them."""
    return {name: asdict(one) for name, one in found.items()}
