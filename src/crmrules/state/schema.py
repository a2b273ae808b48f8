"""The tables of the state store, every one keyed by organization.

A change here needs a migration in ``migrations/versions`` and a new ``VERSION``; a test holds the
two to each other. Types are the plainest both databases share, so that one schema serves both.

It holds no query.
"""

from __future__ import annotations

from sqlalchemy import (
    Boolean,
    Column,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    Table,
    Text,
    UniqueConstraint,
    text,
)

from crmrules.state.columns import Day, Json, Moment

# Ids are compared byte by byte everywhere: pages and windows rely on one order of them.
_ID = Text().with_variant(Text(collation="C"), "postgresql")
VERSION = "0003"  # the newest migration this program knows

metadata = MetaData()


def _org() -> Column[str]:
    return Column("org", _ID, primary_key=True)


meta = Table(
    "meta",
    metadata,
    _org(),
    Column("schema_version", Text, nullable=False),
    Column("generation", Integer, nullable=False),  # counts up with every committed decision
)

watermark = Table(
    "watermark",
    metadata,
    _org(),
    Column("kind", _ID, primary_key=True),
    Column("mark", Text, nullable=False),
)

record = Table(
    "record",
    metadata,
    _org(),
    Column("kind", _ID, primary_key=True),
    Column("id", _ID, primary_key=True),
    Column("parent", _ID, nullable=False),
    Column("own", Integer, nullable=False),  # 1: the opportunity itself. Numbers: bound at no cost
    Column("account", _ID),
    Column("stamp", Text, nullable=False),
    Column("closed_on", Day),
    Column("won", Integer),  # 1, 0, or NULL while open
    Column("body", LargeBinary, nullable=False),
    Column("seen_run", Text, nullable=False),
    Index("ix_record_parent", "org", "parent", "kind"),
)
# Only opportunities are listed, and looked up by account: other rows pay for neither index.
_OWN = text("own = 1")
Index("ix_record_own", record.c.org, record.c.id, sqlite_where=_OWN, postgresql_where=_OWN)
Index("ix_record_account", record.c.org, record.c.account, sqlite_where=_OWN, postgresql_where=_OWN)

episode = Table(
    "episode",
    metadata,
    _org(),
    Column("opportunity", _ID, primary_key=True),
    Column("rule", _ID, primary_key=True),
    Column("n", Integer, primary_key=True),
    Column("status", Text, nullable=False),
    Column("since", Moment, nullable=False),
    Column("seen_at", Moment, nullable=False),
    Column("opened_at", Moment),
    Column("ended_at", Moment),
    Column("reason", Text),
    Index("ix_episode_status", "org", "status"),
)

task = Table(
    "task",
    metadata,
    _org(),
    Column("key", _ID, primary_key=True),
    Column("opportunity", _ID, nullable=False),
    Column("rule", _ID, nullable=False),
    Column("episode", Integer, nullable=False),
    Column("addressee", Text, nullable=False),
    Column("status", Text, nullable=False),
    Column("task_id", Text),
    Column("owner", Text),
    Column("due", Day),
    Column("made_at", Moment),
    Column("ended_at", Moment),
    Column("answer", Text),
    Column("edited", Boolean(create_constraint=False), nullable=False),
    Column("evidence", Json),  # ids of the records the finding rested on
    Column("accepted_at", Moment),
    Index("ix_task_opportunity", "org", "opportunity"),
    Index("ix_task_status", "org", "status"),
)

outbox = Table(
    "outbox",
    metadata,
    _org(),
    Column("id", Integer, primary_key=True, autoincrement=False),
    Column("run", Text, nullable=False),
    Column("action", Text, nullable=False),
    Column("key", _ID),
    Column("create_key", _ID),  # the key again, for creates only: there is one create per key
    Column("opportunity", _ID, nullable=False),
    Column("rule", _ID),
    Column("owner", Text),
    Column("payload", Json, nullable=False),
    Column("before", Json, nullable=False),
    Column("first_fill", Boolean(create_constraint=False), nullable=False),
    Column("state", Text, nullable=False),
    Column("attempt", Integer, nullable=False),
    Column("last_attempt", Moment),
    Column("task_id", Text),
    Column("error", Text),
    Column("remedy", Text),
    UniqueConstraint("org", "create_key", name="uq_outbox_create_key"),
    Index("ix_outbox_state", "org", "state", "id"),
    Index("ix_outbox_opportunity", "org", "opportunity"),
)

audit = Table(
    "audit",
    metadata,
    _org(),
    Column("id", Integer, primary_key=True, autoincrement=False),
    Column("run", Text, nullable=False),
    Column("at", Moment, nullable=False),
    Column("action", Text, nullable=False),
    Column("key", _ID),
    Column("opportunity", _ID, nullable=False),
    Column("rule", _ID),
    Column("before", Json),
    Column("after", Json),
    Column("result", Text, nullable=False),
    Column("task_id", Text),
    Column("error", Text),
    Column("rules_hash", Text, nullable=False),
    Index("ix_audit_at", "org", "at"),
)

run = Table(
    "run",
    metadata,
    _org(),
    Column("id", _ID, primary_key=True),
    Column("n", Integer, nullable=False),
    Column("command", Text, nullable=False),
    Column("started", Moment, nullable=False),
    Column("ended", Moment),
    Column("as_of", Moment, nullable=False),
    Column("exit", Integer),
    Column("counts", Json),
    Column("calls", Integer),
    Column("floor", Integer),
    Column("rules_hash", Text, nullable=False),
    UniqueConstraint("org", "n", name="uq_run_n"),
)

demotion = Table(
    "demotion",
    metadata,
    _org(),
    Column("rule", _ID, primary_key=True),
    Column("at", Moment, nullable=False),
    Column("why", Text, nullable=False),
)

lease = Table(
    "lease",
    metadata,
    _org(),
    Column("holder", Text, nullable=False),
    Column("host", Text, nullable=False),
    Column("pid", Integer, nullable=False),
    Column("since", Moment, nullable=False),
    Column("nonce", Text),  # None: nobody holds it
    Column("token", Integer, nullable=False),  # only ever grows: it fences off older holders
    Column("expires", Moment, nullable=False),
)

# The rows of an opportunity or an account, from a week on until its next row; body NULL: gone.
# Rows are only ever added, so that a past week reads as it was, and what did not change costs none.
snapshot = Table(
    "snapshot",
    metadata,
    _org(),
    Column("id", _ID, primary_key=True),
    Column("taken_at", Moment, primary_key=True),
    Column("kind", Integer, nullable=False),  # snapshots.Kind
    Column("account", _ID),  # of an opportunity
    Column("digest", LargeBinary, nullable=False),
    Column("body", LargeBinary),
    Index("ix_snapshot_account", "org", "account"),
)

snapshot_week = Table(
    "snapshot_week",
    metadata,
    _org(),
    Column("week", Text, primary_key=True),  # ISO: 2026-W48, by the organization's time
    Column("taken_at", Moment, nullable=False),
)

pack = Table(
    "pack",
    metadata,
    _org(),
    Column("hash", Text, primary_key=True),
    Column("version", Text, nullable=False),  # of crmrules, when it was first used
    Column("first_at", Moment, nullable=False),
    Column("last_at", Moment, nullable=False),
    Column("body", LargeBinary, nullable=False),  # the rules without overlay, compressed
)

note = Table(
    "note",
    metadata,
    _org(),
    Column("name", Text, primary_key=True),
    Column("value", Json),
)
