"""Accounts, and what is logged on them rather than on an opportunity.

Know before changing: HubSpot associates nearly every activity with the company as well, so an
activity counts as one of the account only when it is about no opportunity at all. Only accounts
that bought within the last twelve months are looked at (decisions, 12), and they are listed once;
afterwards the searches for changes tell what is new, and the opportunities tell what came from
them or went to them. What the company alone tells (an activity on it alone was deleted, or put on
another company without being edited) shows at the next full pull: to list it every run would cost a
run a third more calls.

It does not decide which accounts those are; the reader tells it what was sold.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping

from crmrules.connector import Row, Stored
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
_NAMES = frozenset(kind.name for kind in _LOGGED)


class Accounts:
    """Reads companies and the activities on them, for one run."""

    def __init__(self, fetch: Fetch) -> None:
        self._fetch = fetch
        self.around = Around(fetch, {})
        self.won: set[str] = set()  # keys of accounts that bought not long ago
        self.before: set[str] = set()  # the same, as the run before left it
        self._seen: set[str] = set()

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
                for one, keys_ in self._alone(kind, about).items():
                    found[kind.name].setdefault(one, []).extend(keys_)
        return found

    def changes(self, changed: Changed, stored: Stored) -> Iterator[list[Row]]:
        """Yield activities on accounts: all where they are new, else what came, changed or left."""
        if COMPANY.name in self._fetch.problems:
            self.won = set()
        new = self.won - (self.before & _there(stored, self.won))
        for part in chunks(self.before - self.won, ASSOCIATIONS):
            yield [gone(c.kind, c.id, c.parent) for c in stored.children(part) if c.kind in _NAMES]
        found = self.logged(new)
        for kind in _LOGGED:
            yield from self.around.rows(kind, found[kind.name])
        for kind in _LOGGED:
            asked = changed.get(kind.name, set()) | self.around.left[kind.name]
            mine = self._mine(kind, asked - self.around.read[kind.name], self.won - new)
            touched = asked | self.around.read[kind.name]
            yield list(self._elsewhere(kind, touched, mine, stored))
            yield from self.around.rows(kind, mine)

    def _mine(self, kind: Kind, ids: set[str], keys: set[str]) -> dict[str, list[str]]:
        """Return which of these activities are on these accounts and on no opportunity."""
        about = {
            one: found
            for one, links in self._fetch.links(kind, COMPANY, ids).items()
            if (found := [key for link in links if (key := account_key(link.id)) in keys])
        }
        return self._alone(kind, about)

    def _elsewhere(
        self, kind: Kind, ids: set[str], mine: Mapping[str, list[str]], stored: Stored
    ) -> Iterator[Row]:
        """Yield the news of rows under accounts that are there no more."""
        for part in chunks(self.won & self.before if ids else (), ASSOCIATIONS):
            for child in stored.children(part):
                one = child.id.rpartition("/")[2]
                if child.kind == kind.name and one in ids and child.parent not in mine.get(one, ()):
                    yield gone(child.kind, child.id, child.parent)

    def _alone(self, kind: Kind, about: Mapping[str, list[str]]) -> dict[str, list[str]]:
        """Return those of the activities of accounts that are about no opportunity."""
        links = self._fetch.links(kind, DEAL, list(about))
        return {one: keys for one, keys in about.items() if not links.get(one)}


def _there(stored: Stored, keys: Iterable[str]) -> set[str]:
    """Return the accounts whose own row is stored."""
    return {
        child.parent
        for part in chunks(keys, ASSOCIATIONS)
        for child in stored.children(part)
        if child.kind == COMPANY.name
    }
