"""Which records are read from Salesforce, and which of their fields.

Know before changing: the transport turns every table into one query per page, and an incremental
pull must fit fifteen of them (three counted calls). A field that is not in ``required`` may be
missing from the org or hidden from us: the transport then leaves it out and ``rows`` reads it as
unknown. Field names are from the Object Reference; they are checked by describe at start.

It holds no query text and knows no watermark.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from types import MappingProxyType
from typing import Literal

from crmrules.mapping import Mapping as Words

Scope = Literal["opportunity", "open_or_won", "account", "reference"]


@dataclass(frozen=True, slots=True)
class Table:
    """One query: an object, its fields, and how its records belong to an opportunity.

    ``parent`` is the path of the opportunity's id (of the account's id in scope ``account``, empty
    in scope ``reference``). ``stamp`` is the field a watermark is kept on. ``optional``: an org may
    lack the object. ``all_rows``: archived and deleted records are wanted too (queryAll), also in
    a full pull. ``prefix`` is the key prefix of the parent, for polymorphic ones; "" when it needs
    no check.
    """

    key: str
    object: str
    fields: tuple[str, ...]
    required: frozenset[str]
    parent: str
    stamp: str = "SystemModstamp"
    scope: Scope = "opportunity"
    optional: bool = False
    all_rows: bool = False
    prefix: str = ""


# CountryCode is there only with state and country picklists; Country is what somebody typed.
_MANAGER = ("Name", "Email", "IsActive", "TimeZoneSidKey", "CountryCode", "Country")
_USER = (*_MANAGER, "ManagerId")
_ACCOUNT = ("Name", "Type", "ParentId", "NumberOfEmployees", "OwnerId", "CreatedDate")
OUR_FIELDS = (
    "CrmRules_Status__c",
    "CrmRules_Flags__c",
    "CrmRules_Summary__c",
    "CrmRules_Buying_Phase__c",
    "CrmRules_Checked_At__c",
)

_OPPORTUNITY = (
    *("Id", "IsDeleted", "Name", "AccountId", "OwnerId", "StageName", "Amount", "CloseDate"),
    *("IsClosed", "IsWon", "Type", "LeadSource", "NextStep", "ForecastCategoryName"),
    *("CurrencyIsoCode", "CreatedDate", "LastModifiedDate", "SystemModstamp"),
    "RecordType.DeveloperName",
    *(f"Owner.{name}" for name in _USER),
    *(f"Owner.Manager.{name}" for name in _MANAGER),
    *(f"Account.{name}" for name in _ACCOUNT),
    *(f"Account.Owner.{name}" for name in _USER),
    *OUR_FIELDS,
)
_ROLE = (
    *("Id", "IsDeleted", "OpportunityId", "ContactId", "Role", "IsPrimary", "CreatedDate"),
    *("SystemModstamp", "CrmRules_Focus__c", "Contact.Name", "Contact.Title", "Contact.Email"),
    "Contact.EmailBouncedDate",
)
_HISTORY = (
    *("Id", "OpportunityId", "CreatedDate", "CreatedById", "StageName", "Amount", "CloseDate"),
    *("ForecastCategory", "IsDeleted"),
)
_FIELD_HISTORY = (
    *("Id", "OpportunityId", "CreatedDate", "CreatedById", "Field", "OldValue", "NewValue"),
    "IsDeleted",
)
_ACTIVITY = (
    *("Id", "IsDeleted", "WhatId", "WhoId", "OwnerId", "Subject", "Description", "ActivityDate"),
    *("CreatedDate", "LastModifiedDate", "LastModifiedById", "SystemModstamp", "IsRecurrence"),
)
_TASK = (
    *_ACTIVITY,
    *("Status", "IsClosed", "CompletedDateTime", "TaskSubtype", "Type", "CallType"),
    *("CallDisposition", "CallDurationInSeconds", "CrmRules_Key__c", "CrmRules_Rule__c"),
)
_EVENT = (*_ACTIVITY, "StartDateTime", "IsAllDayEvent", "IsChild", "WhoCount")
_EMAIL = (
    *("Id", "IsDeleted", "RelatedToId", "ActivityId", "Incoming", "MessageDate", "Subject"),
    *("Status", "IsBounced", "CreatedDate", "CreatedById", "SystemModstamp"),
)
_LINE = (
    *("Id", "IsDeleted", "OpportunityId", "Name", "ProductCode", "Quantity", "UnitPrice"),
    *("ListPrice", "Discount", "CreatedDate", "SystemModstamp"),
)
_QUOTE = (
    *("Id", "IsDeleted", "OpportunityId", "Status", "Subtotal", "TotalPrice", "Discount"),
    *("ExpirationDate", "CreatedDate", "LastModifiedDate", "SystemModstamp"),
)
_QUOTE_LINE = (
    *("Id", "IsDeleted", "QuoteId", "Quote.OpportunityId", "Product2Id", "Quantity", "UnitPrice"),
    *("ListPrice", "Discount", "CreatedDate", "SystemModstamp"),
)
_COMPETITOR = ("Id", "IsDeleted", "OpportunityId", "CompetitorName", "CreatedDate")
_STAGE = ("Id", "ApiName", "MasterLabel", "IsActive", "IsClosed", "IsWon", "SortOrder")

_CHILD = frozenset({"Id", "OpportunityId"})
_ON_WHAT = frozenset({"Id", "WhatId"})
_MAIL = frozenset({"Id", "RelatedToId"})

_ALL = (
    Table(
        "opportunity",
        "Opportunity",
        _OPPORTUNITY,
        frozenset({"Id", "StageName", "IsClosed", "IsWon", "CloseDate", "CreatedDate"}),
        "Id",
        scope="open_or_won",
    ),
    Table("role", "OpportunityContactRole", _ROLE, _CHILD, "OpportunityId", optional=True),
    Table(
        "history",
        "OpportunityHistory",
        _HISTORY,
        _CHILD | {"CreatedDate"},
        "OpportunityId",
        stamp="CreatedDate",
        optional=True,
    ),
    Table(
        "field_history",
        "OpportunityFieldHistory",
        _FIELD_HISTORY,
        _CHILD | {"CreatedDate", "Field"},
        "OpportunityId",
        stamp="CreatedDate",
        optional=True,
    ),
    Table("task", "Task", _TASK, _ON_WHAT, "WhatId", all_rows=True, prefix="006"),
    Table("event", "Event", _EVENT, _ON_WHAT, "WhatId", all_rows=True, prefix="006"),
    Table("email", "EmailMessage", _EMAIL, _MAIL, "RelatedToId", optional=True, prefix="006"),
    Table(
        "account_task",
        "Task",
        _TASK,
        _ON_WHAT,
        "WhatId",
        scope="account",
        all_rows=True,
        prefix="001",
    ),
    Table(
        "account_event",
        "Event",
        _EVENT,
        _ON_WHAT,
        "WhatId",
        scope="account",
        all_rows=True,
        prefix="001",
    ),
    Table(
        "account_email",
        "EmailMessage",
        _EMAIL,
        _MAIL,
        "RelatedToId",
        scope="account",
        optional=True,
        prefix="001",
    ),
    Table("line", "OpportunityLineItem", _LINE, _CHILD, "OpportunityId", optional=True),
    Table("quote", "Quote", _QUOTE, _CHILD, "OpportunityId", optional=True),
    Table(
        "quote_line",
        "QuoteLineItem",
        _QUOTE_LINE,
        frozenset({"Id", "QuoteId", "Quote.OpportunityId"}),
        "Quote.OpportunityId",
        optional=True,
    ),
    Table(
        "competitor",
        "OpportunityCompetitor",
        (*_COMPETITOR, "SystemModstamp"),
        _CHILD | {"CompetitorName"},
        "OpportunityId",
        optional=True,
    ),
    Table(
        "stage",
        "OpportunityStage",
        _STAGE,
        frozenset({"Id", "ApiName"}),
        "",
        scope="reference",
        optional=True,
    ),
)

TABLES: Mapping[str, Table] = MappingProxyType({table.key: table for table in _ALL})
"""Every table by its short name, the opportunity first."""


def mail_texts(mapping: Words) -> tuple[str, ...]:
    """Return the field of a mail's text where it is wanted: it is by far the largest of all."""
    return ("EmailMessage.TextBody",) if mapping.mail_texts else ()


def with_fields(paths: Iterable[str]) -> Mapping[str, Table]:
    """Return the tables with more fields, given as ``Object.Field`` (or ``Object.Parent.Field``).

    Used for the org's own fields from ``Mapping.paths()``; an object no table reads is ignored.
    """
    more: dict[str, list[str]] = {}
    for path in paths:
        owner, _, name = path.partition(".")
        more.setdefault(owner, []).append(name)
    return MappingProxyType(
        {
            key: replace(table, fields=tuple(dict.fromkeys((*table.fields, *more[table.object]))))
            if table.object in more
            else table
            for key, table in TABLES.items()
        }
    )
