"""Vega-Lite charts as SVG that stands inside our page: no script, no font, no address, no colour.

Know before changing: ``vl-convert-python`` (by the makers of Vega, 84 MB, the extra ``report``)
runs Vega in an engine of its own, and is forbidden to load anything. Colours are the page's
variables, so that one picture serves light and dark. Words from outside are data, never part of a
specification, and are told apart by number: two people may have one name. Vega's own descriptions
are left out, because the page says the same in words and in a table.

Where the package is missing there is no chart, and the page says so.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from importlib.util import find_spec
from textwrap import wrap
from typing import Any
from unicodedata import east_asian_width

from markupsafe import Markup

from crmrules import letters

PACKAGE = "vl_convert"
INK, SOFT, LINE, PAPER = "var(--ink)", "var(--soft)", "var(--line)", "var(--paper)"
FIRST, SECOND, ALERT = "var(--first)", "var(--second)", "var(--alert)"
LABELS, PLOT = 150, 290  # pixels: the names at the left, and the chart itself
LONG_LABELS, LONG_PLOT = 230, 210  # where sentences stand at the left
FIT, LONG_FIT = 24, 36  # letters of a name that fit there; wide ones count twice
LONG_ROW = 32  # pixels: two lines of a sentence
_CONFIG: Mapping[str, Any] = {
    "aria": False,
    "background": None,
    "font": "sans-serif",
    "padding": 2,
    "view": {"stroke": None},
    "axis": {
        "domainColor": LINE,
        "gridColor": LINE,
        "tickColor": LINE,
        "labelColor": INK,
        "titleColor": INK,
        "labelFontSize": 12,
        "titleFontSize": 12,
        "titleFontWeight": "normal",
        "labelLimit": 0,  # names are cut here: letting Vega measure takes as long as all the rest
    },
    "title": {"color": INK, "fontSize": 12, "anchor": "start", "frame": "group", "offset": 4},
    "bar": {"color": FIRST},
    "point": {"opacity": 1},
    "tick": {"opacity": 1},
    "text": {"color": INK, "fontSize": 11},
}
_TAG = re.compile(r"<[^>]*>")
_USELESS = re.compile(
    r' (?:xmlns(?::\w+)?|role|class|aria-[a-z]+|pointer-events|font-family|version)="[^"]*"'
    r'| opacity="1"'
)
_EMPTY = re.compile(r'<path(?: fill="none")? d="(?:M0,0h0v0h0Z)?"(?: display="none")?/>')
_HIDDEN = re.compile(r'<path[^>]* display="none"/>')
_SIZE = re.compile(r'viewBox="0 0 ([0-9.]+) ([0-9.]+)"')


@dataclass(frozen=True, slots=True)
class Picture:
    """A chart: what stands inside ``<svg>``, its size in pixels, and what it shows in words."""

    inside: Markup
    width: int
    height: int
    words: str


def able() -> bool:
    """Return whether charts can be drawn here."""
    return find_spec(PACKAGE) is not None


def draw(spec: Mapping[str, Any], words: str) -> Picture | None:
    """Return a chart; None where the package is missing. ``words`` say what it shows."""
    if not able():
        return None
    import vl_convert  # noqa: PLC0415 - optional, and its engine takes a second to start

    whole = {**spec, "config": _CONFIG}
    return _picture(vl_convert.vegalite_to_svg(whole, allowed_base_urls=[]), words)


def _picture(svg: str, words: str) -> Picture:
    """Take what a page does not need from Vega's SVG; texts of people stay as they are."""
    found = _SIZE.search(svg)
    width, height = (float(found[1]), float(found[2])) if found else (0.0, 0.0)
    inside = svg[svg.index(">") + 1 : svg.rindex("</svg>")]
    # Vega escapes < and > everywhere, so what stands between them is never somebody's text.
    inside = _TAG.sub(lambda tag: _USELESS.sub("", tag[0]), inside)
    inside = _HIDDEN.sub("", _EMPTY.sub("", inside))
    safe = Markup(inside)  # noqa: S704 - Vega has escaped every text # nosec B704
    return Picture(safe, round(width), round(height), words)


def bars(
    rows: list[tuple[str, float]],
    title: str,
    *,
    most: float | None = None,
    long: bool = False,
    form: str = ",d",
) -> dict[str, Any]:
    """Return lying bars with their numbers beside them. ``long``: the names are sentences."""
    data = [{"n": place, "v": value} for place, (_, value) in enumerate(rows)]
    top = most or max((value for _, value in rows), default=1) or 1
    scale = {"domain": [0, top], "nice": False}
    x = {"field": "v", "type": "quantitative", "scale": scale, "axis": None}
    number = {"field": "v", "type": "quantitative", "format": form}
    labels = LONG_LABELS if long else LABELS
    return {
        "params": names([name for name, _ in rows], long=long),
        "width": (LONG_PLOT if long else PLOT) - 40,
        "height": {"step": LONG_ROW if long else 22},
        **({"title": title} if title else {}),
        "data": {"values": data},
        "encoding": {"y": row_axis("n", len(rows), labels=labels), "x": x},
        "layer": [
            {"mark": {"type": "bar", "height": 14}},
            {"mark": {"type": "text", "align": "left", "dx": 4}, "encoding": {"text": number}},
        ],
    }


def columns(panels: list[tuple[str, list[float]]], marks: list[str]) -> dict[str, Any]:
    """Return standing bars over the same marks, a panel for each series, one above the other.

    Numbers stand on the newest and the highest one alone: all of them would not fit on a telephone.
    """
    last = panels[-1][0]
    shown = [_panel(title, values, marks, last=title == last) for title, values in panels]
    return {"params": names(marks, "marks"), "spacing": 10, "vconcat": shown}


def _panel(title: str, values: list[float], marks: list[str], *, last: bool) -> dict[str, Any]:
    top = max(values, default=0)
    told = {len(values) - 1, values.index(top)}
    data = [{"n": place, "v": value, "s": place in told} for place, value in enumerate(values)]
    axis = {"labelExpr": "marks[datum.value]", "labelAngle": 0, "ticks": False, "title": None}
    x = {
        "field": "n",
        "type": "ordinal",
        "scale": {"domain": list(range(len(marks)))},
        "axis": {**axis, "labels": last, "values": every(marks)},
    }
    y = {
        "field": "v",
        "type": "quantitative",
        "scale": {"domain": [0, (top or 1) * 1.2], "nice": False},
        "axis": {"title": None, "tickCount": 2, "minExtent": 40, "maxExtent": 40},
    }
    number = {
        "transform": [{"filter": "datum.s"}],
        "mark": {"type": "text", "dy": -6},
        "encoding": {"text": {"field": "v", "type": "quantitative", "format": ",d"}},
    }
    return {
        "title": title,
        "width": LABELS + PLOT - 40,
        "height": 70,
        "data": {"values": data},
        "encoding": {"x": x, "y": y},
        "layer": [{"mark": {"type": "bar", "width": {"band": 0.7}}}, number],
    }


def every(marks: list[str], most: int = 6) -> list[int]:
    """Return the places of the marks that get a label: no more than fit, the last one always."""
    step = max(1, -(-len(marks) // most))
    return list(range(len(marks) - 1, -1, -step))[::-1]


def brief(text: str, room: int = FIT) -> str:
    """Return a name as it fits beside a chart."""
    for place, char in enumerate(text):
        room -= 1 + (east_asian_width(char) in "WF")
        if room < 0:
            return letters.cut(text, letters.size(text[:place]), "…")
    return text


def names(words: list[str], param: str = "names", *, long: bool = False) -> list[dict[str, Any]]:
    """Return the words of an axis as a parameter: they are looked up by place, never read.

    ``long``: they are sentences of ours, each in two lines at most.
    """
    told = [_lines(word) if long else brief(word) for word in words]
    return [{"name": param, "value": told}]


def _lines(sentence: str) -> list[str]:
    first, *rest = wrap(sentence, LONG_FIT) or [""]
    return [first, brief(" ".join(rest), LONG_FIT)] if rest else [first]


def row_axis(
    field: str, rows: int, param: str = "names", *, labels: int = LABELS
) -> dict[str, Any]:
    """Return an axis with one row for each name of a parameter."""
    axis = {
        "labelExpr": f"{param}[datum.value]",
        "title": None,
        "ticks": False,
        "domain": False,
        "labelPadding": 8,
        **({"labelOffset": -5} if labels == LONG_LABELS else {}),  # most are two lines
        "minExtent": labels,
        "maxExtent": labels,
    }
    scale = {"domain": list(range(rows))}
    return {"field": field, "type": "ordinal", "scale": scale, "axis": axis}
