from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path

from crmrules import rulebook
from crmrules.model import (
    Account,
    Activity,
    ActivityKind,
    Criterion,
    Focus,
    Need,
    Opportunity,
    Person,
    User,
)
from crmrules.signals import Known, Unknown
from crmrules.texts import LONGEST_VALUE, render
from crmrules.values import text_values

NOW = datetime(2026, 11, 24, 9, tzinfo=UTC)
PACK = Path(__file__).resolve().parents[2] / "rules"
BOOK = {rule.id: rule for rule in rulebook.load([PACK]).rules}
RULE = BOOK["conc-postponed"]
FIRST = next(RULE.when.clauses()).signal


def person(name: str, **values) -> Person:
    return Person(record=f"role {name}", known_at=NOW, id=name.lower(), name=name, **values)


def talk(days: float, *people: str) -> Activity:
    at = NOW - timedelta(days=days)
    kind = ActivityKind.MEETING
    return Activity(record=f"m{days}", known_at=NOW, kind=kind, at=at, people=people)


def values(readings=None, rule=RULE, **given):
    base = {"record": "006", "id": "006", "known_at": NOW, "created_at": NOW, "observed_at": NOW}
    return text_values(Opportunity(**(base | given)), readings or {}, rule)


def test_signals_and_settings_are_values_and_what_is_unknown_has_none():
    found = values({"pushes_in_90_days": Known(3), "days_since_push": Unknown("no history")})
    assert found["pushes_in_90_days"] == 3
    assert found["days_since_push"] is None
    assert found["calm"] == 45


def test_names_that_nobody_knows_are_none():
    found = values()
    for name in ("account", "opportunity", "owner", "contact", "power"):
        assert found[name] is None


def test_account_opportunity_and_owner_are_given_by_name():
    found = values(
        name="Scanners",
        account=Account(record="001", known_at=NOW, id="001", name="Northwind"),
        owner="005",
        users=(User(id="004", name="Kim"), User(id="005", name="Robin")),
    )
    assert [found[name] for name in ("account", "opportunity", "owner")] == [
        "Northwind",
        "Scanners",
        "Robin",
    ]


def test_the_contact_is_who_was_active_last_and_not_who_will_be():
    people = (person("Ana"), person("Ben"), person("Cleo"))
    talks = (talk(9, "ana"), talk(3, "stranger"), talk(4, "ben"), talk(-2, "cleo"))
    assert values(people=people, activities=talks)["contact"] == "Ben"
    assert values(people=people, activities=())["contact"] is None


def test_nobody_who_has_left_is_somebody_to_ask():
    gone = person("Ben", employed=False, focus=Focus.POWER)
    found = values(people=(person("Ana"), gone), activities=(talk(9, "ana"), talk(4, "ben")))
    assert (found["contact"], found["power"]) == ("Ana", None)


def test_power_is_a_role_before_a_title_and_somebody_other_than_the_contact():
    boss, chief = person("Ben", focus=Focus.POWER), person("Ana", senior=True)
    assert values(people=(chief, boss), activities=())["power"] == "Ben"
    assert values(people=(chief, boss), activities=(talk(1, "ben"),))["power"] == "Ana"
    assert values(people=(boss,), activities=(talk(1, "ben"),))["power"] == "Ben"


def need(text: str, days: float, person: str | None = None) -> Need:
    at = NOW - timedelta(days=days)
    return Need(record=f"n{days}", known_at=at, text=text, explicit=False, person=person)


def test_the_two_needs_noted_last_are_quoted_with_whose_they_are_and_when():
    found = values(
        needs=(
            need("late parts stop the line", 40),
            need("re-keying takes half a day", 21, "J. Ortiz"),
            need("no stock figures", 90, "M. Chen"),
        )
    )
    assert found["need_1"] == "re-keying takes half a day (J. Ortiz, 2026-11-03)"
    assert found["need_2"] == "late parts stop the line (2026-10-15)"


def test_needs_that_are_not_there_have_no_value():
    assert (values()["need_1"], values()["need_2"]) == (None, None)
    one = values(needs=(need("late parts", 1),))
    assert (one["need_1"], one["need_2"]) == ("late parts (2026-11-23)", None)


def test_a_long_or_hostile_need_is_cut_and_keeps_its_date():
    said = values(needs=(need("x\n\u202e" * 300, 0, "P" * 99),))["need_1"]
    assert len(said) <= LONGEST_VALUE
    assert said.endswith(", 2026-11-24)")
    assert "\n" not in said
    assert "\u202e" not in said


def test_the_person_is_the_first_in_the_records_behind_the_condition():
    people = (person("Ana"), person("Ben"))
    about = {FIRST: Known(3, ("006", "role Ben", "role Ana"))}
    assert values(about, people=people)["person"] == "Ben"


def test_nobody_is_named_where_the_condition_rests_on_no_person():
    people = (person("Ana"),)
    for reading in (Known(0, ("role Ana",)), Known(3, ("006",)), Unknown("no history")):
        assert values({FIRST: reading}, people=people)["person"] is None
    other = {"days_to_power_meeting": Known(3.0, ("role Ana",))}  # the rule does not read it
    assert values(other, people=people)["person"] is None


def criterion(record: str, name: str) -> Criterion:
    return Criterion(record=record, known_at=NOW, name=name)


def test_a_criterion_is_the_first_one_that_the_conditions_rest_on():
    rule = BOOK["crit-weak-crucial-no-plan"]
    criteria = (
        criterion("00T1", "Price"),
        criterion("00T1", "Go-live"),
        criterion("00T2", "Audit"),
    )
    readings = {
        "weak_crucial_criteria_without_plan": Known(2, ("00T1#go-live", "00T2#audit")),
        "weak_crucial_for_business_days": Known(9, ("00T2#audit",)),
    }
    assert values(readings, rule, criteria=criteria)["criterion"] == "Go-live"
    assert values({}, rule, criteria=criteria)["criterion"] is None
    assert (
        values({"weak_crucial_criteria_without_plan": Known(1, ("00T1",))}, rule)["criterion"]
        is None
    )


def test_criteria_are_listed_until_there_are_enough_and_each_is_cut():
    assert values()["criteria"] is None
    assert (
        values(criteria=(criterion("1", "Price"), criterion("2", "PRICE")))["criteria"] == "PRICE"
    )
    many = tuple(criterion(str(n), f"{n} {'x' * 60}") for n in range(4))
    listed = values(criteria=many)["criteria"]
    assert listed.count("...") == 3
    assert len(listed) <= 80


def test_a_need_ends_with_a_whole_word_and_is_told_with_whose_it_is():
    rule = BOOK["needs-implied-only"]
    said = need("month-end takes three days longer than planned", 9, "E. Bruckner")
    rests = {"implied_needs": Known(1, (said.record,)), "explicit_needs": Known(0)}
    found = values(rests, rule, needs=(said,))
    assert found["need"] == "month-end takes three days longer..."
    assert found["need_by"] == "E. Bruckner"
    assert render(rule.then.task.subject, found).startswith("Turn E. Bruckner's problem at ")
    nobody = values(rests, rule, needs=(need(said.text, 9),))
    assert render(rule.then.task.subject, nobody).startswith("Turn the problem at ")


def test_a_need_is_the_newest_want_that_the_conditions_rest_on_and_is_cut():
    rule = BOOK["needs-not-channelled"]
    day = timedelta(days=1)
    old = Need(record="1", known_at=NOW - 9 * day, text="night shifts gone", explicit=True)
    new = Need(record="2", known_at=NOW - 5 * day, text="y" * 90, explicit=True)
    heard = Need(record="2", known_at=NOW, text="slow", explicit=False)
    needs = (old, new, heard)
    both = {"explicit_needs": Known(2, ("1", "2"))}
    assert values(both, rule, needs=needs)["need"] == "y" * 37 + "..."
    assert values({"explicit_needs": Known(1, ("1",))}, rule, needs=needs)["need"] == old.text
    assert values({}, rule, needs=needs)["need"] is None


def test_the_task_before_a_decider_quotes_what_is_on_record_and_says_where_nothing_is():
    pack = rulebook.load([PACK]).rules
    task = next(r for r in pack if r.id == "entry-power-without-preparation").then.task
    old, older = need("late parts stop the line", 120, "Ana"), need("no stock figures", 200)
    two, one, none = (
        render(task.body[0], values(needs=found)) for found in ((old, older), (old,), ())
    )
    assert two.startswith("On record: late parts stop the line (Ana, 2026-07-27); no stock")
    assert "no stock figures (2026-05-08)" in two
    assert one == "On record: late parts stop the line (Ana, 2026-07-27). Is it still so?"
    assert none.startswith("No problem is on record yet. Ask people there first:")
