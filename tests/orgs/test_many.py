"""Together: what is refused, who follows whom, what is printed, and which exit code all have."""

from __future__ import annotations

import contextlib
import io
import json
import os
import subprocess
import sys
import threading
import time
from concurrent.futures import CancelledError
from itertools import permutations
from pathlib import Path

import pytest
from world import START

from crmrules import batch as batching
from crmrules import cli
from crmrules.batch import Batch
from crmrules.cli import many
from crmrules.errors import CrmRulesError, UsageError
from crmrules.orgs import cluster, local, together, unit
from crmrules.orgs.ended import Ended, worst
from crmrules.orgs.unit import Order
from crmrules.state import Store


def run(*words: object) -> tuple[int, str, str]:
    out, err = io.StringIO(), io.StringIO()
    with contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
        code = cli.run([str(word) for word in words])
    return code, out.getvalue(), err.getvalue()


def written(folder: Path, name: str, text: str = "") -> Path:
    file = folder / name
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(text)
    return file


# -- exit codes -----------------------------------------------------------------------------------
@pytest.mark.parametrize(
    ("codes", "all_together"),
    [
        ([], 0),
        ([0, 0], 0),
        ([0, 75], 75),
        ([75, 4, 0], 4),
        ([6, 75, 4], 6),
        ([2, 6, 75], 2),
        ([3, 2, 75], 3),
        ([5, 3, 2], 5),
        ([1, 5, 75], 1),
        ([0, 139, 1], 139),
    ],
)
def test_the_code_of_all_is_the_one_that_needs_somebody_most(codes, all_together):
    assert {worst(order) for order in permutations(codes)} == {all_together}


# -- what cannot be synced together ---------------------------------------------------------------
@pytest.mark.parametrize(
    "name",
    [
        "CRMRULES_SALESFORCE__ACCESS_TOKEN",
        "crmrules_hubspot__access_token_file",
        "CRMRULES_SALESFORCE__PRIVATE_KEY",
        "CRMRULES_SALESFORCE",
        "CRMRULES_PLUGIN__PASSWORD",
        "CRMRULES_OBSERVE__HEARTBEAT_URL",
        "CRMRULES_OBSERVE__NOTICE_URL_FILE",
        "CRMRULES_OBSERVE__TEXTFILE",
        "CRMRULES_OBSERVE",
    ],
)
def test_a_credential_in_the_environment_is_refused_before_anything_is_read(
    name, monkeypatch, tmp_path
):
    monkeypatch.setenv(name, "a-secret-value")
    code, out, err = run("sync", "--all", written(tmp_path, "a.toml"), "--format", "json")
    assert (code, out) == (2, "")
    assert name in err
    assert "a-secret-value" not in err


@pytest.mark.parametrize(
    "name",
    [
        "CRMRULES_STATE__URL",
        "CRMRULES_TASKS__SETTLE_HOURS",
        "CRMRULES_SALESFORCE__TOKEN_URL",
        "CRMRULES_SALESFORCE__API_VERSION",
        "CRMRULES_OBSERVE__OTLP_ENDPOINT",
        "CRMRULES_OBSERVE__MAX_AGE",
        "PGPASSWORD",
    ],
)
def test_what_is_right_for_every_organization_may_stand_in_the_environment(name):
    together.refuse_shared_secrets({name: "x"})


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["a.toml"], "--all before the first"),
        (["--at-once", "2"], "are for several"),
        (["--dask", "local"], "are for several"),
        (["--all"], "needs the configurations"),
        (["--all", "a.toml", "--config", "b.toml"], "--config and --all"),
        (["--all", "a.toml", "sub/../a.toml"], "the same file"),
        (["--all", "a.toml", "b.toml", "a.toml"], "named twice"),
        (["--all", "a.toml", "--dask", "scheduler:8786"], "no scheduler"),
        (["--all", "a.toml", "--dask", "tcp://10.1.2.3:8786"], "tls://HOST:PORT"),
        (["--all", "a.toml", "b.toml", "--dask", "tcp://127.0.0.1:1"], "SQLite"),
        (["--all", "a.toml", "--dask", "tls://dask.example.com:8786"], "PostgreSQL"),
    ],
)
def test_what_cannot_be_meant_is_refused_with_the_way_out(words, said, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    for name in ("a.toml", "b.toml", "sub/c.toml"):
        written(tmp_path, name)
    code, out, err = run("sync", *words)
    assert (code, out) == (2, "")
    assert said in err
    assert "->" in err


def test_a_scheduler_is_used_where_every_state_is_on_postgresql(tmp_path):
    url = 'url = "postgresql+psycopg://crmrules@db.example.com/crmrules"'
    configs = [written(tmp_path, name, f"[state]\n{url}\n") for name in ("a.toml", "b.toml")]
    cluster.check("tls://dask.example.com:8786", configs)
    with pytest.raises(UsageError, match=r"c\.toml"):
        cluster.check("tls://dask.example.com:8786", [*configs, written(tmp_path, "c.toml")])


def test_without_dask_its_option_says_what_to_install(monkeypatch, tmp_path):
    monkeypatch.setitem(sys.modules, "distributed", None)
    code, _, err = run("sync", "--all", written(tmp_path, "a.toml"), "--dask", "local")
    assert code == 2
    assert "crmrules[dask]" in err


def test_those_that_share_a_sqlite_file_follow_each_other_and_no_others(tmp_path):
    shared = '[state]\nurl = "sqlite:///../all.db"\n'
    texts = {
        "one/a.toml": "",
        "one/b.toml": "",
        "two/a.toml": shared,
        "three/a.toml": shared,
        "pg/a.toml": '[state]\nurl = "postgresql+psycopg://u@h/d"\n',
        "pg/b.toml": '[state]\nurl = "postgresql+psycopg://u@h/d"\n',
        "bad/a.toml": "nonsense",
        "four/a.toml": f'[state]\nurl = "sqlite:///{tmp_path}/one/crmrules.db"\n',
    }
    files = [(written(tmp_path, name, text), name) for name, text in texts.items()]
    assert together.queues(files) == [
        ["one/a.toml", "one/b.toml", "four/a.toml"],
        ["two/a.toml", "three/a.toml"],
        ["pg/a.toml"],
        ["pg/b.toml"],
        ["bad/a.toml"],
    ]


def test_an_organization_belongs_to_one_configuration_of_a_batch(tmp_path):
    def claim(batch: str, config: str, org: str = "00D1") -> None:
        with Store(f"sqlite:///{tmp_path}/state.db") as store:
            own = store.for_org(org)
            with own.lease("test") as fence, own.transaction(fence) as tx:
                batching.claim(Batch(batch, config), tx)

    claim("monday", "a.toml")
    claim("monday", "a.toml")  # a repeated run
    claim("monday", "b.toml", org="00D2")
    with pytest.raises(UsageError, match=r"a\.toml and b\.toml name the same organization"):
        claim("monday", "b.toml")
    claim("tuesday", "b.toml")
    with pytest.raises(UsageError):
        claim("tuesday", "a.toml")


# -- how many at once, and in which order ---------------------------------------------------------
def test_no_more_run_at_once_than_allowed_and_those_of_a_queue_one_after_the_other(monkeypatch):
    running, most, order = set(), [], []
    guard, full = threading.Lock(), threading.Event()

    def fake(one: Order, tell, stop) -> Ended:
        with guard:
            running.add(one.name)
            most.append(set(running))
            if len(running) == 3:
                full.set()
        full.wait(60)  # the first wait for each other, however slow the machine
        time.sleep(0.03)
        with guard:
            running.discard(one.name)
            order.append(one.name)
        return Ended(one.name, 0)

    monkeypatch.setattr(unit, "run", fake)
    queues = [[Order(f"{q}{n}", "b", ()) for n in range(2)] for q in "abcde"]
    ends = list(local.run(queues, 3, print, threading.Event()))
    assert sorted(end.config for end in ends) == sorted(order)
    assert max(map(len, most)) == 3
    for queue in "abcde":
        assert order.index(f"{queue}0") < order.index(f"{queue}1")
        assert not any({f"{queue}0", f"{queue}1"} <= now for now in most)


def test_a_bug_of_ours_is_neither_swallowed_nor_waited_for(monkeypatch):
    def broken(one: Order, tell, stop) -> Ended:
        if one.name == "b":
            raise ZeroDivisionError
        return Ended(one.name, 0)

    monkeypatch.setattr(unit, "run", broken)
    queues = [[Order(name, "x", ())] for name in "abc"]
    found: list[str] = []
    with pytest.raises(ZeroDivisionError):
        found.extend(end.config for end in local.run(queues, 2, print, threading.Event()))
    assert sorted(found) == ["a", "c"]


# -- one process ----------------------------------------------------------------------------------
class Never:
    def wait(self, timeout: float) -> bool:
        time.sleep(min(timeout, 0.01))
        return False


@pytest.fixture
def child(monkeypatch, tmp_path):
    """Let a unit start the program that a test writes, instead of a sync."""

    def program(text: str) -> Order:
        (tmp_path / "acting.py").write_text(text)
        monkeypatch.setenv("PYTHONPATH", str(tmp_path))
        monkeypatch.setattr(unit, "_CHILD", "acting")
        return Order("acme.toml", "b1", ("sync",))

    return program


def test_what_a_process_says_is_passed_on_line_by_line_and_its_error_kept(child):
    order = child(
        "import sys\n"
        "print('{\"event\": 1}', file=sys.stderr)\n"
        "print('crmrules: it broke\\n  -> Mend it.', file=sys.stderr)\n"
        "print('the report')\n"
        "sys.exit(3)\n"
    )
    lines: list[str] = []
    ended = unit.run(order, lines.append, Never())
    assert lines == ['{"event": 1}', "acme.toml: crmrules: it broke", "acme.toml:   -> Mend it."]
    assert (ended.code, ended.said) == (3, "it broke\n  -> Mend it.")
    with ended.out:
        assert ended.out.read() == "the report\n"


def test_its_words_hold_the_name_the_batch_and_the_options_and_its_input_is_open(child):
    order = child("import sys; print(sys.argv[1:], sys.stdin.closed, sys.flags.safe_path)")
    ended = unit.run(order, print, Never())
    with ended.out:
        assert ended.out.read() == "['acme.toml', 'b1', 'sync'] False True\n"


def test_a_process_that_somebody_kills_is_told_as_such(child):
    ended = unit.run(child("import os; os.kill(os.getpid(), 9)"), print, Never())
    ended.out.close()
    assert ended.code == 1
    assert "signal 9" in ended.said


STUBBORN = "import signal, time\nsignal.signal(signal.SIGTERM, {how})\nprint('up', flush=True)\n"


@pytest.mark.parametrize("how", ["signal.SIG_DFL", "signal.SIG_IGN"])
def test_asked_to_stop_a_process_is_ended_and_one_that_does_not_listen_killed(
    how, child, monkeypatch
):
    monkeypatch.setattr(unit, "_HARD", 0.3)
    stop = threading.Event()
    order = child(STUBBORN.format(how=how) + "import sys; print(file=sys.stderr); time.sleep(300)")
    began = time.monotonic()
    ended = unit.run(order, lambda _: stop.set(), stop)
    ended.out.close()
    assert time.monotonic() - began < 60
    assert ended.code == 4
    assert "stopped on request" in ended.said


def test_once_asked_to_stop_nothing_new_begins():
    stop = threading.Event()
    stop.set()
    ended = unit.run(Order("acme.toml", "b", ()), print, stop)
    assert (ended.code, ended.out.read()) == (4, "")
    assert "not begun" in ended.said


def test_where_no_process_can_be_started_the_next_sync_looks_after_it(monkeypatch):
    def refuse(*_: object, **__: object) -> None:
        raise OSError(11, "Resource temporarily unavailable")

    monkeypatch.setattr(subprocess, "Popen", refuse)
    ended = unit.run(Order("acme.toml", "b", ()), print, Never())
    assert ended.code == 4
    assert "Resource temporarily unavailable" in ended.said


def test_a_child_ends_with_the_process_that_watches_it():
    """Its parent lets the life line go, as when it is killed."""
    program = (
        "import threading, time\nfrom crmrules.cli import child\n"
        "threading.Thread(target=child._end_with_parent, daemon=True).start()\n"
        "print('up', flush=True)\ntime.sleep(300)\n"
    )
    pipe = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE}
    with subprocess.Popen([sys.executable, "-c", program], **pipe) as process:
        assert process.stdout is not None
        assert process.stdin is not None
        process.stdout.readline()
        process.stdin.close()
        assert process.wait(120) == -15


# -- through Dask ---------------------------------------------------------------------------------
@pytest.mark.parametrize(
    ("codes", "runs"), [([75, 75, 0], 3), ([75, 75, 75, 75], 4), ([0], 1), ([4], 1)]
)
def test_a_unit_looks_again_where_its_own_first_run_may_hold_the_lock(codes, runs, monkeypatch):
    left, waited = list(codes), []

    class Bell:
        def wait(self, timeout: float) -> bool:
            waited.append(timeout)
            return False

    monkeypatch.setattr(unit, "run", lambda order, *_: Ended(order.name, left.pop(0)))
    ended = cluster._patiently(Order("a.toml", "b", ()), print, Bell())
    assert ended.code == codes[-1]
    assert len(codes) - len(left) == runs
    assert waited == list(cluster._AGAIN[: runs - 1])


class Came:
    """What Dask gives back for a unit."""

    def __init__(self, result=(), error: BaseException | None = None) -> None:
        self.result, self.exception = lambda: result, lambda: error


def test_what_comes_back_from_a_worker_is_told_here_and_a_worker_that_failed_too():
    queue, lines = [Order("a.toml", "x", ()), Order("b.toml", "x", ())], []
    told = [("a.toml", 4, 1.5, "it is", "out\n", ["one", "two"]), ("b.toml", 0, 0.1, "", "", [])]
    a, b = cluster._ends(Came(told), queue, lines.append)
    assert (a.config, a.code, a.said, a.out.read()) == ("a.toml", 4, "it is", "out\n")
    assert (b.code, lines) == (0, ["one", "two"])
    a, b = cluster._ends(Came(error=OSError("disk")), queue, lines.append)
    assert (a.code, b.code) == (1, 1)
    assert "OSError: disk" in a.said
    with pytest.raises(CancelledError):
        list(cluster._ends(Came(error=CancelledError()), queue, lines.append))


@pytest.mark.parametrize(
    ("name", "value", "code"),
    [("CRMRULES_HUBSPOT__ACCESS_TOKEN", "of-the-worker", 2), ("PATH", os.environ["PATH"], 0)],
)
def test_a_workers_own_environment_is_held_to_the_same(name, value, code, monkeypatch, tmp_path):
    config = written(tmp_path, "a.toml")
    monkeypatch.setenv(name, value)
    monkeypatch.setattr(unit, "run", lambda order, *_: Ended(order.name, 0, 0.0, "", io.StringIO()))
    order = Order("a.toml", "b", ("sync", "--config", str(config)))
    assert cluster._told(order, Never(), shared=False)[1] == code
    assert cluster._told(order, Never(), shared=True)[1] == 2  # its state is a file


# -- what is printed ------------------------------------------------------------------------------
def printed(ends: list[Ended], output: str) -> tuple[int, str, str]:
    out, err = io.StringIO(), io.StringIO()
    with contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
        code = many._print(iter(ends), output)
    return code, out.getvalue(), err.getvalue()


def ends() -> list[Ended]:
    return [
        Ended("b.toml", 4, 1.5, "", io.StringIO('{"done":1}\n')),
        Ended("a.toml", 3, 0.25, 'no "way"\n  -> Mend it.'),
        Ended("c.toml", 1, 0.1, "killed", io.StringIO('{"done":1,"api')),
    ]


def test_json_is_one_document_with_an_element_for_each_however_it_ended():
    code, out, err = printed(ends(), "json")
    assert code == 1
    b, a, c = json.loads(out)
    assert b == {"config": "b.toml", "exit": 4, "seconds": 1.5, "error": None} | {
        "report": {"done": 1}
    }
    assert (a["exit"], a["error"], a["report"]) == (3, 'no "way"\n  -> Mend it.', None)
    assert c["report"] is None  # it was cut off
    assert len(out.splitlines()) == 5  # one each, and the brackets
    assert err.splitlines() == [
        'a.toml: exit 3: no "way"',
        "b.toml: exit 4",
        "c.toml: exit 1: killed",
    ]
    assert json.loads(printed([], "json")[1]) == []


def test_a_large_report_passes_through_unchanged():
    report = {"writes": ["\u00e4" * 1000] * 200}
    text = json.dumps(report, ensure_ascii=False) + "\n"
    _, out, _ = printed([Ended("a.toml", 0, 0.0, "", io.StringIO(text))], "json")
    assert json.loads(out)[0]["report"] == report


def test_text_has_a_heading_for_each():
    _, out, _ = printed([Ended("a.toml", 0, 0.0, "", io.StringIO("all well\n"))], "text")
    assert out == "== a.toml: exit 0\nall well\n"


def test_where_nothing_could_begin_nothing_is_on_stdout():
    def broken():
        raise CrmRulesError("no", remedy="no")
        yield

    out = io.StringIO()
    with contextlib.redirect_stdout(out), pytest.raises(CrmRulesError):
        many._print(broken(), "json")
    assert out.getvalue() == ""


def test_every_option_of_a_sync_reaches_each_of_several(monkeypatch, tmp_path):
    given: list[Order] = []

    def fake(queues, at_once, tell, stop):
        given.extend(order for queue in queues for order in queue)
        yield from ()

    monkeypatch.setattr(local, "run", fake)
    a, b = written(tmp_path, "a/a.toml"), written(tmp_path, "b/b.toml")
    words = ("--full", "--initial", "--include-private", "--max-writes", 5, "-v", "-v")
    run("sync", "--all", a, *words, "--all", b, "--as-of", START.isoformat(), "--format", "json")
    assert [order.name for order in given] == [str(a), str(b)]
    told = list(given[0].words)
    assert told[:3] == ["sync", "--config", str(a)]
    for word in ("--full", "--initial", "--include-private", "--max-writes", "5", "--format"):
        assert word in told
    assert told.count("--verbose") == 2
    assert told[told.index("--as-of") + 1] == START.isoformat()
    from crmrules.cli.sync import sync

    taken = {option for option in told if option.startswith("--")} - {"--config"}
    known = {o for p in sync.params for o in p.opts if o.startswith("--")}
    not_handed_on = {"--all", "--at-once", "--dask", "--config"}
    assert taken == known - not_handed_on
