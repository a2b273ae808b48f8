"""The page of one rule, and the index of all: what it says, why, and what became of it here."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from crmrules.rule import Rule
from crmrules.rulepages.blocks import Block, Code, Heading, Items, Table, Text
from crmrules.rulepages.condition import condition, value
from crmrules.rulepages.here import About, of_here
from crmrules.state.volumes import WEEKS
from crmrules.texts import alternatives

CHAPTERS = {
    "buy": "How customers buy",
    "entry": "Getting in",
    "needs": "Needs",
    "crit": "Decision criteria",
    "comp": "Competition",
    "conc": "Concerns",
    "nego": "Negotiation",
    "post": "After the decision",
}
"""The chapters of the book, by how the ids of their rules begin."""
OWN = "Rules of your own"


def chapter(rule: str) -> str:
    """Return the chapter of a rule, from its id."""
    return CHAPTERS.get(rule.partition("-")[0], OWN)


def of_rule(about: About) -> list[Block]:
    """Return the whole page of a rule."""
    rule = about.rule
    made: list[Block] = [
        Heading(rule.title, 1),
        Text(
            f"`{rule.id}` · {chapter(rule.id)} · {rule.severity} · {rule.mode}"
            f" (recommended: {rule.recommended}) · flag `{rule.then.flag}`"
        ),
        Text(f"Judged in: {', '.join(rule.phases)}{_majors(rule)}."),
        Heading("Why"),
        Text(rule.why),
        Items([f"Source: {rule.source}", *(f"The book: {one.text}" for one in about.statements)]),
        Heading("Fires when"),
        Code([*condition(rule.when)]),
        Heading("Ends when"),
        Code([*condition(rule.clears)]),
        *_settings(about),
        Heading("What it asks"),
        Text(alternatives(rule.then.task.subject)[0]),
        Items([alternatives(line)[0] for line in rule.then.task.body]),
        Heading("Known false positives"),
        Items(list(rule.false_positives) or ["None is known."]),
    ]
    made += of_here(about)
    made += [Heading("Its tests"), _tests(rule), *_upkeep(rule)]
    return made


def _majors(rule: Rule) -> str:
    return ", on major opportunities" if rule.majors_only else ""


def _settings(about: About) -> Iterator[Block]:
    rows = []
    for name, setting in about.rule.settings.items():
        ships = about.shipped.settings[name].value
        whence = (
            "the pack" if ships == setting.value else f"your overlay (ships with {value(ships)})"
        )
        limits = [
            f"{word} {limit:g}"
            for word, limit in (("not below", setting.floor), ("not above", setting.ceiling))
            if limit is not None
        ]
        rows.append(
            (
                f"`{name}`",
                value(setting.value),
                setting.unit,
                whence,
                ", ".join(limits),
                setting.why,
            )
        )
    if rows:
        head = ("Setting", "is", "of", "from", "limits", "why this number")
        yield Heading("Thresholds")
        yield Table(head, rows)


def _tests(rule: Rule) -> Table:
    rows = [
        (test.name, ", ".join(f"{k} {value(v)}" for k, v in test.given.items()), test.expect)
        for test in rule.tests
    ]
    return Table(("Example", "given", "must say"), rows)


def _upkeep(rule: Rule) -> Iterator[Block]:
    yield Heading("Upkeep")
    lines = [f"Maintained by {rule.maintainer}; somebody looks at it again by {rule.review}"]
    if rule.hides:
        hidden = ", ".join(f"[{one.rule}]({one.rule})" for one in rule.hides)
        lines.append(f"While it is open these wait: {hidden}")
    if rule.coverage:
        lines.append(f"Stays in shadow until winners fill: {', '.join(rule.coverage)}")
    yield Items(lines)


def index(abouts: Sequence[About]) -> list[Block]:
    """Return the index: all rules by chapter, with the figures of the first organization."""
    made: list[Block] = [
        Heading("The rules", 1),
        Text(
            f"{len(abouts)} rules. Written by `crmrules rules docs`; write it anew after a change."
        ),
    ]
    for name in (*CHAPTERS.values(), OWN):
        many = [about for about in abouts if chapter(about.rule.id) == name]
        if many:
            head = ("Rule", "mode", "severity", f"findings in {WEEKS} weeks", "precision")
            made += [Heading(name), Table(head, [_row(about) for about in many])]
    return made


def _row(about: About) -> tuple[str, ...]:
    rule = about.rule
    findings, precise = [], []
    for here in about.here if not rule.private else ():
        volume = here.volumes.get(rule.id)
        findings.append(str(volume.opened.total() if volume is not None else 0))
        standing = here.standings.get(rule.id)
        if standing is not None:
            precise.append(str(standing.precision))
    title = rule.title.replace("[", "(").replace("]", ")")
    cells = (str(rule.mode), str(rule.severity), ", ".join(findings), "; ".join(precise))
    return (f"[{title}]({rule.id})", *cells)
