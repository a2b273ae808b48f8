"""The chart of a story: one column of time under phases, people, concessions and findings.

Shape and fill say what colour says too: a square is a meeting, a triangle a call, a circle a mail;
filled means that the customer took part. Rows are names, so nothing depends on seeing a colour.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime, timedelta
from typing import Any

from crmrules.model import ActivityKind, Phase
from crmrules.report.draw import (
    ALERT,
    FIRST,
    INK,
    LABELS,
    PAPER,
    PLOT,
    SECOND,
    SOFT,
    brief,
    row_axis,
)
from crmrules.report.draw import names as as_param
from crmrules.report.story import MOST_PEOPLE, TOOK_PART, Story
from crmrules.report.words import FOCUS, KINDS, PHASES

_AHEAD = timedelta(days=4)  # room after today
_SHAPES = {
    ActivityKind.MEETING: "square",
    ActivityKind.CALL: "triangle-up",
    ActivityKind.EMAIL: "circle",
}


def spec(story: Story, findings: Sequence[datetime]) -> dict[str, Any]:
    """Return the chart of a story; ``findings``: since when each numbered finding is there."""
    params: list[dict[str, Any]] = []
    panels: list[dict[str, Any]] = []
    for part in (_phases, _people, _given):
        drawn = part(story)
        if drawn is not None:
            panels.append(drawn)
    if findings:
        panels.append(_findings(story, findings))
    _share_time(story, panels)
    if story.criteria:
        panels.append(_criteria(story))
    for panel in panels:
        params += panel.pop("params", [])
    return {
        "params": params,
        "spacing": 10,
        "resolve": {"scale": {"x": "independent", "y": "independent"}},
        "vconcat": panels,
    }


def _share_time(story: Story, panels: list[dict[str, Any]]) -> None:
    """Give every panel the same stretch of time, a line at today, and the last one its dates."""
    last = max([story.now, *(talk.at for talk in story.talks or ())])
    scale = {"domain": [_ms(story.start), _ms(last + _AHEAD)], "type": "utc", "nice": False}
    for panel in panels:
        axis: dict[str, Any] = {
            "title": None,
            "tickCount": 4,
            "labels": panel is panels[-1],
            "ticks": panel is panels[-1],
            "format": "%b %Y" if last - story.start > timedelta(days=120) else "%-d %b",
        }
        x = {"field": "t", "type": "temporal", "scale": scale, "axis": axis}
        panel["width"] = PLOT
        panel["encoding"] = {"x": x, **panel["encoding"]}
        today = {"type": "rule", "strokeDash": [3, 3], "color": SOFT}
        panel["layer"].append(
            {
                "data": {"values": [{"t": _ms(story.now)}]},
                "mark": today,
                "encoding": {"y": None},
            }
        )


def _phases(story: Story) -> dict[str, Any] | None:
    """Return the stays in phases, one row for each: going back is seen as a step upwards."""
    stays = [stay for stay in story.phases or () if stay.phase is not None]
    if not stays:
        return None
    first = min(stay.phase.order for stay in stays if stay.phase)
    last = max(stay.phase.order for stay in stays if stay.phase)
    rows = list(Phase)[first : last + 1]
    data = [
        {"n": rows.index(stay.phase), "t": _ms(stay.start), "e": _ms(stay.end)}
        for stay in stays
        if stay.phase
    ]
    return {
        "params": as_param([PHASES[phase] for phase in rows], "phases"),
        "title": "Buying phases",
        "height": {"step": 18},
        "data": {"values": data},
        "encoding": {"y": row_axis("n", len(rows), "phases")},
        "layer": [
            {
                "mark": {"type": "bar", "height": 12, "color": FIRST},
                "encoding": {"x2": {"field": "e"}},
            }
        ],
    }


def _people(story: Story) -> dict[str, Any] | None:
    """Return conversations by whom they were with; those that name nobody have a row too."""
    if not story.talks:
        return None
    rows, place_of = _rows(story)
    data = [
        {
            "n": place_of(who),
            "t": _ms(talk.at),
            "k": KINDS[talk.kind],
            "f": talk.part == TOOK_PART,
        }
        for talk in story.talks
        for who in talk.who or (None,)
    ]
    shapes = {"domain": list(KINDS.values()), "range": list(_SHAPES.values())}
    shape = {"field": "k", "type": "nominal", "scale": shapes, "legend": None}
    fill = {"condition": {"test": "datum.f", "value": INK}, "value": PAPER}
    mark = {"type": "point", "size": 62, "stroke": INK, "strokeWidth": 1.2}
    return {
        "params": as_param(rows, "people"),
        "title": "People by focus, and conversations",
        "height": {"step": 19},
        "data": {"values": data},
        "encoding": {"y": row_axis("n", len(rows), "people")},
        "layer": [{"mark": mark, "encoding": {"shape": shape, "fill": fill}}],
    }


def _rows(story: Story) -> tuple[list[str], Callable[[int | None], int]]:
    """Return the names of the rows, and which row is whose; None is nobody."""
    people = story.people or ()
    rows = [
        f"{brief(one.name, 16)} ({one.focus})" if one.focus != FOCUS[None] else one.name
        for one in people[:MOST_PEOPLE]
    ]
    others = len(rows)
    if len(people) > MOST_PEOPLE:
        rows.append(f"{len(people) - MOST_PEOPLE} more")
    if any(not talk.who for talk in story.talks or ()):
        rows.append("nobody named")
    return rows, lambda who: len(rows) - 1 if who is None else min(who, others)


def _given(story: Story) -> dict[str, Any] | None:
    """Return what was given away in all, as steps with their size written on them."""
    if not story.steps:
        return None
    data = [{"t": _ms(at), "v": percent, "w": f"{percent:g} %"} for at, percent in story.steps]
    data.append({"t": _ms(story.now), "v": story.steps[-1][1], "w": ""})
    top = max(1.0, *(percent for _, percent in story.steps))
    axis = {"title": None, "tickCount": 2, "minExtent": LABELS, "maxExtent": LABELS}
    y = {"field": "v", "type": "quantitative", "scale": {"domain": [0, top * 1.35]}, "axis": axis}
    return {
        "title": "Discount, in percent",
        "height": 54,
        "data": {"values": data},
        "encoding": {"y": y},
        "layer": [
            {
                "mark": {
                    "type": "line",
                    "interpolate": "step-after",
                    "color": SECOND,
                    "strokeWidth": 2,
                }
            },
            {
                "mark": {"type": "text", "align": "center", "dy": -8},
                "encoding": {"text": {"field": "w", "type": "nominal"}},
            },
        ],
    }


def _findings(story: Story, since: Sequence[datetime]) -> dict[str, Any]:
    """Return since when each finding is there; the numbers are those of the list beside it."""
    data = [
        {"n": place, "t": _ms(max(at, story.start)), "e": _ms(story.now)}
        for place, at in enumerate(since)
    ]
    return {
        "params": as_param([f"finding {place + 1}" for place in range(len(since))], "findings"),
        "title": "What the rules see, since when",
        "height": {"step": 16},
        "data": {"values": data},
        "encoding": {"y": row_axis("n", len(since), "findings")},
        "layer": [
            {
                "mark": {"type": "bar", "height": 5, "color": ALERT},
                "encoding": {"x2": {"field": "e"}},
            },
            {"mark": {"type": "point", "shape": "diamond", "color": ALERT, "filled": True}},
        ],
    }


def _criteria(story: Story) -> dict[str, Any]:
    """Return how we and the strongest rival stand on each criterion: a bar, and a stroke."""
    rows = [f"{brief(one.name, 13)} ({one.weight})" for one in story.criteria]
    data = [{"n": n, "us": one.ours, "them": one.theirs} for n, one in enumerate(story.criteria)]
    axis = {"title": None, "values": [1, 2, 3, 4, 5], "format": "d"}

    def at(field: str) -> dict[str, Any]:
        scale = {"domain": [0, 5], "nice": False}
        return {"field": field, "type": "quantitative", "scale": scale, "axis": axis}

    return {
        "params": as_param(rows, "criteria"),
        "title": "Their criteria, 1 to 5: we (bar), a rival (stroke)",
        "width": PLOT,
        "height": {"step": 22},
        "data": {"values": data},
        "encoding": {"y": row_axis("n", len(rows), "criteria")},
        "layer": [
            {"mark": {"type": "bar", "height": 10}, "encoding": {"x": at("us")}},
            {
                "transform": [{"filter": "datum.them !== null"}],
                "mark": {"type": "tick", "thickness": 3, "height": 18, "color": INK},
                "encoding": {"x": at("them")},
            },
        ],
    }


def _ms(moment: datetime) -> int:
    return round(moment.timestamp() * 1000)


def table(story: Story) -> list[tuple[datetime, str]]:
    """Return what the chart shows as lines by time, the newest first."""
    lines: list[tuple[datetime, str]] = []
    for stay in story.phases or ():
        word = PHASES[stay.phase] if stay.phase else "a stage without a buying phase"
        lines.append((stay.start, f"Phase: {word}"))
    people = story.people or ()
    for talk in story.talks or ():
        who = ", ".join(people[place].name for place in talk.who) or "nobody named"
        part = "" if talk.part == TOOK_PART else f" ({talk.part})"
        lines.append((talk.at, f"{KINDS[talk.kind].capitalize()}: {who}{part}"))
    lines += [(at, f"Discount: {percent:g} %") for at, percent in story.steps]
    return sorted(lines, key=lambda line: line[0], reverse=True)
