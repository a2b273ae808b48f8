"""The rows every org has before anybody enters anything.

Know before changing: these make an empty ``Org`` usable in a test (a stage has a meaning, a task a
default status, the integration user exists). Seeded rows of ``ALWAYS_REPLACED`` take their place.

Does not do: opportunities, people, activity (``seed``).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from crmrules_sandbox.salesforce.org import Org

ALWAYS_REPLACED = frozenset({"OpportunityStage", "TaskStatus", "Organization"})

INTEGRATION_USERNAME = "crmrules@sandbox.example"

# label, probability, forecast category, its name, closed, won: as in a new Developer Edition org
_STAGES = (
    ("Prospecting", 10, "Pipeline", "Pipeline", False, False),
    ("Qualification", 10, "Pipeline", "Pipeline", False, False),
    ("Needs Analysis", 20, "Pipeline", "Pipeline", False, False),
    ("Value Proposition", 50, "Pipeline", "Pipeline", False, False),
    ("Id. Decision Makers", 60, "Pipeline", "Pipeline", False, False),
    ("Perception Analysis", 70, "Pipeline", "Pipeline", False, False),
    ("Proposal/Price Quote", 75, "Pipeline", "Pipeline", False, False),
    ("Negotiation/Review", 90, "Pipeline", "Pipeline", False, False),
    ("Closed Won", 100, "Closed", "Closed", True, True),
    ("Closed Lost", 0, "Omitted", "Omitted", True, False),
)
_STATUSES = ("Not Started", "In Progress", "Completed", "Waiting on someone else", "Deferred")


def default_rows(
    org: Org, organization_id: str, *, is_sandbox: bool
) -> dict[str, list[dict[str, Any]]]:
    """Return the organization, the integration user, the stages and the task statuses."""
    organization = {
        "Id": organization_id,
        "Name": "Sandbox",
        "OrganizationType": "Enterprise Edition",
        "InstanceName": "CS00",
        "IsSandbox": is_sandbox,
    }
    user = {
        "Id": org.user_id,
        "Username": INTEGRATION_USERNAME,
        "LastName": "Integration",
        "Name": "Integration",
        "Email": INTEGRATION_USERNAME,
        "Alias": "crmrules",
        "IsActive": True,
        "UserType": "Standard",
    }
    return {
        "Organization": [organization],
        "User": [user],
        "OpportunityStage": _stages(),
        "TaskStatus": _statuses(),
    }


def _stages() -> list[dict[str, Any]]:
    return [
        {
            "MasterLabel": label,
            "ApiName": label,
            "IsActive": True,
            "SortOrder": place,
            "DefaultProbability": float(probability),
            "ForecastCategory": category,
            "ForecastCategoryName": name,
            "IsClosed": closed,
            "IsWon": won,
        }
        for place, (label, probability, category, name, closed, won) in enumerate(_STAGES, 1)
    ]


def _statuses() -> list[dict[str, Any]]:
    return [
        {
            "MasterLabel": label,
            "ApiName": label,
            "SortOrder": place,
            "IsDefault": place == 1,
            "IsClosed": label == "Completed",
        }
        for place, label in enumerate(_STATUSES, 1)
    ]
