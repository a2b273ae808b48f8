"""Whatever a text of a CRM holds: read in linear time, cut between letters, shown safely."""

from __future__ import annotations

import contextlib
import io
import json
import sys
import time
from datetime import date

import click
import harm
import pytest
import targets
from hypothesis import given
from hypothesis import strategies as st

from crmrules import cli, letters, log, raw
from crmrules.connector import CreateTask, TaskFields
from crmrules.texts import in_words, render, safe
from crmrules_hubspot import html as rich
from crmrules_hubspot.api import Api
from crmrules_hubspot.records import BODY, SUBJECT, html, record_of

ANY = st.text(st.characters(), max_size=200)  # half characters (lone surrogates) too
FAMILY, FLAG, WAVE = "\U0001f468\u200d\U0001f469\u200d\U0001f467", "\U0001f1e9\U0001f1ea", "👋🏽"


def data(text: str) -> bytes:
    return text.encode("utf-8", "surrogatepass")


@pytest.mark.slow
@pytest.mark.fault("X1")
@pytest.mark.parametrize("name", ["notes", "texts", "html", "bodies", "render", "terminal"])
@pytest.mark.parametrize("text", harm.HARMFUL, ids=[ascii(text)[10:30] for text in harm.HARMFUL])
def test_no_harmful_text_breaks_a_reader_or_a_writer(name, text):
    targets.TARGETS[name](text[:30_000].encode("utf-8", "surrogatepass"))


@pytest.mark.slow
@pytest.mark.fault("X1", "X3")
@pytest.mark.parametrize("name", ["notes", "texts", "html", "bodies", "render", "terminal", "soql"])
@given(text=ANY)
def test_no_text_at_all_breaks_a_reader_or_a_writer(name, text):
    targets.TARGETS[name](data(text))


@pytest.mark.fault("X1")
@pytest.mark.parametrize(
    ("text", "limit", "short"),
    [
        (FAMILY * 3, 11, FAMILY + "..."),
        (FAMILY * 3, 10, "..."),
        (FLAG * 3, 10, FLAG + "..."),
        (FLAG * 3, 11, FLAG * 2 + "..."),
        ("x" + FLAG * 3, 10, "x" + FLAG + "..."),
        (WAVE * 2, 6, "..."),
        (WAVE * 2, 7, WAVE + "..."),
        ("e\u0301" * 9, 6, "e\u0301..."),
        ("한국어 한국어", 6, "한국어..."),
        ("\u1112\u1161\u11ab" * 5, 8, "\u1112\u1161\u11ab..."),
        ("क्षि" * 9, 9, "क्षि..."),
        ("a" * 20, 5, "aa..."),
        ("\U0001f600" * 5, 10, "\U0001f600" * 5),
        ("\U0001f600" * 5, 9, "\U0001f600" * 3 + "..."),
    ],
)
def test_a_text_is_cut_between_letters_and_counted_as_crms_count(text, limit, short):
    assert letters.cut(text, limit) == short


@pytest.mark.slow
@pytest.mark.fault("X1")
@given(ANY, st.integers(0, 60))
def test_a_cut_is_never_longer_and_begins_like_the_text(text, limit):
    short = letters.cut(text, limit)
    assert len(short.encode("utf-16-le", "surrogatepass")) // 2 <= limit
    assert short == text or text.startswith(short.removesuffix("...").rstrip(".")[:limit])


def test_a_flood_of_marks_takes_no_name_along():
    flood = "Z" + "\u0301" * 500 + "algo"
    assert safe(flood, 40) == "Z" + "\u0301" * letters.MOST_MARKS + "algo"
    assert letters.cut("Z" + "\u0301" * 500, 200).startswith("Z\u0301")


@pytest.mark.parametrize("name", ["\u200b\u2060", "\x00", "\u202e", " \t ", "\ud800"])
def test_a_name_that_shows_nothing_leaves_no_hole_in_a_task(name):
    assert render(("Look at {opportunity}", "Look at {account}"), {"opportunity": name}) == (
        "Look at this account"
    )


def test_a_value_in_words_is_one_harmless_line():
    assert in_words("a\x1b[31m\nb\u202ec") == "a[31m bc"


def task(subject: str, body: str) -> CreateTask:
    return CreateTask("k", TaskFields(subject, body, date(2026, 11, 26), "1", "2", "rule"))


@pytest.mark.fault("X1")
@pytest.mark.parametrize("sign", ["&", "<", "\n", "x", "\U0001f600", "é"])
def test_a_body_of_hubspot_fits_after_its_signs_were_escaped(sign):
    from zoneinfo import ZoneInfo

    made = record_of(task(FAMILY * 99, "a" + sign * 70_000), ZoneInfo("UTC"))["properties"]
    assert 0 < letters.size(made["hs_task_body"]) <= BODY
    assert letters.size(made["hs_task_body"]) > BODY * 0.8 or sign == "\n"
    assert letters.size(made["hs_task_subject"]) <= SUBJECT
    assert made["hs_task_subject"].removesuffix("…").replace(FAMILY, "") == ""
    text = rich.text(made["hs_task_body"]) or ""
    assert text.removesuffix("…").replace("\n", "") in "a" + sign * 70_000


def test_what_is_no_id_gets_into_no_path_of_hubspot():
    class Never:
        config = type("Config", (), {"api_version": "2026-09"})

        def call(self, *_, **__):
            raise AssertionError("sent")

    api = Api(Never())
    for strange in ("..", "1/../2", "1?x=1", "", "1%2f2", "\u0661", "a"):
        assert api.get("deals", strange, ()) is None


HEAVY = [
    ("notes", "a rating without a sign", lambda n: "#criterion: x | z=1 c" + " " * n + "b"),
    ("notes", "one note", lambda n: "#need: " + "word " * (n // 5)),
    ("notes", "many notes", lambda n: "#need: x\n" * (n // 9)),
    ("notes", "many slips", lambda n: "#nede: x\n" * (n // 9)),
    ("notes", "many people", lambda n: "#need: x" + " @A" * (n // 3)),
    ("notes", "many parts", lambda n: "#criterion: x" + "|a=b" * (n // 4)),
    ("notes", "many brackets", lambda n: "#need: " + "(a" * (n // 2)),
    ("notes", "spaces", lambda n: "#need:" + " " * n),
    ("texts", "a turn without a colon", lambda n: "A: x\nB: y\n" * 9 + "a" + " " * n + "b"),
    ("texts", "ten turns of spaces", lambda n: ("a" + " " * (n // 10) + "x\n") * 10),
    ("texts", "many abbreviations", lambda n: "Dr. " * (n // 4)),
    ("texts", "many denials", lambda n: "not too expensive " * (n // 18)),
    ("texts", "hidden elements", lambda n: "<script>" * (n // 8)),
    ("texts", "line ends", lambda n: "\n" * n),
    ("html", "many elements", lambda n: "<b>" * (n // 3)),
    ("html", "open elements", lambda n: "<" * n),
    ("html", "entities", lambda n: "<p>" + "&amp" * (n // 4)),
    ("html", "line ends", lambda n: "<p>" + "\n" * n),
    ("bodies", "entities", lambda n: "&<" * (n // 2)),
    ("bodies", "emoji", lambda n: FAMILY * (n // 5)),
    ("terminal", "marks", lambda n: "a" + "\u0301" * n),
    ("terminal", "emoji", lambda n: FAMILY * (n // 5)),
]


@pytest.mark.slow
@pytest.mark.fault("X1", "R4")
@pytest.mark.parametrize(
    ("name", "make"), [(name, make) for name, _, make in HEAVY], ids=[one[1] for one in HEAVY]
)
def test_a_megabyte_costs_little_more_than_ten_times_a_tenth(name, make):
    """Most readers stop before; none may take quadratic time, which would be a hundred times."""
    cost = [min(_seconds(name, make(size)) for _ in range(2)) for size in (100_000, 1_000_000)]
    assert cost[1] < 25 * max(cost[0], 0.01), cost


def _seconds(name: str, text: str) -> float:
    before = time.process_time()
    targets.TARGETS[name](data(text))
    return time.process_time() - before


@pytest.fixture
def command(monkeypatch):
    """Let ``crmrules status`` print what a test wants."""

    def run(text, *, err=False, out=None):
        @click.command()
        def made():
            (sys.stderr if err else sys.stdout).write(text)
            click.echo(text, err=err)

        monkeypatch.setattr(cli.LateGroup, "get_command", lambda *_: made)
        stream, errors = out or io.StringIO(), io.StringIO()
        with contextlib.redirect_stdout(stream), contextlib.redirect_stderr(errors):
            assert cli.run(["status"]) == 0
        return stream, errors.getvalue()

    return run


@pytest.mark.fault("X3")
@pytest.mark.parametrize("err", [False, True])
def test_nothing_that_a_command_prints_steers_a_terminal(command, err):
    stream, errors = command("a\x1b[2Jb\x9b1mc\rd\u202ee\ud800f\u2028g\x00\x7f\tö\n", err=err)
    told = errors if err else stream.getvalue()
    assert told.startswith(
        "a\\u001b[2Jb\\u009b1mc\\u000dd\\u202ee\\ud800f\\u2028g\\u0000\\u007f\tö"
    )


@pytest.mark.slow
@pytest.mark.fault("X3")
@given(ANY)
def test_json_is_the_same_json_after_the_guard(text):
    told = letters.shown(json.dumps({"a": text}, ensure_ascii=False))
    assert json.loads(told) == {"a": text}
    assert json.loads(letters.encodable(told, "ascii")) == {"a": text}


def test_a_terminal_that_lacks_a_letter_gets_its_number(command):
    out = io.TextIOWrapper(io.BytesIO(), encoding="latin-1")
    stream, _ = command("é € \U0001f600", out=out)
    stream.flush()
    assert stream.buffer.getvalue().startswith(b"\xe9 \\u20ac \\ud83d\\ude00")


@pytest.mark.fault("X3", "X4")
@pytest.mark.parametrize("style", ["json", "console"])
def test_a_log_line_is_one_line_and_steers_nothing(style, capsys):
    import structlog

    log.configure(style)
    structlog.get_logger().warning("a", organization="x\n\x1b[2J\u202e{y}\r")
    line = capsys.readouterr().err
    assert line.count("\n") == 1
    assert "\x1b[2J" not in line
    assert "\u202e" not in line
    if style == "json":
        assert json.loads(line)["event"] == "a"


@pytest.mark.slow
@pytest.mark.fault("X1")
@given(st.dictionaries(st.just("x"), ANY | st.integers() | st.none() | st.lists(ANY, max_size=1)))
def test_a_value_of_a_record_is_text_that_every_store_takes_or_unknown(body):
    found = raw.text(body, "x")
    if found is not None:
        assert found.strip() == found != ""
        found.encode()


def test_letters_that_only_look_alike_are_the_same_word():
    from crmrules.mapping import Mapping
    from crmrules.model import Phase

    composed, split = "N\u00e9gociation", "Ne\u0301gociation"
    assert Mapping(phases={"default": {composed: "concerns"}}).phase("x", split) is Phase.CONCERNS


def test_long_words_are_not_remembered(monkeypatch):
    from crmrules import mapping

    kept = []
    monkeypatch.setattr(mapping, "_known_word", lambda word: kept.append(len(word)) or word)
    made = mapping.Mapping()
    assert made.senior("director " + "x" * 1_000_000) is True
    assert made.waits("x" * 1_000_000) is None
    assert made.phase("default", "x" * 1_000_000) is None
    assert max(kept) <= 300


def test_html_that_is_half_a_character_or_nested_without_end_is_text():
    assert rich.text("a \ud800 b") == "a ? b"
    assert rich.text(html("<b>x</b>\n\U0001f600")) == "<b>x</b>\n\U0001f600"


def test_spaces_around_a_rating_do_not_matter():
    from crmrules import notes

    line = "#criterion: go-live | us  \t =   4   acme corp =2"
    [found] = notes.parse(line, record="r", known_at=targets.AT, author="u").criteria
    assert (found.ours, found.theirs, found.rival) == (4, 2, "acme corp")
