"""A real editor's helper: yaml-language-server, which npm brings, spoken to over its own protocol.

Where there is no npm the tests that need it skip with a sentence, unless CRMRULES_REQUIRE_NPM says
that they must not. It is started on files of this machine alone and asks no network.

The protocol: https://microsoft.github.io/language-server-protocol (3.17), framed on stdio.
"""

from __future__ import annotations

import contextlib
import json
import os
import queue
import shutil
import subprocess
import tempfile
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

VERSION = "1.19.2"  # 2.0 asks for a newer Node.js than many systems bring
SECONDS = 60
_SETTINGS = {
    "yaml": {
        "validate": True,
        "completion": True,
        "hover": True,
        "schemaStore": {"enable": False, "url": ""},
        "kubernetesCRDStore": {"enable": False},
    }
}


def missing(what: str) -> None:
    """Skip, or fail where these tests must not be skipped."""
    if os.environ.get("CRMRULES_REQUIRE_NPM"):
        pytest.fail(f"CRMRULES_REQUIRE_NPM is set, but {what}")
    pytest.skip(what)


def installed(cache: Path) -> Path:
    """Return the folder of the server; npm brings it into the cache where it is not there yet."""
    place = cache / f"yaml-language-server-{VERSION}"
    if place.exists():
        return place
    npm = shutil.which("npm")
    if npm is None or shutil.which("node") is None:
        missing("there is no npm on this machine, which brings the YAML language server")
    folder = tempfile.mkdtemp(dir=cache)
    words = ("--ignore-scripts", "--no-audit", "--no-fund", "--prefix", folder)
    done = subprocess.run(
        [str(npm), "install", *words, f"yaml-language-server@{VERSION}"],
        capture_output=True,
        text=True,
        check=False,
        timeout=600,
    )
    if done.returncode == 0:
        with contextlib.suppress(OSError):  # whoever runs beside us was first
            Path(folder).rename(place)
    shutil.rmtree(folder, ignore_errors=True)
    if done.returncode:
        missing(f"npm could not bring yaml-language-server: {done.stderr[-500:]}")
    return place


class Editor:
    """What an editor does: opens files, shows what is wrong, asks what fits here."""

    def __init__(self, process: subprocess.Popen[bytes]) -> None:
        self._process, self._last = process, 0
        self._answers: dict[int, Any] = {}
        self._arrived: queue.Queue[dict[str, Any] | None] = queue.Queue()
        threading.Thread(target=self._read, daemon=True).start()
        self._ask("initialize", processId=None, rootUri=None, capabilities=_ABLE)
        self._tell("initialized")
        self._tell("workspace/didChangeConfiguration", settings=_SETTINGS)

    def problems(self, file: Path) -> list[str]:
        """Open a file; return what the editor underlines, as "line: message"."""
        self._tell("textDocument/didOpen", textDocument=_document(file))
        while True:
            message = self._next()
            about = message.get("params", {})
            if (
                message.get("method") == "textDocument/publishDiagnostics"
                and about["uri"] == file.as_uri()
            ):
                return [
                    f"{one['range']['start']['line'] + 1}: {one['message']}"
                    for one in about["diagnostics"]
                ]

    def offered(self, file: Path, line: int, character: int) -> dict[str, str]:
        """Return what is offered at a place of an opened file, each with its explanation."""
        place = {"line": line - 1, "character": character}
        found = self._ask(
            "textDocument/completion", textDocument={"uri": file.as_uri()}, position=place
        )
        items = found["items"] if isinstance(found, dict) else found
        return {item["label"]: _words(item.get("documentation")) for item in items}

    def shown(self, file: Path, line: int, character: int) -> str:
        """Return what the editor shows over a place of an opened file."""
        place = {"line": line - 1, "character": character}
        found = self._ask("textDocument/hover", textDocument={"uri": file.as_uri()}, position=place)
        return _words(found and found["contents"])

    # -- the protocol -----------------------------------------------------------------------------
    def _ask(self, method: str, **params: Any) -> Any:
        self._last += 1
        number = self._last
        self._send({"id": number, "method": method, "params": params})
        while number not in self._answers:
            message = self._next()
            if "id" in message and "method" not in message:
                assert "error" not in message, message
                self._answers[message["id"]] = message.get("result")
        return self._answers.pop(number)

    def _tell(self, method: str, **params: Any) -> None:
        self._send({"method": method, "params": params})

    def _next(self) -> dict[str, Any]:
        """Return the next message; answer what the server itself asks."""
        message = self._arrived.get(timeout=SECONDS)
        assert message is not None, "the language server has ended"
        if "id" in message and "method" in message:
            result: Any = None
            if message["method"] == "workspace/configuration":
                items = message["params"]["items"]
                result = [_SETTINGS.get(item.get("section", ""), {}) for item in items]
            self._send({"id": message["id"], "result": result})
        return message

    def _send(self, message: dict[str, Any]) -> None:
        body = json.dumps({"jsonrpc": "2.0", **message}).encode()
        stream = self._process.stdin
        assert stream is not None
        stream.write(b"Content-Length: %d\r\n\r\n%s" % (len(body), body))
        stream.flush()

    def _read(self) -> None:
        stream = self._process.stdout
        assert stream is not None
        while header := stream.readline():
            if header.lower().startswith(b"content-length:"):
                length = int(header.split(b":")[1])
                while stream.readline().strip():
                    pass
                self._arrived.put(json.loads(stream.read(length)))
        self._arrived.put(None)


_ABLE = {
    "workspace": {"configuration": True},
    "textDocument": {
        "completion": {"completionItem": {"documentationFormat": ["plaintext", "markdown"]}},
        "hover": {"contentFormat": ["plaintext", "markdown"]},
    },
}


def _document(file: Path) -> dict[str, Any]:
    text = file.read_text(encoding="utf-8")
    return {"uri": file.as_uri(), "languageId": "yaml", "version": 1, "text": text}


def _words(found: Any) -> str:
    return str(found.get("value", "") if isinstance(found, dict) else found or "")


@contextlib.contextmanager
def started(cache: Path) -> Iterator[Editor]:
    """Start the server; end it at the end."""
    program = installed(cache) / "node_modules" / ".bin" / "yaml-language-server"
    process = subprocess.Popen(
        [str(shutil.which("node")), str(program), "--stdio"],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        cwd=cache,
    )
    try:
        yield Editor(process)
    finally:
        process.kill()
        process.communicate()
