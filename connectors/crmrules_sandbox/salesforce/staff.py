"""Our own side of the sandbox org: the organization, users, stages, task statuses and products.

Know before changing: eight reps work under two managers; one rep has left and still owns records.
The integration user is the one crmrules signs in as, so its name is looked up by the demo
(``INTEGRATION``). Stage and status values are Salesforce's defaults.

Does not do: anything that belongs to a customer.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta

from crmrules_sandbox.salesforce import people
from crmrules_sandbox.salesforce.happenings import DOMAIN
from crmrules_sandbox.salesforce.ids import sfid
from crmrules_sandbox.salesforce.ledger import Ledger, Row
from crmrules_sandbox.salesforce.unfold import PROBABILITY, forecast

INTEGRATION = f"crmrules.integration@{DOMAIN}"
"""Username of the integration user."""

_OWN = 9_000_001  # the number an empty org gives its organization and integration user

_PLACES = (
    ("Europe/Berlin", "Germany", "de"),
    ("Europe/London", "United Kingdom", "en"),
    ("America/New_York", "United States", "en"),
    ("Europe/Madrid", "Spain", "es"),
    ("Europe/Paris", "France", "fr"),
    ("America/Chicago", "United States", "en"),
    ("Europe/Vienna", "Austria", "de"),
    ("Europe/London", "United Kingdom", "en"),
)
STATUSES = (
    ("Not Started", False),
    ("In Progress", False),
    ("Completed", True),
    ("Waiting on someone else", False),
    ("Deferred", False),
)


@dataclass(slots=True)
class Staff:
    """Users by part: reps at work, the one who left, languages by user id, list prices."""

    reps: list[Row]
    leaver: Row
    languages: dict[str, str]
    prices: dict[str, float]

    def owner(self, user: str) -> Row:
        """Return the rep with this id; raises KeyError for anybody else."""
        return {rep["Id"]: rep for rep in self.reps}[user]

    def language(self, user: Row) -> str:
        """Return the language this rep writes notes in."""
        return self.languages.get(user["Id"], "en")


def furnish(ledger: Ledger, cast: people.Cast) -> Staff:
    """Add our own side to the ledger and return who and what there is."""
    old = ledger.moment(1400, hour=9)
    robot = _user(ledger, ("Rules", "Integration"), INTEGRATION, title=None, manager=None)
    robot["Id"] = sfid("005", _OWN)
    robot |= {"CreatedById": robot["Id"], "LastModifiedById": robot["Id"]}
    ledger.robot = robot["Id"]
    organization = ledger.add(
        "Organization",
        old - timedelta(days=30),
        Name="OrderLink Systems",
        OrganizationType="Enterprise Edition",
        InstanceName="SBX1",
        IsSandbox=True,
        TimeZoneSidKey="Europe/Berlin",
        DefaultLocaleSidKey="en_US",
        LanguageLocaleKey="en_US",
        Country="DE",
        FiscalYearStartMonth=1,
        TrialExpirationDate=None,
    )
    organization["Id"] = sfid("00D", _OWN)
    managers = [_colleague(ledger, cast, "Sales Manager", None, place) for place in (0, 2)]
    reps, languages = [], {}
    for place, (_, _, language) in enumerate(_PLACES):
        boss = managers[place % 2]["Id"]
        reps.append(_colleague(ledger, cast, "Account Executive", boss, place))
        languages[reps[-1]["Id"]] = language
    leaver = _colleague(ledger, cast, "Account Executive", managers[0]["Id"], 1)
    leaver["IsActive"] = False
    _stages(ledger)
    prices = {}
    for name, code, price in people.PRODUCTS:
        row = ledger.add("Product2", old, Name=name, ProductCode=code, IsActive=True, Family=None)
        prices[row["Id"]] = price
    return Staff(reps, leaver, languages, prices)


def _user(
    ledger: Ledger,
    name: tuple[str, str],
    username: str,
    *,
    title: str | None,
    manager: str | None,
    place: int = 0,
) -> Row:
    zone = _PLACES[place][0]
    return ledger.add(
        "User",
        ledger.moment(1400, hour=9),
        Username=username,
        FirstName=name[0],
        LastName=name[1],
        Name=" ".join(name),
        Email=username,
        Alias=(name[0][:1] + name[1][:6]).lower(),
        Title=title,
        Department="Sales" if title else None,
        TimeZoneSidKey=zone,
        LocaleSidKey="en_US",
        LanguageLocaleKey="en_US",
        UserType="Standard",
        IsActive=True,
        ManagerId=manager,
    )


def _colleague(
    ledger: Ledger, cast: people.Cast, title: str, manager: str | None, place: int
) -> Row:
    first, last = cast.person()
    username = f"{first}.{last}@{DOMAIN}".lower()
    return _user(ledger, (first, last), username, title=title, manager=manager, place=place)


def _stages(ledger: Ledger) -> None:
    """Add the default stages and task statuses."""
    old = ledger.moment(1400, hour=9)
    for place, (name, chance) in enumerate(PROBABILITY.items(), start=1):
        category, label = forecast(name)
        ledger.add(
            "OpportunityStage",
            old,
            MasterLabel=name,
            ApiName=name,
            IsActive=True,
            SortOrder=place,
            IsClosed=name.startswith("Closed"),
            IsWon=name == "Closed Won",
            DefaultProbability=float(chance),
            ForecastCategory=category,
            ForecastCategoryName=label,
            Description=None,
        )
    for place, (name, closed) in enumerate(STATUSES, start=1):
        ledger.add(
            "TaskStatus",
            old,
            MasterLabel=name,
            ApiName=name,
            SortOrder=place,
            IsDefault=place == 1,
            IsClosed=closed,
        )
