"""A Salesforce that serves a large imagined org from its own process: ``python pages.py N``.

Know before changing: it answers what the connector's reader asks and nothing else: composites of
describes and queries, ranges of CreatedDate in either direction, and cursors. A cursor's name says
everything about it, so nothing is kept between calls but the shapes of the queries seen. The first
line on standard output is the address; the server ends with its standard input.

It checks no token and evaluates no other condition: the org holds only rows that the pull wants.
"""

from __future__ import annotations

import re
import sys
import threading
from datetime import UTC, datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import orjson

HERE = Path(__file__).resolve().parent
for folder in (HERE, HERE.parent / "src", HERE.parent / "connectors"):
    if str(folder) not in sys.path:
        sys.path.insert(0, str(folder))

import volume  # noqa: E402 - found beside this file

from crmrules_sandbox.salesforce.describe import describe  # noqa: E402
from crmrules_sandbox.salesforce.schema import load_deploy, standard_schema  # noqa: E402
from crmrules_sandbox.salesforce.start import shipped_fields  # noqa: E402

PAGE = 2000
ORGANIZATION = "00D000000000001AAA"
USER = "005999999999999AAA"
_SELECT = re.compile(r"SELECT (.+?) FROM (\w+)(?: WHERE (.*?))?(?: ORDER BY (.*))?$", re.DOTALL)
_RANGE = re.compile(r"(?<![.\w])CreatedDate (>=|<) (\S+?)(?=\)|\s|$)")
_NEVER = re.compile(r"CrmRules_Key__c IN|IN \(SELECT AccountId|SystemModstamp >=")
"""Conditions that no row of this org meets: our tasks, activities on accounts, later changes."""


class Org:
    """All answers of the org."""

    def __init__(self, opportunities: int, now: datetime) -> None:
        self._opportunities, self._now = opportunities, now
        self._schema = load_deploy(shipped_fields(), standard_schema())
        self._shapes: list[tuple[str, str]] = []
        self._templates: dict[tuple[str, str], tuple[volume.Rows, volume.Template]] = {}
        self._lock = threading.Lock()

    def answer(self, url: str) -> tuple[int, bytes]:
        """Return status and body of one GET."""
        parts = urlsplit(url)
        resource = re.sub(r"^/services/data/v[\d.]+/", "", parts.path)
        if parts.path == "/services/oauth2/userinfo":
            said = {"user_id": USER, "organization_id": ORGANIZATION}
            return 200, orjson.dumps(said)
        if resource.startswith("sobjects/"):
            return self._describe(resource.split("/")[1])
        if resource.startswith("query/"):
            return 200, self._more(resource.removeprefix("query/"), parts.path)
        if resource in ("query", "queryAll"):
            base = parts.path.removesuffix(resource)
            return 200, self._query(parse_qs(parts.query)["q"][0], f"{base}query/")
        return 404, orjson.dumps([{"errorCode": "NOT_FOUND", "message": resource}])

    def _describe(self, name: str) -> tuple[int, bytes]:
        sobject = self._schema.get(name)
        if sobject is None:
            return 404, orjson.dumps([{"errorCode": "NOT_FOUND", "message": name}])
        return 200, orjson.dumps(describe(sobject, frozenset(sobject.fields)))

    def _query(self, soql: str, base: str) -> bytes:
        found = _SELECT.match(soql)
        if found is None:
            raise ValueError(soql)
        fields, name, where, order = found[1], found[2], found[3] or "", found[4] or ""
        if name in _SMALL:
            records = _SMALL[name]
            return orjson.dumps({"totalSize": len(records), "done": True, "records": records})
        rows, _ = self._template(name, fields)
        first, last = 0, 0 if _NEVER.search(where) else rows.count
        for sign, text in _RANGE.findall(where):
            number = rows.since(int(datetime.fromisoformat(text).timestamp()))
            first, last = (max(first, number), last) if sign == ">=" else (first, min(last, number))
        with self._lock:
            if (name, fields) not in self._shapes:
                self._shapes.append((name, fields))
            shape = self._shapes.index((name, fields))
        down = "d" if "DESC" in order else "u"
        return self._page(f"{shape}-{first}-{max(first, last)}-{down}-0", base)

    def _more(self, cursor: str, path: str) -> bytes:
        return self._page(cursor, path.removesuffix(cursor))

    def _page(self, cursor: str, base: str) -> bytes:
        shape, first, last, down, offset = cursor.split("-")
        low, high, start = int(first), int(last), int(offset)
        _, template = self._template(*self._shapes[int(shape)])
        end = min(start + PAGE, high - low)
        numbers = range(low + start, low + end)
        if down == "d":
            numbers = range(high - 1 - start, high - 1 - end, -1)
        body: dict[str, Any] = {"totalSize": high - low, "done": end >= high - low}
        if not body["done"]:
            body["nextRecordsUrl"] = f"{base}{shape}-{first}-{last}-{down}-{end}"
        return orjson.dumps(body)[:-1] + b',"records":' + template.page(numbers) + b"}"

    def _template(self, name: str, fields: str) -> tuple[volume.Rows, volume.Template]:
        with self._lock:
            found = self._templates.get((name, fields))
            if found is None:
                rows = volume.Rows(name, self._opportunities, self._now)
                found = rows, volume.Template(rows, fields.split(", "))
                self._templates[name, fields] = found
        return found

    def composite(self, body: bytes) -> bytes:
        """Answer the parts of a composite, each page as its own bytes."""
        answers = []
        for part in orjson.loads(body)["compositeRequest"]:
            status, inner = self.answer(part["url"])
            about = orjson.dumps({"httpStatusCode": status, "referenceId": part["referenceId"]})
            answers.append(about[:-1] + b',"httpHeaders":{},"body":' + inner + b"}")
        return b'{"compositeResponse":[' + b",".join(answers) + b"]}"


_SMALL: dict[str, list[dict[str, Any]]] = {
    "Organization": [
        {
            "Id": ORGANIZATION,
            "Name": "A large org",
            "IsSandbox": True,
            "TimeZoneSidKey": "Europe/Berlin",
        }
    ],
    "TaskStatus": [
        {"Id": f"01J{n:012d}CAA", "ApiName": s, "MasterLabel": s, "IsClosed": c, "IsDefault": not c}
        for n, (s, c) in enumerate((("Not Started", False), ("Completed", True)))
    ],
    "OpportunityStage": [
        {
            "Id": f"01J{n + 10:012d}EAA",
            "ApiName": name,
            "MasterLabel": name,
            "IsActive": True,
            "IsClosed": name.startswith("Closed"),
            "IsWon": name == "Closed Won",
            "SortOrder": n,
        }
        for n, name in enumerate((*volume.STAGES, "Closed Won", "Closed Lost"))
    ],
}


class _Server(ThreadingHTTPServer):
    daemon_threads = True

    def __init__(self, org: Org) -> None:
        self.org = org
        super().__init__(("127.0.0.1", 0), _Handler)


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server: _Server

    def do_GET(self) -> None:
        self._send(*self.server.org.answer(self.path))

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"]))
        self._send(200, self.server.org.composite(body))

    def _send(self, status: int, body: bytes) -> None:
        self.send_response(status)
        self.send_header("Content-Type", "application/json;charset=UTF-8")
        self.send_header("Content-Length", str(len(body)))
        self.send_header("Sforce-Limit-Info", "api-usage=1/1000000")
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 - the base class's name
        """Say nothing: standard error belongs to the benchmark."""


def main() -> int:
    """Serve until standard input ends; return the exit code."""
    server = _Server(Org(int(sys.argv[1]), datetime.now(UTC)))
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    sys.stdout.write(f"http://127.0.0.1:{server.server_port}\n")
    sys.stdout.flush()
    sys.stdin.read()
    server.shutdown()
    server.server_close()
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
