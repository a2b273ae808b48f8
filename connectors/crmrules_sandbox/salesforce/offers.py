"""Writes products, line items, quotes and the amounts that follow from them.

Know before changing: syncing a quote replaces the line items (Salesforce deletes and makes them
anew), so line items are as old as the newest quote and carry its discount, and the opportunity's
amount follows each quote. Every total is the sum of its rounded lines.

Does not do: decide when a quote is made and at what discount.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from crmrules_sandbox.salesforce.ledger import Ledger, Row


@dataclass(frozen=True, slots=True)
class Item:
    """A product and how many of it."""

    product: Row
    price: float
    quantity: float

    def total(self, discount: float) -> float:
        """Return the line's total after a discount in percent."""
        return round(self.price * self.quantity * (1 - discount / 100), 2)


def basket(ledger: Ledger, prices: dict[str, float], value: float) -> list[Item]:
    """Return up to three products whose list total comes close to the value."""
    products = ledger.rng.sample(ledger.rows["Product2"], ledger.rng.choice((1, 2, 2, 3)))
    share = value / len(products)
    return [
        Item(product, prices[product["Id"]], float(max(1, round(share / prices[product["Id"]]))))
        for product in products
    ]


def write_quote(
    ledger: Ledger,
    opportunity: Row,
    items: list[Item],
    at: datetime,
    discount: float,
    *,
    last: bool,
) -> Row:
    """Add one quote version with its lines; only the last one is the synced one."""
    owner, number = opportunity["OwnerId"], len(ledger.rows["Quote"]) + 1
    total = round(sum(item.total(discount) for item in items), 2)
    quote = ledger.add(
        "Quote",
        at,
        owner,
        Name=f"{opportunity['Name']} quote",
        QuoteNumber=f"{number:08d}",
        OpportunityId=opportunity["Id"],
        AccountId=opportunity["AccountId"],
        ContactId=None,
        OwnerId=owner,
        Status="Accepted" if last and opportunity["IsWon"] else "Presented",
        Discount=discount,
        Subtotal=round(sum(item.total(0) for item in items), 2),
        TotalPrice=total,
        GrandTotal=total,
        LineItemCount=len(items),
        IsSyncing=last,
        ExpirationDate=(at + timedelta(days=60)).date().isoformat(),
    )
    for place, item in enumerate(items, start=1):
        ledger.add(
            "QuoteLineItem",
            at,
            owner,
            QuoteId=quote["Id"],
            LineNumber=f"{place:08d}",
            SortOrder=place,
            **_line(item, discount),
        )
    return quote


def write_lines(
    ledger: Ledger, opportunity: Row, items: list[Item], at: datetime, discount: float
) -> None:
    """Add the opportunity's line items as the newest quote left them."""
    for place, item in enumerate(items, start=1):
        ledger.add(
            "OpportunityLineItem",
            at,
            opportunity["OwnerId"],
            OpportunityId=opportunity["Id"],
            Name=f"{opportunity['Name']} {item.product['Name']}"[:255],
            ProductCode=item.product["ProductCode"],
            SortOrder=place,
            **_line(item, discount),
        )


def _line(item: Item, discount: float) -> Row:
    return {
        "Product2Id": item.product["Id"],
        "Quantity": item.quantity,
        "UnitPrice": item.price,
        "ListPrice": item.price,
        "Discount": discount,
        "Subtotal": item.total(0),
        "TotalPrice": item.total(discount),
    }
