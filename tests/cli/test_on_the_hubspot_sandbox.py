"""Doctor, plan and provision against HubSpot, as an admin meets them."""

from __future__ import annotations

import re

import pytest
from cli_kit import configure, run, sandbox

from crmrules import rulebook
from crmrules_hubspot.errors import FEATURES

SHIPPED = list(rulebook.load([rulebook.shipped()]).enabled)
WRITES = re.compile(r"batch/(create|update|archive|upsert)|/properties/|/merge")


@pytest.fixture
def crm():
    running = sandbox(40, "hubspot")
    yield running
    running.stop()


@pytest.fixture
def config(crm, tmp_path):
    return configure(tmp_path, crm, name="hubspot")


def doctor(config, *options):
    return run("doctor", "--config", config, *options)


def problems(ran):
    return {(p["level"], p["what"]): p["remedy"] for p in ran.json()["problems"]}


def test_doctor_lets_a_good_portal_pass(config):
    ran = doctor(config)
    assert ran.code == 0, ran.out
    assert "A sync would run" in ran.out
    assert re.search(r"conc-gone-dark +shadow +fires on \d+", ran.out)


def test_doctor_and_plan_write_nothing(config, crm):
    before = crm.portal.records("tasks"), [dict(r.history) for r in crm.portal.records("deals")]
    assert doctor(config).code == 0
    assert run("plan", "--config", config).code == 0
    after = crm.portal.records("tasks"), [dict(r.history) for r in crm.portal.records("deals")]
    assert after == before
    sent = [call for call in crm.server.calls if WRITES.search(call.path) and call.method != "GET"]
    # Doctor asks for the rights to write by a batch without inputs; plan does not even that.
    assert [call.path for call in sent] == [
        "/crm/objects/2026-09/tasks/batch/update",
        "/crm/objects/2026-09/deals/batch/update",
    ]


@pytest.mark.slow
@pytest.mark.parametrize(
    ("scope", "signals"),
    [
        ("crm.objects.quotes.read", {"quotes_sent"}),
        ("sales-email-read", {"future_meetings"}),
    ],
)
def test_a_right_to_read_that_is_missing_blinds_some_rules_and_readiness_says_why(
    config, crm, scope, signals
):
    crm.portal.revoke(scope)
    ran = doctor(config, "--format", "json")
    assert ran.code == 0
    [(level, what)] = [key for key in problems(ran) if scope in key[1]]
    assert level == "warning"
    assert FEATURES[scope] in what
    assert "service key" in problems(ran)[level, what]
    blind = {name: why for line in ran.json()["readiness"] for name, why in line["why"].items()}
    assert signals <= set(blind)
    assert all("cannot be read" in blind[name] for name in signals)
    assert any(line["blind_percent"] > 30 for line in ran.json()["readiness"])


@pytest.mark.slow
@pytest.mark.parametrize(
    "scope",
    [
        "crm.objects.deals.read",
        "crm.objects.contacts.read",
        "crm.objects.owners.read",
        "crm.objects.contacts.write",
        "crm.objects.deals.write",
    ],
)
def test_a_right_without_which_nothing_goes_stops_doctor_and_sync_with_its_name(config, crm, scope):
    crm.portal.revoke(scope)
    # Every rule is in shadow: a sync has nothing to write, and does not ask whether it may.
    for command in ("doctor",) if scope.endswith("write") else ("doctor", "sync"):
        ran = run(command, "--config", config)
        assert ran.code == 3, ran.out + ran.err
        assert scope in ran.out + ran.err
        assert FEATURES[scope] in ran.out + ran.err


def test_what_stops_a_sync_does_not_hide_what_the_rules_would_see(config, crm):
    crm.portal.revoke("crm.objects.contacts.write", "crm.objects.deals.write")
    ran = doctor(config, "--format", "json")
    assert ran.code == 3
    assert {level for level, _ in problems(ran)} >= {"error"}
    assert len(ran.json()["readiness"]) == len(SHIPPED)


def test_doctor_names_stages_by_id_and_label_where_the_map_does_not_fit(config, crm):
    text = config.read_text(encoding="utf-8")
    wrong = text.replace("[phases.default]", '[phases.default]\n"Negotiation/Review" = "concerns"')
    config.write_text(wrong, encoding="utf-8")
    ran = doctor(config)
    assert ran.code == 2
    stage = next(s for s in crm.portal.pipelines[0].stages if s.label == "Negotiation/Review")
    assert f"'{stage.id}' (Negotiation/Review)" in ran.out
    assert "labels may be renamed" in ran.out


def test_plan_tells_calls_and_the_least_that_could_have_done(config):
    told = run("plan", "--config", config, "--format", "json").json()
    assert told["api_calls"] >= told["api_floor"] > 20
    assert told["api_calls"] <= 1.1 * told["api_floor"]
