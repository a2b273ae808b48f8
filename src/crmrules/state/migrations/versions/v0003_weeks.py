"""Weekly snapshots that only ever grow, and the packs of rules that ran.

Revision 0003; frozen: a later change is a later revision.

The table of snapshots that there was before could not hold the rows of a mirror, and nothing ever
wrote into it; it is made anew. Going back loses the weeks and the packs: the next sync with this
version begins both again, and a past that was never kept cannot be had from any CRM.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"

_ID = sa.Text().with_variant(sa.Text(collation="C"), "postgresql")


def upgrade() -> None:
    """Make the three tables."""
    op.drop_index("ix_snapshot_opportunity", "snapshot")
    op.drop_table("snapshot")
    op.create_table(
        "snapshot",
        sa.Column("org", _ID, primary_key=True),
        sa.Column("id", _ID, primary_key=True),
        sa.Column("taken_at", sa.Text(), primary_key=True),
        sa.Column("kind", sa.Integer(), nullable=False),
        sa.Column("account", _ID),
        sa.Column("digest", sa.LargeBinary(), nullable=False),
        sa.Column("body", sa.LargeBinary()),
    )
    op.create_index("ix_snapshot_account", "snapshot", ["org", "account"])
    op.create_table(
        "snapshot_week",
        sa.Column("org", _ID, primary_key=True),
        sa.Column("week", sa.Text(), primary_key=True),
        sa.Column("taken_at", sa.Text(), nullable=False),
    )
    op.create_table(
        "pack",
        sa.Column("org", _ID, primary_key=True),
        sa.Column("hash", sa.Text(), primary_key=True),
        sa.Column("version", sa.Text(), nullable=False),
        sa.Column("first_at", sa.Text(), nullable=False),
        sa.Column("last_at", sa.Text(), nullable=False),
        sa.Column("body", sa.LargeBinary(), nullable=False),
    )


def downgrade() -> None:
    """Go back to 0002; the weeks and the packs are lost, all else stays."""
    op.drop_table("pack")
    op.drop_table("snapshot_week")
    op.drop_index("ix_snapshot_account", "snapshot")
    op.drop_table("snapshot")
    op.create_table(
        "snapshot",
        sa.Column("org", _ID, primary_key=True),
        sa.Column("taken_at", sa.Text(), primary_key=True),
        sa.Column("opportunity", _ID, primary_key=True),
        sa.Column("body", sa.LargeBinary(), nullable=False),
    )
    op.create_index("ix_snapshot_opportunity", "snapshot", ["org", "opportunity"])
