"""The part of the page that says what reps made of the tasks, rule by rule."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from crmrules.demotion import REMEDY, Review, Standing
from crmrules.findings.feedback import BOUND, LEAST
from crmrules.report import draw
from crmrules.report.words import percent


@dataclass(frozen=True, slots=True)
class Row:
    """How one rule stands. ``interval`` is "" where nobody has answered in a way that counts."""

    rule: str
    title: str
    useful: int
    not_useful: int
    interval: str
    done: int
    waiting: int
    at_best: str
    demoted: str | None


@dataclass(frozen=True, slots=True)
class Answers:
    """What reps made of the tasks. ``remedy`` is what to do about a rule that fell."""

    rows: list[Row]
    chart: draw.Picture | None
    least: int = LEAST
    bound: str = f"{BOUND:.0%}".replace("%", " %")
    remedy: str = REMEDY

    @property
    def demoted(self) -> bool:
        """Whether a rule is back in shadow because of it."""
        return any(row.demoted is not None for row in self.rows)


def answers(review: Review, titles: Mapping[str, str]) -> Answers:
    """Return how the rules stand with reps."""
    rows = [_row(one, titles.get(one.precision.rule, "")) for one in review.standings]
    told = [one for one in review.standings if one.precision.share is not None]
    words = "; ".join(f"{titles.get(o.precision.rule, '')}: {o.precision}" for o in told)
    spec = _spec(told, titles)
    chart = draw.draw(spec, f"Share of answers that say useful. {words}.") if told else None
    return Answers(rows, chart)


def _row(one: Standing, title: str) -> Row:
    reps, interval = one.precision, ""
    if reps.share is not None:
        interval = f"{percent(reps.share)} ({100 * reps.low:.0f} to {100 * reps.high:.0f})"
    return Row(
        reps.rule,
        title,
        reps.useful,
        reps.not_useful,
        interval,
        reps.done,
        reps.waiting,
        "" if reps.at_best is None else percent(reps.at_best),
        one.demoted,
    )


def _spec(told: Sequence[Standing], titles: Mapping[str, str]) -> dict[str, Any]:
    """Return a dot for each share with its interval, and a line where a rule would fall."""
    order = sorted(told, key=lambda one: -(one.precision.share or 0.0))
    data = [
        {"n": n, "s": one.precision.share, "l": one.precision.low, "h": one.precision.high}
        for n, one in enumerate(order)
    ]
    axis = {"format": ".0%", "tickCount": 4, "title": None}
    x = {"type": "quantitative", "scale": {"domain": [0, 1]}, "axis": axis}
    rows = [titles.get(one.precision.rule, one.precision.rule) for one in order]
    bound = {"data": {"values": [{"s": BOUND}]}, "encoding": {"x": {**x, "field": "s"}}}
    return {
        "params": draw.names(rows, long=True),
        "width": draw.LONG_PLOT,
        "height": {"step": draw.LONG_ROW},
        "data": {"values": data},
        "layer": [
            {**bound, "mark": {"type": "rule", "strokeDash": [3, 3], "color": draw.ALERT}},
            {
                "mark": {"type": "rule", "color": draw.INK, "strokeWidth": 1.5},
                "encoding": {
                    "y": draw.row_axis("n", len(rows), labels=draw.LONG_LABELS),
                    "x": {**x, "field": "l"},
                    "x2": {"field": "h"},
                },
            },
            {
                "mark": {"type": "point", "filled": True, "size": 70, "color": draw.FIRST},
                "encoding": {
                    "y": draw.row_axis("n", len(rows), labels=draw.LONG_LABELS),
                    "x": {**x, "field": "s"},
                },
            },
        ],
    }
