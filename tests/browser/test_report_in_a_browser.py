"""The report as a person sees it: at two widths, light and dark, with a keyboard, offline."""

from __future__ import annotations

from contextlib import closing
from datetime import UTC, datetime, timedelta

import pytest

import chromium
from crmrules.cli.demo import _Stage, _sync
from crmrules.cli.report import html
from crmrules.report import draw

pytestmark = pytest.mark.slow
NOW = datetime(2026, 11, 24, 9, tzinfo=UTC)
WIDTHS = [chromium.PHONE, chromium.DESKTOP]
NOTE = """\
#criterion: go-live under eight weeks | crucial | us=4 acme=2
#criterion: price | important | us=2 acme=4
#concession: 5% | for=go-live
#ned: nobody can read this
"""
OPEN_ALL = "document.querySelectorAll('details').forEach(one => { one.open = true })"


@pytest.fixture(scope="module")
def lived(tmp_path_factory):
    """A made-up organization in which rules asked, reps answered, and time passed."""
    pytest.importorskip("vl_convert")
    demo = pytest.importorskip("crmrules_sandbox.salesforce.demo")
    pytest.importorskip("simple_salesforce")
    crm, folder = demo.start(1, NOW, opportunities=50), tmp_path_factory.mktemp("report")
    stage = _Stage(crm, "salesforce", folder)
    try:
        author = next(user["Id"] for user in crm.org.rows("User") if user.get("IsActive"))
        note = {"Subject": "Note", "Status": "Completed", "Description": NOTE, "OwnerId": author}
        for found in crm._query("SELECT Id FROM Opportunity WHERE IsClosed = false"):
            crm.org.insert("Task", note | {"WhatId": found["Id"]}, user_id=author)
        _sync(stage, live=False)
        crm.advance(timedelta(hours=13))
        _sync(stage, live=True)
        crm.advance(timedelta(days=8))
        crm.rep_works()
        _sync(stage, live=True)
        yield stage
    finally:
        crm.stop()


@pytest.fixture(scope="module")
def page(lived):
    """The report of that organization, as a file."""
    return written(lived, "full.html")


@pytest.fixture(scope="module")
def bare(lived):
    """The same where charts cannot be drawn."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(draw, "PACKAGE", "no_such_package")
        return written(lived, "bare.html")


def written(stage, name):
    made = stage.setup(live=True)
    file = stage.folder / name
    with closing(made):
        page = html(made, "A made-up organization", now=stage.crm.now, timelines=8)
        file.write_text(page, encoding="utf-8")
    return file


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
