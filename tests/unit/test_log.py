"""No secret ever reaches a log line: by the name of its field, or by value wherever it stands."""

from __future__ import annotations

import contextlib
import io
import json

import pytest
import structlog
from hypothesis import given
from hypothesis import strategies as st

from crmrules import log
from crmrules.cli import wire


@pytest.fixture(autouse=True)
def _forget(monkeypatch):
    monkeypatch.setattr(log, "_SECRETS", {})
    yield
    structlog.reset_defaults()


NAMES = ("access_token", "client_secret", "Authorization", "private_key", "PASSWORD", "assertion")


@pytest.mark.parametrize("name", NAMES)
def test_a_field_with_a_telling_name_is_blanked_out(name):
    assert log.redact(None, "", {name: "abc", "user": "u"}) == {name: "***", "user": "u"}


# Two alphabets without a common letter: the secret can then only stand where it was put.
secrets = st.text(st.sampled_from("abcXYZ0189!-_./+="), min_size=6, max_size=40)
around = st.text(st.sampled_from("αβγδ {}[]:,*"), max_size=20)


@pytest.mark.fault("X4")
@given(secret=secrets, before=around, after=around, place=st.sampled_from(["text", "list", "dict"]))
def test_an_announced_secret_never_appears_wherever_it_stands(secret, before, after, place):
    log._SECRETS.clear()
    log.keep_secret(secret)
    text = f"{before}{secret}{after}"
    value = {"text": text, "list": [1, text], "dict": {"k": (text,)}}[place]
    told = log.redact(None, "", {"event": value})["event"]
    parts = {"text": lambda: told, "list": lambda: told[1], "dict": lambda: told["k"][0]}
    assert parts[place]() == f"{before}***{after}"


@given(text=around, secret=secrets)
def test_a_text_without_the_secret_is_left_alone(text, secret):
    log._SECRETS.clear()
    log.keep_secret(secret)
    assert log.scrub(text) == text


@pytest.mark.parametrize("word", [None, "", "short"])
def test_what_is_too_short_to_be_a_secret_blanks_out_no_words(word):
    log.keep_secret(word)
    assert log.scrub("a short text") == "a short text"


def logged(style, **fields):
    err, out = io.StringIO(), io.StringIO()
    with contextlib.redirect_stderr(err), contextlib.redirect_stdout(out):
        log.configure(style)
        structlog.get_logger().info("it happened", **fields)
    assert out.getvalue() == ""
    return err.getvalue()


@pytest.mark.parametrize("style", ["console", "json"])
def test_a_real_log_line_goes_to_stderr_without_the_secret(style):
    log.keep_secret("hunter2-hunter2")
    line = logged(style, url="https://x/?t=hunter2-hunter2", access_token="abc-def")
    assert "hunter2" not in line
    assert "abc-def" not in line
    assert "it happened" in line


@pytest.mark.fault("X4")
def test_a_traceback_in_the_log_is_scrubbed_too():
    log.keep_secret("hunter2-hunter2")
    try:
        int("hunter2-hunter2")
    except ValueError:
        line = logged("json", exc_info=True)
    assert "ValueError" in json.loads(line)["exception"]
    assert "hunter2" not in line


@pytest.mark.fault("X3")
def test_without_a_terminal_each_line_is_json():
    assert json.loads(logged(None))["event"] == "it happened"


@pytest.mark.parametrize("verbose", [0, 1])
def test_debug_lines_appear_only_where_asked_for(verbose):
    err = io.StringIO()
    with contextlib.redirect_stderr(err):
        log.configure("json", verbose=verbose)
        structlog.get_logger().debug("detail")
    assert ("detail" in err.getvalue()) is bool(verbose)


def test_every_secret_of_a_section_is_announced_also_from_a_file(tmp_path):
    file = tmp_path / "secret"
    file.write_text("from-the-file\n", encoding="utf-8")
    wire._announce(
        {
            "access_token": "given-token",
            "private_key": "given-key-text",
            "client_secret_file": str(file),
            "access_token_file": str(tmp_path / "gone"),
            "token_url": "https://login.salesforce.com",
            "username": "somebody",
        }
    )
    text = "given-token given-key-text from-the-file https://login.salesforce.com somebody"
    assert log.scrub(text) == "*** *** *** https://login.salesforce.com somebody"


def test_a_secret_that_begins_with_another_leaves_no_tail():
    log._SECRETS.clear()
    log.keep_secret("secret")
    log.keep_secret("secret-and-more")

    assert log.scrub("it is secret-and-more") == "it is ***"


def test_a_telling_name_is_blanked_out_however_deep_it_stands():
    told = log.redact(None, "", {"event": {"answer": [{"access_token": "abc", "user": "u"}]}})

    assert told["event"] == {"answer": [{"access_token": "***", "user": "u"}]}
