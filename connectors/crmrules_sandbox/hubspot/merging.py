"""Merging two records: a new one takes their place, and both old ids lead to it.

Know before changing: the winner's value counts where it has one. The old records stay as markers
with ``merged_into`` set; chains of merges are followed to their end.

Does not do: the rule that contacts and companies cannot be merged more than so often.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from crmrules_sandbox.hubspot.records import Record

if TYPE_CHECKING:
    from crmrules_sandbox.hubspot.portal import Portal


def merge(portal: Portal, kind: str, winner: str, loser: str) -> Record:
    """Make the merged record and return it."""
    store, now = portal.store, portal.now()
    first, second = store.tables[kind][winner], store.tables[kind][loser]
    history = {**second.history, **{n: v for n, v in first.history.items() if v and v[-1].value}}
    made = Record(kind, store.new_id(kind), min(first.created, second.created), now, {})
    for name, versions in history.items():
        made.history[name] = [replace(each) for each in versions]
    links = [*store.all_links(kind, winner), *store.all_links(kind, loser)]
    for record in (first, second):
        record.merged_into = made.id
        record.updated = now
        store.place(record)
    store.place(made)
    for link in links:
        store.unlink(link.from_type, link.from_id, link.to_type, link.to_id)
        store.link(replace(link, from_id=made.id))
    return made


def followed(portal: Portal, kind: str, record_id: str) -> Record | None:
    """Return the record an id leads to after all merges; None if there is none."""
    record = portal.get(kind, record_id)
    while record is not None and record.merged_into is not None:
        record = portal.get(kind, record.merged_into)
    return record
