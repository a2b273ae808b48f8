"""The doors to the setup: deployments over REST, ``readMetadata`` over SOAP, the tooling query.

Know before changing: shapes are those of the Metadata API Developer Guide ("Deploy Metadata with
Apex Testing Using REST", "Check the Status of Your Deployment Using REST Resources",
"readMetadata()"). Whoever is no administrator is refused at each door. A component that does not
exist is a record that is nil.

Does not do: the work itself (``metadata``).
"""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping
from email import message_from_bytes
from types import MappingProxyType
from typing import Any
from xml.etree import ElementTree as ET
from xml.sax.saxutils import escape

import orjson

from crmrules_sandbox.salesforce.failure import ApiError, not_found
from crmrules_sandbox.salesforce.messages import Request, Response
from crmrules_sandbox.salesforce.metadata import Job, Metadata
from crmrules_sandbox.salesforce.org import Org
from crmrules_sandbox.salesforce.schema import Field, SObject
from crmrules_sandbox.salesforce.soql import SoqlError, answer
from crmrules_sandbox.salesforce.unpacking import NS, Problem

_NO_RIGHT = (
    "use of the Metadata API requires a user with the ModifyAllData or ModifyMetadata permissions"
)
_SOAP = "http://schemas.xmlsoap.org/soap/envelope/"
_MOST = 10
_TEXTS = ("Id", "Status", "CreatedById", "CreatedDate")
_DEPLOY_REQUEST = SObject(
    "DeployRequest",
    "Deploy Request",
    "0Af",
    MappingProxyType(
        {
            name: Field(name, "datetime" if name == "CreatedDate" else "string", name)
            for name in _TEXTS
        }
    ),
)


def answer_setup(org: Org, request: Request) -> Response:
    """Answer ``/metadata/deployRequest``, what hangs under it, and ``/tooling/query``.

    Raises ApiError.
    """
    if request.user_id not in org.metadata.administrators:
        raise ApiError(403, "INSUFFICIENT_ACCESS", _NO_RIGHT)
    match request.method, request.parts:
        case "GET", ("tooling", "query"):
            return _tooling(org, request)
        case "POST", ("metadata", "deployRequest"):
            return _start(org.metadata, request)
        case "GET", ("metadata", "deployRequest", job_id):
            org.metadata.advance()
            job = org.metadata.jobs.get(job_id)
            if job is not None:
                details = request.query.get("includeDetails") == "true"
                body = {"id": job.id, "deployResult": _result(job, details=details)}
                return Response(200, body)
    raise not_found()


def parts_of(content_type: str, body: bytes) -> dict[str, bytes]:
    """Return the parts of a multipart body by name."""
    message = message_from_bytes(f"Content-Type: {content_type}\r\n\r\n".encode() + body)
    found: dict[str, bytes] = {}
    for part in message.walk():
        name = part.get_param("name", header="content-disposition")
        payload = part.get_payload(decode=True)
        if isinstance(name, str) and isinstance(payload, bytes):
            found[name] = payload
    return found


def _start(metadata: Metadata, request: Request) -> Response:
    parts = request.mapping()
    try:
        options = orjson.loads(parts["json"])["deployOptions"]
        data = parts["file"]
    except (KeyError, TypeError, orjson.JSONDecodeError):
        raise ApiError(400, "INVALID_MULTIPART_REQUEST", "json and file are needed") from None
    job = metadata.start(data, options, request.user_id)
    result = _result(job, details=False)
    return Response(201, {"id": job.id, "deployOptions": options, "deployResult": result})


def _result(job: Job, *, details: bool) -> dict[str, Any]:
    found = {
        "id": job.id,
        "success": job.status == "Succeeded",
        "done": job.done,
        "status": job.status,
        "createdBy": job.user_id,
        "createdDate": job.created,
        "checkOnly": job.options["checkOnly"],
        "ignoreWarnings": job.options["ignoreWarnings"],
        "rollbackOnError": job.options["rollbackOnError"],
        "numberComponentsTotal": len(job.package.brought) + len(job.package.deleted),
        "numberComponentsDeployed": len(job.successes),
        "numberComponentErrors": len(job.failures),
        "runTestsEnabled": False,
    }
    if details:
        failures = [_failure(one) for one in job.failures]
        found["details"] = {"componentFailures": failures, "componentSuccesses": job.successes}
    return found


def _failure(one: Problem) -> dict[str, Any]:
    return {
        "changed": False,
        "componentType": one.kind,
        "created": False,
        "deleted": False,
        "fileName": one.file,
        "fullName": one.name,
        "problem": one.text,
        "problemType": "Error",
        "success": False,
    }


class _Deployments:
    """The deployments as a table for the query evaluator (``soql.tables.Tables``)."""

    def __init__(self, metadata: Metadata) -> None:
        self._jobs = metadata.jobs

    def sobject(self, name: str) -> SObject | None:
        """Return the one object there is."""
        return _DEPLOY_REQUEST if name.casefold() == "deployrequest" else None

    def visible(self, sobject: str) -> frozenset[str]:
        """Return the names of its fields."""
        return frozenset(_TEXTS) if sobject else frozenset()

    def rows(self, sobject: str) -> Collection[Mapping[str, Any]]:
        """Return every deployment."""
        return [row for each in self._jobs if (row := self.get(sobject, each))]

    def get(self, sobject: str, record_id: str) -> Mapping[str, Any] | None:
        """Return one deployment as a row."""
        job = self._jobs.get(record_id) if sobject else None
        if job is None:
            return None
        return dict(zip(_TEXTS, (job.id, job.status, job.user_id, job.created), strict=True))


def _tooling(org: Org, request: Request) -> Response:
    """Answer a query that knows deployments alone. Raises ApiError."""
    try:
        found = answer(request.query.get("q", ""), _Deployments(org.metadata), now=org.now())
    except SoqlError as error:
        raise ApiError(400, error.error_code, error.message) from error
    return Response(200, {"totalSize": found.total, "done": True, "records": found.records})


# -- SOAP ---------------------------------------------------------------------------------------
def session_of(body: bytes) -> str:
    """Return the session id of an envelope; empty where there is none."""
    found = re.search(rb"<(?:\w+:)?sessionId>([^<]+)<", body)
    return found[1].decode() if found else ""


def fault(code: str, message: str) -> Response:
    """Return a SOAP fault, which is always a 500."""
    told = f"{code}: {message}"
    body = (
        f"<soapenv:Fault><faultcode>sf:{code}</faultcode>"
        f"<faultstring>{escape(told)}</faultstring></soapenv:Fault>"
    )
    return _envelope(500, body)


def soap(org: Org, body: bytes, user_id: str) -> Response:
    """Answer an envelope; it knows ``readMetadata`` alone."""
    if user_id not in org.metadata.administrators:
        return fault("INSUFFICIENT_ACCESS", _NO_RIGHT)
    try:
        document = ET.fromstring(body)  # noqa: S314 - loopback # nosec B314
    except ET.ParseError as error:
        return fault("MALFORMED_REQUEST", str(error))
    asked = document.find(f".//{NS}readMetadata")
    if asked is None:
        return fault("UNKNOWN_OPERATION", "No operation available for request")
    kind = asked.findtext(NS + "type") or ""
    names = [each.text or "" for each in asked.iterfind(NS + "fullNames")]
    if len(names) > _MOST:
        return fault("EXCEEDED_ID_LIMIT", f"record limit reached. cannot read more than {_MOST}")
    with org.lock:
        found = org.metadata.read(kind, names)
        records = "".join(_record(kind, name, found.get(name)) for name in names)
    return _envelope(
        200,
        '<readMetadataResponse xmlns="http://soap.sforce.com/2006/04/metadata"><result>'
        f"{records}</result></readMetadataResponse>",
    )


def _record(kind: str, name: str, element: ET.Element | None) -> str:
    if element is None:
        return '<records xsi:nil="true"/>'
    inner = "".join(
        ET.tostring(child, encoding="unicode") for child in element if child.tag != NS + "fullName"
    )
    return f'<records xsi:type="{kind}"><fullName>{escape(name)}</fullName>{inner}</records>'


def _envelope(status: int, body: str) -> Response:
    text = (
        f'<?xml version="1.0" encoding="UTF-8"?><soapenv:Envelope xmlns:soapenv="{_SOAP}"'
        ' xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance"'
        ' xmlns:sf="http://soap.sforce.com/2006/04/metadata">'
        f"<soapenv:Body>{body}</soapenv:Body>"
        "</soapenv:Envelope>"
    )
    return Response(status, text, {"Content-Type": "text/xml;charset=UTF-8"})
