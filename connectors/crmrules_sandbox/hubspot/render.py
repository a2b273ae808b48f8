"""Renders a scenario as the contents of a HubSpot portal.

Know before changing: nothing is drawn here; the same scenario gives the same contents with the same
ids, and what a rule reads from them is what it reads from the Salesforce rendering. What HubSpot
has no place for is left out: a colleague's manager and time zone, rivals, a quote's own discount.

Does not do: make a scenario (``crmrules_sandbox.scenario``), or keep the records (``portal``).
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime

from crmrules_sandbox.hubspot.book import Book, Value, minted
from crmrules_sandbox.hubspot.conversations import Scene
from crmrules_sandbox.hubspot.pipelines import PIPELINE, STAGE_IDS, pipelines
from crmrules_sandbox.hubspot.records import Contents, Owner, Record
from crmrules_sandbox.scenario.model import (
    Company,
    Line,
    Opportunity,
    Person,
    Quote,
    Scenario,
)
from crmrules_sandbox.scenario.outline import WON
from crmrules_sandbox.scenario.timeline import timeline

PORTAL_ID = 48_120_377
_OWNER, _USER = 61_004_410, 7_205_118
CONTRACT_END = "contract_end"
"""A property of the made-up organization's own."""

FORECASTS = {
    "omitted": "OMIT",
    "pipeline": "PIPELINE",
    "best case": "BEST_CASE",
    "commit": "COMMIT",
}
"""What somebody chose as forecast -> value of the property."""


def render(scenario: Scenario) -> Contents:
    """Return everything the portal starts with."""
    return _Writer(scenario).contents()


def ids(scenario: Scenario) -> dict[str, tuple[str, str]]:
    """Return the scenario's ids with the type and id of the record that stands for each.

    Types are plural; a colleague is one of ``owners``, a product one of ``products``.
    """
    return _Writer(scenario).ids


class _Writer:
    """Writes the whole scenario into a book at once; ``ids`` as the function says."""

    def __init__(self, scenario: Scenario) -> None:
        self._scenario, self._book = scenario, Book()
        self._owners = {
            one.id: Owner(
                str(_OWNER + 13 * number),
                _USER + 29 * number,
                one.mail,
                one.first,
                one.last,
                archived=not one.active,
            )
            for number, one in enumerate(scenario.colleagues)
        }
        self._products = {one.id: one for one in scenario.products}
        self.ids = {name: ("owners", owner.id) for name, owner in self._owners.items()}
        self.ids |= {
            name: ("products", minted(number))
            for number, name in enumerate(self._products, start=1)
        }
        self._records: dict[str, Record] = {}
        for company in scenario.companies:
            self._records[company.id] = self._company(company)
        for person in scenario.people:
            self._records[person.id] = self._contact(person)
        for one in scenario.opportunities:
            self._records[one.id] = self._opportunity(one)
        self.ids |= {name: (each.type, each.id) for name, each in self._records.items()}

    def contents(self) -> Contents:
        """Return what was written."""
        organization = self._scenario.organization
        return Contents(
            self._book.records,
            self._book.links,
            list(self._owners.values()),
            pipelines(),
            PORTAL_ID,
            time_zone=organization.time_zone,
            currency=organization.currency,
        )

    def _company(self, company: Company) -> Record:
        owner = self._owners[company.owner]
        properties: dict[str, Value | date] = {
            "name": company.name,
            "domain": company.domain,
            "industry": company.industry,
            "city": company.city,
            "country": company.country,
            "numberofemployees": company.employees,
            "type": "PROSPECT",
            "hs_parent_company_id": self._records[company.parent].id if company.parent else None,
            "hubspot_owner_id": owner.id,
        }
        record = self._book.add("companies", company.entered, owner, properties)
        if company.buys:
            at = max(self._sold(company) or company.entered, company.entered)
            self._book.change(record, at, owner, "type", "CUSTOMER")
        return record

    def _sold(self, company: Company) -> datetime | None:
        """Return when the company first bought something, if the scenario tells."""
        return min(
            (
                move.at
                for one in self._scenario.opportunities
                if one.company == company.id
                for move in one.stages
                if move.stage == WON
            ),
            default=None,
        )

    def _contact(self, person: Person) -> Record:
        owner = self._owners[person.owner]
        properties: dict[str, Value | date] = {
            "firstname": person.first,
            "lastname": person.last,
            "email": person.mail,
            "phone": person.phone,
            "jobtitle": person.title,
            "hubspot_owner_id": owner.id,
        }
        record = self._book.add("contacts", person.entered, owner, properties)
        if person.bounced is not None:
            name = "hs_email_hard_bounce_reason_enum"
            self._book.change(record, person.bounced, None, name, "UNKNOWN_USER")
        self._book.link(record, self._records[person.company])
        return record

    def _opportunity(self, one: Opportunity) -> Record:
        """Write the deal and everything around it."""
        owner, company = self._owners[one.owner], self._records[one.company]
        deal = self._deal(one, owner)
        self._book.link(deal, company, primary=True)
        for role in one.roles:
            labels = (role.word,) if role.word else ()
            self._book.link(deal, self._records[role.person], *labels)
        for quote in one.quotes:
            self._records[quote.id] = self._quote(deal, quote, owner, one.name)
        self._lines(deal, one.lines, one.lines_since or one.entered, owner)
        scene = Scene(self._book, self._scenario.now, deal, company, owner, self._records)
        for talk in one.conversations:
            self._records[talk.id] = scene.write(talk)
        return deal

    def _deal(self, one: Opportunity, owner: Owner) -> Record:
        properties: dict[str, Value | date] = {
            "dealname": one.name,
            "pipeline": PIPELINE,
            "dealtype": "existingbusiness" if one.again else "newbusiness",
            "hs_analytics_source": one.source,
            "hubspot_owner_id": owner.id,
            "hs_manual_forecast_category": FORECASTS[one.forecast] if one.forecast else None,
            CONTRACT_END: one.contract_end.isoformat() if one.contract_end else None,
        }
        deal = self._book.add("deals", one.entered, owner, properties)
        changes: list[tuple[datetime, str, Value | date]] = []
        for at, values in timeline(one):
            changes.append((at, "dealstage", STAGE_IDS[values.stage]))
            changes.append((at, "amount", values.amount))
            changes.append((at, "closedate", values.closes))
        changes += [(step.at, "hs_next_step", step.text) for step in one.steps]
        for at, name, value in sorted(changes, key=lambda change: change[0]):
            self._book.change(deal, at, owner, name, value)
        return deal

    def _quote(self, deal: Record, quote: Quote, owner: Owner, name: str) -> Record:
        properties: dict[str, Value | date] = {
            "hs_title": f"{name} quote",
            "hs_status": "DRAFT" if quote.draft else "APPROVAL_NOT_NEEDED",
            "hs_quote_amount": round(sum(line.total for line in quote.lines), 2),
            "hs_expiration_date": quote.expires,
            "hubspot_owner_id": owner.id,
        }
        record = self._book.add("quotes", quote.at, owner, properties)
        self._book.link(record, deal)
        self._lines(record, quote.lines, quote.at, owner)
        return record

    def _lines(self, parent: Record, lines: Sequence[Line], at: datetime, owner: Owner) -> None:
        """Write line items; a quote's and the deal's are records of their own, as in a portal."""
        for place, line in enumerate(lines):
            product = self._products[line.product]
            properties: dict[str, Value | date] = {
                "name": product.name,
                "hs_sku": product.code,
                "hs_product_id": self.ids[product.id][1],
                "quantity": line.quantity,
                "price": line.price,
                "hs_discount_percentage": line.discount,
                "amount": line.total,
                "hs_position_on_quote": place,
            }
            self._book.link(self._book.add("line_items", at, owner, properties), parent)
