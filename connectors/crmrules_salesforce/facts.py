"""What people recorded in tags and in the organization's own fields.

Know before changing: a fact is known from the moment its text was written. A next step is read
with its whole history, each line once; a custom field has no history, so it counts from the
last change of the record. Mail text and our own tasks are not read: their words are not the rep's.

It does not know the grammar; ``crmrules.notes`` does.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime

from crmrules.connector import Row
from crmrules.mapping import Mapping
from crmrules.model import Activity, ActivityKind, Change, Need
from crmrules.notes import Notes, Payoff, join, parse
from crmrules_salesforce.values import first, moment, text

_TAGS = {"explicit_need": "need!", "competitor": "comp:"}


def collect(
    own: Row,
    activities: Iterable[Activity],
    changes: Iterable[Change],
    mapping: Mapping,
    observed_at: datetime,
) -> Notes:
    """Return everything recorded about an opportunity, by time."""
    texts = [
        parse(
            activity.text,
            record=activity.record,
            known_at=max(activity.known_at, activity.edited_at or activity.known_at),
            author=activity.by,
        )
        for activity in activities
        if activity.text and "#" in activity.text and activity.kind is not ActivityKind.EMAIL
    ]
    changed = first(
        [moment(own.body, "LastModifiedDate"), moment(own.body, "CreatedDate")], observed_at
    )
    texts += _next_steps(own, [c for c in changes if c.field == "next_step"], changed)
    texts += _fields(own, mapping, changed)
    return join(texts)


def _next_steps(own: Row, changes: Sequence[Change], changed: datetime) -> list[Notes]:
    owner = text(own.body, "OwnerId")
    versions = [(str(c.new), c.known_at, c.record, c.by) for c in changes if c.new is not None]
    current = text(own.body, "NextStep")
    if current is not None:
        versions.append((current, changed, own.id, owner))
    seen: set[str] = set()
    found = []
    for words, known_at, record, author in versions:
        fresh = [line for line in words.splitlines() if line.strip() not in seen]
        seen.update(line.strip() for line in fresh)
        if fresh:
            found.append(parse("\n".join(fresh), record=record, known_at=known_at, author=author))
    return found


def _fields(own: Row, mapping: Mapping, changed: datetime) -> list[Notes]:
    """Read each line of a mapped field as if its tag stood before it."""
    found = []
    for path, target in mapping.fields.items():
        owner, _, name = path.partition(".")
        words = text(own.body, name) if owner == "Opportunity" else None
        if words is not None:
            tag = _TAGS.get(target, f"{target}:")
            lines = "\n".join(f"#{tag} {line}" for line in words.splitlines() if line.strip())
            author = text(own.body, "OwnerId")
            found.append(parse(lines, record=own.id, known_at=changed, author=author))
    return found


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
