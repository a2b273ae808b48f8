"""Runs told by hand, and the page of each."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from crmrules import rulebook
from crmrules.connector import CreateTask, Organization, TaskFields, Usage
from crmrules.engine import Judgement
from crmrules.findings import Episode, EpisodeStatus, HeldBack
from crmrules.model import Account, Opportunity, User
from crmrules.outcome import Report
from crmrules.plan import Finding, Judged, PlannedWrite
from crmrules.report import Page
from crmrules.rule import Mode, Rule, Verdict
from crmrules.signals import Known
from signals.build import NOW, ago, opportunity

BOOK = rulebook.load([rulebook.shipped()])
URGENT = BOOK.rule("conc-gone-dark").model_copy(update={"mode": Mode.LIVE})  # P1
LATER = BOOK.rule("buy-no-advance").model_copy(update={"mode": Mode.LIVE})  # P2
PRIVATE = next(rule for rule in BOOK.rules if rule.private).model_copy(update={"mode": Mode.LIVE})
RULES = (URGENT, LATER, PRIVATE)


def shadowed(rule: Rule) -> Rule:
    return rule.model_copy(update={"mode": Mode.SHADOW})


def one(id_: str, name: str | None = None, **facts: Any) -> Opportunity:
    known = {
        "id": id_,
        "record": id_,
        "name": name or f"Deal {id_}",
        "owner": "005A",
        "users": (User(id="005A", name="Olga Owner"),),
        "account": Account(record="001", known_at=ago(100), id="001", name="Acme"),
    }
    return opportunity(**{**known, **facts})


def report(**facts: Any) -> Report:
    usage = Usage(calls=5, floor=3, quota_used=40, quota_limit=100_000, ceiling=5000)
    known = {"as_of": NOW, "connector": "salesforce", "usage": usage}
    return Report(organization=Organization("00D", "Acme Corp"), **{**known, **facts})


def tell(
    page: Page,
    told: Report,
    which: Opportunity,
    *fires: tuple[Rule, HeldBack | None],
    verdict: Verdict = Verdict.FIRES,
    asks: bool = True,
    n: int = 1,
) -> None:
    """Let a run show an opportunity on which these rules fire, and what becomes of each.

    ``asks``: it plans a task for what nothing holds back. ``n``: of the episodes.
    """
    show = page.show()
    firing = {rule.id for rule, _ in fires}
    judgements = {
        rule.id: Judgement(Verdict.FIRES if rule.id in firing else Verdict.QUIET, clears=None)
        for rule in RULES
    }
    readings = {"phase": Known("evaluation"), "quotes_sent": Known(1)}
    told.opportunities += 1
    show.judged(Judged(which, readings, judgements))
    for rule, held in fires:
        episode = Episode(rule.id, which.id, n, EpisodeStatus.OPEN, ago(3), NOW)
        evidence = ({"signal": "silence_business_days", "value": 12, "records": []},)
        show.finding(Finding(rule, which.id, verdict, episode, evidence, held))
        if held is None and asks:
            show.write(wanted(rule, which.id, f"Ask by {rule.id}"))


def wanted(rule: Rule, opportunity: str, subject: str, key: str = "k") -> PlannedWrite:
    """Return the write that makes a rule's task."""
    task = TaskFields(
        subject, "Why", NOW.date(), "005A", opportunity, rule.id, link=not rule.private
    )
    return PlannedWrite("create_task", CreateTask(key, task), opportunity, rule.id, "005A")


def page_of(
    *shown: tuple[Opportunity, Sequence[tuple[Rule, HeldBack | None]]],
    rules: Sequence[Rule] = RULES,
    **facts: Any,
) -> str:
    """Return the page of a run over these opportunities."""
    page, told = Page("a run", rules, **facts), report()
    page.show().begun(told)
    for which, fires in shown:
        tell(page, told, which, *fires)
    return page.html(told)
