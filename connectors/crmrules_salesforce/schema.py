"""What this org has for this user, learnt from one call: describes, the organization, statuses.

Know before changing: describes are not queries, so all of them ride in one composite call beside up
to five queries. A field without field-level security is simply absent, so "missing" always means
"does not exist or is hidden", and both are said. Only names found in a describe get into a query.

It reads no opportunities and raises only when nothing at all could be done.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any
from urllib.parse import quote

from crmrules.connector import Organization, Preflight, Problem
from crmrules.errors import AccessError, GuardError
from crmrules.mapping import Mapping as Words
from crmrules_salesforce.auth import Token
from crmrules_salesforce.config import Config
from crmrules_salesforce.errors import PERMISSION_SET, error_for
from crmrules_salesforce.rights import (
    ALL_FIELDS,
    KEY_FIELD,
    Described,
    is_bare,
    not_provisioned,
    read_capabilities,
)
from crmrules_salesforce.stages import stage_problems
from crmrules_salesforce.tables import Table

_RELATED = ("Account", "Contact", "User", "RecordType")
_STATUSES = "SELECT Id, MasterLabel, ApiName, IsClosed, IsDefault FROM TaskStatus"
_ORGANIZATION = "SELECT Id, Name, IsSandbox, TimeZoneSidKey FROM Organization"
_NO_PROBLEM = frozenset({"CurrencyIsoCode", "RecordType.DeveloperName"})
"""Absent in an org with one currency or without record types, and then nothing is missing."""
_UNKNOWN: Mapping[str, str] = {
    "role": "people",
    "history": "changes",
    "field_history": "changes",
    "task": "activities",
    "event": "activities",
    "email": "activities",
    "line": "lines",
    "quote": "quotes",
    "quote_line": "quotes",
    "competitor": "competitors",
}
_IDENTIFIER = re.compile(r"[A-Za-z][A-Za-z0-9_]*\Z")


@dataclass(frozen=True, slots=True)
class Statuses:
    """The org's task statuses: the one for open tasks, the one for done ones, and all closed."""

    open: str = "Not Started"
    completed: str = "Completed"
    closed: frozenset[str] = frozenset({"Completed"})


@dataclass(frozen=True, slots=True)
class Schema:
    """What can be read and written. ``tables`` holds only fields that exist for this user."""

    preflight: Preflight
    tables: Mapping[str, Table]
    statuses: Statuses
    fields: Mapping[str, Described]
    stages: Sequence[Mapping[str, Any]] = ()

    @property
    def keyed(self) -> bool:
        """Whether our tasks can be found by their key."""
        return KEY_FIELD in self.fields.get("Task", {})


def subrequests(base: str, tables: Mapping[str, Table]) -> list[dict[str, Any]]:
    """Return the parts of the one call, at most 25 with three queries among them."""
    names = dict.fromkeys([*(table.object for table in tables.values()), *_RELATED])
    requests = [_get(f"d_{name}", f"{base}sobjects/{name}/describe") for name in names]
    requests.append(_query(base, "organization", _ORGANIZATION))
    requests.append(_query(base, "statuses", _STATUSES))
    stage = tables.get("stage")
    if stage is not None:
        fields = ", ".join(_named(stage.fields))
        soql = f"SELECT {fields} FROM {stage.object}"  # noqa: S608 - checked names # nosec B608
        requests.append(_query(base, "stages", soql))
    return requests


def _named(paths: Iterable[str]) -> list[str]:
    return [p for p in paths if all(_IDENTIFIER.match(part) for part in p.split("."))]


def _get(reference: str, url: str) -> dict[str, Any]:
    return {"method": "GET", "referenceId": reference, "url": url}


def _query(base: str, reference: str, soql: str) -> dict[str, Any]:
    return _get(reference, f"{base}query?q={quote(soql)}")


def read_schema(
    config: Config,
    token: Token,
    answers: Mapping[str, Any],
    tables: Mapping[str, Table],
    words: Words,
) -> Schema:
    """Judge the answers. Raises AccessError: wrong organization, or opportunities out of reach."""
    organization = _organization(config, token, answers)
    described = _described(answers)
    user = organization.user or config.username or "the integration user"
    bare = is_bare(described)
    untold = _NO_PROBLEM | ALL_FIELDS if bare else _NO_PROBLEM
    usable: dict[str, Table] = {}
    problems: list[Problem] = []
    for key, table in tables.items():
        left, problem = _usable(table, described, user, untold)
        if left is not None:
            usable[key] = left
        if problem is not None:
            problems.append(problem)
    if "opportunity" not in usable:
        raise AccessError(problems[0].what, remedy=problems[0].remedy)
    capabilities, more = read_capabilities(described, user)
    problems += [not_provisioned(user)] if bare else more
    problems += stage_problems(words, _records(answers, "stages"))
    if needs_confirmation(organization, config):
        problems.append(production_problem(organization))
    return Schema(
        Preflight(organization, tuple(dict.fromkeys(problems)), capabilities),
        usable,
        _statuses(answers),
        described,
        _records(answers, "stages"),
    )


def _described(answers: Mapping[str, Any]) -> dict[str, Described]:
    found: dict[str, Described] = {}
    for reference, answer in answers.items():
        if reference.startswith("d_") and answer["httpStatusCode"] == 200:
            fields = {item["name"]: item for item in answer["body"]["fields"]}
            found[reference[2:]] = fields
        _stop_on_quota(answer)
    return found


def _stop_on_quota(answer: Mapping[str, Any]) -> None:
    if answer["httpStatusCode"] == 403:
        error = error_for(403, answer["body"], "preflight")
        if isinstance(error, GuardError):
            raise error


def _records(answers: Mapping[str, Any], reference: str) -> list[Mapping[str, Any]]:
    answer = answers.get(reference)
    if answer is None or answer["httpStatusCode"] != 200:
        return []
    return list(answer["body"]["records"])


def _organization(config: Config, token: Token, answers: Mapping[str, Any]) -> Organization:
    found = _records(answers, "organization")
    if not found:
        raise AccessError(
            "the Organization record cannot be read, so nobody knows which org this is",
            remedy="give the integration user the permission 'API Enabled'",
        )
    row = found[0]
    if config.organization_id and row["Id"][:15] != config.organization_id[:15]:
        raise AccessError(
            f"signed in to organization {row['Id']}, but the configuration pins "
            f"{config.organization_id}",
            remedy="correct organization_id, or sign in to the organization it names",
            where="[salesforce] organization_id",
        )
    sandbox = row.get("IsSandbox")
    return Organization(
        id=row["Id"],
        name=row.get("Name"),
        production=None if sandbox is None else not sandbox,
        time_zone=row.get("TimeZoneSidKey"),
        user=token.user,
    )


def needs_confirmation(organization: Organization, config: Config) -> bool:
    """Return whether this may be a production org that nobody has confirmed."""
    return organization.production is not False and not config.allow_production


def production_problem(organization: Organization) -> Problem:
    """Return what to say about such an org."""
    return Problem(
        f"{organization.name or organization.id} is a production org, and nobody has confirmed "
        "writing to it",
        "look at crmrules plan, then set [salesforce] allow_production = true",
        level="error",
    )


def _statuses(answers: Mapping[str, Any]) -> Statuses:
    rows = _records(answers, "statuses")
    names = {row.get("ApiName") or row["MasterLabel"]: row for row in rows}
    closed = [name for name, row in names.items() if row.get("IsClosed")]
    opened = [name for name, row in names.items() if not row.get("IsClosed")]
    if not closed or not opened:
        return Statuses()
    default = [name for name in opened if names[name].get("IsDefault")]
    return Statuses(
        open=next(iter(default or opened)),
        completed="Completed" if "Completed" in closed else closed[0],
        closed=frozenset(closed),
    )


def _exists(path: str, owner: str, described: Mapping[str, Described]) -> bool:
    """Return whether a field path can be read, following relationships through the describes."""
    head, _, rest = path.partition(".")
    fields = described.get(owner)
    if fields is None or not _IDENTIFIER.match(head):
        return False
    if not rest:
        return head in fields
    targets = [f["referenceTo"] for f in fields.values() if f.get("relationshipName") == head]
    return any(_exists(rest, name, described) for group in targets for name in group)


def _usable(
    table: Table,
    described: Mapping[str, Described],
    user: str,
    untold: frozenset[str] = _NO_PROBLEM,
) -> tuple[Table | None, Problem | None]:
    signals = (_UNKNOWN[table.key],) if table.key in _UNKNOWN else ()
    remedy = f"grant it in the permission set '{PERMISSION_SET}', or leave its signals unknown"
    if table.object not in described:
        text = f"{table.object} does not exist in this org or is hidden from {user}"
        return None, Problem(text, remedy, signals=signals)
    missing = [path for path in table.fields if not _exists(path, table.object, described)]
    left = replace(table, fields=tuple(f for f in table.fields if f not in missing))
    told = [path for path in missing if path not in untold]
    if not told:
        return left, None
    problem = Problem(
        f"{table.object}: {', '.join(told)} does not exist, or field-level security is missing "
        f"for {user}",
        remedy,
        signals=signals,
    )
    return (None if table.required & set(missing) else left), problem
