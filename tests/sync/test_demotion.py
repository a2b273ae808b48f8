"""A rule falls once, stays down whatever comes, and only a person's change brings it back."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from html import escape

import pytest

from crmrules import rulebook
from crmrules.connector import Organization, Problem, Usage
from crmrules.demotion import REMEDY, Outlook, review, standings, version
from crmrules.findings import Answer, TaskRecord, TaskStatus
from crmrules.outcome import Report
from crmrules.report import Page
from crmrules.rule import Mode
from crmrules.state import Store

NOW = datetime(2026, 11, 24, 9, tzinfo=UTC)
MADE = NOW - timedelta(days=40)
BOOK = rulebook.load([rulebook.shipped()])
RULE = BOOK.rule("conc-gone-dark").model_copy(update={"mode": Mode.LIVE})
OTHER = BOOK.rule("entry-single-threaded").model_copy(update={"mode": Mode.LIVE})
PRIVATE = next(rule for rule in BOOK.rules if rule.private).model_copy(update={"mode": Mode.LIVE})


@pytest.fixture
def org(tmp_path):
    with Store(f"sqlite:///{tmp_path / 'state.db'}", clock=lambda: NOW) as store:
        yield store.for_org("00D")


def answered(tx, rule, bad, good=0, *, made=MADE, name="", ended=MADE) -> None:
    """Let reps answer so many tasks of a rule."""
    answers = [Answer.NOT_USEFUL] * bad + [Answer.DONE] * good
    tx.save(
        tasks=[
            TaskRecord(
                f"{rule.id} {name} {number}",
                rule.id,
                f"006{number}",
                1,
                status=TaskStatus.COMPLETED,
                made_at=made,
                ended_at=ended,
                answer=answer,
                accepted_at=ended if answer is Answer.DONE else None,
            )
            for number, answer in enumerate(answers)
        ]
    )


def test_a_rule_that_reps_voted_down_falls_and_is_told_of_once(org):
    with org.dry_run() as tx:
        answered(tx, RULE, 30)
        answered(tx, OTHER, 20, 10)
        first = review(tx, [RULE, OTHER], NOW)
        assert [one.rule for one in first.fell] == [RULE.id]
        [problem] = first.problems
        assert (problem.level, problem.remedy) == ("warning", REMEDY)
        assert problem.what == (
            f"{RULE.id} went back to shadow by itself: 0 of 30 answers useful: 0 % (0 to 11 %)"
        )
        assert set(tx.history.demotions()) == {RULE.id}
        again = review(tx, [RULE, OTHER], NOW)
        assert again.fell == again.problems == ()
        assert again.standings == first.standings
        told = {one.precision.rule: one.demoted for one in again.standings}
        assert told == {RULE.id: "0 of 30 answers useful: 0 % (0 to 11 %)", OTHER.id: None}


def test_with_twenty_nine_answers_it_stays(org):
    with org.dry_run() as tx:
        answered(tx, RULE, 29)
        assert review(tx, [RULE], NOW).fell == ()


def test_it_stays_down_however_its_last_tasks_are_answered(org):
    with org.dry_run() as tx:
        answered(tx, RULE, 30)
        review(tx, [RULE], NOW)
        answered(tx, RULE, 0, 200, name="later")
        later = review(tx, [RULE], NOW)
        assert later.rose == later.fell == ()
        assert later.standings[0].precision.useful == 200
        assert set(tx.history.demotions()) == {RULE.id}


CHANGES = {
    "a setting": {
        "settings": {
            name: one.model_copy(update={"value": one.value + 1})
            for name, one in RULE.settings.items()
        }
    },
    "its words": {"title": "Said in another way"},
    "its mode": {"mode": Mode.SHADOW},
}


@pytest.mark.parametrize("change", CHANGES.values(), ids=list(CHANGES))
def test_a_change_brings_it_back_and_its_old_tasks_no_longer_count(org, change):
    changed = RULE.model_copy(update=change)
    with org.dry_run() as tx:
        answered(tx, RULE, 30)
        review(tx, [RULE], NOW)
        found = review(tx, [changed], NOW + timedelta(hours=1))
        assert found.rose == (RULE.id,)
        assert found.standings == ()
        assert tx.history.demotions() == {}
        answered(tx, RULE, 30, name="of the old one, answered late", ended=NOW + timedelta(days=1))
        assert review(tx, [changed], NOW + timedelta(days=2)).fell == ()


def test_set_to_shadow_and_live_again_it_has_a_fresh_chance_and_can_fall_again(org):
    shadow = RULE.model_copy(update={"mode": Mode.SHADOW})
    back = NOW + timedelta(hours=2)
    with org.dry_run() as tx:
        answered(tx, RULE, 30)
        review(tx, [RULE], NOW)
        assert review(tx, [shadow], NOW + timedelta(hours=1)).rose == (RULE.id,)
        live = review(tx, [RULE], back)
        assert live.fell == live.rose == live.standings == ()
        answered(tx, RULE, 30, made=back, name="new", ended=back)
        assert [one.n for one in review(tx, [RULE], back + timedelta(days=1)).fell] == [30]


def test_any_live_rule_that_is_changed_counts_anew(org):
    changed = RULE.model_copy(update={"title": "Said in another way"})
    with org.dry_run() as tx:
        answered(tx, RULE, 29)
        review(tx, [RULE], NOW)
        review(tx, [changed], NOW + timedelta(hours=1))
        answered(tx, RULE, 2, made=NOW + timedelta(hours=2), name="new")
        [one] = review(tx, [changed], NOW + timedelta(days=1)).standings
        assert (one.precision.n, one.demoted) == (2, None)


def test_what_only_people_read_about_a_rule_changes_nothing():
    aside = {"source": "x", "review": "2031-01-01", "maintainer": "x", "path": "x", "tests": ()}
    aside |= {"recommended": Mode.DISABLED, "false_positives": ("x",)}
    assert version(RULE.model_copy(update=aside)) == version(RULE)
    kept = set(RULE.model_dump()) - set(aside)
    told = {"id", "title", "mode", "severity", "phases", "why", "settings", "when", "clears"}
    assert kept >= told | {"then", "hides", "coverage", "majors_only", "private", "to"}
    assert version(RULE.model_copy(update={"why": "x"})) != version(RULE)


def test_a_rule_that_is_not_judged_stays_as_it_was(org):
    with org.dry_run() as tx:
        answered(tx, RULE, 30)
        review(tx, [RULE], NOW)
        assert review(tx, [], NOW + timedelta(days=1)).rose == ()
        assert review(tx, [RULE], NOW + timedelta(days=2)).rose == ()
        assert set(tx.history.demotions()) == {RULE.id}


def test_a_rule_in_shadow_cannot_fall(org):
    with org.dry_run() as tx:
        answered(tx, RULE, 30)
        assert review(tx, [RULE.model_copy(update={"mode": Mode.SHADOW})], NOW).fell == ()
        assert tx.history.demotions() == {}


def test_completions_that_may_yet_be_accepted_hold_a_fall_back_for_fourteen_days(org):
    waiting = [
        TaskRecord(
            f"w{number}",
            RULE.id,
            f"007{number}",
            1,
            status=TaskStatus.COMPLETED,
            made_at=MADE,
            ended_at=NOW,
            answer=Answer.DONE,
        )
        for number in range(20)
    ]
    with org.dry_run() as tx:
        answered(tx, RULE, 30)
        tx.save(tasks=waiting)
        assert review(tx, [RULE], NOW + timedelta(days=13)).fell == ()
        [one] = review(tx, [RULE], NOW + timedelta(days=14)).fell
        assert (one.useful, one.not_useful, one.waiting, one.done) == (0, 30, 0, 20)


def test_a_private_rule_falls_and_nobody_is_told(org):
    with org.dry_run() as tx:
        answered(tx, PRIVATE, 30)
        found = review(tx, [PRIVATE, RULE], NOW)
        assert set(tx.history.demotions()) == {PRIVATE.id}
        assert found.standings == found.fell == found.problems == ()
        changed = PRIVATE.model_copy(update={"title": "x"})
        assert review(tx, [changed], NOW + timedelta(hours=1)).rose == ()
        assert tx.history.demotions() == {}


def test_answers_of_a_rule_that_is_no_longer_judged_are_not_told(org):
    """It may have been a private one."""
    with org.dry_run() as tx:
        answered(tx, PRIVATE, 3)
        assert review(tx, [RULE], NOW).standings == ()
        shown = standings(tx, NOW, lambda rule: rule != PRIVATE.id)
        assert shown == []


def test_after_a_lost_state_all_tasks_that_are_found_count(org):
    with org.dry_run() as tx:
        answered(tx, RULE, 30, made=None)
        assert [one.rule for one in review(tx, [RULE], NOW).fell] == [RULE.id]


def page_of(reps, rules, *problems) -> str:
    usage = Usage(3, 10, 2)
    report = Report(NOW, "fake", Organization("00D"), usage, problems, reps=reps)
    return Page("a run", rules).html(report)


def test_the_page_of_a_run_tells_numbers_interval_and_remedy(org):
    titled = RULE.model_copy(update={"title": "A <b>title</b>"})
    with org.dry_run() as tx:
        answered(tx, RULE, 30)
        answered(tx, OTHER, 1, 3)
        answered(tx, PRIVATE, 5)
        rules = [titled, OTHER, PRIVATE]
        page = page_of(review(tx, rules, NOW), rules)
    assert "A &lt;b&gt;title&lt;/b&gt;" in page
    assert "A <b>" not in page
    assert '<td class="n">0</td><td class="n">30</td><td>0 % (0 to 11)</td>' in page
    assert '<td class="n">3</td><td class="n">1</td><td>75 % (30 to 95)</td>' in page
    assert page.count("back in shadow</b>") == 1
    assert REMEDY.partition(",")[0] in page
    assert PRIVATE.id not in page


def test_the_page_of_a_run_says_where_nobody_has_answered(org):
    with org.dry_run() as tx:
        page = page_of(review(tx, [RULE], NOW), [RULE])
    assert "Nobody has answered a task yet" in page
    assert "In shadow because" not in page


def test_a_report_has_the_section_and_does_not_call_a_fall_a_thing_the_crm_hides(org):
    with org.dry_run() as tx:
        answered(tx, RULE, 30)
        reps = review(tx, [RULE], NOW)
    other = Problem("quotes cannot be read", "Let us read them.")
    page = page_of(reps, [RULE], other, *reps.problems)
    title = f'<th scope="row">{escape(RULE.title)}<br><small>{RULE.id}</small>'
    assert f"{title}<br><b>back in shadow</b>" in page
    hidden = page.partition("What this organization does not show us")[2]
    assert other.what in hidden
    assert "went back to shadow" not in hidden


@pytest.mark.parametrize("change", [{}, *CHANGES.values()], ids=["nothing", *CHANGES])
@pytest.mark.parametrize("reviewed", [False, True])
def test_who_would_be_demoted_is_told_without_a_trace(org, change, reviewed):
    rules = [RULE.model_copy(update=change), OTHER, PRIVATE]
    with org.dry_run() as tx:
        answered(tx, RULE, 30)
        answered(tx, PRIVATE, 30)
        answered(tx, OTHER, 29)
        review(tx, [RULE if reviewed else OTHER], NOW)
        before = (tx.history.demotions(), tx.history.get("rule_versions"))
        told = Outlook.read(tx, NOW + timedelta(hours=1)).demoted(rules)
        assert (tx.history.demotions(), tx.history.get("rule_versions")) == before
        review(tx, rules, NOW + timedelta(hours=1))
        assert told == set(tx.history.demotions())
