"""Product lines, quotes and competitors.

Know before changing: discounts stay in percent of the list price, as the CRM has them. Salesforce
does not say when a quote reached the customer: without a mapped field, a quote in a status that
only a sent one has was sent by its last change at the latest.

It computes no discount.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime

from crmrules.connector import Row
from crmrules.mapping import Mapping
from crmrules.model import Competitor, Line, Quote
from crmrules.raw import Body, day, first, moment, number, text

_SENT = frozenset({"presented", "accepted", "denied", "sent"})


def lines(rows: Iterable[Row], observed_at: datetime) -> tuple[Line, ...]:
    """Return product lines of an opportunity or of a quote, by creation."""
    found = [
        Line(
            record=row.id,
            known_at=first([moment(row.body, "CreatedDate")], observed_at),
            product=_product(row.body),
            quantity=number(row.body, "Quantity"),
            unit_price=number(row.body, "UnitPrice"),
            list_price=number(row.body, "ListPrice"),
            discount=number(row.body, "Discount"),
        )
        for row in rows
    ]
    return tuple(sorted(found, key=lambda line: (line.known_at, line.record)))


def _product(body: Body) -> str | None:
    names = (text(body, name) for name in ("Name", "ProductCode", "Product2Id"))
    return next((name for name in names if name is not None), None)


def quotes(
    rows: Iterable[Row], quote_lines: Sequence[Row], mapping: Mapping, observed_at: datetime
) -> tuple[Quote, ...]:
    """Return the offers by creation, each with its own lines."""
    inside: dict[str, list[Row]] = {}
    for row in quote_lines:
        inside.setdefault(text(row.body, "QuoteId") or "", []).append(row)
    found = []
    for row in rows:
        total = number(row.body, "TotalPrice")
        found.append(
            Quote(
                record=row.id,
                known_at=first([moment(row.body, "CreatedDate")], observed_at),
                total=number(row.body, "Subtotal") if total is None else total,
                discount=number(row.body, "Discount"),
                sent_at=_sent(row.body, mapping),
                status=text(row.body, "Status"),
                expires_on=day(row.body, "ExpirationDate"),
                lines=lines(inside.get(row.id, ()), observed_at),
            )
        )
    return tuple(sorted(found, key=lambda quote: (quote.known_at, quote.record)))


def _sent(body: Body, mapping: Mapping) -> datetime | None:
    names = mapping.sources("Quote", "sent_at")
    if names:
        return next((at for name in names if (at := moment(body, name)) is not None), None)
    if (text(body, "Status") or "").casefold() not in _SENT:
        return None
    return moment(body, "LastModifiedDate")


def competitors(rows: Iterable[Row], observed_at: datetime) -> tuple[Competitor, ...]:
    """Return the rivals that the CRM lists; one without a name is left out."""
    return tuple(
        Competitor(
            record=row.id,
            known_at=first([moment(row.body, "CreatedDate")], observed_at),
            name=name,
        )
        for row in rows
        if (name := text(row.body, "CompetitorName")) is not None
    )
