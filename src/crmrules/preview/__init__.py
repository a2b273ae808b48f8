"""The effect of a changed rule set on the last snapshot, without a call to the CRM."""

from crmrules.preview.effect import (
    ColumnEffect,
    Effect,
    FindingChange,
    FlagChange,
    RuleChange,
    TaskChange,
)
from crmrules.preview.outlook import Column, Outlook
from crmrules.preview.snapshot import Snapshot

__all__ = [
    "Column",
    "ColumnEffect",
    "Effect",
    "FindingChange",
    "FlagChange",
    "Outlook",
    "RuleChange",
    "Snapshot",
    "TaskChange",
]
