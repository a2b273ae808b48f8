"""Writes line items and quotes, and the amounts that follow from them.

Know before changing: syncing a quote replaces the line items (Salesforce deletes and makes them
anew), so line items are as old as the newest quote and carry its discount. Every total is the sum
of its rounded lines; a quote's discount is the average of its lines' weighted by their list totals.

Does not do: decide when a quote is made and at what discount.
"""

from __future__ import annotations

from crmrules_sandbox.salesforce.ledger import Ledger, Row
from crmrules_sandbox.scenario.model import Line, Opportunity, Quote


def write_quote(ledger: Ledger, opportunity: Row, quote: Quote, products: dict[str, Row]) -> Row:
    """Add one quote version with its lines; ``products`` are rows by product id."""
    owner, number = opportunity["OwnerId"], len(ledger.rows["Quote"]) + 1
    total = round(sum(line.total for line in quote.lines), 2)
    row = ledger.add(
        "Quote",
        quote.at,
        owner,
        Name=f"{opportunity['Name']} quote",
        QuoteNumber=f"{number:08d}",
        OpportunityId=opportunity["Id"],
        AccountId=opportunity["AccountId"],
        ContactId=None,
        OwnerId=owner,
        Status="Accepted" if quote.accepted else "Draft" if quote.draft else "Presented",
        Discount=_discount(quote),
        Subtotal=round(sum(line.listed for line in quote.lines), 2),
        TotalPrice=total,
        GrandTotal=total,
        LineItemCount=len(quote.lines),
        IsSyncing=quote.current,
        ExpirationDate=quote.expires.isoformat(),
    )
    for place, line in enumerate(quote.lines, start=1):
        ledger.add(
            "QuoteLineItem",
            quote.at,
            owner,
            QuoteId=row["Id"],
            LineNumber=f"{place:08d}",
            SortOrder=place,
            **_line(line, products[line.product]),
        )
    return row


def write_lines(
    ledger: Ledger, row: Row, opportunity: Opportunity, products: dict[str, Row]
) -> None:
    """Add the opportunity's own line items."""
    for place, line in enumerate(opportunity.lines, start=1):
        product = products[line.product]
        ledger.add(
            "OpportunityLineItem",
            opportunity.lines_since or opportunity.entered,
            row["OwnerId"],
            OpportunityId=row["Id"],
            Name=f"{row['Name']} {product['Name']}"[:255],
            ProductCode=product["ProductCode"],
            SortOrder=place,
            **_line(line, product),
        )


def _discount(quote: Quote) -> float | None:
    given = {line.discount for line in quote.lines}
    if len(given) == 1:
        return given.pop()  # the average of equal figures, without its rounding
    listed = sum(line.listed for line in quote.lines)
    if not listed:
        return None
    return round(sum(line.discount * line.listed for line in quote.lines) / listed, 2)


def _line(line: Line, product: Row) -> Row:
    return {
        "Product2Id": product["Id"],
        "Quantity": line.quantity,
        "UnitPrice": line.price,
        "ListPrice": line.price,
        "Discount": line.discount,
        "Subtotal": line.listed,
        "TotalPrice": line.total,
    }
