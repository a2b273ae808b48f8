"""Which of our fields there are for this user, and what it may do with them.

Know before changing: a describe shows no difference between a field that does not exist and one
that is hidden, so both are said. Where none of ours is there, that is one problem and not seven.

It sends nothing.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from crmrules.connector import Capabilities, Problem
from crmrules_salesforce.errors import PERMISSION_SET

Described = Mapping[str, Mapping[str, Any]]
"""Field name -> its description, as the API gives it."""

KEY_FIELD = "CrmRules_Key__c"
RULE_FIELD = "CrmRules_Rule__c"
OUR_FIELDS: Mapping[str, str] = {
    "status": "CrmRules_Status__c",
    "flags": "CrmRules_Flags__c",
    "summary": "CrmRules_Summary__c",
    "buying_phase": "CrmRules_Buying_Phase__c",
    "checked_at": "CrmRules_Checked_At__c",
}
ALL_FIELDS = frozenset({KEY_FIELD, RULE_FIELD, *OUR_FIELDS.values(), "CrmRules_Focus__c"})


def is_bare(described: Mapping[str, Described]) -> bool:
    """Return whether nothing of ours is there, as far as this user sees."""
    return not any(described.get(one, {}).keys() & ALL_FIELDS for one in ("Opportunity", "Task"))


def not_provisioned(user: str) -> Problem:
    """Return the one problem of an org where nothing of ours is there for this user."""
    fields = ", ".join(OUR_FIELDS.values())
    return Problem(
        f"this org is not provisioned: Opportunity.{fields} and Task.{KEY_FIELD} do not exist, or "
        f"{user} does not have the permission set '{PERMISSION_SET}'",
        "run 'crmrules provision --assign' with an administrator's token, or deploy "
        "deploy/salesforce and assign the permission set",
        level="error",
    )


def read_capabilities(
    described: Mapping[str, Described], user: str
) -> tuple[Capabilities, list[Problem]]:
    """Return what of ours this user can write, and what is in the way."""
    problems: list[Problem] = []
    task, opportunity = described.get("Task", {}), described.get("Opportunity", {})
    key = task.get(KEY_FIELD, {})
    unique = bool(key.get("externalId") and key.get("unique"))
    tasks = bool(key.get("createable") and task.get("Subject", {}).get("createable"))
    if not tasks:
        problems.append(
            Problem(
                f"Task.{KEY_FIELD} does not exist, or {user} may not write it: no tasks are made",
                "run crmrules provision --assign; or deploy deploy/salesforce and assign the "
                f"permission set '{PERMISSION_SET}'",
                level="error",
            )
        )
    elif not unique:
        problems.append(
            Problem(
                f"Task.{KEY_FIELD} is not an External ID with Unique: two syncs that overlap "
                "could make a task twice",
                "set External ID and Unique (case-sensitive) on the field of Activity",
            )
        )
    flags = frozenset(
        name for name, field in OUR_FIELDS.items() if opportunity.get(field, {}).get("updateable")
    )
    hidden = [field for name, field in OUR_FIELDS.items() if name not in flags]
    if hidden:
        text = f"{user} may not write Opportunity.{', '.join(hidden)}, or they do not exist"
        remedy = f"grant edit on them in the permission set '{PERMISSION_SET}'"
        problems.append(Problem(text, remedy, level="error"))
    capable = Capabilities(incremental=True, tasks=tasks, flags=flags, unique_key=tasks and unique)
    return capable, problems
