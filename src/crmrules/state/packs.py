"""The packs of rules that ran, without an overlay, so that an upgrade can be told from the last.

A few are kept: the one that runs and those before it. Bodies are ``difference.recorded``'s; nobody
here looks into them.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection, delete, insert, select, update

from crmrules.state.schema import pack

MOST = 6  # packs kept for an organization


@dataclass(frozen=True, slots=True)
class PackRow:
    """One pack: which crmrules first ran it, and from when to when it ran."""

    hash: str
    version: str
    first_at: datetime
    last_at: datetime
    body: bytes


class Packs:
    """The packs of one organization, within one transaction."""

    def __init__(self, connection: Connection, org: str) -> None:
        self._connection, self._org = connection, org

    def used(self, hash_: str, body: bytes, version: str, now: datetime) -> None:
        """Note that a run used a pack; the oldest go where there are more than we keep."""
        mine = (pack.c.org == self._org, pack.c.hash == hash_)
        known = self._connection.execute(update(pack).where(*mine).values(last_at=now)).rowcount
        if known:
            return
        values = {"org": self._org, "hash": hash_, "version": version, "body": body}
        self._connection.execute(insert(pack).values(**values, first_at=now, last_at=now))
        for old in self.all()[MOST:]:
            self._connection.execute(
                delete(pack).where(pack.c.org == self._org, pack.c.hash == old.hash)
            )

    def all(self) -> list[PackRow]:
        """Return the packs, the one that ran last first."""
        columns = (pack.c.hash, pack.c.version, pack.c.first_at, pack.c.last_at, pack.c.body)
        query = select(*columns).where(pack.c.org == self._org)
        ordered = query.order_by(pack.c.last_at.desc(), pack.c.first_at.desc(), pack.c.hash)
        return [PackRow(*row) for row in self._connection.execute(ordered)]
