"""The schemas in a real editor's helper: nothing wrong in good files, what is wrong, what fits."""

from __future__ import annotations

import json
import re

import pytest
import yaml_server

from crmrules import rulebook, schemas
from crmrules.signals import SIGNALS

pytestmark = pytest.mark.slow
PACK = rulebook.inspect([rulebook.shipped()])[0].pack
SHIPPED = sorted(rulebook.shipped().rglob("*.yml"))
ONE = "nego-early-concession"
OVERLAY = f"""\
# yaml-language-server: $schema=overlay.schema.json
{ONE}: {{mode: live, settings: {{points: 8}}}}
conc-gone-dark:
  mode: disabled
  subject: "Find out what changed at {{account}}"
  translations: {{de: {{subject: Fragen, body: [Was?, Wer?]}}}}
"""


@pytest.fixture(scope="module")
def editor(request, tmp_path_factory):
    with yaml_server.started(request.config.cache.mkdir("npm")) as running:
        yield running


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    root = tmp_path_factory.mktemp("rules")
    for name, made in (("rule", schemas.rule_file(PACK)), ("overlay", schemas.overlay(PACK))):
        (root / f"{name}.schema.json").write_text(json.dumps(made), encoding="utf-8")
    return root


def written(folder, name, text):
    """Write a file that names its schema; ``|`` marks a place, given back as line and column."""
    kind = "overlay" if name.startswith("overlay") else "rule"
    if not text.startswith("# yaml-language-server"):
        text = f"# yaml-language-server: $schema={kind}.schema.json\n{text}"
    before, mark, after = text.partition("¦")
    file = folder / f"{name}.yml"
    file.write_text(before + after, encoding="utf-8")
    return file, before.count("\n") + 1, len(before) - before.rfind("\n") - 1 if mark else 0


def test_nothing_is_underlined_in_any_shipped_rule_or_in_an_overlay(editor, folder):
    found = {}
    for path in SHIPPED:
        file, _, _ = written(folder, path.stem, path.read_text(encoding="utf-8"))
        found[path.stem] = editor.problems(file)
    found["overlay"] = editor.problems(written(folder, "overlay", OVERLAY)[0])
    assert len(found) == len(PACK) + 1
    assert {name: wrong for name, wrong in found.items() if wrong} == {}


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ("title:", "titel:", "titel"),
        ("discount_above_allowance: {at_least", "discount_above_alowance: {at_least", "alowance"),
        ("{at_least: $points}", "{atleast: $points}", "atleast"),
        ("{is: true}", "{is: 3}", "boolean"),
        ("severity: P2", "severity: P7", "P1"),
        ("mode: shadow", "mode: off", "live"),
        ("due_in_days: 5", "due_in_days: 99", "60"),
        ("phases: [recognition, evaluation]", "phases: [recognition, evaluating]", "development"),
        ("discount_serves_criterion: false}", "discount_serves_criterium: false}", "criterium"),
        ("expect: fires", "expect: fire", "clears"),
    ],
)
def test_what_is_wrong_in_a_rule_is_underlined_where_it_is(editor, folder, old, new, said):
    text = next(p for p in SHIPPED if p.stem == ONE).read_text(encoding="utf-8")
    assert old in text
    bad = text.replace(old, new, 1)
    file, _, _ = written(folder, f"bad{abs(hash((old, new)))}", bad)
    line = 1 + 1 + bad[: bad.index(new)].count("\n")  # the modeline stands above
    wrong = editor.problems(file)
    assert any(said in one and int(one.split(":")[0]) == line for one in wrong), wrong


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("nego-early-concesion: {mode: live}", "nego-early-concesion"),
        (f"{ONE}: {{mode: lve}}", "shadow"),
        (f"{ONE}: {{settings: {{pionts: 8}}}}", "pionts"),
        (f"{ONE}: {{settings: {{points: 0.5}}}}", "minimum"),
        (f'{ONE}: {{settings: {{points: "8"}}}}', "number"),
        (f"{ONE}: {{severity: P1}}", "severity"),
        (f"{ONE}: {{translations: {{de: {{subject: Warten}}}}}}", "body"),
    ],
)
def test_what_is_wrong_in_an_overlay_is_underlined(editor, folder, text, said):
    file, _, _ = written(folder, f"overlay{abs(hash(text))}", text + "\n")
    wrong = editor.problems(file)
    assert any(one.startswith("2: ") and said in one for one in wrong), wrong


def test_signals_and_operators_are_offered_with_what_they_mean(editor, folder):
    file, *place = written(folder, "signals", "when:\n  all:\n    - ¦\n")
    editor.problems(file)
    offered = editor.offered(file, *place)
    assert set(SIGNALS) | {"all", "any"} <= set(offered)
    assert SIGNALS["quotes_sent"].meaning in offered["quotes_sent"]
    file, *place = written(folder, "operators", "when:\n  all:\n    - quotes_sent:\n        a¦\n")
    editor.problems(file)
    offered = editor.offered(file, *place)
    assert set(offered) == set(schemas.OPERATORS)
    assert offered["at_least"] == schemas.OPERATORS["at_least"]


def test_the_operators_offered_fit_the_signal(editor, folder):
    file, *place = written(folder, "fit", "when:\n  all:\n    - is_major:\n        i¦\n")
    editor.problems(file)
    assert set(editor.offered(file, *place)) == {"is", "is_not"}


def test_rules_and_the_settings_of_each_are_offered_in_an_overlay(editor, folder):
    file, *place = written(folder, "overlay-ids", "¦\n")
    editor.problems(file)
    offered = editor.offered(file, *place)
    assert {rule.id for rule in PACK} <= set(offered)
    assert "before the buyer has decided" in offered[ONE]
    file, *place = written(folder, "overlay-settings", f"{ONE}:\n  settings:\n    ¦\n")
    editor.problems(file)
    assert set(editor.offered(file, *place)) == {"points"}
    file, *place = written(folder, "overlay-mode", f"{ONE}:\n  mode: ¦\n")
    editor.problems(file)
    offered = editor.offered(file, *place)
    assert offered == schemas.MODES


def test_hovering_shows_what_a_setting_counts_and_ships_with(editor, folder):
    text = f"{ONE}:\n  settings:\n    po¦ints: 8\n"
    file, *place = written(folder, "overlay-hover", text)
    editor.problems(file)
    shown = editor.shown(file, *place)
    assert re.search(r"percentage points.*Ships as 5", shown.replace("\\", ""), re.DOTALL), shown
