"""What the studio writes into an overlay, and what it leaves as people wrote it."""

from __future__ import annotations

import stat

import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from crmrules import rulebook
from crmrules.errors import UsageError
from crmrules.rule import Mode
from crmrules.studio import Draft

DARK, LATE = "conc-gone-dark", "crit-changed-late"
WRITTEN = """\
# Ours, agreed in March.
conc-gone-dark:
  mode: live # since the pilot
  settings: {silence: 12}  # two weeks and a bit

crit-changed-late: {mode: shadow}
"""
PACK = rulebook.load([rulebook.shipped()])


@pytest.fixture
def path(tmp_path):
    file = tmp_path / "overlay.yaml"
    file.write_text(WRITTEN)
    return file


@pytest.fixture
def draft(path):
    return Draft(PACK, path)


def test_comments_order_and_everything_else_stay_as_they_were(draft, path):
    assert draft.change(DARK, {("settings", "silence"): 15}) == {}
    told = draft.save()
    assert path.read_text() == WRITTEN.replace("silence: 12", "silence: 15")
    assert "-  settings: {silence: 12}" in told
    assert "+  settings: {silence: 15}" in told


def test_what_is_set_back_to_the_pack_is_taken_out_of_the_overlay(draft, path):
    assert draft.change(LATE, {("mode",): "shadow"}) == {}
    assert draft.changes() == []  # as saved; nobody asked to take it out
    assert draft.change(DARK, {("mode",): "live", ("settings", "silence"): 10}) == {}
    [change] = draft.changes()
    assert (change.before, change.after, change.removed) == (12, 10, True)
    draft.save()
    assert yaml.safe_load(path.read_text())[DARK] == {"mode": "live"}
    assert "# since the pilot" in path.read_text()


def test_an_overlay_of_comments_alone_keeps_them(path):
    path.write_text("# Nothing yet.\n")
    draft = Draft(PACK, path)
    draft.change(DARK, {("mode",): "live"})
    draft.save()
    assert path.read_text() == "# Nothing yet.\nconc-gone-dark:\n  mode: live\n"


def test_an_overlay_whose_last_change_goes_can_still_be_read(path):
    path.write_text("# Ours.\nconc-gone-dark: {mode: live}\n")
    draft = Draft(PACK, path)
    draft.change(DARK, {("mode",): "shadow"})
    draft.save()
    assert path.read_text() == "# Ours.\n{}\n"
    assert rulebook.load([rulebook.shipped()], path).hash == PACK.hash
    draft.change(LATE, {("mode",): "live"})
    draft.save()
    assert path.read_text() == "# Ours.\ncrit-changed-late:\n  mode: live\n"


def test_an_overlay_that_does_not_exist_yet_is_written(tmp_path):
    draft = Draft(PACK, tmp_path / "new.yaml")
    draft.change(DARK, {("mode",): "live"})
    draft.save()
    assert yaml.safe_load((tmp_path / "new.yaml").read_text()) == {DARK: {"mode": "live"}}


@pytest.mark.parametrize(
    ("place", "value", "told"),
    [
        (("settings", "silence"), 2, "below the floor 5"),
        (("settings", "silence"), "often", "another kind of value"),
        (("mode",), "on", "no mode is called"),
        (("subject",), "Ask {nobody}", "nobody"),
        (("body",), ["One line alone"], "at least 2"),
    ],
)
def test_what_is_refused_is_named_by_its_place_and_nothing_is_taken_over(draft, place, value, told):
    refused = draft.change(DARK, {("settings", "attempts"): 4, place: value})
    assert refused.keys() == {place}
    assert told in refused[place]
    assert draft.changes() == []


GERMAN = """\
conc-gone-dark:
  mode: live
  translations:
    de: {subject: Frag, body: [Ruf an., Frag ihn.]}
"""


def test_words_in_the_language_of_tasks_are_changed_there_and_no_others(path):
    path.write_text(GERMAN)
    draft = Draft(PACK, path, "de")
    shown = draft.rules().rule(DARK).then.task
    as_the_page_sends = {("subject",): shown.subject, ("body",): list(shown.body)}
    assert draft.change(DARK, {**as_the_page_sends, ("settings", "silence"): 15}) == {}
    assert [change.place for change in draft.changes()] == [(DARK, "settings", "silence")]
    [refused] = draft.change(DARK, {("subject",): "Frag {niemand}"})
    assert refused == ("subject",)
    assert draft.change(DARK, {("subject",): "Frag noch einmal"}) == {}
    [change] = draft.changes()
    assert (change.before, change.after, change.removed) == ("Frag", "Frag noch einmal", False)
    draft.save()
    assert yaml.safe_load(path.read_text())[DARK] == {
        "mode": "live",
        "translations": {"de": {"subject": "Frag noch einmal", "body": ["Ruf an.", "Frag ihn."]}},
    }
    assert draft.rules().rule(DARK).then.task.subject == "Frag noch einmal"


def test_what_somebody_else_saved_meanwhile_is_never_overwritten(draft, path):
    draft.change(DARK, {("settings", "silence"): 15})
    theirs = WRITTEN.replace("silence: 12", "silence: 20")
    path.write_text(theirs)
    with pytest.raises(UsageError, match="changed by somebody else"):
        draft.save()
    assert path.read_text() == theirs
    draft.read()
    [change] = draft.changes()  # still there, beside what they wrote
    assert (change.before, change.after) == (20, 15)
    draft.save()
    assert "silence: 15" in path.read_text()


def test_a_file_that_became_unreadable_is_said_and_left_alone(draft, path):
    path.write_text("conc-gone-dark: [")
    with pytest.raises(UsageError, match="cannot be read") as caught:
        draft.read()
    assert str(path) in str(caught.value)
    assert path.read_text() == "conc-gone-dark: ["


def test_the_rights_of_the_file_and_a_link_to_it_stay(draft, path, tmp_path):
    path.chmod(0o640)
    link = tmp_path / "link.yaml"
    link.symlink_to(path)
    linked = Draft(PACK, link)
    linked.change(DARK, {("settings", "silence"): 15})
    linked.save()
    assert link.is_symlink()
    assert "silence: 15" in path.read_text()
    assert stat.S_IMODE(path.stat().st_mode) == 0o640
    assert {one.name for one in tmp_path.iterdir()} == {"overlay.yaml", "link.yaml"}


def test_one_change_is_undone_and_the_others_stay(draft):
    draft.change(DARK, {("mode",): "shadow", ("settings", "silence"): 15})
    draft.discard((DARK, "mode"))
    assert [change.place for change in draft.changes()] == [(DARK, "settings", "silence")]
    draft.discard()
    assert draft.changes() == []


def test_without_an_overlay_in_the_configuration_saving_says_what_to_do():
    draft = Draft(PACK, None)
    draft.change(DARK, {("mode",): "live"})
    with pytest.raises(UsageError, match="names no overlay") as caught:
        draft.save()
    assert 'overlay = "overlay.yaml"' in caught.value.remedy


def _edits():
    """Any rule, a few of its places, values that may be."""
    rule = st.sampled_from([rule for rule in PACK.rules if rule.settings])

    def of(rule):
        numbers = {
            ("settings", name): st.integers(
                int(one.floor or 0), int(one.ceiling if one.ceiling is not None else 400)
            )
            for name, one in rule.settings.items()
            if type(one.value) is int
        }
        texts = st.sampled_from(["Look: at {account}", "# no comment", "'quoted' \"twice\"", "no"])
        others = {("mode",): st.sampled_from([*map(str, Mode)]), ("subject",): texts}
        values = st.fixed_dictionaries({}, optional=numbers | others)
        return st.tuples(st.just(rule.id), values)

    return st.lists(rule.flatmap(of), min_size=1, max_size=4)


@pytest.mark.slow
def test_what_is_saved_reads_as_the_rules_that_were_previewed(tmp_path):
    """The oracle is the reader of rule files and overlays, on the file alone."""
    saved = []

    @settings(max_examples=25, deadline=None)
    @given(_edits())
    def holds(edits):
        path = tmp_path / "overlay.yaml"
        path.write_text(WRITTEN)
        draft = Draft(PACK, path)
        for rule, values in edits:
            draft.change(rule, values)
        wanted, pending = draft.rules(), len(draft.changes())
        draft.save()
        saved.append(pending)
        read = rulebook.load([rulebook.shipped()], path)
        assert [r.model_dump() for r in read.rules] == [r.model_dump() for r in wanted.rules]
        assert read.hash == wanted.hash
        assert path.read_text().startswith("# Ours, agreed in March.\n")

    holds()
    assert sum(saved) > len(saved)
