"""The report as a person sees it: at two widths, light and dark, with a keyboard, offline."""

from __future__ import annotations

import lived
import pytest

import chromium
from crmrules.report import draw

pytestmark = pytest.mark.slow
WIDTHS = [chromium.PHONE, chromium.DESKTOP]
OPEN_ALL = "document.querySelectorAll('details').forEach(one => { one.open = true })"


@pytest.fixture(scope="module")
def stage(tmp_path_factory):
    pytest.importorskip("vl_convert")
    pytest.importorskip("simple_salesforce")
    with lived.organization(tmp_path_factory.mktemp("report")) as stage:
        yield stage


@pytest.fixture(scope="module")
def page(stage):
    """The report of that organization, as a file."""
    return lived.report(stage, "full.html")


@pytest.fixture(scope="module")
def bare(stage):
    """The same where charts cannot be drawn."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(draw, "PACKAGE", "no_such_package")
        return lived.report(stage, "bare.html")


@pytest.mark.parametrize(
    ("kind", "width", "dark"),
    [
        *(("page", width, dark) for width in WIDTHS for dark in (False, True)),
        ("bare", chromium.PHONE, True),
        ("bare", chromium.DESKTOP, False),
    ],
)
def test_it_fits_and_everybody_can_read_it(look, request, kind, width, dark):
    view = look(request.getfixturevalue(kind), width=width, dark=dark)
    assert view.overflow() == 0
    view.page.evaluate(OPEN_ALL)
    assert view.overflow() == 0
    assert view.violations() == []


@pytest.mark.parametrize("width", WIDTHS)
def test_a_keyboard_reaches_everything_and_sees_where_it_is(look, page, width):
    view = look(page, width=width)
    assert view.unreachable() == []
    view.page.evaluate(OPEN_ALL)
    assert view.unreachable() == []


def test_the_first_stop_skips_to_the_content(look, page):
    view = look(page)
    view.page.keyboard.press("Tab")
    view.page.keyboard.press("Enter")
    assert view.page.evaluate("document.activeElement.id") == "top"


def test_every_part_is_there_with_its_chart(look, page):
    view = look(page)
    shown = view.page.evaluate(
        "[...document.querySelectorAll('main section')].map(one =>"
        " [one.getAttribute('aria-labelledby'), one.querySelectorAll('svg').length])"
    )
    assert [name for name, charts in shown if charts] == [
        *("first", "rules", "weeks", "reps", "load", "sight"),
    ]
    text = view.page.inner_text("main")
    assert "edits of records for each contact with a customer" in text
    assert "Tags that could not be read" in text
    assert "nobody can read this" not in view.page.content()


def test_charts_have_the_colours_of_the_page(look, page):
    ink = "getComputedStyle(document.querySelector('svg.plot text')).fill"
    paper = "getComputedStyle(document.body).backgroundColor"
    seen = [
        (view.page.evaluate(ink), view.page.evaluate(paper))
        for view in (look(page), look(page, dark=True), look(page, forced_colors="active"))
    ]
    assert seen[0] == ("rgb(27, 31, 36)", "rgb(255, 255, 255)")
    assert seen[1] == ("rgb(233, 236, 240)", "rgb(20, 23, 27)")
    assert seen[2][0] != seen[2][1]


def test_it_asks_for_nothing_but_itself_and_runs_no_script(look, page):
    asked = []
    view = look(page)
    view.page.context.on("request", lambda request: asked.append(request.url))
    view.page.reload(wait_until="networkidle")
    assert asked == [page.resolve().as_uri()]
    assert view.page.evaluate("document.scripts.length") == 0
