"""Product lines and quotes.

Know before changing: ``price`` is the price of one unit before its discount. A line item without a
discount has none, because the editor leaves it empty; one whose discount was not read has an
unknown one, and with it an unknown price. HubSpot does not say when a quote reached the customer:
without a mapped property, a published one was there by its last change at the latest.

HubSpot keeps no rivals. It computes no total.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime, tzinfo
from types import MappingProxyType

from crmrules.connector import Row
from crmrules.mapping import Mapping
from crmrules.model import Line, Quote
from crmrules.raw import Body, number, text
from crmrules_hubspot.values import (
    changed,
    created,
    day,
    moment,
    object_id,
    properties,
    record,
)

_STATUSES = MappingProxyType(
    {
        "DRAFT": "Draft",
        "PENDING_APPROVAL": "Approval required",
        "REJECTED": "Rejected",
        **dict.fromkeys(
            ("APPROVED", "APPROVAL_NOT_NEEDED", "PUBLISHED", "SIGNED", "ACCEPTED", "PAID"),
            "Presented",
        ),
    }
)
"""HubSpot's status -> the word the measures know; a quote that needs no approval is published."""


def lines(rows: Iterable[Row], observed_at: datetime) -> tuple[Line, ...]:
    """Return product lines of a deal or of a quote, by creation."""
    found = [_line(row, observed_at) for row in rows]
    return tuple(sorted(found, key=lambda line: (line.known_at, line.record)))


def _line(row: Row, observed_at: datetime) -> Line:
    body = properties(row)
    price, discount = number(body, "price"), _discount(body)
    return Line(
        record=record(row),
        known_at=created(row, observed_at),
        product=_product(body),
        quantity=number(body, "quantity"),
        # With both prices alike and no discount, a line would read as one at the full price.
        unit_price=None if discount is None else price,
        list_price=price,
        discount=discount,
    )


def _product(body: Body) -> str | None:
    found = (text(body, name) for name in ("name", "hs_sku", "hs_product_id"))
    return next((word for word in found if word is not None), None)


def _discount(body: Body) -> float | None:
    percent, amount = number(body, "hs_discount_percentage"), number(body, "discount")
    if percent:
        return percent
    if amount:
        price = number(body, "price")
        return 100.0 * amount / price if price is not None and price > 0 else None
    empty = [
        name in body and (text(body, name) is None or number(body, name) == 0)
        for name in ("hs_discount_percentage", "discount")
    ]
    return 0.0 if all(empty) else None


def quotes(
    rows: Iterable[Row],
    quote_lines: Sequence[Row],
    mapping: Mapping,
    zone: tzinfo,
    observed_at: datetime,
) -> tuple[Quote, ...]:
    """Return the quotes by creation, each with its own lines; ``zone`` is the account's."""
    inside: dict[str, list[Row]] = {}
    for row in quote_lines:
        owner = text(row.body, "quote") or row.id.rpartition("/")[0]
        inside.setdefault(owner, []).append(row)
    found = []
    for row in rows:
        status = _STATUSES.get((text(properties(row), "hs_status") or "").upper())
        found.append(
            Quote(
                record=record(row),
                known_at=created(row, observed_at),
                total=number(properties(row), "hs_quote_amount"),
                sent_at=_sent(row, status, mapping, observed_at),
                status=status,
                expires_on=day(properties(row), "hs_expiration_date", zone),
                lines=lines(inside.get(object_id(row), ()), observed_at),
            )
        )
    return tuple(sorted(found, key=lambda quote: (quote.known_at, quote.record)))


def _sent(row: Row, status: str | None, mapping: Mapping, observed_at: datetime) -> datetime | None:
    names = mapping.sources("Quote", "sent_at")
    if names:
        found = (moment(properties(row), name) for name in names)
        return next((at for at in found if at is not None), None)
    return changed(row, created(row, observed_at)) if status == "Presented" else None
