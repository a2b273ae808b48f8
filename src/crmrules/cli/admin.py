"""What ``provision`` and ``unprovision`` share: the provisioner and the administrator's token."""

from __future__ import annotations

from inspect import signature
from pathlib import Path
from typing import Any

import click

from crmrules import log, plugins
from crmrules.cli import wire
from crmrules.errors import UsageError
from crmrules.section import secret_file
from crmrules.settings import Settings

OPTION = "--admin-token-file"


def admin_token(function: Any) -> Any:
    """Add the option that names the administrator's token."""
    return click.option(
        OPTION,
        type=click.Path(path_type=Path, dir_okay=False),
        help="File with an administrator's token, which the sync never gets. A dry run does "
        "without.",
    )(function)


def provisioner(
    settings: Settings, base: Path, token_file: Path | None, *, dry_run: bool, **parts: bool
) -> Any:
    """Return the configured CRM's provisioner; UsageError where there is none, or no token.

    ``parts`` are what a CRM may have beyond its fields, by the name of their option.
    """
    make = _maker(settings.connector)
    asked = {name: True for name, wanted in parts.items() if wanted}
    for name in asked.keys() - signature(make).parameters.keys():
        raise UsageError(
            f"'{settings.connector}' has nothing of that kind to provision",
            where=f"--{name}",
            remedy="Leave the option out.",
        )
    section = wire.section(settings, base)
    token = _admin_token(token_file, set(wire.secrets(section)), dry_run=dry_run)
    rules = wire.load_rules(settings, base).enabled
    flags = sorted({rule.then.flag for rule in rules if not rule.private})
    return make(section, token=token, flags=flags, **asked)


def parts_of(connector: str) -> frozenset[str]:
    """Return the names of what a CRM may have beyond its fields, and more that is no option."""
    return frozenset(signature(_maker(connector)).parameters)


def _maker(connector: str) -> Any:
    known = plugins.names(plugins.PROVISIONERS)
    if connector not in known and connector in plugins.names(plugins.CONNECTORS):
        raise UsageError(
            f"there is nothing to provision for '{connector}'",
            where="connector",
            remedy="An export has no fields to make; set connector to the CRM it came from.",
        )
    kind = plugins.PROVISIONERS if connector in known else plugins.CONNECTORS
    return plugins.load(kind, connector)


def _admin_token(path: Path | None, others: set[str], *, dry_run: bool) -> str | None:
    """Return the administrator's token, None for a dry run without; it is told to the log."""
    if path is None:
        if dry_run:
            return None
        raise UsageError(
            "this takes an administrator's token of its own",
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
