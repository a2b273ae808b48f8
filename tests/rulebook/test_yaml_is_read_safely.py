"""Hostile and ambiguous YAML is refused by line, cheaply; everything else reads as YAML 1.2."""

from __future__ import annotations

import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crmrules.yamlsource import parse


@pytest.mark.fault("R2")
@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("a: true", True),
        ("a: 12", 12),
        ("a: -1.5", -1.5),
        ("a: 1e3", 1000.0),
        ("a: 2027-05-01", "2027-05-01"),
        ("a: '12:30'", "12:30"),
        ('a: "off"', "off"),
        ("a: null", None),
        ("a: [1, {b: c}]", [1, {"b": "c"}]),
        ("a: >\n  one\n  two\n", "one two\n"),
    ],
)
def test_plain_values_read_as_yaml_1_2_says(text, value):
    document = parse(text.encode())

    assert document.troubles == ()
    assert document.value == {"a": value}
    assert type(document.value["a"]) is type(value)


@pytest.mark.fault("R2", "R3")
@pytest.mark.parametrize(
    ("text", "line", "message"),
    [
        ("x: 1\na: off", 2, "true or false"),
        ("x: 1\na: No", 2, "true or false"),
        ("x: 1\non: 1", 2, "true or false"),
        ("x: 1\na: 12:30", 2, "different number"),
        ("x: 1\na: 007", 2, "different number"),
        ("x: 1\na: 0x1F", 2, "different number"),
        ("x: 1\na: 1_000", 2, "different number"),
        ("x: 1\na: .inf", 2, "different number"),
        ("x: 1\na: 1e999", 2, "too large"),
        ("x: 1\na: " + "9" * 5000, 2, "too long"),
        ("x: 1\nx: 2", 2, "twice"),
        ("x: 1\n3: 2", 2, "no word"),
        ("x: 1\n? [a]\n: 2", 2, "a key that is a list"),
        ("x: &a 1\ny: *a", 1, "anchor"),
        ("x: 1\n<<: {a: 1}", 2, "merge key"),
        ("x: 1\ny: !!python/object/apply:os.system [id]", 2, "tag"),
        ("x: 1\n--- \ny: 1", 2, "second document"),
        ("x: 1\ny: [", 3, "not YAML"),
        ("x: 1\n\ty: 1", 2, "not YAML"),
        ("", 1, "empty"),
        ("a: \x00", 1, "not YAML"),
    ],
)
def test_what_readers_disagree_on_or_attackers_use_is_refused(text, line, message):
    troubles = parse(text.encode()).troubles

    assert any(message in one.what for one in troubles), troubles
    assert line in {one.line for one in troubles}
    assert all(one.remedy for one in troubles)


@pytest.mark.fault("R3")
@pytest.mark.parametrize(
    ("data", "message"),
    [
        (b"a: " + b"x" * (1024 * 1024), "1 MiB"),
        (b"[" * 100_000, "nest"),
        (b"- " * 50_000 + b"a", "nest"),
        (b"{a: " * 50_000, "nest"),
        (b"a: [" + b"1," * 200_000 + b"]", "values"),
        (b"a: \xff\xfe", "UTF-8"),
    ],
)
def test_a_hostile_file_costs_little(data, message):
    before = time.process_time()

    document = parse(data)

    assert time.process_time() - before < 2
    assert document.value is None
    assert message in document.troubles[-1].what


@pytest.mark.fault("R3")
@given(
    st.binary(max_size=200) | st.text(max_size=200).map(lambda text: text.encode(errors="ignore"))
)
def test_any_bytes_are_a_value_or_a_trouble_and_never_a_crash(data):
    document = parse(data)

    assert all(one.line >= 1 and one.what and one.remedy for one in document.troubles)
