"""What reps made of the tasks, for ``crmrules status`` and ``crmrules rules show``."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import click

from crmrules.demotion import Standing, standings, version
from crmrules.errors import CrmRulesError
from crmrules.rule import Rule
from crmrules.state import Store


def by_organization(
    store: Store, hidden: frozenset[str] | None, only: str | None = None
) -> dict[str, list[Standing]]:
    """Return how rules stand, by organization; None: nobody knows which of them are private."""

    def shown(rule: str) -> bool:
        return hidden is not None and rule not in hidden and only in (None, rule)

    found = {}
    for name in store.organizations():
        org = store.for_org(name)
        # As of the last run: a plan of the past, or a demo's clock, is not this moment.
        runs = org.status(limit=1).runs
        with org.reading() as tx:
            found[name] = standings(tx, runs[0].as_of if runs else store.clock(), shown)
    return found


def as_json(found: list[Standing]) -> dict[str, Any]:
    """Return what ``status`` adds to one organization, for programs."""
    return {"reps": [one.json() for one in found]}


def tell(found: list[Standing]) -> None:
    """Print what ``status`` adds to one organization, for people."""
    click.echo(f"  what reps made of the tasks:{'' if found else ' nothing yet'}")
    for one in found:
        for line in told(one):
            click.echo(f"    {line}")


def told(one: Standing) -> Iterator[str]:
    """Yield how one rule stands, in lines."""
    reps = one.precision
    yield f"{reps.rule}: {reps}"
    plain, waiting = f"{reps.done} completed and nothing new followed", f"{reps.waiting} may yet"
    if reps.done or reps.waiting:
        best = f"; {100 * (reps.at_best or 0.0):.0f} % if all those were useful"
        yield f"  not counted: {plain}, {waiting}{best}"
    if one.demoted is not None:
        yield f"  DEMOTED to shadow at {one.demoted}"


def of_rule(config: Path | None, rule: Rule) -> list[tuple[str, Standing]]:
    """Return how one rule stands in each organization that the configuration may be about.

    Empty without a configuration, without a store yet, and for a private rule. A store that cannot
    be read is said on stderr: what the rule file says is still worth showing.
    """
    from crmrules.cli.targets import stored

    if rule.private:
        return []
    try:
        with stored(config) as (store, names):
            if store is None:
                return []
            found = by_organization(store, frozenset(), rule.id)
    except CrmRulesError as error:
        click.echo(f"what reps made of its tasks is not known: {error}", err=True)
        return []
    return [(org, one) for org, many in found.items() if org in names for one in many]


def card_lines(rule: Rule, found: list[tuple[str, Standing]]) -> Iterator[str]:
    """Yield what a rule's page says of reps."""
    for org, one in found:
        yield f"  what reps made of its tasks in {org}:"
        yield from (f"    {line}" for line in told(one))
        if _changed(rule, one):
            yield "    it was changed since; from the next sync on its answers count anew"


def card_json(rule: Rule, found: list[tuple[str, Standing]]) -> list[dict[str, Any]]:
    """Return the same for programs; ``changed``: these answers are about an earlier version."""
    return [
        {"organization": org, **one.json(), "changed": _changed(rule, one)} for org, one in found
    ]


def _changed(rule: Rule, one: Standing) -> bool:
    return one.version is not None and one.version != version(rule)
