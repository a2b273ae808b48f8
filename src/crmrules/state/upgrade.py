"""Bringing the tables to the version this program knows.

The version is read without Alembic, which is slow to import and needed only where something is to
do. A store written by a newer program is refused: what it means is unknown to us.

Going back to an older version keeps what that version can hold; each migration says what is lost.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

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

    with engine.begin() as connection:
        _alone(connection)
        check(connection)
        command.upgrade(_config(connection), VERSION)


def downgrade(engine: Engine, to: str) -> None:
    """Go back to an older version, or to ``base``: no tables; in one transaction."""
    from alembic import command  # noqa: PLC0415 - slow to import, rarely needed

    with engine.begin() as connection:
        _alone(connection)
        check(connection)
        command.downgrade(_config(connection), to)


def versions() -> list[str]:
    """Return every version this program can bring the tables to, oldest first."""
    return sorted(path.name[1:5] for path in (SCRIPTS / "versions").glob("v[0-9]*.py"))


def _alone(connection: Connection) -> None:
    """Let one process migrate at a time; on SQLite the transaction already does."""
    if connection.dialect.name == "postgresql":
        connection.execute(text("SELECT pg_advisory_xact_lock(hashtext('crmrules migrations'))"))


def _config(connection: Connection) -> Any:
    from alembic.config import Config  # noqa: PLC0415 - slow to import, rarely needed

    config = Config()
    config.set_main_option("script_location", str(SCRIPTS).replace("%", "%%"))
    config.attributes["connection"] = connection
    return config
