"""Pull: everything, or what changed since the watermark, in as few calls as the API allows.

Know before changing: an idle incremental pull lists the open opportunities and all associations,
and searches nine objects for changes; only what is new or changed is read by id, so values are
current even where the index lags (hubspot.md, 6). The watermark is the server's time before the
first call; a search goes back an hour before it, because the index may be late. An opportunity
that no search shows any more is asked for by id before anything is concluded: closed, deleted,
merged into another, or merely not indexed.

It keeps no rows: a page is yielded and forgotten.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import UTC, datetime, time, timedelta

from crmrules.connector import Batch, Head, Problem, Row, Stored
from crmrules.scope import Levels
from crmrules.transport import watermark
from crmrules_hubspot.accounts import Accounts
from crmrules_hubspot.api import SEARCH_PAGE, Record
from crmrules_hubspot.around import Around, Changed, Known
from crmrules_hubspot.fetch import Fetch, chunks
from crmrules_hubspot.kinds import (
    ABOUT,
    AROUND,
    ASSOCIATIONS,
    COMPANY,
    DEAL,
    KEY,
    LINE,
    QUOTE,
    QUOTE_LINE,
    ROW_KINDS,
    TASK,
    WITH_HISTORY,
    WITHOUT_HISTORY,
)
from crmrules_hubspot.missing import Missing
from crmrules_hubspot.portal import Stage
from crmrules_hubspot.rows import account_key, around, closed_on, deal, gone, primary
from crmrules_hubspot.rows import outcome as outcome_of
from crmrules_hubspot.scan import Group, Scan, as_milliseconds, milliseconds, where

MARK = "pull"
OVERLAP = timedelta(hours=1)
"""How late the search index may be (a delayed second stream of others waits as long)."""
_OPEN: Group = (where("hs_is_closed", "EQ", "false"),)
_UNDATED: Group = (where("closedate", "NOT_HAS_PROPERTY"),)  # closed nobody knows when


class Reader:
    """Reads one portal. ``now`` is the server's time, which everything is bounded by."""

    def __init__(self, fetch: Fetch, stages: Mapping[str, Stage], now: datetime) -> None:
        self._fetch, self._stages, self._now = fetch, stages, now
        self._levels = Levels.on(now.date())
        self._accounts = Accounts(fetch)

    def full(self) -> Iterator[Batch]:
        """Yield all rows in scope, then say that every listing was complete."""
        since = milliseconds(datetime.combine(self._levels.closed_from, time(), UTC))
        closed: Group = (where("closedate", "GTE", since),)
        scan = Scan(self._fetch.api, DEAL.object, [_OPEN, closed, _UNDATED], "createdate")
        ids = {str(record["id"]) for record in scan}
        self._fetch.need("search", len(ids), SEARCH_PAGE)
        around_all = Around(self._fetch, {})
        waiting: list[str] = []
        for part in chunks(ids, ASSOCIATIONS):
            companies = self._companies(part)
            level: dict[str, int] = {}
            for records in self._fetch.records(DEAL.name, part):
                yield Batch(list(self._deals(records, companies, level)))
            yield from self._batches(self._accounts.companies(companies.values(), set()))
            yield from self._batches(around_all.people([o for o in part if level.get(o)], Known()))
            waiting += [one for one in part if level.get(one) == 2]
            while len(waiting) >= ASSOCIATIONS:
                yield from self._batches(around_all.everything(waiting[:ASSOCIATIONS], Known()))
                waiting = waiting[ASSOCIATIONS:]
        logged = self._accounts.logged(self._accounts.won)
        yield from self._batches(around_all.everything(waiting, Known(), logged))
        yield Batch(self._deleted_tasks(ids))
        yield self._end(ROW_KINDS)

    def changes(self, stored: Stored) -> Iterator[Batch]:
        """Yield what changed since the watermark."""
        low = milliseconds(watermark(stored.marks().get(MARK, "")) - OVERLAP)
        heads = {head.id: head for head in stored.heads()}
        found = self._scanned(low)
        followed = {h.id for h in heads.values() if h.won is None or self._recently_won(h)}
        watched = followed | set(found)
        companies = self._companies(watched)
        read = {one for one in watched if self._stale(one, heads, found, companies)}
        self._accounts.before = _buyers(heads, followed)
        self._accounts.won = _buyers(heads, followed - read)
        missing = Missing(self._fetch)
        level = dict.fromkeys(watched - read, 2)
        for records in missing.asked(read):
            yield Batch(list(self._deals(records, companies, level)))
        winners = missing.winners - read  # merged into one that no search has shown yet
        companies |= self._companies(winners)
        for records in self._fetch.records(DEAL.name, winners):
            yield Batch(list(self._deals(records, companies, level)))
        lost = missing.gone | {one for one in heads if level.get(one) == 0}
        yield Batch([gone(DEAL.name, one, one) for one in sorted(lost)])
        changed = self._changed(low)
        self._accounts.around = Around(self._fetch, changed)
        self._accounts.around.leave(stored.children(sorted(lost)))
        yield from self._around(level, stored, followed)
        known = {head.account for one in followed if (head := heads[one]).account is not None}
        wanted = {companies[one] for one in level if level[one] and one in companies}
        # First, as an account whose own row is not stored counts as new.
        yield from self._batches(self._accounts.changes(changed, stored))
        yield from self._batches(self._companies_of(wanted, known, changed, stored))
        unread = ROW_KINDS - self._fetch.readable
        # What may not be read any more is forgotten, and read anew when it may be again.
        yield self._end(unread | ({QUOTE_LINE} if unread & {QUOTE.name, LINE.name} else set()))

    def _scanned(self, low: int) -> dict[str, bool]:
        """Return the opportunities that are open or changed -> whether they changed."""
        modified: Group = (where(DEAL.stamp, "GTE", low),)
        scan = Scan(
            self._fetch.api,
            DEAL.object,
            [_OPEN, modified],
            "createdate",
            properties=(DEAL.stamp,),
        )
        found = {
            str(record["id"]): (as_milliseconds(record["properties"].get(DEAL.stamp)) or low) >= low
            for record in scan
        }
        self._fetch.need("search", len(found), SEARCH_PAGE)
        return found

    def _stale(
        self,
        one: str,
        heads: Mapping[str, Head],
        found: Mapping[str, bool],
        companies: Mapping[str, str],
    ) -> bool:
        """Return whether an opportunity has to be read again."""
        head = heads.get(one)
        if head is None or found.get(one, False):
            return True
        if head.won is None and one not in found:
            return True  # open as far as we know, and no longer among the open ones
        return COMPANY.name in self._fetch.readable and head.account != _key(companies.get(one))

    def _recently_won(self, head: Head) -> bool:
        return head.won is True and (
            head.closed_on is None or head.closed_on >= self._levels.won_from
        )

    def _companies(self, ids: Iterable[str]) -> dict[str, str]:
        """Return the primary company of each opportunity that has one."""
        links = self._fetch.links(DEAL, COMPANY, list(ids))
        chosen = {one: primary(found) for one, found in links.items()}
        return {one: company for one, company in chosen.items() if company is not None}

    def _deals(
        self,
        records: Sequence[Record],
        companies: Mapping[str, str],
        level: dict[str, int],
    ) -> Iterator[Row]:
        """Yield the rows of opportunities in scope, and note how much is wanted around each."""
        for record in records:
            one = str(record["id"])
            closed, won = outcome_of(record, self._stages)
            day = closed_on(record) or self._now.date()
            level[one] = self._levels.of(closed, won is True, day)
            if level[one] == 0:
                continue
            company = companies.get(one)
            yield deal(record, company, self._stages)
            if company is not None and level[one] == 2 and won:
                self._accounts.won.add(account_key(company))

    def _changed(self, low: int) -> Changed:
        """Return what changed of every object around an opportunity, by search."""
        changed: dict[str, set[str]] = {}
        for kind in AROUND:
            group: Group = (where(kind.stamp, "GTE", low),)
            scan = Scan(self._fetch.api, kind.object, [group], kind.stamp, moves=True)
            changed[kind.name] = self._fetch.searched(kind, scan)
            self._fetch.need(f"search {kind.name}", max(1, len(changed[kind.name])), SEARCH_PAGE)
        return changed

    def _around(
        self, level: Mapping[str, int], stored: Stored, followed: set[str]
    ) -> Iterator[Batch]:
        """Yield what surrounds the opportunities, where it is new, changed or gone."""
        reader = self._accounts.around
        for part in chunks((one for one, wanted in level.items() if wanted), ASSOCIATIONS):
            children = list(stored.children(part))
            yield from self._batches(reader.people(part, Known(children, followed)))
            active = {one for one in part if level[one] == 2}
            known = Known((c for c in children if c.parent in active), followed)
            yield from self._batches(reader.everything(sorted(active), known))
            # Of one that was lost a moment ago we have tasks to withdraw, if nobody touched them.
            lost = set(part) - active
            known = Known(child for child in children if child.parent in lost)
            yield from self._batches(reader.tasks(sorted(lost), known))

    def _companies_of(
        self, wanted: set[str], known: set[str], changed: Changed, stored: Stored
    ) -> Iterator[list[Row]]:
        """Yield the companies that are new, changed, or were not looked at the last time."""
        for part in chunks(wanted, ASSOCIATIONS):
            keys = [account_key(company) for company in part]
            rows = Known(stored.children(keys), known)
            there = {
                c for c, key in zip(part, keys, strict=True) if rows.stamp("company", key, key)
            }
            yield from self._accounts.companies(part, there - changed[COMPANY.name])

    def _deleted_tasks(self, ids: set[str]) -> list[Row]:
        """Return our tasks that somebody deleted, so that a lost state asks nobody twice."""
        about: dict[str, str] = {}
        count = 0
        for record in self._fetch.api.archived(TASK.object, (KEY, ABOUT)):
            count += 1
            named = str(record["properties"].get(ABOUT) or "")
            if record["properties"].get(KEY) and named in ids:
                about[str(record["id"])] = named
        self._fetch.need("deleted tasks", max(1, count), WITHOUT_HISTORY)
        self._fetch.need("deleted tasks of ours", len(about), WITH_HISTORY)
        found = self._fetch.with_history(about, archived=True)
        return [
            around(TASK.name, about[one], {**record, "archived": True})
            for one, record in found.items()
        ]

    def _batches(self, pages: Iterable[list[Row]]) -> Iterator[Batch]:
        for rows in pages:
            if rows:
                yield Batch(rows)

    def _end(self, complete: frozenset[str]) -> Batch:
        problems: tuple[Problem, ...] = tuple(self._fetch.problems.values())
        mark = self._now.isoformat(timespec="milliseconds")
        return Batch(marks={MARK: mark}, complete=complete, problems=problems)


def _key(company: str | None) -> str | None:
    return None if company is None else account_key(company)


def _buyers(heads: Mapping[str, Head], ids: set[str]) -> set[str]:
    """Return the accounts of those of these opportunities that are won."""
    return {head.account for one in ids if (head := heads[one]).won and head.account}
