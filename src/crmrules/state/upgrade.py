"""Bringing the tables to the version this program knows.

The version is read without Alembic, which is slow to import and needed only where something is to
do. A store written by a newer program is refused: what it means is unknown to us.

It never goes back to an older version.
"""

from __future__ import annotations

from pathlib import Path

from sqlalchemy import Connection, Engine, inspect, text

from crmrules.errors import StateError
from crmrules.state.schema import VERSION

SCRIPTS = Path(__file__).parent / "migrations"


def version(connection: Connection) -> str | None:
    """Return the version of the tables, None for an empty database."""
    names = set(inspect(connection).get_table_names())
    if "alembic_version" not in names:
        if "record" in names:
            raise StateError(
                "the database has tables of ours, but no version",
                remedy="Restore a backup, or move it away and run 'crmrules sync --full'.",
            )
        return None
    found = connection.execute(text("SELECT version_num FROM alembic_version")).scalars().all()
    return found[0] if found else None


def check(connection: Connection) -> str | None:
    """Return the version; raise StateError where it is newer than this program."""
    found = version(connection)
    if found is not None and found > VERSION:
        raise StateError(
            f"the state store has version {found}, this program knows up to {VERSION}",
            remedy="Use the newer crmrules, or restore the backup made before the upgrade.",
        )
    return found


def upgrade(engine: Engine) -> None:
    """Run the missing migrations in one transaction: all of them, or none."""
    from alembic import command  # noqa: PLC0415 - slow to import, rarely needed
    from alembic.config import Config  # noqa: PLC0415

    config = Config()
    config.set_main_option("script_location", str(SCRIPTS).replace("%", "%%"))
    with engine.begin() as connection:
        check(connection)
        config.attributes["connection"] = connection
        command.upgrade(config, VERSION)
