"""Accounts, and what is logged on them rather than on an opportunity.

Know before changing: HubSpot associates nearly every activity with the company as well, so an
activity counts as one of the account only when it is about no opportunity at all. Only accounts
that bought within the last twelve months are looked at (decisions, 12), and they are listed once;
afterwards the searches for changes tell what is new.

It does not decide which accounts those are; the reader tells it what was sold.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping

from crmrules.connector import Row
from crmrules_hubspot.around import Around, Changed, Logged
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

    def logged(self, keys: Iterable[str]) -> Logged:
        """Return what is logged on these accounts and on no opportunity."""
        found: dict[str, dict[str, list[str]]] = {kind.name: {} for kind in _LOGGED}
        for part in chunks((company_of(key) for key in keys), ASSOCIATIONS):
            for kind in _LOGGED:
                about: dict[str, list[str]] = defaultdict(list)
                for one, links in self._fetch.links(COMPANY, kind, part).items():
                    for link in links:
                        about[link.id].append(account_key(one))
                mine, _ = self._apart(kind, about)
                found[kind.name] |= mine
        return found

    def activities(self, keys: Iterable[str]) -> Iterator[list[Row]]:
        """Yield all activities on these accounts."""
        found = self.logged(keys)
        for kind in _LOGGED:
            yield from self.around.rows(kind, found[kind.name])

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
            mine, others = self._apart(kind, about)
            yield [
                gone(kind.name, f"{key}/{one}", key) for one, keys in others.items() for key in keys
            ]
            yield from self.around.rows(kind, mine)

    def _apart(
        self, kind: Kind, about: Mapping[str, list[str]]
    ) -> tuple[dict[str, list[str]], dict[str, list[str]]]:
        """Divide activities of accounts: those about no opportunity, and the others."""
        links = self._fetch.links(kind, DEAL, list(about))
        mine = {one: keys for one, keys in about.items() if not links.get(one)}
        return mine, {one: keys for one, keys in about.items() if one not in mine}
