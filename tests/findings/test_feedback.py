"""What reps do with tasks is counted as the page says, and a rule falls exactly at the bound."""

from __future__ import annotations

import math

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from crmrules.findings import Answer, TaskStatus
from crmrules.findings.feedback import (
    BOUND,
    LEAST,
    TAGGED,
    Counted,
    Precision,
    Z,
    counts_as,
    demoted,
    wilson,
)

S = TaskStatus


def score_bound(part: int, whole: int, *, upper: bool) -> float:
    """Solve the score equation by bisection: the share is Z standard errors from what was seen."""
    seen = part / whole

    def beyond(p: float) -> bool:
        return abs(seen - p) > Z * math.sqrt(p * (1 - p) / whole)

    inside, outside = seen, 1.0 if upper else 0.0
    if not beyond(outside):
        return outside  # nothing was seen, or nothing else
    for _ in range(200):
        middle = (inside + outside) / 2
        inside, outside = (inside, middle) if beyond(middle) else (middle, outside)
    return inside


@given(st.integers(1, 2000).flatmap(lambda n: st.tuples(st.integers(0, n), st.just(n))))
@example((0, 1))
@example((1, 1))
@example((6, 30))
def test_the_interval_is_where_the_score_equation_holds(seen):
    part, whole = seen
    low, high = wilson(part, whole)
    assert high == pytest.approx(score_bound(part, whole, upper=True), abs=1e-9)
    assert low == pytest.approx(score_bound(part, whole, upper=False), abs=1e-9)
    assert 0 <= low <= part / whole <= high <= 1


def test_of_nothing_nothing_is_known():
    none = Precision("r")
    assert wilson(0, 0) == (none.low, none.high) == (0.0, 1.0)
    assert none.share is None
    assert none.at_best is None
    assert not demoted(none)
    assert str(none) == "no answer that counts"


def test_the_interval_is_the_one_in_the_literature():
    """Newcombe 1998, table I, method 3 (score without continuity correction)."""
    printed = {(81, 263): (0.2553, 0.3662), (15, 148): (0.0624, 0.1605), (0, 20): (0, 0.1611)}
    for (part, whole), (low, high) in printed.items():
        assert wilson(part, whole) == pytest.approx((low, high), abs=5e-5)


COUNTED = [
    # answer, status, accepted, recent, counts as
    ("done_otherwise", S.COMPLETED, False, False, Counted.USEFUL),
    ("done_otherwise", S.OPEN, False, False, Counted.USEFUL),
    ("done", S.COMPLETED, True, False, Counted.USEFUL),
    ("done", S.COMPLETED, True, True, Counted.USEFUL),
    ("done", S.DELETED, True, False, Counted.USEFUL),  # completed, accepted, then tidied away
    ("done", S.COMPLETED, False, True, Counted.WAITING),
    ("done", S.COMPLETED, False, False, Counted.DONE),
    ("done", S.OPEN, False, True, None),  # opened again
    ("done", S.SNOOZED, True, True, None),
    ("not_useful", S.COMPLETED, False, True, Counted.NOT_USEFUL),
    ("not_useful", S.COMPLETED, True, True, Counted.NOT_USEFUL),
    ("not_useful", S.SNOOZED, False, False, Counted.NOT_USEFUL),
    ("not_true", S.DELETED, False, False, Counted.NOT_USEFUL),
    ("deleted", S.DELETED, False, True, Counted.NOT_USEFUL),
    ("deleted", S.OPEN, False, False, None),  # taken out of the bin
    ("deleted", S.COMPLETED, False, False, None),
    (None, S.COMPLETED, False, False, None),
    (None, S.DELETED, False, False, None),  # gone, nobody knows by whose hand
    (None, S.OPEN, False, False, None),
]


@pytest.mark.parametrize(("answer", "status", "accepted", "recent", "expected"), COUNTED)
def test_each_end_of_a_task_counts_as_the_table_says(answer, status, accepted, recent, expected):
    assert counts_as(answer, status, accepted=accepted, recent=recent) is expected


@pytest.mark.parametrize("status", [S.WITHDRAWN, S.WANTED])
@pytest.mark.parametrize("answer", [*(str(one) for one in Answer), *TAGGED])
def test_what_we_ended_ourselves_is_no_answer(status, answer):
    for accepted in (True, False):
        assert counts_as(answer, status, accepted=accepted, recent=True) is None


def test_every_answer_has_a_place_in_the_table():
    assert {str(one) for one in Answer} | set(TAGGED) == {row[0] for row in COUNTED if row[0]}


@pytest.mark.parametrize(
    ("useful", "not_useful", "falls"),
    [
        (0, LEAST - 1, False),
        (0, LEAST, True),
        (6, 24, True),
        (7, 23, False),  # 23 %, at most 41 %
        (9, 31, True),
        (10, 30, False),
    ],
)
def test_a_rule_falls_with_thirty_answers_and_an_upper_bound_below_forty_percent(
    useful, not_useful, falls
):
    told = Precision("r", useful, not_useful)
    assert demoted(told) is falls
    assert (told.n >= 30 and score_bound(useful, told.n, upper=True) < 0.40) is falls
    assert (LEAST, BOUND) == (30, 0.40)


@given(*[st.integers(0, 60)] * 4)
def test_what_still_waits_speaks_for_the_rule_and_a_plain_completion_for_nothing(
    useful, not_useful, waiting, done
):
    told = Precision("r", useful, not_useful, waiting, done)
    as_if = Precision("r", useful + waiting, not_useful)
    assert demoted(told) is (useful + not_useful >= LEAST and demoted(as_if))
    assert (told.share, told.low, told.high) == (
        Precision("r", useful, not_useful).share,
        *wilson(useful, useful + not_useful),
    )


def test_a_rule_in_words_tells_number_share_and_interval():
    told = Precision("r", 6, 24, waiting=1, done=9)
    assert str(told) == "6 of 30 answers useful: 20 % (10 to 37 %)"
    assert told.at_best == pytest.approx(16 / 40)
