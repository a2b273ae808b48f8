"""The one door between Salesforce records and the model: tables, rows, opportunities.

Know before changing: the live reader and the export reader both come through here, so a record
means the same whichever way it came. ``"X" in body`` is how an absent column stays unknown; a
default in its place would be an invented fact.

It makes no call and reads no clock: the moment of reading is handed in.
"""

from __future__ import annotations

from crmrules_salesforce.tables import OUR_FIELDS, TABLES, Table, with_fields

__all__ = ["OUR_FIELDS", "TABLES", "Table", "with_fields"]
