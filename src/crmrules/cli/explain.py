"""``crmrules explain``: why and why not, for one opportunity."""

from __future__ import annotations

from dataclasses import asdict
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from crmrules.cli.options import Moment, common, emit, formatted

if TYPE_CHECKING:
    from crmrules.explain import Explanation
    from crmrules.rule import Rule
    from crmrules.rulebook import RuleBook
    from crmrules.sync import Look

_LONGEST = 200  # characters of a note shown on a terminal


def _rules(book: RuleBook, rule_id: str | None, *, include_private: bool) -> list[Rule]:
    """Return what is explained: this rule or all; private ones only where somebody asks."""
    from crmrules.errors import UsageError

    if rule_id is None:
        return [rule for rule in book.enabled if include_private or not rule.private]
    rule = book.rule(rule_id)
    if rule.private and not include_private:
        raise UsageError(
            f"'{rule_id}' is private: it concerns nobody but the opportunity's owner",
            remedy="Add --include-private if that is you.",
        )
    return [rule]


@click.command()
@click.argument("opportunity")
@click.option("--rule", "rule_id", help="Only this rule.")
@click.option("--all", "everything", is_flag=True, help="Tell the conditions of quiet rules too.")
@click.option("--as-of", type=Moment(), help="Judge by this moment instead of now.")
@click.option("--include-private", is_flag=True, help="Explain private rules too.")
@common
@formatted
def explain(
    opportunity: str,
    rule_id: str | None,
    as_of: datetime | None,
    config: Path | None,
    log_format: str | None,
    verbose: int,
    output: str,
    *,
    everything: bool,
    include_private: bool,
) -> None:
    """Say why, or why not, condition by condition, with values, records and what would change it.

    Example: crmrules explain 0065g00000AbCdEAAV --rule conc-gone-dark
    """
    from crmrules.cli.wire import setup
    from crmrules.errors import UsageError
    from crmrules.explain import explain as told
    from crmrules.state.columns import clean
    from crmrules.sync import look

    made = setup(config, log_format=log_format, verbose=verbose, now=as_of)
    try:
        rules = _rules(made.book, rule_id, include_private=include_private)
        # An argument may be any bytes, and a database takes no half of a character.
        found = look(made.job(now=as_of), clean(opportunity) or "")
    finally:
        made.close()
    if found is None:
        raise UsageError(
            f"the opportunity '{opportunity}' is not among those that are pulled",
            remedy="Check the id (18 characters on Salesforce); open ones, and those closed in the "
            "last 24 months are pulled.",
        )
    readings, baseline = found.judged.readings, found.baseline
    explanations = [(rule, told(rule, readings, baseline)) for rule in rules]
    if output == "json":
        emit(_data(opportunity, found, explanations))
        return
    _print(opportunity, found, explanations, everything=everything or rule_id is not None)


def _data(
    opportunity: str, found: Look, explanations: list[tuple[Rule, Explanation]]
) -> dict[str, Any]:
    from crmrules.cli import became
    from crmrules.plan import stamp

    return {
        "opportunity": opportunity,
        "name": found.judged.opportunity.name,
        "as_of": stamp(found.now),
        "won_in_baseline": found.baseline.won,
        "rules": [asdict(each) | became.data(found, rule.id) for rule, each in explanations],
        "unread": [
            {name: getattr(one, name) for name in ("record", "line", "why", "suggestion")}
            for one in found.judged.opportunity.unread
        ],
    }


def _print(
    opportunity: str,
    found: Look,
    explanations: list[tuple[Rule, Explanation]],
    *,
    everything: bool,
) -> None:
    from crmrules.cli import became, text
    from crmrules.plan import stamp
    from crmrules.texts import safe

    name = safe(found.judged.opportunity.name or "", _LONGEST)
    click.echo(f"{name or opportunity} ({opportunity}), as of {stamp(found.now)}\n")
    order = {"fires": 0, "unknown": 1, "quiet": 2}
    told = [one for one in explanations if everything or one[1].verdict != "quiet"]
    for rule, each in sorted(told, key=lambda pair: order[pair[1].verdict]):
        click.echo(text.explanation(each, rule))
        for line in became.lines(found, rule, fires=each.verdict == "fires"):
            click.echo(f"  {line}")
        click.echo("")
    quiet = [rule.id for rule, each in explanations if each.verdict == "quiet"]
    if quiet and not everything:
        click.echo(f"QUIET    {len(quiet)} rules: {', '.join(quiet)}")
        click.echo("  Why not: crmrules explain " + opportunity + " --rule RULE, or --all\n")
    for one in found.judged.opportunity.unread:
        line, why = safe(one.line, _LONGEST), safe(one.why, _LONGEST)
        click.echo(f"not read in {one.record}: {line}\n  {why}\n  -> {one.suggestion}")
