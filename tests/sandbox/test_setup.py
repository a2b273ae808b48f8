"""The sandbox's setup: deployments, what they open to whom, and reading metadata."""

from __future__ import annotations

import io
import json
import zipfile

import pytest
import requests

from crmrules_sandbox.salesforce.server import SandboxServer
from crmrules_sandbox.salesforce.start import seeded_org, shipped_fields

METADATA = "http://soap.sforce.com/2006/04/metadata"
FIELD = (
    "<fields><fullName>Extra__c</fullName><label>Extra</label><length>40</length>"
    "<type>Text</type>{more}</fields>"
)
OPTIONS = {"rollbackOnError": True, "singlePackage": True}


@pytest.fixture(scope="module")
def client():
    org = seeded_org(7, opportunities=2, bare=True)
    with SandboxServer(org, tls=False) as server:
        yield Client(server)


class Client:
    """An administrator who speaks HTTP and nothing else."""

    def __init__(self, server):
        self.server, self.org = server, server.org
        self.token = server.token(self.org.metadata.administrator())

    def call(self, method, path, **more):
        headers = {"Authorization": f"Bearer {self.token}"}
        url = f"{self.server.url}/services/data/v63.0/{path}"
        return requests.request(method, url, headers=headers, timeout=60, **more)

    def post(self, files, options=OPTIONS, token=None):
        buffer = io.BytesIO()
        with zipfile.ZipFile(buffer, "w") as packed:
            for name, text in files.items():
                packed.writestr(name, text)
        body = {"json": (None, json.dumps({"deployOptions": options}), "application/json")}
        body["file"] = ("deploy.zip", buffer.getvalue(), "application/zip")
        headers = {"Authorization": f"Bearer {token or self.token}"}
        url = f"{self.server.url}/services/data/v63.0/metadata/deployRequest"
        return requests.post(url, headers=headers, files=body, timeout=60)

    def deploy(self, files, **options):
        """Deploy and wait; return the result with its details."""
        answer = self.post(files, OPTIONS | options)
        assert answer.status_code == 201, answer.text
        path = f"metadata/deployRequest/{answer.json()['id']}"
        result = answer.json()["deployResult"]
        while not result["done"]:
            result = self.call("GET", path, params={"includeDetails": "true"}).json()[
                "deployResult"
            ]
        return result

    def soap(self, kind, *names):
        listed = "".join(f"<fullNames>{name}</fullNames>" for name in names)
        envelope = (
            f'<e:Envelope xmlns:e="http://schemas.xmlsoap.org/soap/envelope/" xmlns="{METADATA}">'
            f"<e:Header><SessionHeader><sessionId>{self.token}</sessionId></SessionHeader></e:Header>"
            f"<e:Body><readMetadata><type>{kind}</type>{listed}</readMetadata></e:Body></e:Envelope>"
        )
        url = f"{self.server.url}/services/Soap/m/63.0"
        return requests.post(url, data=envelope, timeout=60)

    def fields(self, token=None):
        self_token, self.token = self.token, token or self.token
        try:
            body = self.call("GET", "sobjects/Opportunity/describe").json()
        finally:
            self.token = self_token
        return {field["name"]: field for field in body["fields"]}


def manifest(**members):
    types = "".join(
        "<types>"
        + "".join(f"<members>{n}</members>" for n in names)
        + f"<name>{kind}</name></types>"
        for kind, names in members.items()
    )
    return f'<Package xmlns="{METADATA}">{types}<version>63.0</version></Package>'


def with_field(more="", **others):
    body = FIELD.format(more=more)
    return {
        "package.xml": manifest(CustomField=["Opportunity.Extra__c"], **others),
        "objects/Opportunity.object": f'<CustomObject xmlns="{METADATA}">{body}</CustomObject>',
    }


def rights(edit="true", field="Opportunity.Extra__c"):
    return (
        f'<PermissionSet xmlns="{METADATA}"><fieldPermissions><editable>{edit}</editable>'
        f"<field>{field}</field><readable>true</readable></fieldPermissions>"
        "<label>Some</label></PermissionSet>"
    )


def away(kind, name):
    return {"package.xml": manifest(), "destructiveChanges.xml": manifest(**{kind: [name]})}


def problems(result):
    return [one["problem"] for one in result["details"]["componentFailures"]]


def test_nobody_but_an_administrator_may_deploy_or_read(client):
    token = client.server.token()
    answer = client.post(with_field(), token=token)
    assert (answer.status_code, answer.json()[0]["errorCode"]) == (403, "INSUFFICIENT_ACCESS")
    other = Client(client.server)
    other.token = token
    fault = other.soap("CustomField", "Opportunity.Extra__c")
    assert fault.status_code == 500
    assert "sf:INSUFFICIENT_ACCESS" in fault.text
    other.token = "nobody"
    assert "sf:INVALID_SESSION_ID" in other.soap("CustomField", "X").text


def test_a_deployment_waits_runs_and_is_done_and_only_then_the_field_is_there(client):
    answer = client.post(with_field())
    body = answer.json()
    assert (answer.status_code, body["deployResult"]["status"]) == (201, "Pending")
    assert "Extra__c" not in client.org.schema["Opportunity"].fields
    path = f"metadata/deployRequest/{body['id']}"
    seen = [client.call("GET", path).json()["deployResult"]["status"] for _ in range(2)]
    assert seen == ["InProgress", "Succeeded"]
    assert "Extra__c" in client.org.schema["Opportunity"].fields
    client.deploy(away("CustomField", "Opportunity.Extra__c"))


def test_a_new_field_is_hidden_from_everybody_until_a_permission_set_shows_it(client):
    client.deploy(with_field())
    assert "Extra__c" not in client.fields()  # its maker does not see it either
    client.deploy(
        {
            "package.xml": manifest(PermissionSet=["Some"]),
            "permissionsets/Some.permissionset": rights("false"),
        }
    )
    [held] = [row for row in client.org.rows("PermissionSet") if row["Name"] == "Some"]
    given = {"PermissionSetId": held["Id"], "AssigneeId": client.org.user_id}
    made = client.call("POST", "sobjects/PermissionSetAssignment", json=given)
    assert made.status_code == 201
    token = client.server.token()
    assert client.fields(token)["Extra__c"]["updateable"] is False
    assert "Extra__c" not in client.fields()
    client.deploy(
        {
            "package.xml": manifest(PermissionSet=["Some"]),
            "permissionsets/Some.permissionset": rights(),
        }
    )
    assert client.fields(token)["Extra__c"]["updateable"] is True
    refused = client.deploy(away("PermissionSet", "Some"))
    assert "assigned to users" in problems(refused)[0]
    assert (
        client.call("DELETE", f"sobjects/PermissionSetAssignment/{made.json()['id']}").status_code
        == 204
    )
    assert "Extra__c" not in client.fields(token)
    assert client.deploy(away("PermissionSet", "Some"))["success"]
    assert client.deploy(away("CustomField", "Opportunity.Extra__c"))["success"]


def test_a_deleted_field_takes_its_values_along(client):
    client.deploy(with_field())
    record = next(iter(client.org.rows("Opportunity")))["Id"]
    client.org.load({"Opportunity": [{**client.org.get("Opportunity", record), "Extra__c": "x"}]})
    client.deploy(away("CustomField", "Opportunity.Extra__c"))
    client.deploy(with_field())
    assert "Extra__c" not in client.org.get("Opportunity", record)
    client.deploy(away("CustomField", "Opportunity.Extra__c"))


@pytest.mark.parametrize(
    ("files", "said"),
    [
        ({"x": "y"}, "No package.xml found"),
        ({"package.xml": "<Package"}, "Error parsing file"),
        ({"package.xml": manifest(CustomField=["Opportunity.No__c"])}, "was not found in zipped"),
        ({**with_field(), "package.xml": manifest()}, "Not in package.xml"),
        (
            {
                "package.xml": manifest(PermissionSet=["Some"]),
                "permissionsets/Some.permissionset": rights(field="Opportunity.No__c"),
            },
            "no CustomField named Opportunity.No__c found",
        ),
        (
            {
                "package.xml": manifest(PermissionSet=["Some"]),
                "permissionsets/Some.permissionset": rights(field="Activity.Subject"),
            },
            "no CustomField named Activity.Subject found",
        ),
    ],
    ids=["no manifest", "no xml", "not in zip", "not listed", "no field", "of activity"],
)
def test_a_bad_package_is_refused_in_words(client, files, said):
    result = client.deploy(files)
    assert (result["status"], result["success"]) == ("Failed", False)
    assert any(said in problem for problem in problems(result))


def test_one_bad_component_undoes_all_unless_asked_otherwise(client):
    files = with_field(PermissionSet=["Some"])
    files["permissionsets/Some.permissionset"] = rights(field="Opportunity.No__c")
    assert client.deploy(files)["status"] == "Failed"
    assert "Extra__c" not in client.org.schema["Opportunity"].fields
    assert client.deploy(files, rollbackOnError=False)["status"] == "SucceededPartial"
    assert "Extra__c" in client.org.schema["Opportunity"].fields
    client.deploy(away("CustomField", "Opportunity.Extra__c"))


def test_deleting_what_is_not_there_is_a_warning(client):
    result = client.deploy(away("CustomField", "Opportunity.Never__c"))
    [told] = result["details"]["componentSuccesses"]
    assert (told["problemType"], "Never__c" in told["problem"]) == ("Warning", True)


def test_a_check_only_deployment_changes_nothing(client):
    assert client.deploy(with_field(), checkOnly=True)["success"]
    assert "Extra__c" not in client.org.schema["Opportunity"].fields


def test_a_missing_component_is_nil_and_more_than_ten_are_refused(client):
    assert '<records xsi:nil="true"/>' in client.soap("CustomField", "Opportunity.No__c").text
    assert "sf:EXCEEDED_ID_LIMIT" in client.soap("CustomField", *["X.Y__c"] * 11).text


def test_deployments_can_be_queried_by_who_began_them(client):
    client.deploy(with_field(), checkOnly=True)
    soql = f"SELECT Id, Status FROM DeployRequest WHERE CreatedById = '{client.org.user_id}'"
    mine = soql.replace(client.org.user_id, client.org.metadata.administrator())
    found = [client.call("GET", "tooling/query", params={"q": q}).json() for q in (soql, mine)]
    assert (found[0]["totalSize"], found[1]["totalSize"] > 0) == (0, True)


def test_an_org_with_the_shipped_fields_has_their_metadata():
    org = seeded_org(7, opportunities=2)
    found = org.metadata.read("CustomField", ["Activity.CrmRules_Key__c"])
    assert list(found) == ["Activity.CrmRules_Key__c"]
    assert org.metadata.read(
        "PermissionSet", ["CrmRules_Integration", "CrmRules_Reader"]
    ).keys() == {"CrmRules_Integration"}
    assert "CrmRules_Key__c" in org.visible("Task")


@pytest.mark.slow
def test_the_client_that_salesforces_wsdl_makes_reads_what_was_deployed(monkeypatch):
    simple_salesforce = pytest.importorskip("simple_salesforce")
    org = seeded_org(7, opportunities=2)
    with SandboxServer(org) as server, requests.Session() as session:
        monkeypatch.setenv(
            "REQUESTS_CA_BUNDLE", server.ca_file
        )  # its SOAP has a session of its own
        reached = simple_salesforce.Salesforce(
            session_id=server.token(org.metadata.administrator()),
            instance_url=server.url,
            session=session,
            version="63.0",
        )
        key = reached.mdapi.CustomField.read("Activity.CrmRules_Key__c")
        assert (key.fullName, key.type, key.length) == ("Activity.CrmRules_Key__c", "Text", 80)
        assert (key.unique, key.externalId, key.caseSensitive) == (True, True, True)
        flags = reached.mdapi.CustomField.read("Opportunity.CrmRules_Flags__c")
        assert len(flags.valueSet.valueSetDefinition.value) == 55
        held = reached.mdapi.PermissionSet.read("CrmRules_Integration")
        assert "EditTask" in [one.name for one in held.userPermissions]
    assert shipped_fields().is_dir()
