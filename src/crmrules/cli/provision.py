"""``crmrules provision``: make our fields in the CRM, with an administrator's token.

Know before changing: the token is read here, given to the provisioner and forgotten; it is never
the sync's, so that the sync's needs no right to change the CRM's setup (decisions, 19).

It decides nothing: the provisioner compares and writes, this prints.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict
from pathlib import Path

import click

from crmrules import log
from crmrules.cli.admin import OPTION, admin_token, parts_of, provisioner
from crmrules.cli.options import common, emit, formatted
from crmrules.errors import CrmRulesError
from crmrules.provisioning import SIGNS, Step
from crmrules.settings import load


@click.command()
@click.option("--dry-run", is_flag=True, help="Show what would be made; write nothing.")
@admin_token
@click.option(
    "--views",
    is_flag=True,
    help="Also what people look at: list views, reports, a dashboard, a layout (Salesforce).",
)
@click.option(
    "--assign",
    is_flag=True,
    help="Give our permission set to the user the sync signs in as (Salesforce).",
)
@common
@formatted
def provision(
    config: Path | None,
    log_format: log.Format | None,
    verbose: int,
    output: str,
    *,
    dry_run: bool,
    admin_token_file: Path | None,
    **parts: bool,
) -> int:
    """Make the fields crmrules writes in the CRM, and keep everything that is there.

    Missing options are added; a field of our name and another type is a conflict, and then nothing
    at all is written. Everything made is read back. Running it again is safe.

    Exits 0 done or nothing to do, 2 for usage, 3 for a conflict or missing rights, 4 where
    the CRM refused or did not answer.

    Example: crmrules provision --dry-run
    """
    log.configure(log_format, verbose=verbose)
    settings, base = load(config)
    it = provisioner(settings, base, admin_token_file, dry_run=dry_run, **parts)
    try:
        steps = it.steps() if dry_run else it.apply()
    except CrmRulesError as error:
        _report_made(it.made)
        if admin_token_file is not None and (error.where or "").endswith("token_file"):
            error.where = OPTION  # it is this token that lacks something, not the configured one
        raise
    finally:
        it.close()
    conflict = any(step.action == "conflict" for step in steps)
    if output == "json":
        emit({"dry_run": dry_run, "place": it.place, "steps": [asdict(s) for s in steps]})
    else:
        click.echo(it.place)
        for line in lines(steps):
            click.echo(line)
        click.echo(_verdict(steps, _more(settings.connector, parts), dry_run=dry_run))
    return 3 if conflict else 0


def lines(steps: Sequence[Step]) -> list[str]:
    """Return the steps as a list like a diff: + new, ~ extended, = kept, ! in the way."""
    width = max((len(step.name) for step in steps), default=0)
    about = max((len(step.object) for step in steps), default=0)
    told: list[str] = []
    for step in steps:
        sign = SIGNS[step.action]
        told.append(
            f"{sign} {step.object:<{max(6, about)}} {step.name:<{width}}  {step.detail}".rstrip()
        )
        told += [f"    -> {step.remedy}"] if step.remedy else []
    return told


def _more(connector: str, asked: Mapping[str, bool]) -> str:
    """Return the next command's options: those given, and what lets the sync see new fields."""
    wanted = [name for name, on in asked.items() if on or name == "assign"]
    return "".join(f" --{name}" for name in wanted if name in parts_of(connector))


def _report_made(made: Sequence[Step]) -> None:
    """Say on stderr what was written before an error; running again goes on from there."""
    if made:
        click.echo("Made before it stopped:", err=True)
        for line in lines(made):
            click.echo(line, err=True)


def _verdict(steps: Sequence[Step], more: str, *, dry_run: bool) -> str:
    """Return the last line; ``more``: the options a first time needs beside the token."""
    count = [SIGNS[step.action] for step in steps].count
    if count("!"):
        return f"{count('!')} conflict(s): nothing was written. Next: mend them, then run it again"
    after = "Next: crmrules plan"
    if not dry_run and any("provision --assign" in step.remedy for step in steps):
        after = f"Next: crmrules provision {OPTION} FILE --assign, then crmrules plan"
    if count("+") + count("~") == 0:
        return f"Nothing to do. {after}"
    work = f"{count('+')} new, {count('~')} extended, {count('=')} kept."
    if dry_run:
        return f"{work} Nothing was written. Next: crmrules provision {OPTION} FILE{more}"
    return f"{work} Written and read back. {after}"
