"""docs/text-signals.md shows the figures of the patterns as they are, and the labels are enough."""

from __future__ import annotations

import importlib.util
import sys
from pathlib import Path

import pytest

pytest.importorskip("re2")
ROOT = Path(__file__).resolve().parents[2]
_spec = importlib.util.spec_from_file_location("text_figures", ROOT / "benchmarks" / "text.py")
assert _spec is not None
figures = importlib.util.module_from_spec(_spec)
sys.modules["text_figures"] = figures
_spec.loader.exec_module(figures)
PAGE = figures.PAGE.read_text(encoding="utf-8")


def part(name: str) -> str:
    return PAGE.partition(f"<!-- {name} -->")[2].partition(f"<!-- end of {name} -->")[0].strip()


def test_the_page_shows_what_is_measured_now():
    assert part("figures") == figures.stored_figures()


def test_the_page_shows_what_is_measured_on_the_public_list(shared_data):
    assert figures.PHRASES.is_file()
    assert shared_data in figures.PHRASES.parents
    assert part("objections") == figures.table(figures.objections())


def test_there_are_enough_labelled_sentences_and_negatives():
    english, german = figures.labels("en"), figures.labels("de")
    assert len(english) >= 250
    assert len(german) >= 60
    assert sum(len(line) == 2 for line in english) >= 200
    for lines in (english, german):
        assert len({line[1] for line in lines}) == len(lines)
        assert {line[0] for line in lines} <= set(figures.SPEAKERS)
        told = {label for line in lines for label in line[2:]}
        assert all(any(is_told(label) for _, is_told, _ in figures.ROWS.values()) for label in told)


def test_the_next_steps_are_those_of_the_public_set_as_often_as_there(shared_data):
    import json
    from collections import Counter

    file = shared_data / "salesforce_demo_opps_cc0" / "Opportunitys.json"
    records = json.loads(file.read_text(encoding="utf-8"))["records"]
    there = Counter(r.get("NextStep") for r in records)
    assert there.pop(None) == 12
    assert dict(there) == {line[1]: line[0] for line in figures.labels("cc0_next_steps")}


@pytest.mark.parametrize(
    ("k", "n", "told"),
    [
        (0, 0, "none"),
        (9, 10, "90 % (60 to 98)"),
        (0, 10, "0 % (0 to 28)"),
        (5, 5, "100 % (57 to 100)"),
    ],
)
def test_intervals_are_wilsons(k, n, told):
    assert figures.share(k, n) == told  # 9 of 10: 0.596 to 0.982, as in the literature
