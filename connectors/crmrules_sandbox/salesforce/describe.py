"""Describe bodies: what the org tells a client about its objects and fields.

Know before changing: keys are those of recorded describes (API v59), the same for every field; a
field the user may not see is left out, and one the user may only read is not updateable. Values
that the sandbox has no opinion on are the ones an ordinary field has.

Does not do: layouts, actions, record types other than Master, dependent picklists.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable
from typing import Any

from crmrules_sandbox.salesforce.schema import Field, SObject

_NAME_FIELD = {
    "Task": "Subject",
    "Event": "Subject",
    "EmailMessage": "Subject",
    "Case": "CaseNumber",
    "Contract": "ContractNumber",
    "OpportunityStage": "MasterLabel",
    "TaskStatus": "MasterLabel",
    "QuoteLineItem": "LineNumber",
}

_SOAP = {
    "id": "tns:ID",
    "reference": "tns:ID",
    "boolean": "xsd:boolean",
    "int": "xsd:int",
    "double": "xsd:double",
    "currency": "xsd:double",
    "percent": "xsd:double",
    "date": "xsd:date",
    "datetime": "xsd:dateTime",
    "anyType": "xsd:anyType",
}

_NEVER = dict.fromkeys(
    (
        *("aiPredictionField", "autoNumber", "cascadeDelete", "dependentPicklist"),
        *("deprecatedAndHidden", "displayLocationInDecimal", "encrypted"),
        *("formulaTreatNullNumberAsZero", "highScaleNumber", "htmlFormatted", "queryByDistance"),
        *("restrictedDelete", "writeRequiresMasterRead"),
    ),
    False,
)
_EMPTY = dict.fromkeys(
    (
        *("calculatedFormula", "compoundFieldName", "controllerName", "defaultValueFormula"),
        *("filteredLookupInfo", "inlineHelpText", "mask", "maskType", "referenceTargetField"),
        "relationshipOrder",
    )
)

_OBJECT_TRAITS = (
    *("createable", "deepCloneable", "deletable", "feedEnabled", "layoutable", "mergeable"),
    *("mruEnabled", "queryable", "replicateable", "retrieveable", "searchable", "triggerable"),
    *("undeletable", "updateable"),
)
_OBJECT_NEVER = dict.fromkeys(
    (
        *("activateable", "custom", "customSetting", "deprecatedAndHidden", "hasSubtypes"),
        *("isInterface", "isSubtype"),
    ),
    False,
)
_FULL_EMPTY = dict.fromkeys(
    (
        *("associateEntityType", "associateParentEntity", "defaultImplementation", "extendedBy"),
        *("extendsInterfaces", "implementedBy", "implementsInterfaces", "listviewable"),
        *("lookupLayoutable", "networkScopeFieldName"),
    )
)
_MASTER = "012000000000000AAA"
_ONE_BYTE = frozenset({"id", "reference", "multipicklist"})


def describe_field(sobject: SObject, field: Field, *, editable: bool = True) -> dict[str, Any]:
    """Return the describe of one field; ``editable`` false if the user may only read it."""
    return {
        **_NEVER,
        **_EMPTY,
        "aggregatable": field.aggregatable,
        "byteLength": field.length * (1 if field.type in _ONE_BYTE else 3),
        "calculated": field.calculated,
        "caseSensitive": field.case_sensitive,
        "createable": field.createable and editable,
        "custom": field.custom,
        "defaultValue": False if field.type == "boolean" else None,
        "defaultedOnCreate": field.defaulted,
        "digits": field.digits,
        "externalId": field.external_id,
        "extraTypeInfo": "plaintextarea" if field.type == "textarea" else None,
        "filterable": field.filterable,
        "groupable": field.groupable,
        "idLookup": field.id_lookup,
        "label": field.label,
        "length": field.length,
        "name": field.name,
        "nameField": field.name == _NAME_FIELD.get(sobject.name, "Name"),
        "namePointing": field.polymorphic,
        "nillable": field.nillable,
        "permissionable": field.permissionable,
        "picklistValues": [_picklist_value(value) for value in field.picklist],
        "polymorphicForeignKey": field.polymorphic,
        "precision": field.precision,
        "referenceTo": list(field.reference_to),
        "relationshipName": field.relationship_name,
        "restrictedPicklist": field.restricted,
        "scale": field.scale,
        "searchPrefilterable": field.type == "reference" and field.permissionable,
        "soapType": _SOAP.get(field.type, "xsd:string"),
        "sortable": field.filterable and field.type != "multipicklist",
        "type": field.type,
        "unique": field.unique,
        "updateable": field.updateable and editable,
    }


def _picklist_value(value: str) -> dict[str, Any]:
    return {
        "active": True,
        "defaultValue": False,
        "label": value,
        "validFor": None,
        "value": value,
    }


def describe(
    sobject: SObject,
    visible_fields: Collection[str],
    *,
    editable_fields: Collection[str] | None = None,
    known_objects: Collection[str] | None = None,
    api_version: str = "63.0",
) -> dict[str, Any]:
    """Return the body of ``/sobjects/X/describe``.

    ``editable_fields`` are those the user may write (None: all visible ones); ``known_objects``
    limits child relationships to objects the org has (None: all).
    """
    fields = [field for field in sobject.fields.values() if field.name in visible_fields]
    children = [
        _child(name, child, key)
        for name, (child, key) in sobject.children.items()
        if known_objects is None or child in known_objects
    ]
    plural = sobject.plural.lower()
    base = _base(sobject, api_version)
    layout = f"{base}/describe/layouts"
    return {
        **_summary(sobject, api_version),
        **_FULL_EMPTY,
        "actionOverrides": [],
        "childRelationships": children,
        "compactLayoutable": "compactLayoutable" in sobject.traits,
        "fields": [
            describe_field(
                sobject, field, editable=editable_fields is None or field.name in editable_fields
            )
            for field in fields
        ],
        "namedLayoutInfos": [],
        "recordTypeInfos": [_master(layout)] if "layoutable" in sobject.traits else [],
        "searchLayoutable": "searchLayoutable" in sobject.traits,
        "sobjectDescribeOption": "FULL",
        "supportedScopes": [
            {"label": f"All {plural}", "name": "everything"},
            {"label": f"My {plural}", "name": "mine"},
        ],
    }


def _child(name: str, child: str, key: str) -> dict[str, Any]:
    return {
        "cascadeDelete": True,
        "childSObject": child,
        "deprecatedAndHidden": False,
        "field": key,
        "junctionIdListNames": [],
        "junctionReferenceTo": [],
        "relationshipName": name,
        "restrictedDelete": False,
    }


def _master(layout: str) -> dict[str, Any]:
    return {
        "active": True,
        "available": True,
        "defaultRecordTypeMapping": True,
        "developerName": "Master",
        "master": True,
        "name": "Master",
        "recordTypeId": _MASTER,
        "urls": {"layout": f"{layout}/{_MASTER}"},
    }


def _base(sobject: SObject, api_version: str) -> str:
    return f"/services/data/v{api_version}/sobjects/{sobject.name}"


def _summary(sobject: SObject, api_version: str) -> dict[str, Any]:
    base = _base(sobject, api_version)
    return {
        **_OBJECT_NEVER,
        **{trait: trait in sobject.traits for trait in _OBJECT_TRAITS},
        "keyPrefix": sobject.prefix,
        "label": sobject.label,
        "labelPlural": sobject.plural,
        "name": sobject.name,
        "urls": {
            "sobject": base,
            "describe": f"{base}/describe",
            "rowTemplate": f"{base}/{{ID}}",
            "layouts": f"{base}/describe/layouts",
        },
    }


def describe_global(sobjects: Iterable[SObject], *, api_version: str = "63.0") -> dict[str, Any]:
    """Return the body of ``/sobjects``: one short entry for each object the user may see."""
    entries = [
        {
            **_summary(sobject, api_version),
            "associateEntityType": None,
            "associateParentEntity": None,
        }
        for sobject in sorted(sobjects, key=lambda found: found.name)
    ]
    return {"encoding": "UTF-8", "maxBatchSize": 200, "sobjects": entries}
