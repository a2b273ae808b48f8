"""``crmrules signals``: the vocabulary rules are written in."""

from __future__ import annotations

import click

from crmrules.cli.options import emit, formatted


@click.command()
@formatted
def signals(output: str) -> None:
    """List every signal: type, unit, meaning, when it is unknown, its source in each CRM.

    Example: crmrules signals --format json
    """
    from crmrules.signals import SIGNALS

    if output == "json":
        emit(
            [
                {
                    "name": s.name,
                    "type": s.kind.__name__,
                    "unit": s.unit,
                    "meaning": s.meaning,
                    "unknown": s.unknown,
                    "salesforce": s.salesforce,
                    "hubspot": s.hubspot,
                    "values": list(s.values),
                }
                for s in SIGNALS.values()
            ]
        )
        return
    for s in sorted(SIGNALS.values(), key=lambda entry: entry.name):
        click.echo(f"{s.name} ({s.kind.__name__}, {s.unit})")
        click.echo(f"    {s.meaning}")
        click.echo(f"    unknown: {s.unknown}")
        click.echo(f"    Salesforce: {s.salesforce}")
        click.echo(f"    HubSpot: {s.hubspot}")
