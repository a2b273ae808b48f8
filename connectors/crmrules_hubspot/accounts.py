"""Accounts, and what is logged on them rather than on an opportunity.

Know before changing: HubSpot associates nearly every activity with the company as well, so an
activity counts as one of the account only when it is about no opportunity at all. Only accounts
that bought within the last twelve months are looked at (decisions, 12), and they are listed once;
afterwards the searches for changes tell what is new.

It does not decide which accounts those are; the reader tells it what was sold.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator

from crmrules.connector import Row
from crmrules_hubspot.around import Around, Changed
from crmrules_hubspot.fetch import Fetch, chunks
from crmrules_hubspot.kinds import (
    ASSOCIATIONS,
    CALL,
    COMPANY,
    DEAL,
    EMAIL,
    MEETING,
    NOTE,
    Kind,
)
from crmrules_hubspot.rows import account_key, company, company_of, gone

_LOGGED = (CALL, MEETING, EMAIL, NOTE)


class Accounts:
    """Reads companies and the activities on them, for one run."""

    def __init__(self, fetch: Fetch) -> None:
        self._fetch = fetch
        self.around = Around(fetch, {})
        self.won: set[str] = set()  # keys of accounts that bought not long ago
        self.newly_won: set[str] = set()
        self._seen: set[str] = set()

    def sold(self, key: str, *, new: bool) -> None:
        """Note that an account bought; ``new``: it was not known before this run."""
        self.won.add(key)
        if new:
            self.newly_won.add(key)

    def companies(self, ids: Iterable[str], known: set[str]) -> Iterator[list[Row]]:
        """Yield the rows of companies, each once in a run; those in ``known`` are left out."""
        wanted = set(ids) - known - self._seen
        self._seen |= wanted
        for records in self._fetch.records(COMPANY.name, wanted):
            yield [company(record) for record in records]

    def activities(self, keys: Iterable[str]) -> Iterator[list[Row]]:
        """Yield all activities on these accounts."""
        for part in chunks((company_of(key) for key in keys), ASSOCIATIONS):
            for kind in _LOGGED:
                links = self._fetch.links(COMPANY, kind, part)
                about: dict[str, list[str]] = defaultdict(list)
                for one, found in links.items():
                    for link in found:
                        about[link.id].append(account_key(one))
                yield from self._on_accounts(kind, about)

    def changes(self, changed: Changed) -> Iterator[list[Row]]:
        """Yield changed activities on accounts that bought, among those on no opportunity read."""
        for kind in _LOGGED:
            left = changed.get(kind.name, set()) - self.around.about[kind.name]
            links = self._fetch.links(kind, COMPANY, left)
            about = {
                one: keys
                for one, found in links.items()
                if (keys := [key for link in found if (key := account_key(link.id)) in self.won])
            }
            yield from self._on_accounts(kind, about)

    def _on_accounts(self, kind: Kind, about: dict[str, list[str]]) -> Iterator[list[Row]]:
        """Yield the rows of those that are about no opportunity; the others are not here."""
        links = self._fetch.links(kind, DEAL, list(about))
        mine = {one: keys for one, keys in about.items() if not links.get(one)}
        yield [
            gone(kind.name, f"{key}/{one}", key)
            for one, keys in about.items()
            if one not in mine
            for key in keys
        ]
        yield from self.around.rows(kind, mine)
