"""What the page says first, whom it tells of, and what it leaves out."""

from __future__ import annotations

import re

import pytest
from report_kit import LATER, PRIVATE, URGENT, one, page_of, report, shadowed, tell, wanted

from crmrules.findings import HeldBack
from crmrules.report import Page, draw
from crmrules.state.lookback import Lookback
from signals.build import meeting, person

pytestmark = pytest.mark.usefixtures("_no_charts")
ASKED = None


@pytest.fixture(name="_no_charts")
def no_charts(monkeypatch):
    """Charts take time, and are looked at elsewhere."""
    monkeypatch.setattr(draw, "PACKAGE", "no_such_package")


def headline(page):
    return " ".join(re.search(r"<h1>(.*?)</h1>", page, re.DOTALL)[1].split())


def told_of(page):
    return re.findall(r'<h3 id="o-\d+">(.*?)</h3>', page)


def tiles(page):
    return [int(n) for n in re.findall(r"<li[^>]*><b>(\d+)</b>", page)[:5]]


def test_the_headline_counts_what_cannot_wait():
    page = page_of(
        (one("A"), [(URGENT, ASKED)]),
        (one("B"), [(LATER, ASKED)]),
        (one("C"), [(LATER, HeldBack.CAP_OWNER)]),
        (one("D"), []),
    )
    assert headline(page) == "1 opportunity needs somebody within two days"
    assert tiles(page) == [1, 2, 1, 0, 0]


def test_the_most_urgent_are_told_first_then_those_with_most_findings_then_the_largest():
    page = page_of(
        (one("small", amount=10), [(LATER, ASKED)]),
        (one("large", amount=99), [(LATER, ASKED)]),
        (one("both", amount=1), [(LATER, ASKED), (URGENT, ASKED)]),
        (one("urgent", amount=5), [(URGENT, ASKED)]),
    )
    assert told_of(page) == ["Deal both", "Deal urgent", "Deal large", "Deal small"]


def test_it_says_how_many_it_tells_of_and_where_the_others_stand():
    shown = [(one(f"{n}", amount=n), [(LATER, ASKED)]) for n in range(5)]
    page = page_of(*shown, timelines=2)
    assert told_of(page) == ["Deal 4", "Deal 3"]
    assert "The 2 most urgent of 5 opportunities with an open finding" in page
    assert all(f"Deal {n}" in page for n in range(5))
    nobody = page_of(*shown, timelines=0)
    assert told_of(nobody) == []
    assert "--timelines 0" in nobody


def test_as_many_are_told_as_somebody_asks_for(monkeypatch):
    monkeypatch.setattr("crmrules.report._KEPT", 2)
    shown = [(one(f"{n}", amount=n), [(LATER, ASKED)]) for n in range(5)]
    assert len(told_of(page_of(*shown, timelines=4))) == 4


def test_what_is_only_counted_is_no_reason_to_look_first():
    page = page_of(
        (one("A"), [(URGENT, HeldBack.SHADOW)]),
        (one("B"), [(URGENT, HeldBack.SUPPRESSED)]),
        (one("C"), [(LATER, ASKED)]),
    )
    assert told_of(page) == ["Deal C"]
    assert headline(page) == "1 opportunity needs attention"


def test_where_every_rule_is_in_shadow_it_tells_what_they_would_point_at():
    rule = shadowed(URGENT)
    page = page_of((one("A"), [(rule, HeldBack.SHADOW)]), rules=[rule])
    assert headline(page) == "Nobody is asked anything yet"
    assert "Every rule is in shadow" in page
    assert told_of(page) == ["Deal A"]


@pytest.mark.parametrize(
    ("shown", "said"),
    [([], "No opportunity was found"), ([(one("A"), [])], "no rule fires on any of them")],
)
def test_where_nothing_fires_it_says_so(shown, said):
    page = page_of(*shown)
    assert headline(page) == "Nothing needs attention"
    assert said in " ".join(page.split())
    for empty in (
        "Nobody has answered a task yet",
        "There is no history yet",
        "No sync has run yet",
        "Nothing so far: no task is open",
    ):
        assert empty in page


def test_a_finding_says_what_was_seen_what_to_ask_and_what_becomes_of_it():
    page = page_of((one("A"), [(URGENT, ASKED), (LATER, HeldBack.CAP_OWNER)]))
    assert "business days the customer has been silent <b>12</b>" in page
    assert "at Acme" in page
    assert "The next sync asks." in page
    assert "No task: enough tasks for this owner." in page
    assert "Seen since 14 Jun 2026" in page


def test_the_words_of_a_task_that_is_about_to_be_made_stand_there_as_it_will_say_them():
    page, told = Page("a run", [URGENT]), report()
    page.show().begun(told)
    tell(page, told, one("A"), (URGENT, ASKED))
    page.show().write(wanted(URGENT, "A", "Ring <them> on Friday"))
    assert '<p class="ask">Ring &lt;them&gt; on Friday</p>' in page.html(told)


def test_a_text_that_cannot_be_filled_does_not_stop_the_page():
    task = URGENT.then.task.model_copy(update={"subject": "Call {contact}"})
    then = URGENT.then.model_copy(update={"task": task})
    rule = URGENT.model_copy(update={"then": then})
    page = page_of((one("A"), [(rule, HeldBack.SHADOW)]), rules=[rule, LATER])
    assert f'<p class="ask">{rule.title}</p>' in page


def test_what_a_rep_called_not_true_is_no_reason_to_look_first():
    page, told = Page("a run", [URGENT, LATER]), report()
    page.show().begun(told)
    tell(page, told, one("A"), (URGENT, HeldBack.COOLDOWN))
    tell(page, told, one("B"), (LATER, ASKED))
    assert told_of(page.html(told)) == ["Deal A", "Deal B"]
    denied = Lookback(denied={(URGENT.id, "A", 1)})
    assert told_of(page.html(told, denied)) == ["Deal B"]


def test_nothing_of_a_private_rule_is_on_it():
    page = page_of((one("A"), [(PRIVATE, ASKED), (LATER, ASKED)]), (one("B"), [(PRIVATE, ASKED)]))
    assert PRIVATE.id not in page
    assert PRIVATE.title not in page
    assert told_of(page) == ["Deal A"]
    assert "Deal B" not in page


def test_names_that_would_be_markup_are_text():
    harmful = "<img src=x onerror=alert(1)>"
    people = (person("p").model_copy(update={"name": harmful}),)
    talks = (meeting(3, "p"),)
    page = page_of((one("A", harmful, people=people, activities=talks), [(LATER, ASKED)]))
    assert "<img" not in page
    assert page.count("&lt;img src=x onerror=alert(1)&gt;") >= 4


def test_the_browser_is_forbidden_to_fetch_anything():
    policy = re.search(r'Content-Security-Policy" content="([^"]*)"', page_of())[1]
    assert policy.startswith("default-src 'none'; style-src 'unsafe-inline'")
    assert "script-src" not in policy


def test_without_the_package_there_are_tables_and_a_sentence_that_says_why():
    page = page_of((one("A", activities=(meeting(3),)), [(LATER, ASKED)]))
    assert "<svg" not in page
    assert "pip install &#39;crmrules[report]&#39;" in page or "crmrules[report]" in page
    assert re.search(r"<details open>\s*<summary>The timeline of Deal A", page)
    assert "Meeting: nobody named" in page


def test_with_the_package_charts_stand_there_each_with_words_and_a_table(monkeypatch):
    pytest.importorskip("vl_convert")
    monkeypatch.setattr(draw, "PACKAGE", "vl_convert")
    page = page_of((one("A", activities=(meeting(3),)), [(LATER, ASKED)]))
    labels = re.findall(r'<svg class="plot" role="img" aria-label="([^"]+)"', page)
    assert any(label.startswith("Timeline of Deal A. ") for label in labels)
    assert page.count("<svg") == len(labels)
    assert "There are no charts" not in page
    assert re.search(r"<details>\s*<summary>The timeline of Deal A", page)


def test_it_tells_calls_of_this_run_of_everybody_and_what_is_allowed():
    page = " ".join(page_of().split())
    assert "This page took <b>5 calls</b>; 3 is the least" in page
    assert "allows 100,000 a day to everybody together; 40 of them are used" in page
    assert "allows a run of crmrules 5,000" in page
