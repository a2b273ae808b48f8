"""Making our fields and rights in an org, against the sandbox."""

from __future__ import annotations

from xml.etree import ElementTree as ET

import pytest
from bare_org import DEPLOY, SET, Org, made
from salesforce_org import Clock

from crmrules.errors import AccessError, ConnectorError, UncertainError, UsageError
from crmrules_salesforce.metadata import Failure
from crmrules_salesforce.provision import connect
from crmrules_sandbox.salesforce.faults import Fault
from crmrules_sandbox.salesforce.server import SandboxServer
from crmrules_sandbox.salesforce.staff import INTEGRATION
from crmrules_sandbox.salesforce.start import seeded_org

FIELDS = {
    "Opportunity": {
        *("CrmRules_Status__c", "CrmRules_Flags__c", "CrmRules_Summary__c"),
        *("CrmRules_Buying_Phase__c", "CrmRules_Checked_At__c"),
    },
    "Task": {"CrmRules_Key__c", "CrmRules_Rule__c"},
    "Event": {"CrmRules_Key__c", "CrmRules_Rule__c"},
    "OpportunityContactRole": {"CrmRules_Focus__c"},
}


@pytest.fixture
def bare():
    with made() as here:
        yield here


def actions(steps):
    return {f"{step.object}.{step.name}": step.action for step in steps}


# -- looking ------------------------------------------------------------------------------------
def test_looking_says_what_is_missing_and_makes_nothing(bare):
    steps = bare.reach().steps()
    assert {step.action for step in steps} == {"create_field", "create_permission_set"}
    assert len(steps) == 8 + 2  # an org with Quotes has a permission set for them
    assert (bare.ours(), bare.deployments()) == ({}, [])


@pytest.mark.slow
def test_the_sync_s_own_user_sees_what_is_missing_without_any_right_to_the_setup(bare):
    looking = bare.reach(admin=False)
    steps = looking.steps()
    assert {step.action for step in steps} == {"create_field"}
    assert "(sandbox), as the sync's user sees it" in looking.place
    bare.reach(assign=True).apply()
    assert {
        s.action for s in bare.reach(admin=False).steps() if s.object != "OpportunityContactRole"
    } == {"keep"}


@pytest.mark.slow
def test_the_pinned_organization_alone_is_looked_at(bare):
    pinned = bare.reach(settings={"organization_id": "00D000000000999AAA"})
    with pytest.raises(AccessError, match="pins 00D000000000999AAA"):
        pinned.apply()
    assert bare.ours() == {}


@pytest.mark.slow
def test_a_user_who_may_not_change_the_setup_is_told_which_right_is_missing(bare):
    bare.admin = bare.org.user_id
    with pytest.raises(AccessError, match="ModifyMetadata") as caught:
        bare.reach().steps()
    assert "Modify Metadata Through Metadata API Functions" in caught.value.remedy
    assert caught.value.where.endswith("token_file")


@pytest.mark.slow
def test_a_token_that_has_ended_is_told(bare):
    made = bare.reach()
    bare.server.auth.revoke()
    with pytest.raises(AccessError, match="does not accept the access token") as caught:
        made.steps()
    assert "fresh token" in caught.value.remedy


@pytest.mark.slow
def test_an_administrators_token_needs_the_orgs_address(bare):
    with pytest.raises(UsageError, match="address of the org"):
        connect({"auth": "jwt"}, token="abc", flags=[])


# -- making -------------------------------------------------------------------------------------
def test_what_is_missing_is_made_and_reads_back(bare):
    here = bare.reach()
    steps = here.apply()
    assert bare.ours() == FIELDS
    assert here.made == steps
    assert {step.action for step in bare.reach().steps()} == {"keep"}
    key = bare.org.schema["Task"].fields["CrmRules_Key__c"]
    assert (key.unique, key.external_id, key.case_sensitive, key.length) == (True, True, True, 80)


@pytest.mark.slow
def test_a_second_time_nothing_is_deployed(bare):
    bare.reach(views=True).apply()
    before = len(bare.deployments())
    assert {step.action for step in bare.reach(views=True).apply()} == {"keep"}
    assert len(bare.deployments()) == before


def test_nobody_is_given_the_permission_set_unasked(bare):
    [step] = [s for s in bare.reach().apply() if s.name == SET]
    assert list(bare.org.rows("PermissionSetAssignment")) == []
    assert "--assign" in step.remedy
    assert not {f for f in bare.org.visible("Task") if f.startswith("CrmRules_")}


def test_when_asked_the_user_of_the_sync_gets_it_and_sees_the_fields(bare):
    steps = bare.reach(assign=True).apply()
    [granted] = [s for s in steps if s.object == "User"]
    assert (granted.action, granted.name) == ("grant", INTEGRATION)
    assert len(list(bare.org.rows("PermissionSetAssignment"))) == 1
    assert {"CrmRules_Key__c", "CrmRules_Rule__c"} <= bare.org.visible("Task")
    [held] = [s for s in bare.reach().steps() if s.name == SET]
    assert (held.detail, held.remedy) == (f"assigned to {INTEGRATION}", "")


@pytest.mark.slow
def test_a_configured_username_is_taken_without_a_sign_in_and_must_exist(bare):
    bare.reach().apply()
    wrong = bare.reach(assign=True, settings={"username": "nobody@acme.example"})
    with pytest.raises(UsageError, match=r"no user 'nobody@acme\.example'"):
        wrong.apply()


@pytest.mark.slow
def test_the_views_come_when_asked_for_and_the_reports_after_their_type(bare):
    bare.reach().apply()
    assert not [kind for kind, _ in bare.org.metadata.components if kind == "ListView"]
    bare.reach(views=True).apply()
    kinds = {kind for kind, _ in bare.org.metadata.components}
    assert {"ListView", "Layout", "ReportType", "Report", "Dashboard", "ReportFolder"} <= kinds
    assert len(bare.deployments()) == 3


@pytest.mark.slow
def test_an_org_without_quotes_is_asked_for_no_right_to_them():
    clock = Clock()
    features = {"field_history", "enhanced_email", "competitors"}
    org = seeded_org(7, clock=clock, opportunities=3, features=features, bare=True)
    with SandboxServer(org, tls=False) as server:
        here = Org(server, clock)
        steps = here.reach().apply()
        here.close()
    assert "CrmRules_Quotes" not in {step.name for step in steps}


@pytest.mark.slow
def test_a_flag_of_ones_own_becomes_a_value_with_its_name_as_label(bare):
    bare.reach(flags=["my_own"]).apply()
    field = bare.org.metadata.components["CustomField", "Opportunity.CrmRules_Flags__c"]
    labels = [e.text for e in field.iter() if e.tag.endswith("}label")]
    assert "My own" in labels
    assert "my_own" in bare.org.schema["Opportunity"].fields["CrmRules_Flags__c"].picklist


# -- what is there already ------------------------------------------------------------------------
def test_missing_values_are_added_and_those_that_are_there_are_kept(bare):
    bare.reach().apply()
    values = "".join(
        f"<value><fullName>{v}</fullName><default>false</default><label>{v.upper()}</label></value>"
        for v in ("theirs", "gone_dark")
    )
    bare.put(
        "CustomField",
        "Opportunity.CrmRules_Flags__c",
        "<fullName>CrmRules_Flags__c</fullName><label>Our word</label><type>MultiselectPicklist"
        "</type><valueSet><restricted>false</restricted><valueSetDefinition><sorted>false</sorted>"
        f"{values}</valueSetDefinition></valueSet><visibleLines>4</visibleLines>",
    )
    steps = bare.reach().apply()
    [flags] = [s for s in steps if s.name == "CrmRules_Flags__c"]
    assert flags.action == "add_options"
    assert flags.detail.endswith("(2 values there are kept)")
    field = bare.org.metadata.components["CustomField", "Opportunity.CrmRules_Flags__c"]
    text = ET.tostring(field, encoding="unicode")
    assert ("Our word" in text, "GONE_DARK" in text, "theirs" in text) == (True, True, True)
    assert "no_power" in bare.org.schema["Opportunity"].fields["CrmRules_Flags__c"].picklist


def test_a_key_that_is_not_unique_is_made_unique(bare):
    xml = "<fullName>CrmRules_Key__c</fullName><label>K</label><length>40</length><type>Text</type>"
    bare.put("CustomField", "Activity.CrmRules_Key__c", xml)
    [step] = [s for s in bare.reach().apply() if s.name == "CrmRules_Key__c"]
    assert step.action == "change_field"
    assert step.detail == "length 40 -> 80; unique; externalId; caseSensitive"
    assert bare.org.schema["Task"].fields["CrmRules_Key__c"].unique


def test_a_field_of_another_type_is_a_conflict_and_then_nothing_is_written(bare):
    xml = (
        "<fullName>CrmRules_Status__c</fullName><label>S</label><length>9</length><type>Text</type>"
    )
    bare.put("CustomField", "Opportunity.CrmRules_Status__c", xml)
    steps = bare.reach().apply()
    [step] = [s for s in steps if s.action == "conflict"]
    assert (step.name, step.detail) == ("CrmRules_Status__c", "is of type Text, not Picklist")
    assert "delete it" in step.remedy
    assert bare.deployments() == []
    assert bare.reach().ours() == []  # somebody else's


@pytest.mark.slow
def test_rights_that_are_missing_are_named_and_granted_and_more_rights_are_kept(bare):
    bare.reach().apply()
    bare.put(
        "PermissionSet",
        SET,
        "<label>Renamed</label>"
        "<fieldPermissions><editable>false</editable><field>Opportunity.CrmRules_Status__c</field>"
        "<readable>true</readable></fieldPermissions>"
        "<userPermissions><enabled>true</enabled><name>ViewSetup</name></userPermissions>",
    )
    [step] = [s for s in bare.reach().apply() if s.name == SET]
    assert step.action == "grant"
    assert "edit Opportunity.CrmRules_Status__c" in step.detail
    assert "permission EditTask" in step.detail
    assert "read Opportunity.CrmRules_Status__c" not in step.detail
    [kept] = [s for s in bare.reach().steps() if s.name == SET]
    assert kept.action == "keep"
    assert "1 right(s) that crmrules does not ask for" in kept.detail
    text = ET.tostring(bare.org.metadata.components["PermissionSet", SET], encoding="unicode")
    assert ("Renamed" in text, "ViewSetup" in text) == (True, True)


@pytest.mark.slow
def test_a_view_that_somebody_changed_is_left_as_it_is(bare):
    bare.reach(views=True).apply()
    xml = (
        "<fullName>CrmRules_Critical</fullName><filterScope>Mine</filterScope><label>My own</label>"
    )
    bare.put("ListView", "Opportunity.CrmRules_Critical", xml)
    found = actions(bare.reach(views=True).apply())
    assert found["ListView.Opportunity.CrmRules_Critical"] == "keep"


# -- what goes wrong --------------------------------------------------------------------------
@pytest.mark.slow
def test_a_refused_component_is_told_in_the_orgs_words_and_nothing_is_made(bare, monkeypatch):
    told = "You have reached the maximum number of custom fields"
    here = bare.reach()
    refusal = (Failure("CustomField", "Opportunity.CrmRules_Flags__c", told),)
    monkeypatch.setattr(here._api, "deploy", lambda *_: refusal)
    with pytest.raises(ConnectorError, match="nothing of it was made") as caught:
        here.apply()
    assert told in caught.value.message
    assert "delete one" in caught.value.remedy
    assert here.made == []


@pytest.mark.slow
def test_a_deployment_that_the_org_refuses_changes_nothing(bare):
    bare.org.set_field("Product2", "IsActive", None)  # any field our rights do not need
    bare.org.schema.pop("Product2")
    with pytest.raises(ConnectorError, match="no CustomObject named Product2 found"):
        bare.reach().apply()
    assert bare.ours() == {}


@pytest.mark.parametrize("kind", ["drop_after", "truncated_body"])
def test_a_lost_answer_is_looked_up_and_nothing_is_deployed_twice(bare, kind):
    bare.server.faults.add(Fault(kind, method="POST", path=DEPLOY))
    bare.reach().apply()
    assert bare.ours() == FIELDS
    assert len(bare.org.metadata.jobs) == 1


@pytest.mark.slow
def test_a_deployment_that_never_arrived_is_sent_again_once_that_is_sure(bare):
    bare.server.faults.add(Fault("drop_before", method="POST", path=DEPLOY))
    bare.reach().apply()
    assert bare.ours() == FIELDS
    assert len(bare.org.metadata.jobs) == 1
    assert len([c for c in bare.server.calls if "tooling" in c.path]) == 1 + 3


@pytest.mark.slow
def test_an_older_deployment_is_not_taken_for_ours(bare):
    bare.reach().apply()
    bare.server.faults.add(Fault("drop_before", method="POST", path=DEPLOY))
    bare.reach(views=True).apply()
    assert any(kind == "Dashboard" for kind, _ in bare.org.metadata.components)


@pytest.mark.slow
def test_nobody_can_tell_twice_and_the_error_says_so(bare):
    bare.server.faults.add(Fault("drop_before", method="POST", path=DEPLOY, times=2))
    with pytest.raises(UncertainError):
        bare.reach().apply()
    bare.reach().apply()  # running it again goes on
    assert bare.ours() == FIELDS


@pytest.mark.slow
def test_a_busy_server_is_asked_again_while_waiting_and_reading(bare):
    bare.server.faults.add(Fault("status", method="GET", path=DEPLOY, status=503))
    bare.server.faults.add(Fault("html", method="POST", path="Soap", status=502))
    bare.server.faults.add(Fault("truncated_body", method="POST", path="Soap", nth=2))
    bare.reach().apply()
    assert bare.ours() == FIELDS


@pytest.mark.slow
def test_a_deployment_without_an_end_is_waited_for_twenty_minutes_and_not_longer(bare):
    bare.org.metadata.patience = 10_000
    before = bare.clock.now
    with pytest.raises(ConnectorError, match="has not ended in 20 minutes") as caught:
        bare.reach().apply()
    assert "Deployment Status" in caught.value.remedy
    assert 1200 <= (bare.clock.now - before).total_seconds() < 1260


@pytest.mark.slow
def test_what_reads_back_otherwise_is_no_success(bare, monkeypatch):
    here = bare.reach()
    monkeypatch.setattr(here._api, "deploy", lambda *_: ())
    with pytest.raises(ConnectorError, match="reads back otherwise") as caught:
        here.apply()
    assert "CrmRules_Key__c (create_field)" in caught.value.message


@pytest.mark.slow
def test_no_secret_is_in_the_url_or_in_what_is_raised(bare):
    token = bare.server.token(bare.admin)
    bare.server.faults.add(Fault("status", method="POST", path="Soap", status=403, times=9))
    here = connect(bare.settings, token=token, flags=[], sleep=bare.clock.sleep)
    with pytest.raises(AccessError) as caught:
        here.steps()
    here.close()
    assert token not in f"{caught.value!s}{caught.value!r}"
    assert not [c for c in bare.server.calls if token in c.path]
