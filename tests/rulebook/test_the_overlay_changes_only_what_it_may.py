"""Overlay, hash, and the one error with every problem."""

from __future__ import annotations

import pytest
from good_rules import GOOD, NAME, VOCABULARY, folder, line_of

from crmrules import rulebook, settings
from crmrules.cli.wire import load_rules
from crmrules.errors import UsageError
from crmrules.rule import Mode
from crmrules.rulecheck.wording import PEOPLE
from crmrules.texts import NAMES

ID = "nego-early-concession"


def overlaid(root, text):
    rules = folder(root / "rules", {NAME: GOOD})
    (root / "overlay.yaml").write_text(text, encoding="utf-8")
    return rulebook.inspect([rules], root / "overlay.yaml", VOCABULARY)


def test_mode_settings_texts_and_translations_may_change(tmp_path):
    book, problems = overlaid(
        tmp_path,
        f"{ID}:\n  mode: live\n  settings: {{points: 8}}\n  subject: Hold the offer\n"
        "  translations:\n    de: {subject: Warten, body: [Was noch?, Gut.]}\n",
    )

    rule = book.rule(ID)
    assert problems == []
    assert rule.mode is Mode.LIVE
    assert rule.settings["points"].value == 8
    assert rule.settings["points"].floor == 1
    assert rule.then.task.subject == "Hold the offer"
    assert len(rule.then.task.body) == 2
    assert book.translations[ID]["de"].subject == "Warten"


@pytest.mark.parametrize(
    ("text", "message", "remedy"),
    [
        ("nego-early-concesion: {mode: live}", "no rule is called", f"Did you mean '{ID}'?"),
        (f"{ID}: {{mode: lve}}", "no mode is called", "Did you mean 'live'?"),
        (f"{ID}: {{settings: {{point: 8}}}}", "has no setting 'point'", "Did you mean 'points'?"),
        (
            f"{ID}: {{settings: {{points: 0.5}}}}",
            "below the floor 1",
            "Set 1 or more. The shipped 5",
        ),
        (f"{ID}: {{settings: {{points: true}}}}", "another kind", "The shipped value is 5."),
        (f'{ID}: {{settings: {{points: "8"}}}}', "another kind", "The shipped value is 5."),
        (f"{ID}: {{when: {{all: []}}}}", "cannot be changed", "Only mode"),
        (f"{ID}: {{severity: P1}}", "cannot be changed", "Only mode"),
        (f"{ID}: {{body: [one]}}", "'body'", "Correct the text."),
        (f"{ID}: {{settings: {{points: 1e17}}}}", "too large", "The signal is a number."),
        (f'{ID}: {{subject: "Hold {{nobody}}"}}', "is called '{nobody}'", "crmrules signals"),
        (f'{ID}: {{subject: "Hold {{contact}}"}}', "'contact' is not known", "last alternative"),
        (f'{ID}: {{subject: "Hold {{points:x}}"}}', "no such format", "Write {name}"),
        (f'{ID}: {{body: ["One", "Two {{contact}}"]}}', "'contact' is not known", "alternative"),
        (
            f'{ID}: {{translations: {{de: {{subject: "{{wer}}", body: [a, b]}}}}}}',
            "is called '{wer}'",
            "crmrules signals",
        ),
        (f"{ID}: {{translations: {{de: {{subject: Warten}}}}}}", "'subject' and 'body'", "Add"),
    ],
)
def test_anything_else_is_refused_and_the_shipped_rule_stands(tmp_path, text, message, remedy):
    _, [problem] = overlaid(tmp_path, f"# ours\n{text}\n")

    assert message in problem.what
    assert remedy in problem.remedy
    assert (problem.line, problem.path.endswith("overlay.yaml")) == (2, True)


TEXTS = """\
nego-early-concession:
  subject: ['Call {contact} on {age_days:ordinal}', 'Hold {points:g} at {account}']
  translations: {de: {subject: 'Bei {account} warten', body: ['Was?', 'Gut']}}
"""


def test_texts_may_use_what_the_rule_file_may(tmp_path):
    book, problems = overlaid(tmp_path, TEXTS)
    assert problems == []
    assert book.rule(ID).then.task.subject[1] == "Hold {points:g} at {account}"


def test_the_subject_of_a_private_rule_stays_neutral(tmp_path):
    private = GOOD.replace("review:", "private: true\nreview:")
    rules = folder(tmp_path / "rules", {NAME: private})
    (tmp_path / "overlay.yaml").write_text(f'{ID}: {{subject: "Hold at {{account}}"}}\n')
    [problem] = rulebook.inspect([rules], tmp_path / "overlay.yaml", VOCABULARY)[1]
    assert "names something" in problem.what


def test_the_names_a_text_may_use_are_those_that_rules_check_knows():
    assert PEOPLE.keys() == NAMES


def test_the_texts_of_a_language_stand_in_for_the_others(tmp_path):
    text = f"{ID}: {{translations: {{de: {{subject: Warten, body: [Was noch?, Gut.]}}}}}}\n"
    book, _ = overlaid(tmp_path, text)

    german = book.in_language("de")

    assert german.rule(ID).then.task.subject == "Warten"
    assert german.rule(ID).then.task.due_in_days == book.rule(ID).then.task.due_in_days
    assert german.hash != book.hash
    assert book.in_language("") is book
    with pytest.raises(UsageError, match="'dee'") as caught:
        book.in_language("dee")
    assert "Did you mean 'de'?" in str(caught.value)


def test_the_hash_names_the_content_and_not_the_place(tmp_path):
    one, _ = rulebook.inspect([folder(tmp_path / "a", {NAME: GOOD})], None, VOCABULARY)
    same, _ = rulebook.inspect([folder(tmp_path / "b", {"x/y.yml": GOOD})], None, VOCABULARY)
    changed, _ = overlaid(tmp_path, f"{ID}: {{settings: {{points: 8}}}}")

    assert one.hash == same.hash != changed.hash


def test_load_raises_one_error_with_every_line(tmp_path):
    bad = GOOD.replace("titel", "").replace("mode: shadow", "mode: shadw").replace("P2", "P7")
    rules = folder(tmp_path, {NAME: bad, "two.yml": "- 1"})

    with pytest.raises(UsageError) as caught:
        rulebook.load([rules, tmp_path / "gone"])

    text = str(caught.value)
    for part in (f".yml:{line_of(bad, 'shadw')}: ", "'P7'", "two.yml:1: ", "no such folder"):
        assert part in text


def test_the_configured_language_is_what_runs_are_judged_with(tmp_path):
    (tmp_path / "crmrules.toml").write_text(
        'overlay = "o.yaml"\n[tasks]\nlanguage = "de"\n', encoding="utf-8"
    )
    (tmp_path / "o.yaml").write_text(
        f"{ID}: {{translations: {{de: {{subject: Warten, body: [Was noch?, Gut.]}}}}}}\n",
        encoding="utf-8",
    )
    book = load_rules(*settings.load(tmp_path / "crmrules.toml"))
    assert book.rule(ID).then.task.subject == "Warten"
