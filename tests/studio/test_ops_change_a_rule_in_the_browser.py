"""Ops change a rule in a real browser, see what it would do, and save."""

from __future__ import annotations

import json

import pytest
import yaml
from studio_kit import HOSTILE

import chromium
from crmrules.findings.hold import IN_WORDS, HeldBack

pytestmark = pytest.mark.slow


@pytest.fixture
def firing(studio):
    """A rule in shadow that would make tasks if it were live."""
    lines = [one for one in studio.desk.lines() if one.findings and one.rule.mode == "shadow"]
    for line in sorted(lines, key=lambda one: -one.findings):
        studio.desk.change(line.rule.id, {("mode",): "live"})
        appear = studio.desk.effect.once_settled.appear
        studio.desk.discard()
        if appear:
            return line.rule.id
    pytest.fail("no rule here would make a task")


def count(view, column: int) -> int:
    cells = view.page.locator("#effect .numbers tr", has_text="Tasks that appear").locator("td")
    return int(cells.nth(column).inner_text().replace("+", "") or 0)


def judged(view) -> None:
    view.page.locator("#summary:not(:empty)").wait_for()
    view.page.locator("#working").wait_for(state="hidden")


def test_a_mode_is_changed_the_numbers_move_and_saving_makes_them_so(look, studio, firing):
    view = look(studio.door.address)
    assert "token" not in view.page.url
    view.page.fill("#search", firing)
    assert view.page.locator("nav li[data-rule]:visible").count() == 1
    view.page.click(f'nav li[data-rule="{firing}"] a')
    view.page.check('input[value="live"]')
    judged(view)
    appear = count(view, 1)
    assert appear == len(studio.desk.effect.once_settled.appear) > 0
    assert HOSTILE in view.page.inner_text("#effect")  # as text, not as a picture
    assert view.page.locator("img").count() == 0
    before = yaml.safe_load(studio.overlay.read_text())
    assert before[firing]["mode"] == "shadow"
    view.page.click("#save")
    view.page.locator("#saved[open]").wait_for()
    assert "mode: live" in view.page.inner_text("#difference")
    view.page.click("#saved button")
    view.page.locator("#changes .quiet").wait_for()
    assert view.page.is_checked('input[value="live"]')
    now = yaml.safe_load(studio.overlay.read_text())
    assert now == before | {firing: now[firing]}
    ran = studio.world.run("preview")
    assert ran.json["writes_once_settled"]  # the configured rules are those now


def test_what_the_page_says_is_what_the_preview_command_says(look, studio, firing):
    view = look(studio.door.address)
    view.page.goto(f"{view.page.url}rules/{firing}")
    view.page.check('input[value="live"]')
    judged(view)
    changed = studio.world.folder / "changed.yaml"
    changed.write_text(studio.desk.draft.preview_text())
    told = studio.world.run("preview", "--overlay", str(changed)).json
    ours = json.loads(json.dumps(studio.desk.effect.json(), default=list))
    assert ours == told
    row = view.page.locator("#effect tr", has_text=IN_WORDS[HeldBack.SHADOW]).locator("td")
    held = [told["held_back"][when]["shadow"] for when in ("before", "after")]
    assert [int(cell) for cell in row.all_inner_texts()] == held
    assert count(view, 0) == len(told["next_sync"]["appear"])
    assert count(view, 1) == len(told["once_settled"]["appear"])


def test_a_value_that_may_not_be_is_said_beside_its_field(look, studio):
    view = look(studio.door.address)
    view.page.goto(f"{view.page.url}rules/conc-gone-dark")
    view.page.fill("#s-silence", "2")
    error = view.page.locator('[id="error-settings.silence"]')
    error.wait_for()
    assert "below the floor 5" in error.inner_text()
    assert view.page.get_attribute("#s-silence", "aria-invalid") == "true"
    assert studio.desk.changes() == []
    view.page.click('button.back[data-for="s-silence"]')
    error.wait_for(state="hidden")


def test_changes_of_several_rules_wait_together_and_are_undone_one_by_one(look, studio):
    view = look(studio.door.address)
    home = view.page.url
    for rule in ("conc-gone-dark", "crit-changed-late"):
        view.page.goto(f"{home}rules/{rule}")
        view.page.check('input[value="disabled"]')
        judged(view)
    assert view.page.locator("#changes li").count() == 2
    view.page.locator("#changes .undo").first.click()
    view.page.locator("#changes li").nth(1).wait_for(state="detached")
    assert [one.place[0] for one in studio.desk.changes()] == ["crit-changed-late"]
    view.page.click("#discard")
    view.page.locator("#changes .quiet").wait_for()
    assert studio.desk.changes() == []


def test_what_somebody_else_saved_is_said_and_not_overwritten(look, studio):
    view = look(studio.door.address)
    view.page.goto(f"{view.page.url}rules/conc-gone-dark")
    view.page.check('input[value="disabled"]')
    judged(view)
    theirs = studio.overlay.read_text() + "# theirs\n"
    studio.overlay.write_text(theirs)
    view.page.click("#save")
    view.page.get_by_text("changed by somebody else").wait_for()
    assert studio.overlay.read_text() == theirs
    assert "409" in view.complaints.pop()


@pytest.mark.parametrize("dark", [False, True])
@pytest.mark.parametrize("width", [chromium.PHONE, 1280])
def test_it_can_be_used_by_everybody_at_every_width(look, studio, firing, width, dark):
    view = look(studio.door.address, width=width, dark=dark)
    view.page.goto(f"{view.page.url}rules/{firing}")
    if not dark:  # before anything is clicked: Tab goes on from there
        assert set(view.unreachable()) <= {"input mode"}  # the others of a choice: by arrow keys
        view.page.locator("input[name=mode]:checked").press("ArrowDown")
        judged(view)
        assert [change.place for change in studio.desk.changes()] == [(firing, "mode")]
    view.page.check('input[value="live"]')
    judged(view)
    assert view.overflow() == 0
    assert view.violations() == []


def test_the_names_of_all_opportunities_are_collected_once_and_not_for_every_line(desk):
    snapshot = desk._snapshot
    assert snapshot.names is snapshot.names
    assert snapshot.people is snapshot.people
    assert desk.person(next(iter(snapshot.people))) in snapshot.people.values()
