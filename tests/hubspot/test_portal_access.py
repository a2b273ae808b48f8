"""Who is let in, to what, and what is said where not."""

from __future__ import annotations

import socket
import ssl
import traceback

import pytest
from hubspot_portal import (
    LOST_STAGE,
    PORTAL_ID,
    RITA,
    Clock,
    Small,
    connected,
    empty_portal,
    new_task,
    opportunity,
    org_mapping,
    ours,
    pulled,
    serving,
)

from crmrules.errors import AccessError, CrmRulesError, RetryableError, UsageError
from crmrules.mapping import Mapping
from crmrules_hubspot import connect
from crmrules_hubspot import transport as transport_module
from crmrules_hubspot.config import read_config
from crmrules_hubspot.errors import error_for, scopes
from crmrules_sandbox.hubspot.faults import Fault
from crmrules_sandbox.hubspot.pipelines import STAGE_IDS, STAGE_PHASES

TOKEN = "pat-na1-S3CR3T-0000"
SECTION = {"access_token": TOKEN}


@pytest.fixture
def clock():
    return Clock()


@pytest.fixture
def small(clock):
    return Small(clock)


# -- scopes for reading ------------------------------------------------------------------------
FIELDS = {
    "crm.objects.quotes.read": ("quotes", {"quotes"}),
    "crm.objects.line_items.read": ("product lines", {"lines"}),
    "crm.objects.companies.read": ("accounts", {"account", "siblings"}),
    "sales-email-read": ("mail", {"activities"}),
}


@pytest.mark.parametrize("scope", FIELDS)
def test_without_an_optional_scope_its_fields_are_unknown_and_no_others(small, clock, scope):
    feature, fields = FIELDS[scope]
    with serving(small.portal) as server, connected(server, clock, inside=True) as crm:
        whole = opportunity(crm, pulled(crm), small.first)
        small.portal.revoke(scope)
        for kept in (pulled(crm), after_a_pull(crm, clock)):
            [problem] = kept.problems
            assert scope in problem.what
            assert feature in problem.what
            assert problem.level == "warning"
            assert "service key" in problem.remedy
            assert set(problem.signals) == fields
            found = opportunity(crm, kept, small.first)
            names = type(whole).model_fields
            unknown = {n for n in names if getattr(found, n) is None is not getattr(whole, n)}
            assert unknown == fields
            others = set(names) - fields - {"observed_at", "activities"}
            if scope == "crm.objects.line_items.read":
                others -= {"quotes"}  # a quote whose lines cannot be read has none that count
            assert {n: getattr(found, n) for n in others} == {n: getattr(whole, n) for n in others}


def after_a_pull(crm, clock):
    """What an incremental pull leaves that began with everything readable."""
    portal_scopes = crm_scopes(crm)
    before = set(portal_scopes)
    portal_scopes |= set(FIELDS)
    kept = pulled(crm)
    portal_scopes.clear()
    portal_scopes |= before
    clock.advance(hours=2)
    kept.pull(crm)
    return kept


def crm_scopes(crm):
    return crm._transport._client._transport.inner.gateway.portal.scopes


@pytest.mark.parametrize("scope", FIELDS)
def test_what_could_not_be_read_for_a_while_is_read_anew_when_it_may_be_again(small, clock, scope):
    portal = small.portal
    with serving(portal) as server, connected(server, clock, inside=True) as crm:
        kept = pulled(crm)
        portal.revoke(scope)
        clock.advance(hours=3)
        kept.pull(crm)
        portal.update("quotes", small.quote, {"hs_status": "APPROVED"}, RITA)
        portal.update("line_items", small.line, {"price": "99"}, RITA)
        portal.update("companies", small.acme, {"name": "Renamed"}, RITA)
        portal.update("emails", small.mail, {"hs_email_text": "Edited"}, RITA)
        portal.update("calls", small.on_company, {"hs_call_body": "Edited"}, RITA)
        for _ in range(2):
            clock.advance(hours=3)
            kept.pull(crm)
        portal.grant(scope)
        clock.advance(hours=3)
        kept.pull(crm)
        assert not kept.problems
        wanted = pulled(crm)
        open_or_won = {h.id for h in wanted.heads() if h.won is not False}
        for deal in open_or_won:
            found = {(row.kind, row.id): row for row in kept.of(deal)}
            assert found == {(row.kind, row.id): row for row in wanted.of(deal)}


@pytest.mark.parametrize(
    ("scope", "feature"),
    [
        ("crm.objects.deals.read", "the opportunities"),
        ("crm.objects.contacts.read", "people"),
        ("crm.objects.owners.read", "whom to ask"),
    ],
)
def test_without_a_scope_that_everything_rests_on_nothing_is_read(small, clock, scope, feature):
    small.portal.revoke(scope)
    if "deals" in scope:
        small.portal.revoke("crm.schemas.deals.read")
    with serving(small.portal) as server, connected(server, clock) as crm:
        with pytest.raises(AccessError) as caught:
            pulled(crm)
        assert scope in caught.value.message
        assert feature in caught.value.message
        assert caught.value.exit_code == 3
        assert "service key" in caught.value.remedy


@pytest.mark.parametrize("scope", ["crm.objects.contacts.read", "crm.objects.deals.read"])
def test_a_scope_lost_between_two_pulls_stops_the_second(small, clock, scope):
    with serving(small.portal) as server, connected(server, clock, inside=True) as crm:
        kept = pulled(crm)
        small.portal.revoke(scope)
        clock.advance(hours=2)
        with pytest.raises(AccessError, match=scope.replace(".", r"\.")):
            kept.pull(crm)
        assert kept.marks()


@pytest.mark.parametrize("name", ["requiredGranularScopes", "requiredScopes", "missingScopes"])
@pytest.mark.parametrize("value", [["a.read", "b.read"], "[a.read, b.read]"])
def test_scopes_are_read_from_every_body_that_was_seen(name, value):
    body = {"category": "MISSING_SCOPES", "errors": [{"context": {name: value}}]}
    assert scopes(body) == ("a.read", "b.read")
    found = error_for(403, body, "GET /x")
    assert "a.read or b.read" in found.message


def test_a_403_that_names_no_scope_is_still_an_access_error():
    assert "does not name" in error_for(403, {"category": "MISSING_SCOPES"}, "x").message
    assert isinstance(error_for(403, None, "x"), AccessError)


# -- the token ---------------------------------------------------------------------------------
FAULTS = [
    Fault("unauthorized", times=99),
    Fault("status", status=400, times=99),
    Fault("status", status=403, times=99),
    Fault("status", status=302, times=99),
    Fault("status", status=410, times=99),
    Fault("status", status=404, times=99),
    Fault("html", status=403, times=99),
    Fault("html", status=200, times=99),
    Fault("html", status=502, times=99),
    Fault("status", status=503, times=99),
    Fault("truncated_body", times=99),
    Fault("drop_before", times=99),
    Fault("drop_after", times=99),
    Fault("rate_limited", policy="DAILY", times=99),
]


@pytest.mark.fault("X4")
@pytest.mark.parametrize("fault", FAULTS, ids=lambda f: f"{f.kind}-{f.status}")
def test_no_token_is_in_any_error_traceback_or_repr(small, clock, fault):
    with serving(small.portal) as server:
        token = server.token()
        server.faults.add(fault)
        with connected(server, clock, access_token=token) as crm:
            with pytest.raises(CrmRulesError) as caught:
                crm.check()
            text = "".join(traceback.format_exception(caught.value))
            text += repr(crm._config) + repr(crm._transport) + repr(crm) + str(caught.value.remedy)
    assert token not in text
    assert caught.value.message
    assert caught.value.remedy


@pytest.mark.parametrize(
    "token", ["", "  ", "two words", "pat\nna1", "pät", "pat-na1\x00", "x" * 0 + "\t"]
)
def test_a_token_that_can_be_none_is_refused_before_anything_is_sent(token, tmp_path, clock):
    file = tmp_path / "token"
    file.write_text(token, encoding="utf-8")
    file.chmod(0o600)
    with pytest.raises(UsageError, match="token") as caught:
        connect({"access_token_file": str(file)}, mapping=Mapping(), now=clock)
    assert caught.value.exit_code == 2
    if token.strip():
        assert token not in str(caught.value)


def test_a_file_with_the_token_is_read_and_its_line_end_is_not_part_of_it(small, clock, tmp_path):
    with serving(small.portal) as server:
        file = tmp_path / "token"
        file.write_text(server.token() + "\n", encoding="utf-8")
        file.chmod(0o600)
        with connected(server, clock, access_token="", access_token_file=str(file)) as crm:
            assert crm.check().organization.id == str(PORTAL_ID)


def test_a_token_file_that_is_not_there_is_named(clock, tmp_path):
    path = str(tmp_path / "nothing")
    with pytest.raises(UsageError, match="nothing"):
        connect({"access_token_file": path}, mapping=Mapping(), now=clock)


@pytest.mark.parametrize("token", ["nonsense", "bad%token"])  # 401; 530 for one that is none
def test_a_wrong_token_is_an_access_error_with_the_place_to_get_one(small, clock, token):
    with (
        serving(small.portal) as server,
        connected(server, clock, access_token=token) as crm,
        pytest.raises(AccessError, match="does not accept the token") as caught,
    ):
        crm.check()
    assert "Service keys" in caught.value.remedy
    assert caught.value.exit_code == 3


def test_another_portal_is_refused_and_both_are_named(small, clock):
    with (
        serving(small.portal) as server,
        connected(server, clock, portal_id="123") as crm,
        pytest.raises(AccessError) as caught,
    ):
        crm.check()
    assert "4711 (SANDBOX)" in caught.value.message
    assert "123" in caught.value.message
    assert caught.value.exit_code == 3


def test_the_pinned_portal_is_let_in_as_text_or_number(small, clock):
    for pinned in (PORTAL_ID, str(PORTAL_ID)):
        with (
            serving(small.portal) as server,
            connected(server, clock, portal_id=pinned) as crm,
        ):
            assert crm.check().organization.production is False


# -- the line ----------------------------------------------------------------------------------
@pytest.mark.fault("N5", "X6")
def test_a_redirect_is_not_followed_for_it_would_carry_the_token_along(small, clock):
    with (
        serving(small.portal) as server,
        connected(server, clock) as crm,
    ):
        server.faults.add(Fault("status", status=302))
        with pytest.raises(AccessError, match="redirects") as caught:
            crm.check()
        assert len(server.calls) == 1
        assert "base_url" in caught.value.remedy
        assert not crm._transport._client.follow_redirects


@pytest.mark.fault("N1")
def test_an_unreachable_host_is_tried_five_times(clock):
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        url = f"http://127.0.0.1:{free.getsockname()[1]}"
        crm = connect(
            SECTION | {"base_url": url},
            mapping=Mapping(),
            now=clock,
            sleep=clock.sleep,
            random=lambda: 1.0,
            clock=clock.seconds,
        )
        with pytest.raises(RetryableError, match="cannot reach"):
            crm.check()
        crm.close()
    assert clock.slept == [2, 4, 8, 16]


@pytest.mark.fault("N1")
def test_a_create_that_was_surely_not_sent_is_not_uncertain(small, clock):
    from crmrules.connector import Result

    with serving(small.portal) as server, connected(server, clock) as crm:
        crm.check()
        server.stop()
        [found] = crm.write([new_task(small.first)])
    assert found.result is Result.RETRY


@pytest.mark.fault("X5")
def test_an_unknown_ca_is_an_access_error_that_names_the_setting(small, clock):
    with (
        serving(small.portal, tls=True) as server,
        connected(server, clock, ca_bundle="") as crm,
        pytest.raises(AccessError, match="certificate") as caught,
    ):
        crm.check()
    assert "ca_bundle" in caught.value.remedy


def test_the_ca_of_a_proxy_is_trusted_where_it_is_named(small, clock):
    with serving(small.portal, tls=True) as server, connected(server, clock) as crm:
        assert crm.check().organization.id == str(PORTAL_ID)


def test_a_ca_file_that_is_none_is_a_usage_error(clock, tmp_path):
    (tmp_path / "ca.pem").write_text("no certificate")
    with pytest.raises(UsageError, match=r"ca\.pem"):
        connect(SECTION | {"ca_bundle": str(tmp_path / "ca.pem")}, mapping=Mapping(), now=clock)


@pytest.fixture
def made(monkeypatch):
    """What the transport is made with."""
    seen = []

    def spy(context, proxy=None):
        seen.append((context, proxy))
        return real(context, proxy)

    real = transport_module.http_transport
    monkeypatch.setattr(transport_module, "http_transport", spy)
    for name in ("HTTPS_PROXY", "HTTP_PROXY", "ALL_PROXY", "NO_PROXY"):
        monkeypatch.delenv(name, raising=False)
        monkeypatch.delenv(name.lower(), raising=False)
    return seen


def test_a_proxy_of_the_environment_is_used_and_one_that_is_not_for_this_host_is_not(
    made, monkeypatch, clock
):
    monkeypatch.setenv("HTTPS_PROXY", "http://proxy.example:3128")
    connect(SECTION, mapping=Mapping(), now=clock).close()
    monkeypatch.setenv("NO_PROXY", "api.hubapi.com")
    connect(SECTION, mapping=Mapping(), now=clock).close()
    assert [proxy for _, proxy in made] == ["http://proxy.example:3128", None]


@pytest.mark.fault("X5")
def test_certificates_are_always_checked(made, clock):
    connect(SECTION, mapping=Mapping(), now=clock).close()
    [(context, _)] = made
    assert context.verify_mode is ssl.CERT_REQUIRED
    assert context.check_hostname


def test_a_netrc_file_does_not_replace_the_token(small, clock, monkeypatch, tmp_path):
    (tmp_path / "netrc").write_text("machine localhost login other password wrong\n")
    monkeypatch.setenv("NETRC", str(tmp_path / "netrc"))
    with serving(small.portal) as server, connected(server, clock) as crm:
        assert crm.check().organization.id == str(PORTAL_ID)
        assert not crm._transport._client.trust_env  # whatever a later httpx reads from there


# -- the section -------------------------------------------------------------------------------
@pytest.mark.fault("X6")
@pytest.mark.parametrize(
    "url",
    [
        *("http://api.hubapi.com", "https://hubapi.com.evil.example", "https://evilhubapi.com"),
        *("https://user@api.hubapi.com", "https://10.0.0.1", "https://api.hubapi.com?x=1"),
        *("ftp://localhost", "https://api.hub\u0430pi.com", "https://api.hubspot.com"),
    ],
)
def test_an_untrusted_address_is_refused(url):
    with pytest.raises(UsageError, match="base_url"):
        read_config(SECTION | {"base_url": url})


@pytest.mark.parametrize(
    "url",
    ["https://api.hubapi.com", "https://api-eu1.hubapi.com/", "http://127.0.0.1:1", "http://[::1]"],
)
def test_a_hubspot_or_loopback_address_is_taken(url):
    assert read_config(SECTION | {"base_url": url}).base_url == url.rstrip("/")


def test_every_problem_of_the_section_is_named_at_once_and_no_value():
    bad = {"api_version": "v3", "daily_calls": "many", "portal_id": "S3CR3T", "daily_reserve": 2}
    with pytest.raises(UsageError) as caught:
        read_config(SECTION | bad | {"typo": "S3CR3T", "role_sources": ["label", "S3CR3T!"]})
    text = str(caught.value)
    assert all(name in text for name in (*bad, "typo", "role_sources"))
    assert TOKEN not in text
    assert caught.value.exit_code == 2


def test_a_section_without_a_token_says_which_file_is_needed():
    with pytest.raises(UsageError, match="access_token_file"):
        read_config({})


@pytest.mark.parametrize("version", ["2026-09", "2026-03"])
def test_the_version_is_in_every_path(small, clock, version):
    with serving(small.portal) as server, connected(server, clock, api_version=version) as crm:
        try:
            pulled(crm)
        except CrmRulesError:
            assert version == "2026-03"  # a sandbox need not serve it
        assert server.calls
        assert all(f"/{version}" in call.path for call in server.calls)


def test_role_sources_are_kept_in_their_order():
    config = read_config(SECTION | {"role_sources": ["property:power", "jobtitle", "label"]})
    assert config.role_sources == ("property:power", "jobtitle", "label")
    assert read_config(SECTION).role_sources == ("label", "hs_buying_role", "jobtitle")


def test_a_property_named_as_a_role_source_is_asked_for_and_read(small, clock):
    portal = small.portal
    options = [{"label": "Power", "value": "power", "displayOrder": 0, "hidden": False}]
    definition = {"name": "buying_power", "label": "Power", "type": "enumeration"}
    more = {"fieldType": "select", "groupName": "contactinformation", "options": options}
    portal.define("contacts", definition | more)
    portal.update("contacts", small.people[0], {"buying_power": "power"}, RITA)
    sources = ["property:buying_power"]
    mapping = org_mapping(roles={"power": {"focus": "power"}})
    with (
        serving(portal) as server,
        connected(server, clock, role_sources=sources, mapping=mapping) as crm,
    ):
        people = opportunity(crm, pulled(crm), small.first).people
    assert [p.focus and p.focus.value for p in people] == ["power", None]


# -- what the portal looks like ----------------------------------------------------------------
def checked(portal, clock, **options):
    with serving(portal) as server, connected(server, clock, inside=True, **options) as crm:
        return crm.check()


def test_a_provisioned_sandbox_has_nothing_to_complain_about_but_unmapped_stages(clock):
    found = checked(empty_portal(clock), clock)
    [problem] = found.problems
    assert problem.level == "warning"
    assert problem.signals == ("phase",)
    assert "74003215" in problem.what
    assert "'1044817310' (Negotiation/Review)" in problem.what
    assert found.capabilities.flags == {"status", "flags", "summary", "buying_phase", "checked_at"}
    assert found.capabilities.unique_key
    assert "gone_dark" in found.capabilities.flag_words


def test_the_look_takes_four_calls(clock):
    with serving(empty_portal(clock)) as server, connected(server, clock) as crm:
        crm.check()
        assert len(server.calls) == 4
        assert {call.method for call in server.calls} == {"GET"}


def refused(portal, clock, phases):
    mapping = Mapping(phases=phases)
    with pytest.raises(UsageError) as caught:
        checked(portal, clock, mapping=mapping)
    assert caught.value.exit_code == 2
    assert "[phases]" in caught.value.message
    return caught.value.message


def test_an_unknown_stage_is_named_with_those_it_could_be(clock):
    wanted = STAGE_IDS["Closed Won"]
    near = f"{wanted}0"
    text = refused(empty_portal(clock), clock, {"default": {near: "evaluation"}})
    assert f"stage '{near}'" in text
    assert f"'{wanted}' (Closed Won)" in text


def test_a_stage_named_by_its_label_is_answered_with_the_id(clock):
    text = refused(empty_portal(clock), clock, {"default": {"closed won": "evaluation"}})
    assert f"'{STAGE_IDS['Closed Won']}' (Closed Won)" in text


def test_an_unknown_pipeline_is_named_with_those_there_are(clock):
    text = refused(empty_portal(clock), clock, {"74003216": {"1": "evaluation"}})
    assert "pipeline '74003216'" in text
    assert "'74003215'" in text


def test_a_stage_of_another_pipeline_is_no_stage_of_this_one(clock):
    text = refused(empty_portal(clock), clock, {"74003215": {LOST_STAGE: "evaluation"}})
    assert f"stage '{LOST_STAGE}'" in text


def test_labels_that_two_pipelines_share_are_told_apart_by_their_ids(clock):
    renewals = {"1044817310": "evaluation", "1044817311": "implementation"}
    phases = {"default": dict(STAGE_PHASES), "74003215": renewals}
    phases = {p: {k: None if v == "none" else v for k, v in s.items()} for p, s in phases.items()}
    found = checked(empty_portal(clock), clock, mapping=Mapping(phases=phases))
    [problem] = found.problems
    assert "'1044817312'" in problem.what
    assert "1044817310" not in problem.what


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"type": "number", "fieldType": "number"}, "is of type number, not"),
        ({"type": "bool", "fieldType": "booleancheckbox"}, "is of type bool, not"),
    ],
)
@pytest.mark.parametrize("name", ["status", "flags", "summary", "buying_phase", "checked_at"])
def test_a_property_of_another_type_is_not_written_and_said_so(clock, name, changes, words):
    portal = empty_portal(clock)
    portal.redefine("deals", f"crmrules_{name}", **changes)
    found = checked(portal, clock)
    assert name not in found.capabilities.flags
    assert len(found.capabilities.flags) == 4
    [problem] = [p for p in found.problems if p.level == "error"]
    assert f"crmrules_{name} {words}" in problem.what


def test_a_read_only_property_is_not_written_and_said_so(clock):
    portal = empty_portal(clock)
    meta = portal.definitions["deals"]["crmrules_summary"]["modificationMetadata"]
    portal.redefine(
        "deals", "crmrules_summary", modificationMetadata=meta | {"readOnlyValue": True}
    )
    found = checked(portal, clock)
    assert "summary" not in found.capabilities.flags
    assert any("crmrules_summary is read-only" in p.what for p in found.problems)


@pytest.mark.parametrize("way", ["undefine", "archive"])
def test_a_property_that_is_not_there_is_what_provision_makes(clock, way):
    portal = empty_portal(clock)
    if way == "undefine":
        portal.undefine("deals", "crmrules_flags")
    else:
        portal.redefine("deals", "crmrules_flags", archived=True)
    found = checked(portal, clock)
    assert found.capabilities.flags == {"status", "summary", "buying_phase", "checked_at"}
    assert found.capabilities.flag_words is None
    [problem] = [p for p in found.problems if p.level == "error"]
    assert "crmrules_flags" in problem.what
    assert "crmrules provision" in problem.remedy


@pytest.mark.fault("H8")
def test_only_the_flags_that_have_an_option_may_be_written(clock):
    portal = empty_portal(clock)
    options = portal.definitions["deals"]["crmrules_flags"]["options"]
    portal.redefine("deals", "crmrules_flags", options=options[:2])
    found = checked(portal, clock)
    assert found.capabilities.flag_words == {one["value"] for one in options[:2]}


def test_without_the_key_no_tasks_are_promised(small, clock):
    small.portal.undefine("tasks", "crmrules_key")
    found = checked(small.portal, clock)
    assert not found.capabilities.tasks
    assert not found.capabilities.unique_key
    assert any("crmrules_key" in p.what and "no tasks" in p.what for p in found.problems)
    assert not ours(small.portal)


def test_a_key_of_another_type_is_no_key(small, clock):
    small.portal.redefine("tasks", "crmrules_key", type="number", fieldType="number")
    found = checked(small.portal, clock)
    assert not found.capabilities.tasks
    assert any("type number" in p.what for p in found.problems)


def test_a_standard_account_is_production_and_an_unnamed_one_may_be(clock):
    portal = empty_portal(clock)
    for kind, production in (("STANDARD", True), ("SANDBOX", False), ("", None)):
        portal.account_type = kind
        found = checked(portal, clock)
        assert found.organization.production is production
        errors = [p for p in found.problems if p.level == "error"]
        assert bool(errors) is (production is not False)
        assert all("allow_production" in p.remedy for p in errors)


def test_the_account_tells_its_time_zone(small, clock):
    with serving(small.portal) as server, connected(server, clock) as crm:
        assert crm.check().organization.time_zone == "Europe/Berlin"


@pytest.mark.fault("H13")
def test_a_retired_version_is_a_matter_of_the_configuration(small, clock):
    with serving(small.portal) as server, connected(server, clock) as crm:
        server.faults.add(Fault("status", status=410))
        with pytest.raises(UsageError, match="retired") as caught:
            crm.check()
    assert "api_version" in caught.value.remedy


@pytest.mark.fault("H10")
def test_a_colleague_who_left_is_no_active_owner(small, clock):
    small.portal.update("deals", small.first, {"hubspot_owner_id": "52"}, RITA)
    with serving(small.portal) as server, connected(server, clock) as crm:
        kept = pulled(crm)
        assert opportunity(crm, kept, small.first).users[0].active
        small.portal.owners[1] = type(small.portal.owners[1])(
            "52", 8, "al@ours.example", "Al", "Account", archived=True
        )
        kept.pull(crm)
        assert opportunity(crm, kept, small.first).users[0].active is False
