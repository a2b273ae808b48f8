"""init writes files that load, and never over somebody's work."""

from __future__ import annotations

import tomllib

import pytest
from cli_kit import export_folder, run

from crmrules import rulebook, settings
from crmrules.cli.wire import load_rules
from crmrules.mapping import DEFAULT_PHASES, build
from crmrules.rule import Mode
from crmrules_hubspot import words
from crmrules_hubspot.config import read_config


@pytest.mark.parametrize("crm", ["salesforce", "hubspot", "export"])
def test_the_written_files_load_and_every_rule_but_the_private_ones_is_in_shadow(crm, tmp_path):
    ran = run("init", "--crm", crm, "--out", tmp_path / "new")
    assert ran.code == 0
    assert "crmrules doctor" in ran.out
    found, base = settings.load(tmp_path / "new" / "crmrules.toml")
    assert found.connector == crm
    book = load_rules(found, base)
    shipped = rulebook.load([rulebook.shipped()])
    assert [rule.id for rule in book.rules] == [rule.id for rule in shipped.rules]
    assert {rule.mode for rule in book.rules if not rule.private} == {Mode.SHADOW}
    assert {rule.mode for rule in book.rules if rule.private} == {Mode.DISABLED}
    assert all(r.settings == s.settings for r, s in zip(book.rules, shipped.rules, strict=True))


def test_the_proposed_stage_map_means_what_is_built_in(tmp_path):
    run("init", "--out", tmp_path)
    found, _ = settings.load(tmp_path / "crmrules.toml")
    proposed = build(found.phases, found.mapping)
    for stage, phase in DEFAULT_PHASES.items():
        assert stage in found.phases["default"]
        assert proposed.phases["default"][stage] == phase


def test_the_stage_map_for_hubspot_is_the_one_that_is_built_in_by_id(tmp_path):
    run("init", "--crm", "hubspot", "--out", tmp_path)
    found, _ = settings.load(tmp_path / "crmrules.toml")
    assert build(found.phases, found.mapping).phases == {"default": dict(words.PHASES)}


def test_a_configuration_for_hubspot_holds_its_own_section_and_no_other_crms(tmp_path):
    run("init", "--crm", "hubspot", "--out", tmp_path)
    raw = tomllib.loads((tmp_path / "crmrules.toml").read_text(encoding="utf-8"))
    assert set(raw) & {"salesforce", "hubspot", "export"} == {"hubspot"}
    written = read_config(raw["hubspot"])
    bare = read_config({"access_token_file": written.access_token_file})
    assert written == bare
    assert not written.allow_production


def test_the_address_of_hubspots_api_can_be_given(tmp_path):
    run("init", "--crm", "hubspot", "--url", "https://api-eu1.hubapi.com", "--out", tmp_path)
    found, _ = settings.load(tmp_path / "crmrules.toml")
    assert read_config(found.hubspot).base_url == "https://api-eu1.hubapi.com"


def test_a_fresh_hubspot_configuration_says_that_the_key_is_missing(tmp_path):
    run("init", "--crm", "hubspot", "--out", tmp_path)
    ran = run("doctor", cwd=tmp_path)
    assert ran.code == 2
    assert "hubspot.key" in ran.out


@pytest.mark.parametrize("crm", ["salesforce", "hubspot"])
def test_the_written_lines_fit_an_editor(crm, tmp_path):
    run("init", "--crm", crm, "--out", tmp_path)
    text = (tmp_path / "crmrules.toml").read_text(encoding="utf-8")
    assert max(map(len, text.splitlines())) <= 100
    assert "{" not in text


@pytest.mark.parametrize("crm", ["salesforce", "hubspot"])
def test_the_written_defaults_are_the_real_ones(crm, tmp_path):
    run("init", "--crm", crm, "--out", tmp_path)
    raw = tomllib.loads((tmp_path / "crmrules.toml").read_text(encoding="utf-8"))
    bare = settings.parse({}, where="nothing")
    for name in ("tasks", "guard", "state"):
        for key, value in raw[name].items():
            assert getattr(getattr(bare, name), key) == value


def test_the_given_domain_stands_in_the_file(tmp_path):
    run("init", "--url", "https://acme.my.salesforce.com", "--out", tmp_path)
    found, _ = settings.load(tmp_path / "crmrules.toml")
    assert found.salesforce["instance_url"] == "https://acme.my.salesforce.com"


@pytest.mark.parametrize("name", ["crmrules.toml", "overlay.yaml"])
def test_it_overwrites_nothing_and_writes_nothing_then(name, tmp_path):
    (tmp_path / name).write_text("mine", encoding="utf-8")
    ran = run("init", "--out", tmp_path)
    assert ran.code == 2
    assert name in ran.err
    assert (tmp_path / name).read_text(encoding="utf-8") == "mine"
    assert [path.name for path in tmp_path.iterdir()] == [name]


def test_a_fresh_salesforce_configuration_says_what_is_still_empty(tmp_path):
    run("init", "--out", tmp_path)
    ran = run("doctor", cwd=tmp_path)
    assert ran.code == 2
    assert "client_id, username" in ran.out


@pytest.mark.parametrize(
    ("folder", "dates"), [("salesforce_devorg_csv", "mdy"), ("salesforce_demo_opps_cc0", "iso")]
)
def test_an_export_can_be_planned_right_after_init(folder, dates, shared_data, tmp_path):
    export_folder(tmp_path, shared_data / folder, dates)
    ran = run("plan", "--format", "json", cwd=tmp_path)
    assert ran.code == 0, ran.err
    found = ran.json()
    assert found["connector"] == "export"
    assert found["opportunities"] > 0
    assert found["writes"] == []


def test_an_export_is_judged_by_its_own_moment_unless_another_is_named(shared_data, tmp_path):
    export_folder(tmp_path, shared_data / "salesforce_devorg_csv", "mdy")
    own = run("plan", "--format", "json", cwd=tmp_path).json()["as_of"]
    assert own.startswith("2026-0")  # the latest stamp in the data
    named = ["--as-of", "2026-02-28T00:00:00Z"]
    assert run("plan", "--format", "json", *named, cwd=tmp_path).json()["as_of"] == named[1]
    config = tmp_path / "crmrules.toml"
    text = config.read_text(encoding="utf-8")
    told = text.replace("[export]", "[export]\nas_of = 2026-03-01T00:00:00Z")
    config.write_text(told, encoding="utf-8")
    assert run("plan", "--format", "json", cwd=tmp_path).json()["as_of"] == "2026-03-01T00:00:00Z"


def test_dates_that_are_not_iso_are_refused_until_their_order_is_told(shared_data, tmp_path):
    export_folder(tmp_path, shared_data / "salesforce_devorg_csv", "iso")
    ran = run("plan", cwd=tmp_path)
    assert ran.code == 2
    assert "mdy" in ran.err


def test_doctor_names_an_address_of_ours_that_would_stop_every_sync(tmp_path):
    secret = tmp_path / "heartbeat.key"
    secret.write_text("https://hc.example.com/uuid-of-ours\n")
    secret.chmod(0o644)
    (tmp_path / "crmrules.toml").write_text(
        'connector = "export"\n[observe]\nheartbeat_url_file = "heartbeat.key"\n'
    )
    ran = run("doctor", cwd=tmp_path)
    assert ran.code == 2
    assert f"other users can read {secret}" in ran.out
    assert "export" in ran.out  # and what else is wrong
    assert "uuid-of-ours" not in ran.out + ran.err
