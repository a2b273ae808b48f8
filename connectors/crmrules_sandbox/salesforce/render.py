"""Renders a scenario as Salesforce rows.

Know before changing: nothing is drawn here; the same scenario gives the same rows with the same
ids. ``ids`` tells which records stand for what in the scenario, so that another CRM's rendering of
it can be compared. Accounts and contacts come before the opportunities they have to do with.

Does not do: make a scenario (``crmrules_sandbox.scenario``), or keep the rows (``org``).
"""

from __future__ import annotations

from typing import Any

from crmrules_sandbox.salesforce.happenings import Scene
from crmrules_sandbox.salesforce.ledger import Ledger, Row, stamp
from crmrules_sandbox.salesforce.offers import write_lines, write_quote
from crmrules_sandbox.salesforce.staff import furnish
from crmrules_sandbox.salesforce.unfold import (
    sum_up,
    write_opportunity,
    write_rivals,
    write_steps,
)
from crmrules_sandbox.scenario.model import Company, Opportunity, Person, Role, Scenario


def render(scenario: Scenario) -> dict[str, list[dict[str, Any]]]:
    """Return object name -> rows with Salesforce API names."""
    return _Writer(scenario).ledger.rows


def ids(scenario: Scenario) -> dict[str, tuple[str, ...]]:
    """Return the scenario's ids with those of the records that stand for each.

    Most stand for one record. A mail is its EmailMessage and the task made for it, in this order.
    """
    return _Writer(scenario).ids


class _Writer:
    """Writes the whole scenario into a ledger at once; ``ids`` as the function says."""

    def __init__(self, scenario: Scenario) -> None:
        self.ledger = Ledger(scenario.now)
        organization, products = scenario.organization, scenario.products
        self._rows = furnish(self.ledger, organization, scenario.colleagues, products)
        for company in scenario.companies:
            self._rows[company.id] = self._account(company)
        for person in scenario.people:
            self._rows[person.id] = self._contact(person)
        self.ids: dict[str, tuple[str, ...]] = {}
        for one in scenario.opportunities:
            self._rows[one.id] = self._opportunity(one)
        self.ids |= {name: (row["Id"],) for name, row in self._rows.items()}

    def _account(self, company: Company) -> Row:
        employees, owner = company.employees, self._rows[company.owner]["Id"]
        return self.ledger.add(
            "Account",
            company.entered,
            owner,
            Name=company.name,
            Industry=company.industry,
            Website=company.domain,
            Type="Customer - Direct" if company.buys else "Prospect",
            ParentId=self._rows[company.parent]["Id"] if company.parent else None,
            NumberOfEmployees=employees,
            AnnualRevenue=employees * 180_000.0 if employees else None,
            BillingCity=company.city,
            BillingCountry=company.country,
            OwnerId=owner,
        )

    def _contact(self, person: Person) -> Row:
        owner = self._rows[person.owner]["Id"]
        return self.ledger.add(
            "Contact",
            person.entered,
            owner,
            AccountId=self._rows[person.company]["Id"],
            OwnerId=owner,
            FirstName=person.first,
            LastName=person.last,
            Name=person.name,
            Email=person.mail,
            Phone=person.phone,
            Title=person.title,
            Department=None,
            LeadSource=person.source,
            EmailBouncedDate=stamp(person.bounced) if person.bounced else None,
            EmailBouncedReason="550 5.1.1 user unknown" if person.bounced else None,
            IsEmailBounced=person.bounced is not None,
        )

    def _opportunity(self, one: Opportunity) -> Row:
        """Write the opportunity and everything around it."""
        ledger, account, owner = self.ledger, self._rows[one.company], self._rows[one.owner]
        row = write_opportunity(ledger, one, account, owner)
        for quote in one.quotes:
            written = write_quote(ledger, row, quote, self._rows)
            self._rows[quote.id] = written
            if quote.current:
                row["SyncedQuoteId"] = written["Id"]
        write_lines(ledger, row, one, self._rows)
        write_steps(ledger, row, one)
        for role in one.roles:
            self._role(row, role)
        scene = Scene(ledger, row, account, owner, self._rows)
        for talk in one.conversations:
            self.ids[talk.id] = scene.write(talk)
        write_rivals(ledger, row, one)
        sum_up(ledger, row, one)
        return row

    def _role(self, row: Row, role: Role) -> None:
        self.ledger.add(
            "OpportunityContactRole",
            role.at,
            row["OwnerId"],
            OpportunityId=row["Id"],
            ContactId=self._rows[role.person]["Id"],
            Role=role.word,
            IsPrimary=role.primary,
        )
