"""Our own side of the sandbox org: the organization, users, stages, task statuses and products.

Know before changing: the integration user is the one crmrules signs in as, so its name is looked up
by the demo (``INTEGRATION``); it is the first user and no colleague. Stage and status values are
Salesforce's defaults.

Does not do: anything that belongs to a customer.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta

from crmrules_sandbox.salesforce.ids import sfid
from crmrules_sandbox.salesforce.ledger import Ledger, Row
from crmrules_sandbox.scenario.model import Colleague, Organization, Product
from crmrules_sandbox.scenario.outline import CHANCES, LOST, NEGOTIATION, PROPOSAL, WON

INTEGRATION = "crmrules.integration@orderlink.example"
"""Username of the integration user."""

_OWN = 9_000_001  # the number an empty org gives its organization and integration user

STATUSES = (
    ("Not Started", False),
    ("In Progress", False),
    ("Completed", True),
    ("Waiting on someone else", False),
    ("Deferred", False),
)
_FORECASTS = {
    PROPOSAL: ("BestCase", "Best Case"),
    NEGOTIATION: ("BestCase", "Best Case"),
    WON: ("Closed", "Closed"),
    LOST: ("Omitted", "Omitted"),
}


def forecast(stage: str) -> tuple[str, str]:
    """Return the forecast category of a stage: API value and label."""
    return _FORECASTS.get(stage, ("Pipeline", "Pipeline"))


def furnish(
    ledger: Ledger,
    organization: Organization,
    colleagues: Sequence[Colleague],
    products: Sequence[Product],
) -> dict[str, Row]:
    """Add our own side to the ledger; return the rows of colleagues and products by their id."""
    robot = _user(ledger, organization, ("Rules", "Integration"), INTEGRATION)
    robot["Id"] = sfid("005", _OWN)
    robot |= {"CreatedById": robot["Id"], "LastModifiedById": robot["Id"]}
    ledger.robot = robot["Id"]
    _organization(ledger, organization)
    made: dict[str, Row] = {}
    for one in colleagues:
        row = _user(ledger, organization, (one.first, one.last), one.mail)
        row |= {"Title": one.title, "Department": "Sales", "TimeZoneSidKey": one.time_zone}
        row |= {"ManagerId": made[one.manager]["Id"] if one.manager else None}
        row |= {"IsActive": one.active}
        made[one.id] = row
    _stages(ledger, organization)
    for product in products:
        made[product.id] = ledger.add(
            "Product2",
            organization.since,
            Name=product.name,
            ProductCode=product.code,
            IsActive=True,
            Family=None,
        )
    return made


def _organization(ledger: Ledger, organization: Organization) -> None:
    row = ledger.add(
        "Organization",
        organization.since - timedelta(days=30),
        Name=organization.name,
        OrganizationType="Enterprise Edition",
        InstanceName="SBX1",
        IsSandbox=True,
        TimeZoneSidKey=organization.time_zone,
        DefaultLocaleSidKey="en_US",
        LanguageLocaleKey="en_US",
        Country="DE",
        FiscalYearStartMonth=1,
        TrialExpirationDate=None,
    )
    row["Id"] = sfid("00D", _OWN)


def _user(ledger: Ledger, organization: Organization, name: tuple[str, str], username: str) -> Row:
    return ledger.add(
        "User",
        organization.since,
        Username=username,
        FirstName=name[0],
        LastName=name[1],
        Name=" ".join(name),
        Email=username,
        Alias=(name[0][:1] + name[1][:6]).lower(),
        Title=None,
        Department=None,
        TimeZoneSidKey=organization.time_zone,
        LocaleSidKey="en_US",
        LanguageLocaleKey="en_US",
        UserType="Standard",
        IsActive=True,
        ManagerId=None,
    )


def _stages(ledger: Ledger, organization: Organization) -> None:
    """Add the default stages and task statuses."""
    for place, (name, chance) in enumerate(CHANCES.items(), start=1):
        category, label = forecast(name)
        ledger.add(
            "OpportunityStage",
            organization.since,
            MasterLabel=name,
            ApiName=name,
            IsActive=True,
            SortOrder=place,
            IsClosed=name in (WON, LOST),
            IsWon=name == WON,
            DefaultProbability=float(chance),
            ForecastCategory=category,
            ForecastCategoryName=label,
            Description=None,
        )
    for place, (name, closed) in enumerate(STATUSES, start=1):
        ledger.add(
            "TaskStatus",
            organization.since,
            MasterLabel=name,
            ApiName=name,
            SortOrder=place,
            IsDefault=place == 1,
            IsClosed=closed,
        )
