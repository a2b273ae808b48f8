"""What people recorded in tags and in the organization's own fields.

Know before changing: a fact is known from the moment its text was written. A next step is read
with its whole history, each line once; a custom field has no history, so it counts from the
last change of the record. Mail text and our own tasks are not read: their words are not the rep's.

It does not know the grammar; ``crmrules.notes`` does. It knows no CRM's fields: the caller reads
them.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from collections.abc import Mapping as AnyMapping
from datetime import datetime
from typing import Any, NamedTuple

from crmrules.mapping import Mapping
from crmrules.model import Activity, ActivityKind, Change, Need
from crmrules.notes import Notes, Payoff, join, parse
from crmrules.raw import Body, text

_TAGS = {"explicit_need": "need!", "competitor": "comp:"}
_RECORDED = (
    *("criteria", "concerns", "concessions", "successes", "references", "reasons"),
    *("proofs", "differentiators", "plans", "owed", "ranges", "unread"),
)


class Written(NamedTuple):
    """A text, when it was written, in which record, and by whom of us."""

    words: str
    known_at: datetime
    record: str
    author: str | None


def collect(
    activities: Iterable[Activity],
    next_steps: Iterable[Written],
    fields: Iterable[Written],
    aliases: AnyMapping[str, str],
) -> Notes:
    """Return everything recorded about an opportunity, by time.

    ``next_steps`` are all versions in order of time; ``fields`` come from ``own_fields``.
    ``aliases``: the organization's own words for tags.
    """
    logged = [
        Written(
            activity.text,
            max(activity.known_at, activity.edited_at or activity.known_at),
            activity.record,
            activity.by,
        )
        for activity in activities
        if activity.text and "#" in activity.text and activity.kind is not ActivityKind.EMAIL
    ]
    written = (*logged, *_fresh(next_steps), *fields)
    return join(
        parse(words, record=record, known_at=known_at, author=author, aliases=aliases)
        for words, known_at, record, author in written
    )


def _fresh(versions: Iterable[Written]) -> Iterator[Written]:
    seen: set[str] = set()
    for version in versions:
        fresh = [line for line in version.words.splitlines() if line.strip() not in seen]
        seen.update(line.strip() for line in fresh)
        if fresh:
            yield version._replace(words="\n".join(fresh))


def next_steps(changes: Iterable[Change], current: Written | None) -> list[Written]:
    """Return every version of the next step: those that changes brought, then the current one."""
    mine = (c for c in changes if c.field == "next_step" and c.new is not None)
    versions = [Written(str(c.new), c.known_at, c.record, c.by) for c in mine]
    return versions if current is None else [*versions, current]


def own_fields(
    body: Body, mapping: Mapping, *, known_at: datetime, record: str, author: str | None
) -> list[Written]:
    """Return the mapped fields of an opportunity, each line as if its tag stood before it."""
    found = []
    for path, target in mapping.fields.items():
        owner, _, name = path.partition(".")
        spoken = owner == "Opportunity" and target != "contract_end"
        words = text(body, name) if spoken else None
        if words is not None:
            tag = _TAGS.get(target, f"{target}:")
            lines = "\n".join(f"#{tag} {line}" for line in words.splitlines() if line.strip())
            found.append(Written(lines, known_at, record, author))
    return found


def recorded(notes: Notes) -> dict[str, Any]:
    """Return those fields of an opportunity that only people's own records fill."""
    needs = with_payoffs(notes.needs, notes.payoffs)
    return {"needs": needs, **{name: getattr(notes, name) for name in _RECORDED}}


def with_payoffs(needs: Iterable[Need], payoffs: Iterable[Payoff]) -> tuple[Need, ...]:
    """Return the needs, each with the payoff that its person named; known once both are.

    A payoff without a person belongs to the only need there is; one that fits none is a need of
    its own: whoever says what a solution is worth wants it.
    """
    found = list(needs)
    for payoff in payoffs:
        open_needs = [i for i, need in enumerate(found) if need.payoff is None]
        fits = [i for i in open_needs if found[i].person == payoff.person]
        if not fits and len(open_needs) == 1 and payoff.person is None:
            fits = open_needs
        if fits:
            need = found[fits[-1]]
            known_at = max(need.known_at, payoff.known_at)
            found[fits[-1]] = need.model_copy(update={"payoff": payoff.text, "known_at": known_at})
        else:
            said = payoff.model_dump()
            found.append(Need(**said, explicit=True, payoff=payoff.text))
    return tuple(sorted(found, key=lambda need: need.known_at))
