"""Charts are pictures of ours alone: a name never becomes markup, an address or an expression."""

from __future__ import annotations

import re

import pytest
from lxml import html as lxml_html
from report_kit import one

from crmrules.plan import Judged
from crmrules.report import draw, timeline
from crmrules.report.story import tell
from crmrules.signals import Known
from signals.build import NOW, ago, meeting, person

pytest.importorskip("vl_convert")
TAGS = {"svg", "g", "path", "line", "text", "tspan", "rect"}
NAMES = (
    "<script>alert(1)</script>",
    '"/><image href="http://x.invalid"/>',
    "datum.value + names[0]",
    "]]>&amp;--><b>",
    'role="x" aria-label="y"',
)


def chart(*names):
    people = tuple(
        person(f"p{n}").model_copy(update={"name": name}) for n, name in enumerate(names)
    )
    talks = tuple(meeting(9 - n, f"p{n}") for n in range(len(names)))
    story = tell(
        Judged(one("006A", people=people, activities=talks), {"phase": Known("x")}, {}), NOW
    )
    return draw.draw(timeline.spec(story, [ago(3)]), "in words")


def test_names_stand_in_a_chart_as_they_are_and_as_nothing_else():
    picture = chart(*NAMES)
    tree = lxml_html.fragment_fromstring(f"<svg>{picture.inside}</svg>")
    assert {element.tag for element in tree.iter()} <= TAGS
    told = {element.text for element in tree.iter("text")}
    assert {draw.brief(name) for name in NAMES} <= told


def test_a_chart_has_no_address_no_script_no_font_and_no_colour_of_its_own():
    inside = str(chart("Ann", "Bob").inside)
    assert not re.search(r"https?:|url\(|href|<style|<script|font-family|\bon\w+=", inside)
    colours = set(re.findall(r'(?:fill|stroke)="([^"]*)"', inside))
    assert {c for c in colours if not c.startswith("var(--")} <= {"none", "transparent"}


def test_two_people_of_one_name_have_a_row_each():
    picture = chart("Ann Lee", "Ann Lee", "Ann Lee")
    assert str(picture.inside).count(">Ann Lee<") == 3


def test_a_chart_may_not_fetch_its_data():
    with pytest.raises(ValueError, match="External data url not allowed"):
        draw.draw({"data": {"url": "http://127.0.0.1:9/x.csv"}, "mark": "bar"}, "")


@pytest.mark.parametrize(
    ("name", "told"),
    [
        ("short", "short"),
        ("x" * 24, "x" * 24),
        ("x" * 25, "x" * 23 + "…"),
        ("\u6f22" * 13, "\u6f22" * 11 + "…"),
        ("", ""),
    ],
)
def test_names_are_cut_where_they_would_not_fit(name, told):
    assert draw.brief(name) == told


def test_the_same_story_is_drawn_alike_twice():
    assert chart("Ann", "Bob") == chart("Ann", "Bob")
