"""What of an org's setup can be read and changed from outside: the Metadata API.

Know before changing: components are read with ``readMetadata``, which exists in SOAP alone and
tells the truth whatever field-level security hides; a describe would not show an administrator the
field that was made a second ago. They are changed by a deployment over REST. A deployment whose
answer got lost is looked up, never sent blindly again. Sources: Metadata API Developer Guide,
"readMetadata()", "Deploy Metadata with Apex Testing Using REST", "Check the Status of Your
Deployment Using REST Resources"; Tooling API, "DeployRequest".

It compares nothing and decides nothing.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from functools import partial
from typing import Any
from urllib.parse import quote
from xml.sax.saxutils import escape

from lxml import etree

from crmrules.errors import AccessError, ConnectorError, RetryableError, UncertainError
from crmrules_salesforce.errors import TRANSIENT, error_for, first_error
from crmrules_salesforce.http import Transport
from crmrules_salesforce.package import NS, Element, parsed

READ_AT_ONCE = 10
"""Names in one call of ``readMetadata``."""
LONGEST = timedelta(minutes=20)
"""How long a deployment is waited for; an org runs one at a time, so it may have to queue."""
_PAUSES = (1.0, 2.0, 3.0, 5.0)
"""Seconds between two looks at a deployment; the last one repeats."""
_LOOKS = (1.0, 3.0, 10.0)
"""Seconds before each look for a deployment whose answer got lost."""
_LATEST = 50
_NIL = "{http://www.w3.org/2001/XMLSchema-instance}nil"
_ENVELOPE = (
    '<?xml version="1.0" encoding="UTF-8"?>'
    '<env:Envelope xmlns:env="http://schemas.xmlsoap.org/soap/envelope/"'
    ' xmlns="http://soap.sforce.com/2006/04/metadata">'
    "<env:Header><SessionHeader><sessionId>{session}</sessionId></SessionHeader></env:Header>"
    "<env:Body><readMetadata><type>{kind}</type>{names}</readMetadata></env:Body></env:Envelope>"
)
RIGHTS = (
    "give the administrator 'Modify Metadata Through Metadata API Functions' and 'API Enabled', "
    "or take the token of a System Administrator"
)
TOKEN = "[salesforce] access_token_file"  # noqa: S105 - the name of a key


@dataclass(frozen=True, slots=True)
class Failure:
    """One component that an org refused, in its own words."""

    kind: str
    name: str
    problem: str


class MetadataApi:
    """The Metadata API of one org, as one user. ``sleep`` waits between two looks."""

    def __init__(self, transport: Transport, *, sleep: Callable[[float], None]) -> None:
        self._transport, self._sleep = transport, sleep

    @property
    def version(self) -> str:
        """The version that everything is asked in, like 63.0."""
        return self._transport.config.api_version

    def read(self, kind: str, names: Sequence[str]) -> dict[str, Element]:
        """Return those components that exist, by full name.

        Raises AccessError where the user may not read setup, RetryableError without an answer.
        """
        found: dict[str, Element] = {}
        for start in range(0, len(names), READ_AT_ONCE):
            part = names[start : start + READ_AT_ONCE]
            records = self._transport.retrying(partial(self._read, kind, part))
            for record in records:
                name = record.findtext(NS + "fullName")
                if record.get(_NIL) != "true" and name:
                    found[name] = record
        return found

    def deploy(self, package: bytes, *, rollback: bool = True) -> tuple[Failure, ...]:
        """Deploy a zip and wait for its end; return what was refused, nothing when all went well.

        With ``rollback`` one refusal undoes everything. Raises AccessError, ConnectorError when it
        did not end in twenty minutes, UncertainError when nobody can tell whether it began.
        """
        options = {
            "singlePackage": True,
            "rollbackOnError": rollback,
            "ignoreWarnings": True,  # a component to delete that is gone already is one
            "allowMissingFiles": False,
            "checkOnly": False,
            "purgeOnDelete": False,
        }
        before = self._deployments()
        try:
            started = self._start(package, options)
        except UncertainError:
            started = self._begun(before) or self._start(package, options)
        return self._wait(started)

    def _read(self, kind: str, names: Sequence[str]) -> list[Element]:
        envelope = _ENVELOPE.format(
            session=escape(self._transport.token.access),
            kind=escape(kind),
            names="".join(f"<fullNames>{escape(name)}</fullNames>" for name in names),
        )
        answer = self._transport.exchange(
            "POST",
            f"/services/Soap/m/{self.version}",
            writes=False,
            data=envelope.encode(),
            headers={"Content-Type": "text/xml; charset=UTF-8", "SOAPAction": '""'},
        )
        try:
            document = parsed(answer.content)
        except etree.XMLSyntaxError:
            raise _unusable(answer.status_code) from None
        fault = document.findtext(".//faultstring")
        if fault is not None:
            raise _refused(fault)
        result = document.find(f".//{NS}result")
        if answer.status_code != 200 or result is None:
            raise _unusable(answer.status_code)
        return list(result.iterfind(NS + "records"))

    def _start(self, package: bytes, options: Mapping[str, Any]) -> str:
        """Send the zip once and return the id of the deployment."""
        answer = self._transport.exchange(
            "POST",
            f"{self._transport.base}metadata/deployRequest",
            writes=True,
            files={
                "json": (None, json.dumps({"deployOptions": options}), "application/json"),
                "file": ("crmrules.zip", package, "application/zip"),
            },
        )
        try:
            body = answer.json()
        except ValueError:
            body = None
        if answer.status_code in {200, 201} and isinstance(body, Mapping) and body.get("id"):
            return str(body["id"])
        code, message = first_error(body)
        if answer.status_code < 400 or answer.status_code >= 500:
            raise UncertainError(
                f"a deployment got no trustworthy answer (HTTP {answer.status_code} {code})",
                remedy="nothing to do: it is looked up before anything is sent again",
            )
        if code.startswith("INSUFFICIENT") or code == "API_DISABLED_FOR_ORG":
            raise AccessError(f"{code}: {message}", remedy=RIGHTS, where=TOKEN)
        error = error_for(answer.status_code, body, "deploying")
        error.where = TOKEN if answer.status_code == 401 else error.where
        raise error

    def _deployments(self) -> frozenset[str]:
        """Return our user's latest deployments, by which a lost one is told from older ones."""
        user = self._transport.token.user  # unknown: then everybody's are looked at
        mine = f" WHERE CreatedById = '{user}'" if user else ""
        soql = f"SELECT Id FROM DeployRequest{mine} ORDER BY CreatedDate DESC LIMIT {_LATEST}"  # noqa: S608 - our own names # nosec B608
        body = self._transport.read("GET", f"tooling/query?q={quote(soql)}")
        return frozenset(str(row["Id"]) for row in body["records"])

    def _begun(self, before: frozenset[str]) -> str | None:
        """Return the deployment whose answer got lost; None when it surely never began."""
        for pause in _LOOKS:
            self._sleep(pause)
            new = self._deployments() - before
            if new:
                return max(new)
        return None

    def _wait(self, started: str) -> tuple[Failure, ...]:
        waited = 0.0
        for look in range(10_000):
            path = f"metadata/deployRequest/{started}?includeDetails=true"
            result = self._transport.read("GET", path)["deployResult"]
            if _true(result.get("done")) or result.get("status") in _ENDED:
                return _failures(result, started)
            if waited >= LONGEST.total_seconds():
                break
            pause = _PAUSES[min(look, len(_PAUSES) - 1)]
            self._sleep(pause)
            waited += pause
        raise ConnectorError(
            f"the deployment {started} has not ended in {LONGEST.total_seconds() / 60:.0f} minutes",
            remedy="look at Setup, Deployment Status; when it has ended, run this again",
        )


_ENDED = frozenset({"Succeeded", "SucceededPartial", "Failed", "Canceled"})


def _true(value: Any) -> bool:
    """Return a flag that documented answers give as a word."""
    return value is True or str(value).lower() == "true"


def _failures(result: Mapping[str, Any], started: str) -> tuple[Failure, ...]:
    """Return the refused components; raises ConnectorError where it failed without naming one."""
    details = result.get("details") or {}
    listed = details.get("componentFailures") or []
    found = tuple(
        Failure(
            str(one.get("componentType") or ""),
            str(one.get("fullName") or one.get("fileName") or ""),
            " ".join(str(one.get("problem") or "refused without a word").split()),
        )
        for one in (listed if isinstance(listed, list) else [listed])
        if str(one.get("problemType")) != "Warning"
    )
    if found or result.get("status") == "Succeeded":
        return found
    said = result.get("errorMessage") or result.get("stateDetail") or "no reason given"
    raise ConnectorError(
        f"the deployment {started} ended as {result.get('status')}: {said}",
        remedy="look at Setup, Deployment Status; then run this again",
    )


def _refused(fault: str) -> Exception:
    """Return the error of a SOAP fault, whose text is a code and a sentence."""
    text = " ".join(fault.split())[:500]
    code = text.partition(":")[0]
    if code == "INVALID_SESSION_ID":
        remedy = "get a fresh token: a session ends after some hours"
        return AccessError(
            "Salesforce does not accept the access token", remedy=remedy, where=TOKEN
        )
    if code.startswith("INSUFFICIENT"):
        return AccessError(text, remedy=RIGHTS, where=TOKEN)
    if code in {"SERVER_UNAVAILABLE", "UNKNOWN_EXCEPTION"}:
        return RetryableError(text, remedy="try again later; see status.salesforce.com")
    return error_for(400, [{"errorCode": code, "message": text}], "reading the setup")


def _unusable(status: int) -> Exception:
    if status in TRANSIENT or status == 200:
        return RetryableError(
            f"the setup was not read: no usable answer (HTTP {status})",
            remedy="try again later; check proxies and sign-in pages of this network",
        )
    return error_for(status, None, "reading the setup")
