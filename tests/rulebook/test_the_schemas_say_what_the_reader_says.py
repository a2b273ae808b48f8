"""The JSON Schemas against a real validator and the reader itself, on good and on bad files."""

from __future__ import annotations

import contextlib
import io
import tomllib

import pytest
from jsonschema import Draft202012Validator

from crmrules import cli, overlay, rulebook, rulefile, schemas, yamlsource
from crmrules.cli import schema
from crmrules.problems import Problems
from crmrules.rule import Hides, Rule, RuleTest, Setting, TaskText, Then
from crmrules.signals import SIGNALS

PACK = rulebook.inspect([rulebook.shipped()])[0].pack
RULE = Draft202012Validator(schemas.rule_file(PACK))
OVERLAY = Draft202012Validator(schemas.overlay(PACK))
CONFIG = Draft202012Validator(schema.of("config", []))
ONE = "nego-early-concession"
TEXT = next(rulebook.shipped().rglob(f"{ONE}.yml")).read_text(encoding="utf-8")


@pytest.mark.parametrize(
    "validator",
    [pytest.param(RULE, marks=pytest.mark.slow), OVERLAY, CONFIG],
    ids=["rule", "overlay", "config"],
)
def test_each_is_a_schema(validator):
    Draft202012Validator.check_schema(validator.schema)
    assert validator.schema["$schema"] == schemas.DIALECT


def test_every_shipped_rule_is_right():
    files = sorted(rulebook.shipped().rglob("*.yml"))
    wrong = {
        file.stem: [error.message for error in RULE.iter_errors(yamlsource.read(file).value)]
        for file in files
    }
    assert len(files) == len(PACK)
    assert {name: errors for name, errors in wrong.items() if errors} == {}


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("title:", "titel:"),
        ("discount_above_allowance: {at_least", "discount_above_alowance: {at_least"),
        ("{at_least: $points}", "{atleast: $points}"),
        ("{at_least: $points}", "{at_least: $points, below: 9}"),
        ("discount_serves_criterion: {is: true}", "discount_serves_criterion: {is: 3}"),
        ("discount_serves_criterion: {is: true}", "discount_serves_criterion: {at_least: 1}"),
        ("discount_serves_criterion: {is: true}", "phase: {one_of: [recognised]}"),
        ("severity: P2", "severity: P7"),
        ("due_in_days: 5", "due_in_days: 99"),
        ("expect: fires", "expect: fire"),
        ("discount_serves_criterion: false}", "discount_serves_criterium: false}"),
        ("flag: early_concession", "flags: early_concession"),
        ("  any:", "  some:"),
    ],
)
def test_what_the_reader_refuses_by_its_form_the_schema_refuses_too(old, new):
    assert old in TEXT
    document = yamlsource.parse(TEXT.replace(old, new, 1).encode())
    assert document.troubles == ()
    assert rulefile.parse(document, "x.yml").problems
    assert not RULE.is_valid(document.value)


@pytest.mark.parametrize(
    "entry",
    [
        {"mode": "lve"},
        {"severity": "P1"},
        {"settings": {"pionts": 8}},
        {"settings": {"points": 0.5}},
        {"settings": {"points": "8"}},
        {"settings": {"points": True}},
        {"body": ["one"]},
        {"translations": {"de": {"subject": "Warten"}}},
        "live",
    ],
    ids=str,
)
def test_what_the_overlay_refuses_by_its_form_the_schema_refuses_too(entry):
    assert refused({ONE: entry})
    assert not OVERLAY.is_valid({ONE: entry})


def refused(entries):
    problems = Problems("o", yamlsource.Document(entries, {}))
    rules = {rule.id: rule for rule in PACK}
    overlay.apply(rules, problems.document, problems, SIGNALS)
    return problems.found


@pytest.mark.parametrize(
    "entries",
    [
        {ONE: {"mode": "live", "settings": {"points": 8}}},
        {ONE: {"subject": "Wait", "body": ["a?", "b"]}},
        {ONE: {"translations": {"de": {"subject": ["Bei {account}"], "body": ["a?", "b"]}}}},
        {rule.id: {"mode": "shadow"} for rule in PACK},
        {
            rule.id: {"settings": {name: one.value for name, one in rule.settings.items()}}
            for rule in PACK
        },
    ],
    ids=["mode", "texts", "translations", "modes", "settings"],
)
def test_what_the_overlay_takes_the_schema_takes(entries):
    assert refused(entries) == []
    assert [error.message for error in OVERLAY.iter_errors(entries)] == []


def test_every_key_says_what_it_means():
    for shape in (Rule, Setting, TaskText, Then, Hides, RuleTest):
        assert set(shape.model_fields) - {"path"} <= set(schemas.KEYS)
    properties = RULE.schema["properties"]
    assert all(properties[name]["description"] for name in properties)
    entry = RULE.schema["$defs"]["entry"]["properties"]
    assert set(entry) == set(SIGNALS) | {"all", "any"}
    for name, signal in SIGNALS.items():
        assert signal.meaning in entry[name]["description"]
        assert signal.unknown in entry[name]["description"]


def test_an_overlay_offers_the_words_a_setting_may_be():
    for rule in PACK:
        made = OVERLAY.schema["properties"][rule.id]["properties"]["settings"]["properties"]
        assert set(made) == set(rule.settings)
        for name, setting in rule.settings.items():
            assert made[name]["default"] == setting.value
            assert made[name].get("minimum") == setting.floor
            assert made[name].get("maximum") == setting.ceiling
            assert setting.why in made[name]["description"]


@pytest.mark.parametrize("crm", ["salesforce", "hubspot", "export"])
def test_the_configuration_that_init_writes_is_right(crm, tmp_path):
    with contextlib.redirect_stdout(io.StringIO()):
        assert cli.run(["init", "--crm", crm, "--out", str(tmp_path)]) == 0
    text = (tmp_path / "crmrules.toml").read_text(encoding="utf-8")
    assert [error.message for error in CONFIG.iter_errors(tomllib.loads(text))] == []


@pytest.mark.parametrize(
    "text",
    [
        "connector = 3",
        "[guard]\nmax_write = 5",
        "[tasks]\nsettle_hours = -1",
        "[text]\nsignals = 'all'",
        "[state]\nsnapshot_weeks = 0.5",
        "colour = 'red'",
    ],
)
def test_a_wrong_configuration_is_refused(text):
    assert not CONFIG.is_valid(tomllib.loads(text))


def test_a_connector_of_somebody_else_may_have_its_section():
    assert CONFIG.is_valid(tomllib.loads('connector = "pipeline"\n[pipeline]\nurl = "x"'))
