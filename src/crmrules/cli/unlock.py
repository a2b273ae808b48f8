"""``crmrules unlock``: end the lock of a run that cannot be reached."""

from __future__ import annotations

from pathlib import Path

import click

from crmrules.cli.options import common


@click.command()
@click.option("--id", "nonce", required=True, help="The id in the message that refused the run.")
@common
def unlock(nonce: str, config: Path | None, log_format: str | None, verbose: int) -> None:
    """Release the lock of a run that died on another machine. Whatever it still tries is refused.

    Example: crmrules unlock --id 3f9a12bc
    """
    from crmrules.cli.wire import open_store
    from crmrules.errors import UsageError

    store = open_store(config, log_format=log_format, verbose=verbose)
    try:
        held = {org: store.for_org(org).held() for org in store.organizations()}
        mine = [org for org, lease in held.items() if lease is not None and lease.nonce == nonce]
        if not mine:
            raise UsageError(
                f"no run holds a lock with the id '{nonce}'",
                remedy="It may have ended. 'crmrules sync' says who holds it and the id.",
            )
        store.for_org(mine[0]).unlock(nonce)
    finally:
        store.close()
    click.echo(f"unlocked {mine[0]}")
