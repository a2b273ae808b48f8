"""A folder of exported Salesforce records as a read-only connector.

Know before changing: it exists so that an admin can see a plan before granting any access, so it
must say plainly what the export lacks, and must never guess a date.

It writes nothing, anywhere.
"""

from __future__ import annotations

from crmrules_export.config import Config
from crmrules_export.connector import ExportConnector, connect

__all__ = ["Config", "ExportConnector", "connect"]
