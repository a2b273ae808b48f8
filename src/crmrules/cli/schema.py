"""What ``crmrules rules schema`` prints: the schema of each kind of file that people write."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from crmrules import rulebook, schemas
from crmrules.settings import Settings


def of(what: str, folders: list[Path]) -> dict[str, Any]:
    """Return the schema of a "rule", an "overlay" or the "config".

    Rules that cannot be read are not offered: whoever edits one is about to mend it.
    """
    if what == "config":
        return _config()
    pack = rulebook.inspect(folders)[0].pack
    return schemas.overlay(pack) if what == "overlay" else schemas.rule_file(pack)


def _config() -> dict[str, Any]:
    """Return the schema of ``crmrules.toml``; connectors check their own sections."""
    made = Settings.model_json_schema()
    folders = made["$defs"]["RuleSettings"]["properties"]["folders"]
    made["properties"]["rules"] = {"anyOf": [folders, {"$ref": "#/$defs/RuleSettings"}]}
    made["properties"].pop("plugin")
    made["additionalProperties"] = {"type": "object"}  # the section of an installed connector
    return {"$schema": schemas.DIALECT, **made, "title": "crmrules.toml"}
