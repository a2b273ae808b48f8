"""The watch stops a bad request before it is sent, remembers it, and proves that it looked."""

from __future__ import annotations

import contextlib
import subprocess
import sys
import threading
from http.server import BaseHTTPRequestHandler, HTTPServer

import httpx
import pytest

from hubspot_contract import watch
from hubspot_contract.watch import ContractError, ContractTransport, Watch

GOOD, BAD = "/account-info/2026-09/details", "/account-info/v3/details"
HEADERS = {"Authorization": "Bearer pat-eu1-x"}
CONNECTOR = (
    "import httpx\ndef http_transport(verify):\n    return httpx.HTTPTransport(verify=verify)\n"
)


@pytest.fixture
def server():
    """Return a server that counts what reaches it."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self):
            self.server.paths.append(self.path)
            self.send_response(200)
            self.send_header("Content-Length", "2")
            self.end_headers()
            self.wfile.write(b"{}")

        def log_message(self, *args):
            """Say nothing."""

    made = HTTPServer(("127.0.0.1", 0), Handler)
    made.paths = []
    thread = threading.Thread(target=made.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    yield made
    made.shutdown()
    thread.join()
    made.server_close()


def client(server, transport):
    address = f"http://127.0.0.1:{server.server_port}"
    return httpx.Client(transport=transport, base_url=address, headers=HEADERS)


@pytest.fixture
def connector(tmp_path, monkeypatch):
    """Return the name of a module that makes transports as the connector does."""
    (tmp_path / "stand_in_transport.py").write_text(CONNECTOR)
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.setattr(watch, "TRANSPORT", "stand_in_transport")
    yield tmp_path
    sys.modules.pop("stand_in_transport", None)


def test_a_good_request_is_sent_and_counted(server):
    seen = Watch()
    with client(server, ContractTransport(httpx.HTTPTransport(), seen)) as http:
        assert http.get(GOOD).status_code == 200
    assert (server.paths, seen.checked, seen.broken) == ([GOOD], 1, [])


def test_a_bad_request_is_never_sent(server):
    seen = Watch()
    with (
        client(server, ContractTransport(httpx.HTTPTransport(), seen)) as http,
        pytest.raises(ContractError, match="no such operation"),
    ):
        http.get(BAD)
    assert server.paths == []


def test_a_swallowed_error_is_remembered(server):
    seen = Watch()
    with (
        client(server, ContractTransport(httpx.HTTPTransport(), seen)) as http,
        contextlib.suppress(Exception),
    ):
        http.get(BAD)
    assert len(seen.broken) == 1
    assert "no such operation" in seen.broken[0]


@pytest.mark.slow
def test_the_suite_fails_a_test_that_swallowed_one(tmp_path):
    """Run a suite with our conftest, in which a test catches everything."""
    (tmp_path / "test_it.py").write_text(
        "import httpx\n"
        "from hubspot_contract.watch import ContractTransport\n"
        "def test_it():\n"
        "    try:\n"
        "        ContractTransport(httpx.HTTPTransport()).handle_request(\n"
        "            httpx.Request('GET', 'http://127.0.0.1:1/crm/v3/objects/deals'))\n"
        "    except BaseException:\n"
        "        pass\n"
    )
    (tmp_path / "conftest.py").write_text((watch.HERE.parent / "conftest.py").read_text())
    done = subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "-p", "no:randomly", "-p", "no:xdist", tmp_path],
        capture_output=True,
        text=True,
        check=False,
        env=watch.environment(tmp_path / "log"),
        cwd=tmp_path,
    )
    assert done.returncode == 1, done.stdout + done.stderr
    assert "HubSpot would not take" in done.stdout
    assert "1 passed, 1 error" in done.stdout


def test_what_the_connector_makes_is_watched_until_it_is_undone(server, connector):
    import stand_in_transport

    seen = Watch()
    undo = watch.install(seen)
    with client(server, stand_in_transport.http_transport(verify=False)) as http:
        http.get(GOOD)
    undo()
    with client(server, stand_in_transport.http_transport(verify=False)) as http:
        http.get(GOOD)
    assert (len(server.paths), seen.checked) == (2, 1)


def test_a_connector_that_makes_its_transports_elsewhere_is_an_error(connector):
    (connector / "stand_in_transport.py").write_text("def other(verify): ...\n")
    with pytest.raises(AttributeError, match="http_transport"):
        watch.install(Watch())


def test_a_connector_that_lacks_a_part_of_itself_is_an_error(connector):
    (connector / "stand_in_transport.py").write_text("import crmrules.no_such_part\n")
    with pytest.raises(ModuleNotFoundError, match="no_such_part"):
        watch.install(Watch())


def test_a_connector_whose_package_is_not_installed_is_left_alone(connector):
    (connector / "stand_in_transport.py").write_text("import a_vendor_package\n")
    watch.install(Watch())()


def test_where_there_is_no_connector_nothing_is_watched(monkeypatch):
    monkeypatch.setattr(watch, "TRANSPORT", "no_such_package.transport")
    watch.install(Watch())()


def test_a_program_of_its_own_is_watched_and_tells(server, connector, tmp_path):
    log = tmp_path / "log"
    program = (
        "from hubspot_contract import watch\n"
        "watch.TRANSPORT = 'stand_in_transport'\n"
        "watch.install()\n"
        "import httpx, stand_in_transport\n"
        "transport = stand_in_transport.http_transport(False)\n"
        f"address = 'http://127.0.0.1:{server.server_port}'\n"
        f"http = httpx.Client(transport=transport, headers={HEADERS}, base_url=address)\n"
        f"http.get({GOOD!r})\n"
        "try:\n"
        f"    http.get({BAD!r})\n"
        "except AssertionError:\n"
        "    pass\n"
    )
    environment = watch.environment(log)
    environment["PYTHONPATH"] += f":{connector}"
    subprocess.run([sys.executable, "-c", program], check=True, env=environment)
    seen = Watch()
    seen.read(log)
    assert (seen.checked, len(seen.broken), server.paths) == (2, 1, [GOOD])


@pytest.mark.slow
def test_a_program_is_watched_without_knowing_it(tmp_path):
    program = "import sys; print('hubspot_contract.watch' in sys.modules)"
    done = subprocess.run(
        [sys.executable, "-c", program],
        capture_output=True,
        text=True,
        check=True,
        env=watch.environment(tmp_path / "log"),
    )
    assert (done.stdout.strip(), done.stderr) == ("True", "")


def test_an_unwatched_call_is_noticed(server):
    seen = Watch()
    with (
        pytest.raises(ContractError, match="1 requests were sent and 0 checked"),
        watch.every_call_checked(lambda: len(server.paths), seen),
        client(server, httpx.HTTPTransport()) as http,
    ):
        http.get(GOOD)


def test_a_silent_connector_proves_nothing(server):
    with (
        pytest.raises(ContractError, match="nothing was sent"),
        watch.every_call_checked(lambda: len(server.paths), Watch()),
    ):
        pass


def test_checked_calls_are_proof(server):
    seen = Watch()
    with (
        watch.every_call_checked(lambda: len(server.paths), seen),
        client(server, ContractTransport(httpx.HTTPTransport(), seen)) as http,
    ):
        http.get(GOOD)
    assert seen.checked == 1


def test_the_connectors_own_transport_is_watched_in_this_suite(server):
    transport = pytest.importorskip("crmrules_hubspot.transport")
    with (
        watch.every_call_checked(lambda: len(server.paths)),
        client(server, transport.http_transport(True)) as http,
    ):
        http.get(GOOD)
