"""docs/life.md says what the code does, and the code's table is what episodes do."""

from __future__ import annotations

import importlib.util
from datetime import timedelta
from pathlib import Path

from hypothesis import given
from hypothesis import strategies as st

from crmrules.findings import Episode, EpisodeStatus, advance
from crmrules.findings.life import NEXT, Event, gone, stopped
from crmrules.rule import Verdict

TESTS = Path(__file__).parents[1]


def loaded(path: Path):
    spec = importlib.util.spec_from_file_location(f"life_{path.stem}", path)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


life_page = loaded(TESTS.parent / "benchmarks" / "life.py")
life_tests = loaded(TESTS / "findings" / "test_life.py")
START, SETTLE, rule = life_tests.START, life_tests.SETTLE, life_tests.rule


def test_the_page_is_what_the_code_says():
    assert life_page.PAGE.read_text(encoding="utf-8") == life_page.page()


def test_the_table_has_every_state_and_every_event():
    assert set(NEXT) == {None, *EpisodeStatus}
    assert all(set(row) == set(Event) for row in NEXT.values())


SHOWN = {
    Event.FIRES: (Verdict.FIRES, timedelta(hours=1), {}),
    Event.SETTLES: (Verdict.FIRES, SETTLE, {}),
    Event.UNKNOWN: (Verdict.UNKNOWN, SETTLE, {}),
    Event.QUIET: (Verdict.QUIET, SETTLE, {}),
    Event.CLOSES: (Verdict.QUIET, SETTLE, {"closed": True}),
    Event.EXPIRES: (Verdict.FIRES, timedelta(days=9), {}),
}
ENDINGS = {Event.GOES: gone, Event.STOPS: stopped}


@given(st.sampled_from(EpisodeStatus), st.sampled_from(Event))
def test_a_going_episode_moves_as_the_table_says(status, event):
    first = Episode("a", "006", 2, status, since=START, seen_at=START)
    rules = rule("a", expires_in_days=5 if event is Event.EXPIRES else None)
    if status is EpisodeStatus.ENDED and event in (Event.SETTLES, Event.EXPIRES):
        return  # what begins has no age yet
    if event in ENDINGS:
        after = ENDINGS[event](first, START + SETTLE)
    else:
        verdict, age, more = SHOWN[event]
        after = advance(first, rules, "006", verdict, START + age, settle=SETTLE, **more)
    assert after is not None
    expected = NEXT[status][event]
    if expected is None:  # it gives its number back
        assert (after.n, after.status) == (1, EpisodeStatus.ENDED)
    else:
        assert after.status is expected
        begins = status is EpisodeStatus.ENDED and expected is not status
        assert after.n == first.n + begins
