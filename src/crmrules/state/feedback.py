"""The answers of reps, counted by rule in one query.

What an answer means is ``findings.feedback``; here they are only grouped. A task counts from the
moment it was made, so that those of an older version of a rule can be left out.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Mapping
from datetime import UTC, datetime

from sqlalchemy import ColumnElement, Connection, case, func, literal, select

from crmrules.findings import TaskStatus
from crmrules.findings.feedback import Counted, Precision, counts_as
from crmrules.findings.tasks import ACCEPTED_WITHIN
from crmrules.state.columns import Moment, damaged
from crmrules.state.schema import task

_LONG_AGO = datetime(1970, 1, 1, tzinfo=UTC)


def precisions(
    connection: Connection, org: str, *, since: Mapping[str, datetime], now: datetime
) -> dict[str, Precision]:
    """Return what reps made of each rule's tasks; a rule without an ended task is absent.

    ``since``: rule -> the moment from which its tasks count; a rule that is not named counts all
    of its tasks. A task of which nobody knows when it was made is an old one.
    """
    accepted = task.c.accepted_at.is_not(None).label("accepted")
    recent = (task.c.ended_at > now - ACCEPTED_WITHIN).label("recent")
    ended = select(task.c.rule, task.c.answer, task.c.status, accepted, recent).where(
        task.c.org == org, task.c.addressee == "o", task.c.answer.is_not(None)
    )
    if since:
        ended = ended.where(_young_enough(since))
    # Grouped outside: a server may not see that two equal expressions with parameters are one.
    one = ended.subquery("ended")
    query = select(*one.c, func.count().label("tasks")).group_by(*one.c)
    found: defaultdict[str, Counter[Counted]] = defaultdict(Counter)
    for row in connection.execute(query):
        try:
            status = TaskStatus(row.status)
        except ValueError as error:
            raise damaged(f"a task with {error}") from error
        said = counts_as(row.answer, status, accepted=bool(row.accepted), recent=bool(row.recent))
        if said is not None:
            found[row.rule][said] += row.tasks
    return {
        rule: Precision(rule, **{str(said): n for said, n in counted.items()})
        for rule, counted in found.items()
    }


def _young_enough(since: Mapping[str, datetime]) -> ColumnElement[bool]:
    ever = literal(_LONG_AGO, Moment)
    moments = {rule: literal(at, Moment) for rule, at in since.items()}
    return func.coalesce(task.c.made_at, ever) >= case(moments, value=task.c.rule, else_=ever)
