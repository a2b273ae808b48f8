"""What people look at on Salesforce, and the app: every name in it leads somewhere."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from metadata_wsdl import NS, etree
from test_salesforce_source import FIELDS, SOURCE

from crmrules_salesforce import package
from crmrules_sandbox.salesforce.schema import load_deploy, standard_schema

VIEWS, REPORTS, APP = (SOURCE / part / "main/default" for part in ("views", "reports", "app"))
OURS = {name for owner, name in FIELDS if owner == "Opportunity"}
COLUMNS = {
    *("OPPORTUNITY.NAME", "OPPORTUNITY.AMOUNT", "OPPORTUNITY.CLOSE_DATE"),
    *("OPPORTUNITY.STAGE_NAME", "OPPORTUNITY.CLOSED", "ACCOUNT.NAME", "CORE.USERS.ALIAS"),
}
"""Standard columns of opportunity list views, as retrieved from orgs and published."""
RELATED = {
    *("CONTACT.FULL_NAME", "ROLE", "TASK.SUBJECT", "TASK.WHO_NAME", "ACTIVITY.TASK"),
    *("TASK.DUE_DATE", "TASK.STATUS", "TASK.PRIORITY", "CORE.USERS.FULL_NAME"),
}
"""Columns of the related lists, as layouts retrieved from orgs have them."""
STATUSES = {"ok", "attention", "critical"}
CHARTS = {"Donut", "Bar", "Column"}


def root(path: Path):
    return etree.parse(str(path)).getroot()


def texts(node, path):
    return [found.text for found in node.iterfind(path, NS)]


def files(folder, ending):
    found = sorted(folder.rglob(f"*.{ending}-meta.xml"))
    assert found
    return found


@pytest.fixture(scope="module")
def opportunity():
    return load_deploy(SOURCE, standard_schema())["Opportunity"]


@pytest.mark.parametrize("path", files(VIEWS, "listView"), ids=lambda path: path.name)
def test_a_list_view_shows_and_filters_by_what_there_is(path):
    view = root(path)
    named = {*texts(view, "m:columns"), *texts(view, "m:filters/m:field")}
    assert named <= COLUMNS | OURS
    assert len(texts(view, "m:columns")) <= 15  # more are refused
    for entry in view.iterfind("m:filters", NS):
        if entry.findtext("m:field", None, NS) == "CrmRules_Status__c":
            assert set(entry.findtext("m:value", None, NS).split(",")) <= STATUSES
    assert texts(view, "m:fullName") == [path.name.removesuffix(".listView-meta.xml")]


def test_there_is_a_view_of_what_is_critical_and_one_of_my_own():
    scopes = {
        p.name.partition(".")[0]: texts(root(p), "m:filterScope") for p in files(VIEWS, "listView")
    }
    assert scopes == {
        "CrmRules_Critical": ["Everything"],
        "CrmRules_My_Open_Questions": ["Mine"],
    }


def known_columns(opportunity):
    """Return the columns a report type may have: fields, and lookups by their relationship."""
    fields = opportunity.fields.values()
    return {f.name for f in fields if not f.reference_to} | {
        f.relationship_name for f in fields if f.reference_to
    }


def test_the_report_type_has_columns_that_exist_and_all_of_ours(opportunity):
    [path] = files(VIEWS, "reportType")
    columns = texts(root(path), "m:sections/m:columns/m:field")
    assert set(columns) <= known_columns(opportunity)
    assert set(columns) >= OURS
    assert set(texts(root(path), "m:sections/m:columns/m:table")) == {"Opportunity"}


@pytest.mark.parametrize("path", files(REPORTS, "report"), ids=lambda path: path.name)
def test_a_report_names_only_columns_of_its_report_type(path):
    [type_] = files(VIEWS, "reportType")
    report = root(path)
    name = type_.name.removesuffix(".reportType-meta.xml")
    assert texts(report, "m:reportType") == [f"{name}__c"]
    offered = {f"Opportunity${each}" for each in texts(root(type_), "m:sections/m:columns/m:field")}
    used = {
        e.text
        for tag in ("field", "column", "dateColumn")
        for e in report.iterfind(f".//m:{tag}", NS)
    }
    assert used <= offered
    for entry in report.iterfind(".//m:criteriaItems", NS):
        if "Status" in entry.findtext("m:column", None, NS):
            assert set(entry.findtext("m:value", None, NS).split(",")) <= STATUSES
    grouped = texts(report, "m:groupingsDown/m:field")
    assert not set(grouped) & set(texts(report, "m:columns/m:field"))  # refused: shown twice


@pytest.mark.parametrize("path", files(REPORTS, "dashboard"), ids=lambda path: path.name)
def test_a_dashboard_charts_reports_that_exist_by_what_they_are_grouped_by(path):
    dashboard = root(path)
    parts = dashboard.findall(".//m:components", NS)
    assert len(parts) == len(files(REPORTS, "report"))
    for part in parts:
        folder, _, name = part.findtext("m:report", None, NS).partition("/")
        report = REPORTS / "reports" / folder / f"{name}.report-meta.xml"
        assert texts(part, "m:groupingColumn") == texts(root(report), "m:groupingsDown/m:field")
        assert part.findtext("m:componentType", None, NS) in CHARTS
        # an org refuses a chart without these, although the types do not ask for them
        assert texts(part, "m:sortBy")
        assert texts(part, "m:chartAxisRange")


def test_the_dashboard_shows_everybody_their_own_records_only():
    for path in files(REPORTS, "dashboard"):
        assert texts(root(path), "m:dashboardType") == ["LoggedInUser"]
        assert not texts(root(path), "m:runningUser")


def test_a_folder_is_there_for_every_report_and_dashboard_and_lets_people_look_only():
    for kind in ("report", "dashboard"):
        folders = {p.name.partition(".")[0]: root(p) for p in files(REPORTS, f"{kind}Folder")}
        assert {p.parent.name for p in files(REPORTS, kind)} == set(folders)
        for folder in folders.values():
            assert texts(folder, "m:folderShares/m:accessLevel") == ["View"]


def test_the_layout_shows_our_fields_read_only_and_the_required_ones(opportunity):
    [path] = files(VIEWS, "layout")
    items = {
        item.findtext("m:field", None, NS): item.findtext("m:behavior", None, NS)
        for item in root(path).iterfind(".//m:layoutItems", NS)
    }
    assert set(items) <= set(opportunity.fields)
    assert {name for name, behaviour in items.items() if behaviour == "Readonly"} >= OURS
    required = {name for name, behaviour in items.items() if behaviour == "Required"}
    assert required == {"Name", "CloseDate", "StageName"}
    assert set(texts(root(path), "m:relatedLists/m:fields")) <= RELATED


def test_the_readers_permission_set_opens_our_fields_and_nothing_else():
    [path] = files(VIEWS, "permissionset")
    node = root(path)
    rights = {
        e.findtext("m:field", None, NS): e.findtext("m:editable", None, NS) == "true"
        for e in node.iterfind("m:fieldPermissions", NS)
    }
    assert rights == {f"Opportunity.{name}": False for name in OURS} | {
        "OpportunityContactRole.CrmRules_Focus__c": True
    }
    assert not texts(node, "m:objectPermissions/m:object")
    assert not texts(node, "m:userPermissions/m:name")


def test_the_app_is_for_our_permission_set_alone_and_holds_no_secret():
    nodes = {path.name.partition(".")[2]: root(path) for path in sorted(APP.rglob("*-meta.xml"))}
    assert len(nodes) == 4
    policies = nodes["ecaOauthPlcy-meta.xml"]
    assert texts(policies, "m:commaSeparatedPermissionSet") == ["CrmRules_Integration"]
    assert texts(policies, "m:permittedUsersPolicyType") == ["AdminApprovedPreAuthorized"]
    assert not texts(policies, "m:commaSeparatedProfile")
    # without the second scope the flow refuses a user who was approved in advance
    scopes = texts(nodes["ecaOauth-meta.xml"], "m:commaSeparatedOauthScopes")
    assert scopes == ["Api, RefreshToken"]
    named = {etree.QName(e).localname for node in nodes.values() for e in node.iter()}
    assert not named & {
        "certificate",
        "consumerKey",
        "consumerSecret",
        "clientAssertionCertificate",
    }
    app = texts(nodes["eca-meta.xml"], "m:label")
    others = [n for kind, n in nodes.items() if kind != "eca-meta.xml"]
    assert all(texts(node, "m:externalClientApplication") == app for node in others)


def test_the_readme_tells_of_every_part():
    readme = (SOURCE / "README.md").read_text(encoding="utf-8")
    words = set(re.findall(r"[\w-]+", readme))
    for part in ("force-app", "quotes", "views", "reports", "app"):
        assert part in words
        for one in package.components(part):
            if one.kind in {"ListView", "PermissionSet", "ReportType", "ExternalClientApplication"}:
                assert one.name.rpartition(".")[2] in words, one
