"""The evidence of a task, an audit the database itself guards, and two columns nobody used.

Revision 0002; frozen: a later change is a later revision.

Rows of the audit cannot be changed, and not removed before they are 400 days old, by the database's
own clock: a wrong clock of ours removes nothing. SQLite's REPLACE would get round a trigger on
deletes, PostgreSQL's TRUNCATE round one on rows; each is refused by a trigger of its own. Whoever
owns the database can drop triggers; against that only an export kept elsewhere helps.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"

_SQLITE = (
    """CREATE TRIGGER audit_stays_as_it_is BEFORE UPDATE ON audit
BEGIN SELECT RAISE(ABORT, 'the audit is append-only'); END""",
    """CREATE TRIGGER audit_is_kept BEFORE DELETE ON audit
WHEN OLD.at >= strftime('%Y-%m-%dT%H:%M:%fZ', 'now', '-400 days')
BEGIN SELECT RAISE(ABORT, 'the audit is append-only'); END""",
    """CREATE TRIGGER audit_is_not_replaced BEFORE INSERT ON audit
WHEN EXISTS (SELECT 1 FROM audit WHERE org = NEW.org AND id = NEW.id)
BEGIN SELECT RAISE(ABORT, 'the audit is append-only'); END""",
)
_POSTGRESQL = (
    """CREATE FUNCTION audit_is_append_only() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF TG_OP = 'DELETE' THEN
    IF OLD.at COLLATE "C" < to_char(
      (now() AT TIME ZONE 'UTC') - interval '400 days', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"'
    ) COLLATE "C" THEN
      RETURN OLD;
    END IF;
  END IF;
  RAISE EXCEPTION 'the audit is append-only';
END $$""",
    """CREATE TRIGGER audit_stays_as_it_is BEFORE UPDATE OR DELETE ON audit
FOR EACH ROW EXECUTE FUNCTION audit_is_append_only()""",
    """CREATE TRIGGER audit_is_not_emptied BEFORE TRUNCATE ON audit
FOR EACH STATEMENT EXECUTE FUNCTION audit_is_append_only()""",
)
_SQLITE_DOWN = (
    "DROP TRIGGER audit_is_not_replaced",
    "DROP TRIGGER audit_is_kept",
    "DROP TRIGGER audit_stays_as_it_is",
)
_POSTGRESQL_DOWN = (
    "DROP TRIGGER audit_is_not_emptied ON audit",
    "DROP TRIGGER audit_stays_as_it_is ON audit",
    "DROP FUNCTION audit_is_append_only()",
)


def _run(sqlite: tuple[str, ...], postgresql: tuple[str, ...]) -> None:
    connection = op.get_bind()
    statements = postgresql if connection.dialect.name == "postgresql" else sqlite
    for statement in statements:
        connection.exec_driver_sql(statement)


def upgrade() -> None:
    """Drop what nobody used, add what answers need, and guard the audit."""
    op.drop_column("episode", "extras")
    op.drop_column("task", "last_values")
    op.add_column("task", sa.Column("evidence", sa.LargeBinary()))
    op.add_column("task", sa.Column("accepted_at", sa.Text()))
    op.create_index("ix_snapshot_opportunity", "snapshot", ["org", "opportunity"])
    _run(_SQLITE, _POSTGRESQL)


def downgrade() -> None:
    """Go back to 0001; evidence and acceptance of tasks are lost, all else stays."""
    _run(_SQLITE_DOWN, _POSTGRESQL_DOWN)
    op.drop_index("ix_snapshot_opportunity", "snapshot")
    op.drop_column("task", "accepted_at")
    op.drop_column("task", "evidence")
    op.add_column("task", sa.Column("last_values", sa.LargeBinary()))
    op.add_column("episode", sa.Column("extras", sa.LargeBinary()))
