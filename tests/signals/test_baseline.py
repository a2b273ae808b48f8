from __future__ import annotations

from datetime import date, timedelta

import pytest
from pieces_of import NOW, ago, change, mail, opportunity, person, quote, talk

from crmrules.baseline import ENOUGH, BaselineBuilder, percentile
from crmrules.measures import (
    business_days,
    days_to_second_contact,
    longest_silence,
    most_pushes,
)
from crmrules.model import (
    Account,
    Competitor,
    Concern,
    Concession,
    Criterion,
    Differentiator,
    Need,
    Phase,
    Range,
    Reference,
    Success,
)


def won(amount: float | None = 100.0, days: float = 50, **values):
    account = values.pop("account", None)
    if account is not None:
        values["account"] = Account(record=account, known_at=ago(900), id=account, name="A")
    return opportunity(won=True, closed_at=ago(days), amount=amount, **values)


def built(found, **more):
    builder = BaselineBuilder()
    for one in found:
        builder.add(one)
    return builder.build(NOW, **more)


def test_with_nothing_won_nothing_is_usual_and_the_gate_is_off():
    baseline = built([])
    assert (baseline.won, baseline.major_amount, baseline.inbound_share) == (0, None, None)
    assert (baseline.coverage, baseline.percentiles, baseline.won_median) == ({}, {}, {})
    assert baseline.top_half_revenue is None


def test_major_is_the_sixtieth_percentile_of_thirty_won_amounts():
    amounts = [won(float(n)) for n in range(1, ENOUGH + 1)]
    assert built(amounts, major_amount=7.0).major_amount == 18.0
    assert built(amounts[1:], major_amount=7.0).major_amount == 7.0
    assert built([*amounts[1:], won(None)], major_amount=7.0).major_amount == 7.0
    assert built(amounts[1:]).major_amount is None


def test_lost_ones_and_wins_of_two_years_ago_teach_nothing():
    lost = opportunity(won=False, closed_at=ago(5), amount=9.0)
    assert built([won(), won(days=730), won(days=731), lost]).won == 2


@pytest.mark.parametrize("percent", [1, 50, 60, 75, 100])
def test_a_percentile_is_the_least_value_that_so_many_do_not_exceed(percent):
    values = [3.0, 1.0, 2.0, 2.0, 9.0, 4.0, 7.0]
    enough = [one for one in values if sum(v <= one for v in values) * 100 >= percent * len(values)]
    assert percentile(values, percent) == min(enough)


def test_medians_are_told_by_kind_and_for_all_where_enough_were_won():
    new = [won(float(n), kind="New") for n in range(ENOUGH)]
    baseline = built([*new, won(1000.0, kind="Renewal")])
    assert baseline.won_median == {("default", "New"): 14.5, ("default", None): 15.0}


def test_coverage_looks_at_the_wins_of_the_last_year_only():
    full = won(
        people=(person("p", role="Evaluator"),),
        quotes=(quote("q", 60),),
        activities=(mail("e", 60), talk("m", 60)),
        next_step="call",
        needs=(Need(text="slow", explicit=False, record="n", known_at=ago(60)),),
    )
    bare = won(people=(person("p", title="CFO"),), activities=(mail("o", 60, inbound=False),))
    old = won(days=366)
    assert built([full, bare, old]).coverage == {
        "roles": 0.5,
        "titles": 0.5,
        "roles_or_titles": 1.0,
        "quotes": 0.5,
        "inbound_mail": 0.5,
        "meetings": 0.5,
        "next_step": 0.5,
        "needs": 0.5,
        "criteria": 0.0,
        "concerns": 0.0,
        "competitors": 0.0,
        "sponsors": 0.0,
        "successes": 0.0,
        "differentiators": 0.0,
        "ranges": 0.0,
        "concessions": 0.0,
        "references": 0.0,
    }


@pytest.mark.parametrize(
    ("piece", "given"),
    [
        ("criteria", {"criteria": (Criterion(name="uptime", record="n", known_at=ago(60)),)}),
        ("concerns", {"concerns": (Concern(topic="risk", record="n", known_at=ago(60)),)}),
        ("competitors", {"competitors": (Competitor(name="acme", record="n", known_at=ago(60)),)}),
        ("sponsors", {"people": (person("p", sponsor=True),)}),
        ("successes", {"successes": (Success(text="faster", record="n", known_at=ago(60)),)}),
        (
            "differentiators",
            {"differentiators": (Differentiator(text="near", record="n", known_at=ago(60)),)},
        ),
        ("ranges", {"ranges": (Range(low=1, high=2, record="n", known_at=ago(60)),)}),
        ("concessions", {"concessions": (Concession(text="5%", record="n", known_at=ago(60)),)}),
        ("references", {"references": (Reference(text="asked", record="n", known_at=ago(60)),)}),
    ],
)
def test_coverage_tells_of_everything_people_record(piece, given):
    assert built([won(**given), won()]).coverage[piece] == 0.5


def test_the_share_of_inbound_mail_is_that_of_open_ones():
    mailed = opportunity(activities=(mail("e", 3),))
    assert built([mailed, opportunity(), won()]).inbound_share == 0.5


def test_revenue_is_summed_by_account():
    baseline = built([won(10.0, account="a"), won(5.0, account="a"), won(40.0, account="b")])
    assert baseline.account_revenue == {"a": 15.0, "b": 40.0}
    assert baseline.top_half_revenue == 27.5


def pushed(record: str, days: float):
    day = date(2026, 12, 1)
    later = (day + timedelta(days=9)).isoformat()
    return change(record, days, "close_date", day.isoformat(), later)


def test_usual_is_what_three_of_four_won_ones_stay_within():
    fields = frozenset({"close_date"})
    many = [won(changes=(pushed("a", 60), pushed("b", 70)), tracked=fields) for _ in range(8)]
    few = [won(changes=(), tracked=fields) for _ in range(22)]
    key = ("default", "concerns", "pushes_in_90_days", 75)
    assert built([*many, *few]).percentiles[key] == 2.0
    assert built([*many[1:], *few, won(changes=(), tracked=fields)]).percentiles[key] == 0.0
    assert key not in built([*many[1:], *few]).percentiles
    assert built([*many, *few]).calibrated("default", "concerns", key[2], 3.0) == 3.0
    assert built([*many, *few]).calibrated("default", "concerns", key[2], 1.0) == 2.0
    assert built([]).calibrated("default", "concerns", key[2], 3.0) == 3.0


def test_the_busiest_ninety_days_count():
    fields = frozenset({"close_date"})
    moves = (pushed("a", 200), pushed("b", 111), pushed("c", 110), pushed("d", 5))
    assert most_pushes(opportunity(changes=moves, tracked=fields)) == 2
    nearer = (*moves[:2], pushed("c", 110.1))
    assert most_pushes(opportunity(changes=nearer, tracked=fields)) == 3
    assert most_pushes(opportunity(changes=(), tracked=fields)) == 0
    assert most_pushes(opportunity(changes=moves)) is None


def test_the_longest_silence_belongs_to_the_phase_it_began_in():
    begun = change("h", 40, "phase", "evaluation", "concerns")
    found = opportunity(
        changes=(begun,),
        tracked=frozenset({"phase"}),
        phase=Phase.CONCERNS,
        created_at=ago(70),
        activities=(talk("a", 63), talk("b", 49), talk("c", 28), talk("d", 21)),
    )
    assert longest_silence(found, NOW, Phase.EVALUATION) == 15
    assert longest_silence(found, NOW, Phase.CONCERNS) == 15
    assert longest_silence(found, NOW, Phase.RECOGNITION) is None
    untracked = found.model_copy(update={"tracked": frozenset()})
    assert longest_silence(untracked, NOW, Phase.CONCERNS) is None


def test_the_second_contact_is_the_second_person_known():
    people = (person("b", 60), person("a", 100), person("c", 90))
    assert days_to_second_contact(opportunity(people=people)) == 10
    assert days_to_second_contact(opportunity(people=people[:1])) is None


@pytest.mark.parametrize("start", range(7))
@pytest.mark.parametrize("length", range(16))
def test_business_days_agree_with_counting_day_by_day(start, length):
    first = NOW + timedelta(days=start)
    one_by_one = sum((first + timedelta(days=n)).weekday() < 5 for n in range(1, length + 1))
    assert business_days(first, first + timedelta(days=length)) == one_by_one
    assert business_days(first + timedelta(days=length), first) == 0
