"""``crmrules state``: look after the state store."""

from __future__ import annotations

import sys
from dataclasses import asdict
from datetime import datetime
from pathlib import Path

import click

from crmrules.cli.options import Moment, common


@click.group()
def state() -> None:
    """Back up or migrate the state store; export the audit of writes."""


@state.command()
@click.argument("path", type=click.Path(path_type=Path, dir_okay=False))
@common
def backup(path: Path, config: Path | None, log_format: str | None, verbose: int) -> None:
    """Write a consistent copy of the store, while runs go on. On PostgreSQL pg_dump makes it.

    Example: crmrules state backup crmrules-before-upgrade.db
    """
    from crmrules.cli.wire import open_store

    store = open_store(config, log_format=log_format, verbose=verbose)
    try:
        store.backup(path)
    finally:
        store.close()
    click.echo(f"backed up to {path}")


@state.command()
@click.option("--to", metavar="VERSION", help="The version to go to, an older one too.")
@click.option("--without-backup", is_flag=True, help="Make no backup before.")
@common
def migrate(
    to: str | None, without_backup: bool, config: Path | None, log_format: str | None, verbose: int
) -> None:
    """Bring the store to this version, or to an older one; a backup is made first.

    Example: crmrules state migrate
    """
    from crmrules.cli.wire import open_store
    from crmrules.state import VERSION

    store = open_store(config, log_format=log_format, verbose=verbose)
    try:
        kept = store.migrate(to or VERSION, keep=not without_backup)
    finally:
        store.close()
    if kept:
        click.echo(f"migrated; the old store is kept as {kept}")
    elif without_backup:
        click.echo(f"the state store has version {to or VERSION}")
    else:
        click.echo("nothing to migrate")


@state.command("export-audit")
@click.option("--since", type=Moment(), help="Only writes from this moment on.")
@common
def export_audit(
    since: datetime | None, config: Path | None, log_format: str | None, verbose: int
) -> None:
    """Print every write ever made, one JSON object per line: before, after, result.

    Example: crmrules state export-audit --since 2026-11-01 > audit.jsonl
    """
    from crmrules.cli.wire import open_store
    from crmrules.state.columns import dumps

    store = open_store(config, log_format=log_format, verbose=verbose)
    try:
        for org in store.organizations():
            with store.for_org(org).reading() as tx:
                for row in tx.history.audit(since=since):
                    line = dumps({"organization": org} | asdict(row))
                    sys.stdout.write(line.decode() + "\n")
    finally:
        store.close()
