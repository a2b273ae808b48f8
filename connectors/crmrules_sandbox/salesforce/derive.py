"""What Salesforce fills in by itself when a record is written.

Know before changing: ``fill`` completes a row before it is stored, ``follow_up`` writes other rows
afterwards (history, the opportunity's last activity). Both compare the row with what it was, so a
write that changes nothing leaves no history. Sources: Object Reference (Task, Opportunity,
OpportunityHistory); a stage's meaning comes from the OpportunityStage table, never from its label.

Does not do: formula fields, roll-ups, workflow.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from crmrules_sandbox.salesforce.store import Row

if TYPE_CHECKING:
    from crmrules_sandbox.salesforce.org import Org

_HISTORY = ("StageName", "Amount", "CloseDate", "Probability")
_TRACKED = ("StageName", "Amount", "CloseDate", "NextStep", "OwnerId")
_DATA_TYPES = {"Amount": "Currency", "CloseDate": "DateOnly", "OwnerId": "EntityId"}


def fill(org: Org, sobject: str, old: Mapping[str, Any], row: Row) -> None:
    """Set the derived fields of a row about to be stored; ``old`` is empty for a new one."""
    if sobject == "Task":
        _fill_task(org, old, row)
    elif sobject == "Opportunity":
        _fill_opportunity(org, old, row)
    elif sobject in ("Contact", "User") and row.get("LastName"):
        row["Name"] = " ".join(p for p in (row.get("FirstName"), row["LastName"]) if p)


def _fill_task(org: Org, old: Mapping[str, Any], row: Row) -> None:
    row["IsHighPriority"] = row.get("Priority") == "High"
    if row.get("Status") == old.get("Status") and "IsClosed" in old:
        return
    row["IsClosed"] = org.is_closing(row.get("Status"))
    if not row["IsClosed"]:
        row["CompletedDateTime"] = None
    elif not old.get("IsClosed"):
        loaded = None if old else row.get("CompletedDateTime")
        row["CompletedDateTime"] = loaded or row["LastModifiedDate"]


def _fill_opportunity(org: Org, old: Mapping[str, Any], row: Row) -> None:
    stage = org.stage(row.get("StageName"))
    if stage is not None and row.get("StageName") != old.get("StageName"):
        row["IsClosed"], row["IsWon"] = bool(stage.get("IsClosed")), bool(stage.get("IsWon"))
        if row.get("Probability") == old.get("Probability"):
            row["Probability"] = stage.get("DefaultProbability")
        row["ForecastCategory"] = stage.get("ForecastCategory")
        row["ForecastCategoryName"] = stage.get("ForecastCategoryName")
        if old:
            row["LastStageChangeDate"] = row["LastModifiedDate"]
    amount, probability = row.get("Amount"), row.get("Probability")
    if amount is None or probability is None:
        row["ExpectedRevenue"] = None
    else:
        row["ExpectedRevenue"] = round(amount * probability / 100, 2)


def follow_up(org: Org, sobject: str, old: Mapping[str, Any], row: Row, user_id: str) -> None:
    """Write the rows that follow from a stored change."""
    if sobject == "Opportunity":
        if any(row.get(name) != old.get(name) for name in _HISTORY):
            _add_history(org, old, row, user_id)
        if old and "OpportunityFieldHistory" in org.schema:
            _add_field_history(org, old, row, user_id)
    elif sobject == "Task" and row.get("IsClosed") and row.get("ActivityDate"):
        _touch_opportunity(org, row)


def _add_history(org: Org, old: Mapping[str, Any], row: Row, user_id: str) -> None:
    at = row["LastModifiedDate"]
    copied = ("StageName", "Amount", "ExpectedRevenue", "CloseDate", "Probability")
    history: Row = {
        "Id": org.store.new_id("OpportunityHistory"),
        "IsDeleted": False,
        "OpportunityId": row["Id"],
        "CreatedById": user_id,
        "CreatedDate": at,
        "SystemModstamp": at,
        "ForecastCategory": row.get("ForecastCategory"),
        "PrevAmount": old.get("Amount"),
        "PrevCloseDate": old.get("CloseDate"),
        **{name: row.get(name) for name in copied},
    }
    org.store.put("OpportunityHistory", history)


def _add_field_history(org: Org, old: Mapping[str, Any], row: Row, user_id: str) -> None:
    for name in _TRACKED:
        if row.get(name) == old.get(name):
            continue
        entry: Row = {
            "Id": org.store.new_id("OpportunityFieldHistory"),
            "IsDeleted": False,
            "OpportunityId": row["Id"],
            "CreatedById": user_id,
            "CreatedDate": row["LastModifiedDate"],
            "Field": name,
            "DataType": _DATA_TYPES.get(name, "Text"),
            "OldValue": old.get(name),
            "NewValue": row.get(name),
        }
        org.store.put("OpportunityFieldHistory", entry)


def _touch_opportunity(org: Org, task: Row) -> None:
    # A finished activity moves LastActivityDate, and with it SystemModstamp, but not
    # LastModifiedDate: nobody edited the opportunity.
    opportunity = org.store.tables["Opportunity"].get(task.get("WhatId") or "")
    if opportunity is None or opportunity.get("IsDeleted"):
        return
    if (opportunity.get("LastActivityDate") or "") < task["ActivityDate"]:
        moved = {
            "LastActivityDate": task["ActivityDate"],
            "SystemModstamp": task["SystemModstamp"],
        }
        org.store.put("Opportunity", {**opportunity, **moved})
