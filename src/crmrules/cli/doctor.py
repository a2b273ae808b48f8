"""``crmrules doctor``: everything that is not right, at once, each with its remedy."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import click

from crmrules.cli.options import common, emit, formatted


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing to know. ``code``: the exit code it alone would give; 0 for a remark."""

    level: str  # error | warning
    what: str
    remedy: str
    code: int = 0


@click.command()
@click.option("--quick", is_flag=True, help="Do not pull: leave out what the data can show.")
@common
@formatted
def doctor(
    config: Path | None, log_format: str | None, verbose: int, output: str, *, quick: bool
) -> int:
    """Check configuration, rules, sign-in, fields, stage map and data readiness. Writes nothing.

    Exits 2 for configuration or rules, 3 for sign-in or rights, 0 where a sync would run.

    Example: crmrules doctor
    """
    from crmrules.cli.checkup import checkup

    seen = checkup(config, log_format=log_format, verbose=verbose, quick=quick)
    found = seen.found
    code = max((finding.code for finding in found), default=0)
    if output == "json":
        emit(
            {
                "problems": [{"level": f.level, "what": f.what, "remedy": f.remedy} for f in found],
                "readiness": seen.readiness,
                "unread": seen.unread,
            }
        )
        return code
    for finding in sorted(found, key=lambda f: f.level):
        click.echo(f"{finding.level}: {finding.what}\n  -> {finding.remedy}")
    for line in seen.readiness:
        _print(line)
    for tags in seen.unread:
        click.echo(f"{tags['author']}: {tags['count']} tagged line(s) not read")
        click.echo(f"  -> {tags['suggestion']}")
    errors = sum(finding.level == "error" for finding in found)
    if errors:
        click.echo(f"{errors} problem(s) stop a sync.")
    else:
        click.echo("A sync would run. Next: crmrules plan")
    return code


def _print(line: dict[str, Any]) -> None:
    missing = "; ".join(f"{name}: {line['why'][name]}" for name in line["missing"]) or "nothing"
    blind = line["blind_percent"]
    click.echo(
        f"{line['rule']:<30} {line['mode']:<8} fires on {line['fires']}, "
        f"cannot tell on {blind} % (missing: {missing})"
    )
    for fix in dict.fromkeys(line["fix"].values()):
        click.echo(f"  -> {fix}")
