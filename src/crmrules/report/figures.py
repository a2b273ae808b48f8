"""The figures of the page: what rules can see, volumes by week, load and paperwork, calls.

They come from the run itself and from what the state store keeps of earlier ones (``look_back``).
Rules are named by the page: private ones are never among them.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, time, timedelta

from crmrules.chapters import chapter
from crmrules.outcome import Report
from crmrules.plan.digest import RULE as DIGEST
from crmrules.report import draw
from crmrules.report.paper import Paperwork, Week, weeks
from crmrules.report.words import day, percent
from crmrules.rule import Rule
from crmrules.signals import label
from crmrules.state import OrgStore, Transaction
from crmrules.state.lookback import Lookback, lookback, standing

DAYS = 30
MINUTES = 5  # what a task is reckoned to cost a rep; a guess, nobody measured it
_NAMED = 3  # missing signals named for a rule
_MOST = 12  # people and fixes named


@dataclass(frozen=True, slots=True)
class Sight:
    """How well one rule can see. ``missing``: (signal, on how many, why)."""

    rule: Rule
    fires: int
    scope: int
    blind: int  # percent
    missing: list[tuple[str, int, str]]
    fixes: list[str]


@dataclass(frozen=True, slots=True)
class Fix:
    """One thing that would help, and how much: judgements that lack it, and the rules they are."""

    what: str
    judgements: int
    rules: int


@dataclass(frozen=True, slots=True)
class Load:
    """What crmrules itself asks of one of our people."""

    name: str
    waiting: int
    asked: int
    minutes: int  # a week


@dataclass(frozen=True, slots=True)
class Weekly:
    """New findings and tasks of one rule: (findings, tasks) for each week, and in all."""

    title: str
    id: str
    weeks: list[tuple[int, int]]
    found: int
    made: int


@dataclass(frozen=True, slots=True)
class Figures:
    """All figures, each with its chart where charts can be drawn."""

    sights: list[Sight]
    fixes: list[Fix]
    sight_chart: draw.Picture | None
    weeks: list[str]
    weekly: list[Weekly]
    week_chart: draw.Picture | None
    paper: list[Week]
    paper_chart: draw.Picture | None
    ratio: float | None
    edits: int
    contacts: int
    loads: list[Load]
    minutes: int
    calls: list[tuple[str, int, int]]
    calls_chart: draw.Picture | None
    past: Lookback


def look_at(tx: Transaction, rules: Iterable[Rule], now: datetime) -> Lookback:
    """Read where our tasks stand, as a run that is being planned sees them in the CRM."""
    return standing(tx.connection, tx.org, _told(rules), now)


def look_back(
    org: OrgStore, rules: Iterable[Rule], now: datetime, today: Lookback | None = None
) -> Lookback:
    """Read what the state store tells of the last weeks; nothing of a private rule.

    ``today``: where our tasks stand by ``look_at``; None: as the last sync left them.
    """
    told = _told(rules)
    since = datetime.combine(weeks(now)[0], time(), UTC)
    ago = now - timedelta(days=DAYS)
    with org.reading() as tx:
        found = standing(tx.connection, tx.org, told, now) if today is None else today
        lookback(tx.connection, tx.org, told, found, weeks_since=since, days_since=ago)
    return found


def _told(rules: Iterable[Rule]) -> set[str]:
    return {rule.id for rule in rules if not rule.private} | {DIGEST}


def figures(
    report: Report,
    rules: Sequence[Rule],
    paper: Paperwork,
    users: Mapping[str, str],
    past: Lookback,
) -> Figures:
    """Return all figures of a run."""
    now = report.as_of
    shown = weeks(now)
    marks = [f"{one.day} {one:%b}" for one in shown]
    weekly = _weekly(past, rules, now)
    rows = paper.rows(shown)
    edits, contacts = sum(row.edits for row in rows), sum(row.contacts for row in rows)
    loads = _loads(past, users)
    calls = [(day(one), n, past.floor[one]) for one, n in sorted(past.calls.items())]
    sights = [_sight(report, rule) for rule in rules]
    return Figures(
        sights=sorted(sights, key=lambda one: (-one.blind, one.rule.id)),
        fixes=_fixes(report, rules),
        sight_chart=_sight_chart(report, rules),
        weeks=marks,
        weekly=weekly,
        week_chart=_week_chart(weekly, marks),
        paper=rows,
        paper_chart=_paper_chart(rows, marks),
        ratio=edits / contacts if contacts else None,
        edits=edits,
        contacts=contacts,
        loads=loads,
        minutes=MINUTES,
        calls=calls,
        calls_chart=_calls_chart(calls),
        past=past,
    )


def _sight(report: Report, rule: Rule) -> Sight:
    missing = report.missing_for(rule.id)[:_NAMED]
    fixes = dict.fromkeys(fix for name, _ in missing if (fix := report.fix(name)))
    return Sight(
        rule,
        report.fires[rule.id],
        report.in_scope[rule.id],
        report.blind_percent(rule.id),
        [(label(name), n, report.why(name)) for name, n in missing],
        list(fixes),
    )


def _fixes(report: Report, rules: Sequence[Rule]) -> list[Fix]:
    """Return what would help, by how many judgements lack it; most of them need more than one."""
    told = {rule.id for rule in rules}
    judgements: Counter[str] = Counter()
    helped: defaultdict[str, set[str]] = defaultdict(set)
    for (rule, signal), n in report.missing.items():
        fix = report.fix(signal)
        if fix and rule in told:
            judgements[fix] += n
            helped[fix].add(rule)
    return [Fix(what, n, len(helped[what])) for what, n in judgements.most_common(_MOST)]


def _sight_chart(report: Report, rules: Sequence[Rule]) -> draw.Picture | None:
    """Return how much of its judgements each chapter could not make."""
    blind: Counter[str] = Counter()
    scope: Counter[str] = Counter()
    for rule in rules:
        blind[chapter(rule.id)] += report.unknown[rule.id]
        scope[chapter(rule.id)] += report.in_scope[rule.id]
    rows = [(name, blind[name] / n) for name, n in scope.items() if n]
    if not rows:
        return None
    told = "; ".join(f"{name}: {percent(share)}" for name, share in rows)
    spec = draw.bars(rows, "Judgements that could not be made", most=1, form=".0%")
    return draw.draw(spec, f"How many judgements could not be made, by chapter. {told}.")


def _weekly(found: Lookback, rules: Sequence[Rule], now: datetime) -> list[Weekly]:
    titles = {rule.id: rule.title for rule in rules} | {DIGEST: "Weekly digest"}
    rows = []
    for rule, title in titles.items():
        each = [(found.found[rule, week], found.made[rule, week]) for week in weeks(now)]
        totals = sum(pair[0] for pair in each), sum(pair[1] for pair in each)
        if any(totals):
            rows.append(Weekly(title, rule, each, *totals))
    return sorted(rows, key=lambda row: (-row.made, -row.found, row.id))


def _week_chart(weekly: Sequence[Weekly], marks: list[str]) -> draw.Picture | None:
    if not weekly:
        return None
    found = [float(sum(row.weeks[n][0] for row in weekly)) for n in range(len(marks))]
    made = [float(sum(row.weeks[n][1] for row in weekly)) for n in range(len(marks))]
    spec = draw.columns([("New findings", found), ("Tasks made", made)], marks)
    words = "; ".join(
        f"week of {mark}: {f:.0f} findings, {m:.0f} tasks"
        for mark, f, m in zip(marks, found, made, strict=True)
        if f or m
    )
    return draw.draw(spec, f"New findings and tasks by week. {words}.")


def _paper_chart(rows: Sequence[Week], marks: list[str]) -> draw.Picture | None:
    if not any(row.edits or row.contacts for row in rows):
        return None
    contacts, edits = [float(row.contacts) for row in rows], [float(row.edits) for row in rows]
    panels = [("Contacts with customers", contacts), ("Edits of records", edits)]
    words = "; ".join(
        f"week of {mark}: {row.contacts} contacts, {row.edits} edits"
        for mark, row in zip(marks, rows, strict=True)
    )
    return draw.draw(draw.columns(panels, marks), f"Contacts and edits by week. {words}.")


def _loads(found: Lookback, users: Mapping[str, str]) -> list[Load]:
    owners = sorted(
        found.waiting.keys() | found.asked.keys(),
        key=lambda owner: (-found.waiting[owner], -found.asked[owner], owner),
    )
    return [
        Load(
            users.get(owner, owner),
            found.waiting[owner],
            found.asked[owner],
            round(found.asked[owner] * MINUTES / 4),
        )
        for owner in owners[:_MOST]
    ]


def _calls_chart(calls: Sequence[tuple[str, int, int]]) -> draw.Picture | None:
    if len(calls) < 2:
        return None
    marks = [mark.rpartition(" ")[0] for mark, _, _ in calls]
    spec = draw.columns([("Calls a day", [float(n) for _, n, _ in calls])], marks)
    words = "; ".join(f"{mark}: {n}" for mark, n, _ in calls)
    return draw.draw(spec, f"Calls of crmrules by day. {words}.")
