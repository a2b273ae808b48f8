"""What became of opportunities that are not where they were: closed, deleted, merged, or gone.

Know before changing: a batch read leaves out what does not exist, and need not follow a merge; a
single read by the old id does (hubspot.md, 6). So a missing one is looked for among the deleted
first and then alone, and only then it is gone.

It yields no row of an opportunity that is still there; the reader does.
"""

from __future__ import annotations

from collections.abc import Iterator

from crmrules_hubspot.api import Record
from crmrules_hubspot.fetch import Fetch, chunks
from crmrules_hubspot.kinds import DEAL, WITHOUT_HISTORY


class Missing:
    """Reads opportunities and follows up those that do not come back."""

    def __init__(self, fetch: Fetch) -> None:
        self._fetch = fetch
        self.gone: set[str] = set()  # deleted, or merged into another
        self.winners: set[str] = set()  # what others were merged into

    def asked(self, ids: set[str]) -> Iterator[list[Record]]:
        """Yield the records that are there; what became of the others is told afterwards."""
        there: set[str] = set()
        for records in self._fetch.records(DEAL.name, ids):
            there |= {str(record["id"]) for record in records}
            yield records
        self._follow(ids - there)

    def _follow(self, lost: set[str]) -> None:
        deleted: set[str] = set()
        api = self._fetch.api
        for part in chunks(lost, WITHOUT_HISTORY):
            deleted |= set(api.read(DEAL.object, part, ("hs_object_id",), archived=True))
        for one in sorted(lost):
            record = None if one in deleted else api.get(DEAL.object, one, ("hs_object_id",))
            if record is not None and str(record["id"]) != one:
                self.winners.add(str(record["id"]))
            if record is None or str(record["id"]) != one:
                self.gone.add(one)
