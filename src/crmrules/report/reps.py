"""The part of the page that says what reps made of the tasks, rule by rule."""

from __future__ import annotations

from collections.abc import Mapping
from html import escape

from crmrules.demotion import REMEDY, Review, Standing
from crmrules.findings.feedback import BOUND, LEAST

_EXPLAINED = (
    "Useful: answered <code>#done-otherwise</code>, or completed and followed by something new"
    " within 14 days. Not useful: <code>#not-useful</code>, <code>#not-true</code>, or deleted."
    " A completion that nothing followed says nothing and is not counted; the last column is what"
    " the share would be if each of those was useful. In brackets the 95 % interval (Wilson). A"
    f" rule with {LEAST} answers whose upper bound falls under {BOUND:.0%} goes back to shadow."
)


def section(review: Review, titles: Mapping[str, str]) -> str:
    """Return the section; it says so where nobody has answered yet."""
    rows = "".join(_row(one, titles.get(one.precision.rule, "")) for one in review.standings)
    head = "<th>Rule<th>Useful<th>Not useful<th>Precision<th>Nothing followed<th>May yet<th>At best"
    table = f"<table><thead><tr>{head}<tbody>{rows}</table>"
    demoted = any(one.demoted is not None for one in review.standings)
    return (
        f"<h2>What reps made of the tasks</h2><p>{_EXPLAINED}</p>"
        + (table if rows else "<p>Nobody has answered a task yet.</p>")
        + (f"<p>In shadow because of this: {escape(REMEDY)}</p>" if demoted else "")
    )


def _row(one: Standing, title: str) -> str:
    reps = one.precision
    fate = "" if one.demoted is None else f"<br><b>back in shadow</b> at {escape(one.demoted)}"
    interval = ""
    if reps.share is not None:
        interval = f"{_percent(reps.share)} ({100 * reps.low:.0f} to {100 * reps.high:.0f})"
    best = "" if reps.at_best is None else _percent(reps.at_best)
    return (
        f"<tr><td>{escape(title)}<br><small>{escape(reps.rule)}</small>{fate}"
        f"<td class=n>{reps.useful}<td class=n>{reps.not_useful}<td>{interval}"
        f"<td class=n>{reps.done}<td class=n>{reps.waiting}<td class=n>{best}"
    )


def _percent(share: float) -> str:
    return f"{100 * share:.0f} %"
