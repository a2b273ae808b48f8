"""What became of a rule in this organization: signals, volume, answers, changes."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from crmrules.difference.fields import Change, changes
from crmrules.findings.tasks import SAID, Answer
from crmrules.rule import Rule
from crmrules.rulepages.blocks import Block, Heading, Items, Table, Text
from crmrules.rulepages.facts import Here
from crmrules.signals import SIGNALS
from crmrules.state.volumes import WEEKS, Volume
from crmrules.statements import Statement, signals_of
from crmrules.yamlsource import Document

_NO_OVERLAY = Document({}, {})


@dataclass(frozen=True, slots=True)
class About:
    """A rule with all that is known of it. ``shipped``: as its file says, without the overlay."""

    rule: Rule
    shipped: Rule
    here: Sequence[Here] = ()
    statements: Sequence[Statement] = ()
    languages: Sequence[str] = field(default=())


def of_here(about: About, *, reps: bool = True) -> list[Block]:
    """Return what is known of the rule here: signals, volume, answers, changes.

    ``reps`` False leaves the precision out, for whoever tells it already.
    """
    made: list[Block] = [Heading("Its signals"), *_signals(about)]
    if about.rule.private:
        made += [Heading("What became of it"), Text("Private: its figures are shown to nobody.")]
    else:
        for here in about.here:
            made += _became(about.rule, here, reps=reps)
        if not about.here:
            made += [Heading("What became of it"), Text("Not known: no sync has run here yet.")]
    return [*made, Heading("Changes"), Items([*_changes(about)] or ["None that is known."])]


def _signals(about: About) -> Iterator[Block]:
    rows = []
    for name in signals_of(about.rule):
        entry = SIGNALS.get(name)
        if entry is not None:
            rows.append((f"`{name}`", entry.meaning, entry.unit, _availability(about, name)))
    yield Table(("Signal", "means", "unit", "here"), rows)


def _availability(about: About, signal: str) -> str:
    """Return whether the organizations have a signal, as far as the last sync needed it."""
    if about.rule.private:
        return ""
    return "; ".join(filter(None, (_in(about.rule, here, signal) for here in about.here))) or (
        "not known: no sync has judged this rule"
    )


def _in(rule: Rule, here: Here, signal: str) -> str:
    seen = (here.readiness or {}).get("rules", {}).get(rule.id)
    if seen is None or not seen["in_scope"]:
        return ""
    missing = seen["missing"].get(signal)
    if missing is None:
        return "never missing where it mattered"
    fix = f" {missing['fix']}" if missing["fix"] else ""
    return f"missing on {missing['times']} of {seen['in_scope']}: {missing['why']}.{fix}"


def _became(rule: Rule, here: Here, *, reps: bool) -> Iterator[Block]:
    yield Heading(f"What became of it in {here.organization} until {here.as_of:%Y-%m-%d}")
    seen = (here.readiness or {}).get("rules", {}).get(rule.id)
    if seen is not None:
        yield Text(
            f"At the last sync: fires on {seen['fires']}, cannot tell on {seen['unknown']},"
            f" of {seen['in_scope']} opportunities it is about."
        )
    volume = here.volumes.get(rule.id) or Volume()
    weeks = range(WEEKS - 1, -1, -1)
    yield Table(
        (f"Last {WEEKS} weeks, the oldest first", "by week", "in all"),
        [
            ("findings that opened", _by_week(volume.opened, weeks), str(volume.opened.total())),
            ("tasks that were made", _by_week(volume.made, weeks), str(volume.made.total())),
        ],
    )
    precision = _precision(rule, here) if reps else ()
    yield Items([f"Open now: {volume.open_now}", *_answers(volume), *precision])


def _by_week(counted: Mapping[int, int], weeks: Sequence[int]) -> str:
    return " ".join(str(counted[week]) for week in weeks)


_ANSWERS = {
    Answer.NOT_TRUE: SAID[Answer.NOT_TRUE],
    Answer.NOT_USEFUL: SAID[Answer.NOT_USEFUL],
    Answer.DELETED: "deleted without a word",
    Answer.DONE_OTHERWISE: SAID[Answer.DONE_OTHERWISE],
    Answer.DONE: "completed",
}


def _answers(volume: Volume) -> Iterator[str]:
    told = [f"{volume.answers[one]} {words}" for one, words in _ANSWERS.items()]
    yield f"What reps said of all its tasks: {', '.join(told)}"


def _precision(rule: Rule, here: Here) -> Iterator[str]:
    standing = here.standings.get(rule.id)
    if standing is None:
        yield "Precision: nobody has answered yet"
        return
    yield f"Precision, with its 95 % interval (Wilson): {standing.precision}"
    if standing.demoted is not None:
        yield f"Demoted to shadow at {standing.demoted}"


def _changes(about: About) -> Iterator[str]:
    for change in changes(about.shipped, about.rule, {}, _NO_OVERLAY, about.rule.id):
        yield f"Your overlay: {_told(change)}"
    if about.languages:
        yield f"Your overlay: texts in {', '.join(about.languages)}"
    for here in about.here:
        if here.before is None:
            continue
        old = here.before.rules.get(about.rule.id)
        if old is None:
            yield f"New since {here.before.name} ({here.organization})"
            continue
        for change in changes(old, about.shipped, {}, _NO_OVERLAY, about.rule.id):
            yield f"Since {here.before.name} ({here.organization}): {_told(change)}"


def _told(change: Change) -> str:
    return f"{change.about}: {change.what}"


def as_json(about: About) -> dict[str, Any]:
    """Return for programs what ``of_here`` tells; nothing of what became of a private rule."""
    rule, weeks = about.rule, range(WEEKS - 1, -1, -1)
    organizations = []
    for here in about.here if not rule.private else ():
        volume = here.volumes.get(rule.id) or Volume()
        seen = (here.readiness or {}).get("rules", {}).get(rule.id)
        organizations.append(
            {
                "organization": here.organization,
                "as_of": here.as_of.isoformat(),
                "readiness": seen,
                "opened": [volume.opened[week] for week in weeks],
                "made": [volume.made[week] for week in weeks],
                "open": volume.open_now,
                "answers": {str(one): volume.answers[one] for one in _ANSWERS},
            }
        )
    signals = {name: _availability(about, name) for name in signals_of(rule)}
    return {
        "here": organizations,
        "signals": signals,
        "changes": [*_changes(about)],
        "shipped_settings": {name: one.value for name, one in about.shipped.settings.items()},
    }
