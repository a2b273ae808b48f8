"""HubSpot's own client library understands every answer of the sandbox, to the letter.

The library is asked to validate strictly and every model it builds is searched for keys it does not
know. It calls version 2026-03. It says property values are never null; real answers do hold nulls
(recorded), so records here are asked for what they have, and one test shows the difference.
"""

from __future__ import annotations

import pytest
from portal_kit import KEY

hubspot_sdk = pytest.importorskip("hubspot_sdk")

DUE = {"hs_timestamp": "2026-03-05T15:00:00Z"}
UNKNOWN = {"hubspotDefined", "readOnlyOptions"}  # real answers have them, the library has not


@pytest.fixture
def sdk(server):
    with hubspot_sdk.HubSpot(
        access_token=server.token(),
        base_url=server.url,
        max_retries=0,
        http_client=hubspot_sdk.DefaultHttpxClient(trust_env=False),
        _strict_response_validation=True,
    ) as client:
        yield client


def surplus(model):
    """Return the keys anywhere in a model that the library does not know."""
    if isinstance(model, list | tuple):
        return {name for each in model for name in surplus(each)}
    if isinstance(model, dict):
        return {name for each in model.values() for name in surplus(each)}
    if not hasattr(model, "model_fields_set"):
        return set()
    found = set(model.model_extra or {})
    return found | {name for field in type(model).model_fields for name in
                    surplus(getattr(model, field, None))}  # fmt: skip


def known(model):
    """Return the model, after looking for keys it does not know."""
    assert surplus(model) - UNKNOWN == set()
    return model


@pytest.fixture
def full(portal):
    """A deal that has every property a list shows."""
    values = {"dealname": "Harbour", "pipeline": "default", "dealstage": "1001", "amount": "1",
              "closedate": "2026-05-01"}  # fmt: skip
    return portal.create("deals", values, user_id=9001)


NAMES = ["dealname", "amount", "dealstage"]


def test_batches_of_records(sdk, full, portal):
    deals = sdk.crm.objects.deals.batch
    read = known(
        deals.get(
            inputs=[{"id": full}],
            properties=NAMES,
            properties_with_history=["dealstage"],
        )
    )
    assert read.results[0].properties_with_history["dealstage"][0].updated_by_user_id == 9001
    update = {"id": full, "properties": {"amount": "2"}, "object_write_trace_id": "t"}
    assert known(deals.update(inputs=[update])).results[0].object_write_trace_id == "t"
    link = {
        "to": {"id": full},
        "types": [{"association_category": "HUBSPOT_DEFINED", "association_type_id": 216}],
    }
    tasks = sdk.crm.objects.tasks.batch
    each = {"properties": {**DUE, "crmrules_key": "k"}, "associations": [link]}
    made = known(tasks.create(inputs=[each])).results[0]
    assert portal.linked("deals", full, "tasks") == [made.id]
    each = {"id": "k2", "id_property": "crmrules_key", "properties": DUE}
    assert known(tasks.upsert(inputs=[each])).results[0].new is True
    tasks.delete(inputs=[{"id": made.id}])
    assert [r.id for r in portal.records("tasks")] != [made.id]


def test_a_207_of_the_library_that_takes_it_for_success(sdk, full):
    read = sdk.crm.objects.deals.batch.get(
        inputs=[{"id": full}, {"id": "5"}], properties=NAMES, properties_with_history=[]
    )
    assert surplus(read) == {"errors", "numErrors"}  # it drops them unseen
    assert len(read.results) == 1


def test_single_records_lists_search_and_merge(sdk, full, portal):
    deals = sdk.crm.objects.deals
    made = known(deals.create(properties={"dealname": "B", "amount": "2"}, associations=[]))
    assert known(deals.update(made.id, properties={"dealname": "C"})).properties["dealname"] == "C"
    found = known(deals.get(made.id, properties=["dealname"], associations=["contacts"]))
    assert found.id == made.id
    company = portal.create("companies", {"name": "M"})
    portal.link("deals", full, "companies", company, primary=True)
    listed = deals.list(properties=["dealname"], associations=["companies"], limit=1)
    assert known(listed.results[0]).associations["companies"].results[0].id == company
    assert [each.id for each in listed] == [full, made.id]  # the library follows the pages
    filters = [{"property_name": "amount", "operator": "GT", "value": "0"}]
    result = known(
        deals.search(
            after="0",
            limit=1,
            properties=["dealname"],
            sorts=["amount"],
            filter_groups=[{"filters": filters}],
        )
    )
    assert (result.total, result.paging.next.after) == (2, "1")
    merged = deals.merge(object_id_to_merge=made.id, primary_object_id=full)
    assert known(merged).id not in (full, made.id)
    deals.delete(merged.id)
    assert portal.records("deals") == []


@pytest.mark.parametrize(
    "kind",
    ["contacts", "companies", "calls", "meetings", "emails", "notes", "tasks", "quotes",
     "line_items"],
)  # fmt: skip
def test_records_of_every_type(sdk, portal, kind):
    values = DUE if kind in ("calls", "meetings", "emails", "notes", "tasks") else {}
    made = portal.create(kind, values)
    resource = getattr(sdk.crm.objects, kind)
    names = ["hs_object_id"]
    batch = resource.batch.get(
        inputs=[{"id": made}], properties=names, properties_with_history=names
    )
    assert known(batch).results[0].id == made
    assert known(resource.get(made, properties=names)).id == made
    assert known(next(iter(resource.list(properties=names)))).id == made
    found = resource.search(after="0", limit=5, properties=names, sorts=[], filter_groups=[])
    assert known(found).total == 1


def test_the_library_says_no_value_is_null_and_real_ones_are(sdk, portal, full):
    read = {"inputs": [{"id": full}], "properties_with_history": []}
    known(sdk.crm.objects.deals.batch.get(properties=["dealname"], **read))
    with pytest.raises(hubspot_sdk.APIResponseValidationError):
        sdk.crm.objects.deals.batch.get(properties=["hs_next_step"], **read)


def test_associations(sdk, full, portal):
    contacts = [portal.create("contacts", {"email": f"{name}@example.com"}) for name in "ab"]
    portal.link("deals", full, "contacts", contacts[0], labels=("Decision Maker",))
    pair = {"from_object_type": "deals", "to_object_type": "contacts"}
    links = sdk.crm.associations.batch
    plain = {"association_category": "HUBSPOT_DEFINED", "association_type_id": 3}
    each = {"from": {"id": full}, "to": {"id": contacts[1]}, "types": [plain]}
    assert known(links.create(inputs=[each], **pair)).results[0].to_object_id == contacts[1]
    portal.quirks.association_page = 1
    read = known(links.get(inputs=[{"id": full}], **pair))
    assert read.results[0].to[0].association_types[1].label == "Decision Maker"
    assert read.results[0].paging.next.after == contacts[1]
    partial = links.get(inputs=[{"id": "5"}], **pair)
    assert surplus(partial) == {"errors", "numErrors"}
    one = sdk.crm.associations.list("contacts", object_type="deals", object_id=full)
    assert [to.to_object_id for to in one] == contacts
    both = {"from": {"id": full}, "to": {"id": contacts[1]}}
    made = known(links.create_default(inputs=[both], **pair))
    assert {each.association_spec.association_type_id for each in made.results} == {3, 4}
    links.delete(inputs=[{"from": {"id": full}, "to": [{"id": contacts[1]}]}], **pair)
    assert portal.linked("deals", full, "contacts") == contacts[:1]
    labels = known(sdk.crm.associations_schema.labels.list_labels(**pair))
    assert labels.results[0].type_id == 3


def test_definitions(sdk, portal):
    properties = sdk.crm.properties
    listed = known(properties.list("deals"))
    assert len(listed.results) > 40
    made = known(
        properties.create(
            "deals",
            name="status",
            label="Status",
            group_name="dealinformation",
            type="enumeration",
            field_type="select",
            options=[{"label": "OK", "value": "ok", "hidden": False, "display_order": 0}],
        )
    )
    assert known(properties.get("status", object_type="deals")) == made
    changed = properties.update("status", object_type="deals", label="New")
    assert known(changed).label == "New"
    key = {
        "name": "key2", "label": "K", "group_name": "taskinformation", "type": "string",
        "field_type": "text", "has_unique_value": True,
    }  # fmt: skip
    assert known(properties.batch.create("tasks", inputs=[key])).results[0].has_unique_value
    read = properties.batch.get(
        "tasks", archived=False, data_sensitivity="non_sensitive", inputs=[{"name": KEY["name"]}]
    )
    assert known(read).results[0].name == KEY["name"]
    properties.batch.delete("tasks", inputs=[{"name": "key2"}, {"name": "nothing"}])
    assert portal.definitions["tasks"]["key2"]["archived"]
    properties.delete("status", object_type="deals")
    assert portal.definitions["deals"]["status"]["archived"]
    group = known(properties.groups.create("deals", name="rules", label="Rules"))
    assert known(properties.groups.get("rules", object_type="deals")) == group
    assert group in known(properties.groups.list("deals")).results


def test_pipelines_owners_and_account(sdk):
    [sales, _] = known(sdk.crm.pipelines.list("deals")).results
    assert known(sdk.crm.pipelines.get("default", object_type="deals")) == sales
    assert sales.stages[2].metadata["isClosed"] == "true"
    assert [known(each).id for each in sdk.crm.owners.list(limit=1)] == ["51", "52"]
    gone = sdk.crm.owners.get(53, archived=True, id_property="id")
    assert known(gone).user_id_including_inactive == 9003
    assert known(sdk.account.get()).portal_id == 4242
    [usage] = known(sdk.account.get_daily_private_apps_usage()).results
    assert usage.usage_limit == 625_000


def test_failures_are_the_librarys_own(sdk, server, portal):
    deals = sdk.crm.objects.deals
    with pytest.raises(hubspot_sdk.NotFoundError):
        deals.get("5")
    with pytest.raises(hubspot_sdk.BadRequestError) as bad:
        deals.create(properties={"colour": "red"}, associations=[])
    assert bad.value.body["category"] == "VALIDATION_ERROR"
    portal.revoke("crm.objects.deals.read")
    with pytest.raises(hubspot_sdk.PermissionDeniedError):
        deals.get("5")
    portal.daily_limit = 0
    with pytest.raises(hubspot_sdk.RateLimitError):
        deals.get("5")
    server.revoke_tokens()
    with pytest.raises(hubspot_sdk.AuthenticationError):
        deals.get("5")
