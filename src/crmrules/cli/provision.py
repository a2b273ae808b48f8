"""``crmrules provision``: make our fields in the CRM, with an administrator's token.

Know before changing: the token is read here, given to the provisioner and forgotten; it is never
the sync's, so that the sync's needs no right to change the CRM's setup (decisions, 19).

It decides nothing: the provisioner compares and writes, this prints.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

import click

from crmrules.cli.options import common, emit, formatted
from crmrules.errors import CrmRulesError, UsageError
from crmrules.provisioning import SIGNS, Step

OPTION = "--admin-token-file"


@click.command()
@click.option("--dry-run", is_flag=True, help="Show what would be made; write nothing.")
@click.option(
    OPTION,
    type=click.Path(path_type=Path, dir_okay=False),
    help="File with an administrator's token, which the sync never gets. A dry run does without.",
)
@common
@formatted
def provision(
    config: Path | None,
    log_format: str | None,
    verbose: int,
    output: str,
    *,
    dry_run: bool,
    admin_token_file: Path | None,
) -> int:
    """Make the fields crmrules writes in the CRM, and keep everything that is there.

    Missing options are added; a field of our name and another type is a conflict, and then nothing
    at all is written. Everything made is read back. Running it again is safe.

    Exits 0 done or nothing to do, 2 for usage, 3 for a conflict or missing rights.

    Example: crmrules provision --dry-run
    """
    provisioner = _provisioner(config, log_format, verbose, admin_token_file, dry_run=dry_run)
    try:
        steps = provisioner.steps() if dry_run else provisioner.apply()
    except CrmRulesError as error:
        _report_made(provisioner.made)
        if admin_token_file is not None and (error.where or "").endswith("token_file"):
            error.where = OPTION  # it is this token that lacks something, not the configured one
        raise
    finally:
        provisioner.close()
    conflict = any(step.action == "conflict" for step in steps)
    if output == "json":
        emit({"dry_run": dry_run, "place": provisioner.place, "steps": [asdict(s) for s in steps]})
    else:
        click.echo(provisioner.place)
        for line in lines(steps):
            click.echo(line)
        click.echo(_verdict(steps, dry_run=dry_run))
    return 3 if conflict else 0


def _provisioner(
    config: Path | None, log_format: Any, verbose: int, token_file: Path | None, *, dry_run: bool
) -> Any:
    """Return the configured CRM's provisioner; UsageError where there is none, or no token."""
    from crmrules import log
    from crmrules.cli import wire
    from crmrules.settings import load

    log.configure(log_format, verbose=verbose)
    settings, base = load(config)
    make = _maker(settings.connector)
    section = wire.section(settings, base)
    token = _admin_token(token_file, set(wire.secrets(section)), dry_run=dry_run)
    rules = wire.load_rules(settings, base).enabled
    flags = sorted({rule.then.flag for rule in rules if not rule.private})
    return make(section, token=token, flags=flags)


def _maker(connector: str) -> Any:
    from crmrules import plugins

    known = plugins.names(plugins.PROVISIONERS)
    if connector not in known and connector in plugins.names(plugins.CONNECTORS):
        raise UsageError(
            f"there is nothing to provision for '{connector}'",
            where="connector",
            remedy="On Salesforce, deploy what is in deploy/salesforce: its README says how. "
            "An export has no fields to make.",
        )
    kind = plugins.PROVISIONERS if connector in known else plugins.CONNECTORS
    return plugins.load(kind, connector)


def _admin_token(path: Path | None, others: set[str], *, dry_run: bool) -> str | None:
    """Return the administrator's token, None for a dry run without; it is told to the log."""
    from crmrules import log
    from crmrules.section import secret_file

    if path is None:
        if dry_run:
            return None
        raise UsageError(
            "making fields takes an administrator's token of its own",
            where=OPTION,
            remedy=f"Name its file with {OPTION}, or look first with --dry-run.",
        )
    token = secret_file(path, where=OPTION)
    log.keep_secret(token)
    if not token or (token in others and not dry_run):
        what = "is the sync's own token" if token else "is empty"
        raise UsageError(
            f"the file {path} {what}",
            where=OPTION,
            remedy="Make a key for this alone, with the rights to change the CRM's setup; delete "
            "it afterwards.",
        )
    return token


def lines(steps: Sequence[Step]) -> list[str]:
    """Return the steps as a list like a diff: + new, ~ extended, = kept, ! in the way."""
    width = max((len(step.name) for step in steps), default=0)
    told: list[str] = []
    for step in steps:
        sign = SIGNS[step.action]
        told.append(f"{sign} {step.object:<6} {step.name:<{width}}  {step.detail}".rstrip())
        told += [f"    -> {step.remedy}"] if step.remedy else []
    return told


def _report_made(made: Sequence[Step]) -> None:
    """Say on stderr what was written before an error; running again goes on from there."""
    if made:
        click.echo("Made before it stopped:", err=True)
        for line in lines(made):
            click.echo(line, err=True)


def _verdict(steps: Sequence[Step], *, dry_run: bool) -> str:
    count = [SIGNS[step.action] for step in steps].count
    if count("!"):
        return f"{count('!')} conflict(s): nothing was written."
    if count("+") + count("~") == 0:
        return "Nothing to do. Next: crmrules doctor"
    work = f"{count('+')} new, {count('~')} extended, {count('=')} kept."
    if dry_run:
        return f"{work} Nothing was written. Next: crmrules provision {OPTION} FILE"
    return f"{work} Written and read back. Next: crmrules doctor"
