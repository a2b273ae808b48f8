"""The first tables.

Revision 0001; frozen: a later change is a later revision.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None

_ID = sa.Text().with_variant(sa.Text(collation="C"), "postgresql")
_OWN = sa.text("own = 1")


def _meta() -> None:
    op.create_table(
        "meta",
        sa.Column("org", _ID, primary_key=True),
        sa.Column("schema_version", sa.Text(), nullable=False),
        sa.Column("generation", sa.Integer(), nullable=False),
    )


def _watermark() -> None:
    op.create_table(
        "watermark",
        sa.Column("org", _ID, primary_key=True),
        sa.Column("kind", _ID, primary_key=True),
        sa.Column("mark", sa.Text(), nullable=False),
    )


def _record() -> None:
    op.create_table(
        "record",
        sa.Column("org", _ID, primary_key=True),
        sa.Column("kind", _ID, primary_key=True),
        sa.Column("id", _ID, primary_key=True),
        sa.Column("parent", _ID, nullable=False),
        sa.Column("own", sa.Integer(), nullable=False),
        sa.Column("account", _ID),
        sa.Column("stamp", sa.Text(), nullable=False),
        sa.Column("closed_on", sa.Text()),
        sa.Column("won", sa.Integer()),
        sa.Column("body", sa.LargeBinary(), nullable=False),
        sa.Column("seen_run", sa.Text(), nullable=False),
    )
    op.create_index(
        "ix_record_account", "record", ["org", "account"], sqlite_where=_OWN, postgresql_where=_OWN
    )
    op.create_index(
        "ix_record_own", "record", ["org", "id"], sqlite_where=_OWN, postgresql_where=_OWN
    )
    op.create_index("ix_record_parent", "record", ["org", "parent", "kind"])


def _episode() -> None:
    op.create_table(
        "episode",
        sa.Column("org", _ID, primary_key=True),
        sa.Column("opportunity", _ID, primary_key=True),
        sa.Column("rule", _ID, primary_key=True),
        sa.Column("n", sa.Integer(), primary_key=True),
        sa.Column("status", sa.Text(), nullable=False),
        sa.Column("since", sa.Text(), nullable=False),
        sa.Column("seen_at", sa.Text(), nullable=False),
        sa.Column("opened_at", sa.Text()),
        sa.Column("ended_at", sa.Text()),
        sa.Column("reason", sa.Text()),
        sa.Column("extras", sa.LargeBinary()),
    )
    op.create_index("ix_episode_status", "episode", ["org", "status"])


def _task() -> None:
    op.create_table(
        "task",
        sa.Column("org", _ID, primary_key=True),
        sa.Column("key", _ID, primary_key=True),
        sa.Column("opportunity", _ID, nullable=False),
        sa.Column("rule", _ID, nullable=False),
        sa.Column("episode", sa.Integer(), nullable=False),
        sa.Column("addressee", sa.Text(), nullable=False),
        sa.Column("status", sa.Text(), nullable=False),
        sa.Column("task_id", sa.Text()),
        sa.Column("owner", sa.Text()),
        sa.Column("due", sa.Text()),
        sa.Column("made_at", sa.Text()),
        sa.Column("ended_at", sa.Text()),
        sa.Column("answer", sa.Text()),
        sa.Column("edited", sa.Boolean(create_constraint=False), nullable=False),
        sa.Column("last_values", sa.LargeBinary()),
    )
    op.create_index("ix_task_opportunity", "task", ["org", "opportunity"])
    op.create_index("ix_task_status", "task", ["org", "status"])


def _outbox() -> None:
    op.create_table(
        "outbox",
        sa.Column("org", _ID, primary_key=True),
        sa.Column("id", sa.Integer(), primary_key=True, autoincrement=False),
        sa.Column("run", sa.Text(), nullable=False),
        sa.Column("action", sa.Text(), nullable=False),
        sa.Column("key", _ID),
        sa.Column("create_key", _ID),
        sa.Column("opportunity", _ID, nullable=False),
        sa.Column("rule", _ID),
        sa.Column("owner", sa.Text()),
        sa.Column("payload", sa.LargeBinary(), nullable=False),
        sa.Column("before", sa.LargeBinary(), nullable=False),
        sa.Column("first_fill", sa.Boolean(create_constraint=False), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("attempt", sa.Integer(), nullable=False),
        sa.Column("last_attempt", sa.Text()),
        sa.Column("task_id", sa.Text()),
        sa.Column("error", sa.Text()),
        sa.Column("remedy", sa.Text()),
        sa.UniqueConstraint("org", "create_key", name="uq_outbox_create_key"),
    )
    op.create_index("ix_outbox_opportunity", "outbox", ["org", "opportunity"])
    op.create_index("ix_outbox_state", "outbox", ["org", "state", "id"])


def _audit() -> None:
    op.create_table(
        "audit",
        sa.Column("org", _ID, primary_key=True),
        sa.Column("id", sa.Integer(), primary_key=True, autoincrement=False),
        sa.Column("run", sa.Text(), nullable=False),
        sa.Column("at", sa.Text(), nullable=False),
        sa.Column("action", sa.Text(), nullable=False),
        sa.Column("key", _ID),
        sa.Column("opportunity", _ID, nullable=False),
        sa.Column("rule", _ID),
        sa.Column("before", sa.LargeBinary()),
        sa.Column("after", sa.LargeBinary()),
        sa.Column("result", sa.Text(), nullable=False),
        sa.Column("task_id", sa.Text()),
        sa.Column("error", sa.Text()),
        sa.Column("rules_hash", sa.Text(), nullable=False),
    )
    op.create_index("ix_audit_at", "audit", ["org", "at"])


def _run() -> None:
    op.create_table(
        "run",
        sa.Column("org", _ID, primary_key=True),
        sa.Column("id", _ID, primary_key=True),
        sa.Column("n", sa.Integer(), nullable=False),
        sa.Column("command", sa.Text(), nullable=False),
        sa.Column("started", sa.Text(), nullable=False),
        sa.Column("ended", sa.Text()),
        sa.Column("as_of", sa.Text(), nullable=False),
        sa.Column("exit", sa.Integer()),
        sa.Column("counts", sa.LargeBinary()),
        sa.Column("calls", sa.Integer()),
        sa.Column("floor", sa.Integer()),
        sa.Column("rules_hash", sa.Text(), nullable=False),
        sa.UniqueConstraint("org", "n", name="uq_run_n"),
    )


def _demotion() -> None:
    op.create_table(
        "demotion",
        sa.Column("org", _ID, primary_key=True),
        sa.Column("rule", _ID, primary_key=True),
        sa.Column("at", sa.Text(), nullable=False),
        sa.Column("why", sa.Text(), nullable=False),
    )


def _lease() -> None:
    op.create_table(
        "lease",
        sa.Column("org", _ID, primary_key=True),
        sa.Column("holder", sa.Text(), nullable=False),
        sa.Column("host", sa.Text(), nullable=False),
        sa.Column("pid", sa.Integer(), nullable=False),
        sa.Column("since", sa.Text(), nullable=False),
        sa.Column("nonce", sa.Text()),
        sa.Column("token", sa.Integer(), nullable=False),
        sa.Column("expires", sa.Text(), nullable=False),
    )


def _snapshot() -> None:
    op.create_table(
        "snapshot",
        sa.Column("org", _ID, primary_key=True),
        sa.Column("taken_at", sa.Text(), primary_key=True),
        sa.Column("opportunity", _ID, primary_key=True),
        sa.Column("body", sa.LargeBinary(), nullable=False),
    )


def _note() -> None:
    op.create_table(
        "note",
        sa.Column("org", _ID, primary_key=True),
        sa.Column("name", sa.Text(), primary_key=True),
        sa.Column("value", sa.LargeBinary()),
    )


def upgrade() -> None:
    """Make all tables."""
    _meta()
    _watermark()
    _record()
    _episode()
    _task()
    _outbox()
    _audit()
    _run()
    _demotion()
    _lease()
    _snapshot()
    _note()


def downgrade() -> None:
    """Remove all tables, with everything in them."""
    for table in (
        *("note", "snapshot", "lease", "demotion", "run", "audit"),
        *("outbox", "task", "episode", "record", "watermark", "meta"),
    ):
        op.drop_table(table)
