"""rules diff: three rule sets, what the new one changes, and what the overlay keeps away."""

from __future__ import annotations

import zipfile
from datetime import UTC, datetime, timedelta

import pytest
from cli_kit import run

from crmrules import rulebook
from crmrules.difference import recorded
from crmrules.state import Store

ONE, TWO, THREE = "nego-early-concession", "conc-gone-dark", "needs-not-sized"
SHIPPED = {path.stem: path.read_text("utf-8") for path in rulebook.shipped().rglob("*.yml")}


def place(folder, name, **texts):
    """Write a folder of rule files; a text that is None leaves its rule out."""
    root = folder / name
    root.mkdir(parents=True)
    for rule, text in ({ONE: SHIPPED[ONE], TWO: SHIPPED[TWO]} | texts).items():
        if text is not None:
            (root / f"{rule}.yml").write_text(text, encoding="utf-8")
    return root


def edited(rule, *pairs):
    text = SHIPPED[rule]
    for old, new in pairs:
        assert old in text
        text = text.replace(old, new)
    return text


def told(folder, old, new, overlay="", output="json"):
    """Return what rules diff says of an upgrade from old to new texts."""
    place(folder, "old", **old)
    place(folder, "new", **new)
    (folder / "overlay.yaml").write_text(overlay or "{}", encoding="utf-8")
    (folder / "crmrules.toml").write_text(
        'rules = ["new"]\noverlay = "overlay.yaml"\n', encoding="utf-8"
    )
    return run("rules", "diff", "--from", "old", "--format", output, cwd=folder)


def of(ran, rule=ONE):
    [found] = [one for one in ran.json()["rules"] if one["rule"] == rule]
    return found


def changes(ran, about, rule=ONE):
    return [one for one in of(ran, rule)["changes"] if one["about"] == about]


@pytest.mark.parametrize(
    ("before", "after", "relation", "words"),
    [
        (8, 5, "more", "fires earlier, and on more (discount above allowance from 5 to below 8 "),
        (5, 8, "fewer", "fires later, and on fewer (discount above allowance from 5 to below 8 "),
    ],
)
def test_a_new_default_is_told_by_what_it_does(tmp_path, before, after, relation, words):
    ran = told(
        tmp_path,
        {ONE: edited(ONE, ("value: 5", f"value: {before}"))},
        {ONE: edited(ONE, ("value: 5", f"value: {after}"))},
    )
    assert ran.code == 0
    assert of(ran)["pack"]["fires_on"] == of(ran)["yours"]["fires_on"] == relation
    assert of(ran)["pack"]["words"].startswith(words)
    [change] = changes(ran, "setting points")
    assert (change["kind"], change["what"]) == ("applies", f"{before} -> {after}")
    assert [one["rule"] for one in ran.json()["rules"]] == [ONE]


def test_a_threshold_of_what_clears_is_told_the_other_way_round(tmp_path):
    clears = "discount_above_allowance: {at_most: 0}"
    ran = told(tmp_path, {}, {ONE: edited(ONE, (clears, "discount_above_allowance: {at_most: 2}"))})
    words = of(ran)["pack"]["words"]
    assert words.startswith("fires later, and on fewer")
    assert "above 0 up to 2 percentage points clears now too" in words


def test_an_override_keeps_a_new_default_away_and_says_so(tmp_path):
    ran = told(
        tmp_path,
        {},
        {ONE: edited(ONE, ("value: 5", "value: 6"))},
        f"{ONE}: {{mode: live, settings: {{points: 8}}}}\n",
    )
    assert ran.code == 0
    [change] = changes(ran, "setting points")
    assert (change["kind"], change["line"]) == ("kept", 1)
    assert change["what"] == "your 8 stays; the new default 6 (was 5) does not apply"
    assert (of(ran)["pack"]["fires_on"], of(ran)["yours"]["fires_on"]) == ("fewer", "same")


def test_an_override_that_became_the_default_can_go(tmp_path):
    after = {ONE: edited(ONE, ("value: 5", "value: 8"))}
    ran = told(tmp_path, {}, after, f"{ONE}: {{settings: {{points: 8}}}}\n")
    [change] = changes(ran, "setting points")
    assert "the new default is your 8" in change["what"]
    assert "can go" in change["remedy"]


LINE = next(line for line in SHIPPED[ONE].splitlines() if line.startswith("  points:"))


@pytest.mark.parametrize(
    ("pairs", "what", "remedy"),
    [
        ([("points", "percent")], "it is called 'percent' now", "Write 'percent: 8' instead of"),
        (
            [(LINE, "  {}"), ("$points", "5")],
            "the new pack does not have it",
            "Remove 'points' from the overlay.",
        ),
    ],
    ids=["renamed", "gone"],
)
def test_an_override_of_a_setting_that_is_no_more_is_a_conflict(tmp_path, pairs, what, remedy):
    ran = told(tmp_path, {}, {ONE: edited(ONE, *pairs)}, f"\n{ONE}: {{settings: {{points: 8}}}}\n")
    assert ran.code == 2
    assert ran.json()["conflicts"] == 1
    [change] = changes(ran, "setting points")
    assert change["kind"] == "conflict"
    assert what in change["what"]
    assert remedy in change["remedy"]
    assert change["line"] == 2


def test_an_override_out_of_new_bounds_is_a_conflict(tmp_path):
    after = {ONE: edited(ONE, ("floor: 1", "floor: 3"))}
    ran = told(tmp_path, {}, after, f"{ONE}: {{settings: {{points: 2}}}}\n")
    assert ran.code == 2
    [conflict] = [one for one in of(ran)["changes"] if one["kind"] == "conflict"]
    assert "2 is below the floor 3" in conflict["what"]


def test_rules_that_are_new_gone_or_renamed_are_told(tmp_path):
    renamed = SHIPPED[TWO].replace(f"id: {TWO}", "id: conc-silent")
    overlay = f"{TWO}: {{mode: live}}\n{THREE}: {{mode: live}}\nnego-early-concesion: {{}}\n"
    ran = told(
        tmp_path,
        {THREE: SHIPPED[THREE], ONE: None},
        {TWO: None, "conc-silent": renamed},
        overlay,
    )
    assert ran.code == 2
    found = {one["rule"]: (one["status"], one["now"]) for one in ran.json()["rules"]}
    assert found == {
        ONE: ("new", None),
        TWO: ("renamed", "conc-silent"),
        THREE: ("gone", None),
    }
    [moved], [orphan] = of(ran, TWO)["changes"], of(ran, THREE)["changes"]
    assert moved["remedy"] == f"Write 'conc-silent' instead of '{TWO}' in the overlay."
    assert (orphan["kind"], orphan["line"]) == ("conflict", 2)
    [stranger] = ran.json()["problems"]
    assert stranger["remedy"] == f"Did you mean '{ONE}'?"
    assert ran.json()["conflicts"] == 3


def test_texts_that_changed_under_an_override_or_a_translation_are_told(tmp_path):
    after = edited(ONE, ("Hold the extra discount at", "Keep the extra discount at"))
    overlay = (
        f"{ONE}:\n  subject: Wait at {{account}}\n"
        "  translations: {de: {subject: Warten, body: [Was noch?, Gut.]}}\n"
    )
    ran = told(tmp_path, {}, {ONE: after}, overlay)
    assert ran.code == 0
    [subject], [german] = changes(ran, "subject"), changes(ran, "translation de")
    assert (subject["kind"], subject["line"]) == ("look", 2)
    assert "yours stays" in subject["what"]
    assert (german["kind"], german["line"]) == ("look", 3)
    assert changes(ran, "body") == []


def test_a_recommendation_that_changed_is_told_beside_your_mode(tmp_path):
    after = {ONE: edited(ONE, ("recommended: live", "recommended: shadow"))}
    ran = told(tmp_path, {}, after, f"{ONE}: {{mode: live}}\n")
    [change] = changes(ran, "mode")
    assert change["what"] == "recommended is shadow now, not live; your live stays"


def test_text_and_markdown_tell_the_same(tmp_path):
    after = {ONE: edited(ONE, ("value: 5", "value: 6"), ("due_in_days: 5", "due_in_days: 3"))}
    overlay = f"{ONE}: {{settings: {{points: 8}}}}\n"
    plain = told(tmp_path / "a", {}, after, overlay, "text").out
    page = told(tmp_path / "b", {}, after, overlay, "markdown").out
    for part in (
        "with your overlay: fires on the same as before",
        "your 8 stays; the new default 6 (was 5) does not apply",
        "due in business days: 5 -> 3",
        "nothing in your overlay is in the way",
    ):
        assert part in plain
        assert part in page
    assert page.startswith("# From old to the rules here")


def test_equal_packs_differ_in_nothing(tmp_path):
    ran = told(tmp_path, {}, {}, f"{ONE}: {{mode: live}}\n", "text")
    assert (ran.code, ran.out.splitlines()[-1]) == (0, "Nothing differs.")


def test_a_wheel_is_read_by_its_shipped_rules_and_a_strange_file_is_named(tmp_path):
    place(tmp_path, "here")
    (tmp_path / "crmrules.toml").write_text('rules = ["here"]\n', encoding="utf-8")
    with zipfile.ZipFile(tmp_path / "new.whl", "w") as wheel:
        inside = "crmrules/shipped/rules/"
        wheel.writestr(f"{inside}negotiation/{ONE}.yml", edited(ONE, ("value: 5", "value: 4")))
        future = SHIPPED[TWO].replace("quotes_sent", "a_signal_of_the_future")
        wheel.writestr(f"{inside}concerns/{TWO}.yml", future)
        wheel.writestr(f"{inside}concerns/odd.yml", "id: odd\nsomething: new\n")
        wheel.writestr("crmrules/text/patterns.yml", "- not a rule")
    ran = run("rules", "diff", "--to", "new.whl", "--format", "json", cwd=tmp_path)
    assert ran.code == 0, ran.err
    assert of(ran)["pack"]["fires_on"] == "more"
    assert of(ran, TWO)["status"] == "changed"
    assert ran.json()["unread"] == ["concerns/odd.yml"]


@pytest.mark.parametrize("name", ["nothing.zip", "text.txt", "empty"])
def test_what_holds_no_rules_is_refused_in_a_sentence(tmp_path, name):
    place(tmp_path, "here")
    (tmp_path / "crmrules.toml").write_text('rules = ["here"]\n', encoding="utf-8")
    (tmp_path / "empty").mkdir()
    (tmp_path / "text.txt").write_text("hello", encoding="utf-8")
    with zipfile.ZipFile(tmp_path / "nothing.zip", "w") as archive:
        archive.writestr("a.txt", "hello")
    ran = run("rules", "diff", "--from", name, cwd=tmp_path)
    assert ran.code == 2
    assert "wheel" in ran.err


def remembered(folder, *packs, org="00D"):
    """Keep packs as syncs did, one a day."""
    with Store(f"sqlite:///{folder / 'crmrules.db'}") as store:
        for day, pack in enumerate(packs):
            book, problems = rulebook.inspect([pack])
            assert problems == []
            with store.for_org(org).transaction() as tx:
                at = datetime(2026, 11, 1, tzinfo=UTC) + timedelta(days=day)
                tx.packs.used(*recorded(book.pack), f"0.{day}", at)


def test_without_from_it_compares_with_the_pack_that_ran_before(tmp_path):
    older = place(tmp_path, "older", **{ONE: edited(ONE, ("value: 5", "value: 9"))})
    old = place(tmp_path, "old", **{ONE: edited(ONE, ("value: 5", "value: 8"))})
    new = place(tmp_path, "new")
    (tmp_path / "crmrules.toml").write_text('rules = ["new"]\n', encoding="utf-8")
    remembered(tmp_path, older, old)
    ran = run("rules", "diff", "--format", "json", cwd=tmp_path)  # upgraded, not yet synced
    assert changes(ran, "setting points")[0]["what"] == "8 -> 5"
    assert ran.json()["base"] == "the pack that ran until 2026-11-02 (crmrules 0.1)"
    remembered(tmp_path, older, old, new)  # and after the sync
    again = run("rules", "diff", "--format", "json", cwd=tmp_path)
    assert changes(again, "setting points")[0]["what"] == "8 -> 5"


def test_the_pack_of_another_organization_in_the_store_is_none_of_ours(tmp_path):
    ours, theirs = "00Dxx0000000001EAA", "00Dxx0000000002EAA"
    old = place(tmp_path, "old", **{ONE: edited(ONE, ("value: 5", "value: 8"))})
    elsewhere = place(tmp_path, "elsewhere", **{ONE: edited(ONE, ("value: 5", "value: 9"))})
    place(tmp_path, "new")
    (tmp_path / "crmrules.toml").write_text(
        f'rules = ["new"]\n[salesforce]\norganization_id = "{ours[:15]}"\n', encoding="utf-8"
    )
    remembered(tmp_path, old, org=ours)
    remembered(tmp_path, old, elsewhere, org=theirs)  # theirs is the newest in the store
    ran = run("rules", "diff", "--format", "json", cwd=tmp_path)
    assert changes(ran, "setting points")[0]["what"] == "8 -> 5"


def test_without_an_earlier_pack_it_says_what_to_name(tmp_path):
    new = place(tmp_path, "new")
    (tmp_path / "crmrules.toml").write_text('rules = ["new"]\n', encoding="utf-8")
    first = run("rules", "diff", cwd=tmp_path)
    assert first.code == 2
    assert "no sync has kept a pack yet" in first.err
    remembered(tmp_path, new)
    ran = run("rules", "diff", cwd=tmp_path)
    assert ran.code == 2
    assert "only this pack has ever run here" in ran.err
    assert "--from" in ran.err
