"""How Alembic reaches the database: over the connection ``state.upgrade`` hands it.

The transaction is the caller's, so a migration that fails half way leaves nothing behind. There is
no other way in: no alembic.ini, no address of its own.
"""

from __future__ import annotations

from alembic import context

from crmrules.state.schema import metadata

context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=metadata,
    transactional_ddl=True,
    transaction_per_migration=False,
)
context.run_migrations()
