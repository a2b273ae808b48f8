"""The line between us and the CRM: out of reach, broken, replaced, slow."""

from __future__ import annotations

import signal
import threading
import time

import pytest
from crms import slow_on_hubspot
from kit import SIZE, converges, told
from listener import Listener, answer

from crmrules.cli.limit import limited
from crmrules.errors import RetryableError

PAGE = b"<html><body><form action='https://login.example'>Please sign in</form></body></html>"
HTML, JSON = "Content-Type: text/html", "Content-Type: application/json"
FOREIGN = {
    "a page": answer(200, PAGE, HTML),
    "a page that says JSON": answer(200, PAGE, JSON),
    "nothing": answer(200, b"", JSON),
    "no object": answer(200, b"{}", JSON),
    "a list": answer(200, b"[]", JSON),
    "a number": answer(200, b"1", JSON),
    "a word": answer(200, b'"accepted"', JSON),
    "null": answer(200, b"null", JSON),
    "an object of others": answer(200, b'{"login": "https://login.example", "user": 1}', JSON),
    "the shape without the content": answer(
        200, b'{"results": null, "compositeResponse": [1, {"referenceId": "q0"}]}', JSON
    ),
    "another list": answer(200, b'{"results": [1, null], "compositeResponse": {}}', JSON),
    "an archive that is none": answer(200, b"\x1f\x8b\x08nothing", "Content-Encoding: gzip", JSON),
    "511": answer(511, PAGE, HTML),
    "no status line": b"hello\r\n\r\n",
}


@pytest.fixture
def away(crm, tmp_path, listener):
    """A world whose configuration reaches the listener instead."""
    with crm(tmp_path, opportunities=SIZE) as world:
        world.settle()
        world.point_to(listener.url)
        world.reachable = False
        world.configure()
        yield world


def home(world) -> None:
    world.access, world.reachable = {}, True
    world.configure()


@pytest.fixture(scope="module")
def clean(tmp_path_factory, crm):
    with crm(tmp_path_factory.mktemp("clean"), opportunities=SIZE) as world:
        world.settle()
        world.synced()
        return world.dump()


@pytest.mark.fault("N5", "N3")
@slow_on_hubspot
def test_whatever_answers_in_the_crms_place_is_told_and_nothing_is_written(crm, away, listener):
    before = away.dump()
    for name, said in FOREIGN.items():
        listener.requests.clear()
        listener.always(said)
        ran = away.sync()
        assert listener.requests, name
        told(ran, 3, 4)
        assert away.token not in ran.out + ran.err, name
        assert away.dump() == before, name
    home(away)
    away.synced()


@pytest.mark.fault("N5", "X6")
@slow_on_hubspot
def test_a_redirect_is_not_followed_and_the_token_goes_nowhere(crm, away, listener):
    with Listener() as other:
        for status in (301, 302, 303, 307, 308):
            listener.requests.clear()
            where = f"{other.url}/services/data/"
            listener.always(answer(status, PAGE, f"Location: {where}", HTML))
            ran = away.sync()
            told(ran, 3)
            assert listener.requests, status
            assert "redirect" in ran.err, status
        assert other.connections == 0


@pytest.mark.fault("N5", "N3")
@slow_on_hubspot
def test_a_page_in_answer_to_a_write_is_looked_up_and_ends_as_a_clean_run(crm, tmp_path, clean):
    for after in (False, True):
        with crm(tmp_path / str(after), opportunities=SIZE) as world:
            world.settle()
            world.strike("html", status=200, after=after)
            ran = world.sync()
            assert world.server.faults.pending() == []
            assert ran.code in (0, 4)
            converges(world, clean)


@pytest.mark.fault("N1")
@slow_on_hubspot
def test_a_handshake_that_breaks_off_is_no_wrong_certificate(crm, tmp_path, away, listener):
    """It is worth another try, which a wrong certificate is not."""
    listener.rude = True
    away.point_to(listener.url.replace("http:", "https:"))
    away.configure()
    before = away.dump()
    ran = away.sync()
    told(ran, 4)
    assert "certificate" not in ran.err
    assert listener.connections == 5
    assert len(away.slept) >= 4
    assert away.dump() == before


@pytest.mark.fault("N1")
@slow_on_hubspot
def test_a_host_that_goes_away_before_the_write_leaves_no_riddle(crm, tmp_path, monkeypatch):
    """What surely was not sent is planned anew by the next run; only what was is looked up."""
    with crm(tmp_path, opportunities=SIZE) as world:
        world.settle()
        real = world.connector.write

        def write(connector, writes):
            world.server.stop()
            return real(connector, writes)

        monkeypatch.setattr(world.connector, "write", write)
        world.reachable = False
        ran = world.sync()
        assert ran.code == 4, (ran.code, ran.err)
        creates = [row for row in world.tables()["outbox"] if "create_task" in row]
        assert creates
        assert all({"planned", "deferred"} & set(row) for row in creates)
        assert world.keys() == []


@pytest.mark.fault("N6")
@slow_on_hubspot
def test_a_server_that_says_nothing_is_not_waited_for_for_ever(crm, away, listener, monkeypatch):
    for module in ("crmrules_salesforce.session", "crmrules_hubspot.transport"):
        monkeypatch.setattr(f"{module}.READ", 0.1)
    listener.talk = lambda _: (b"" for _ in [listener.wait(3)])
    begun = time.monotonic()
    told(away.sync(), 4)
    assert time.monotonic() - begun < 5
    assert 1 <= len(listener.requests) <= 5


@pytest.mark.fault("N6")
@slow_on_hubspot
def test_a_byte_now_and_then_does_not_keep_a_run_alive(crm, away, listener, clean):
    def drip(_):
        yield b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 9999\r\n\r\n{"
        while not listener.ended:
            listener.wait(0.05)
            yield b" "

    listener.talk = drip
    away.guard = {"max_minutes": 0.01}
    away.configure()
    begun = time.monotonic()
    ran = away.sync()
    assert time.monotonic() - begun < 0.6 + 10
    told(ran, 4)
    assert "max_minutes" in ran.err
    away.guard = {}
    home(away)
    converges(away, clean)


@pytest.mark.fault("N6", "N4")
@slow_on_hubspot
def test_a_run_that_ends_while_a_write_is_under_way_loses_and_doubles_nothing(crm, tmp_path, clean):
    """The CRM has done it, the answer is still on its way, and time is up."""
    main, ended = threading.main_thread().ident, threading.Event()
    with crm(tmp_path, opportunities=SIZE) as world:
        world.settle()

        def late(_):
            signal.pthread_kill(main, signal.SIGALRM)
            ended.wait(10)

        world.server._gate._sleep = late
        world.strike("slow", after=True)
        world.reachable = False  # the request under way is broken off before it can be counted
        ran = world.sync()
        world.reachable = True
        told(ran, 4)
        assert "max_minutes" in ran.err
        before = len(world.server.calls)
        ended.set()
        while len(world.server.calls) == before:  # the sandbox writes it down when it is answered
            time.sleep(0.01)
        assert world.keys()
        assert any("sending" in row for row in world.tables()["outbox"])
        converges(world, clean)


@pytest.mark.fault("N6")
def test_the_alarm_is_put_back_and_nothing_but_the_run_is_ended():
    before = signal.getsignal(signal.SIGALRM)
    with limited(1):
        assert signal.getsignal(signal.SIGALRM) is not before
    assert signal.getsignal(signal.SIGALRM) is before
    assert signal.getitimer(signal.ITIMER_REAL) == (0.0, 0.0)
    swallowed = []

    def work() -> None:
        try:
            time.sleep(10)
        except Exception:  # noqa: BLE001 - what must not happen
            swallowed.append(True)

    with pytest.raises(RetryableError, match="ended after") as caught, limited(0.0005):
        work()
    assert caught.value.exit_code == 4
    assert not swallowed
    assert signal.getsignal(signal.SIGALRM) is before
    elsewhere = threading.Thread(target=lambda: limited(1).__enter__())
    elsewhere.start()
    elsewhere.join()
    assert signal.getsignal(signal.SIGALRM) is before
