"""One good rule, broken in one place at a time: the right sentence on the right line."""
# ruff: noqa: E501, ISC004, Q003 - a table of snippets reads best in long rows

from __future__ import annotations

from pathlib import Path

import pytest
from good_rules import GOOD, NAME, line_of, problems_of

BREAKS = [
    # what is replaced, by what, a part of the message, a part of the line it is reported on
    ("title: A discount is on", "titel: A discount is on", "unknown key 'titel'", "titel:"),
    ("mode: shadow", "mode: off", "'mode' cannot be 'off'", "mode: off"),
    ("severity: P2", "severity: P2\nseverity: P3", "'severity' is there twice", "severity: P3"),
    ("severity: P2", "severity: P9", "'severity' cannot be 'P9'", "severity: P9"),
    ("review: 2027-05-01", "review: next May", "'next May' is no date", "review:"),
    ("phases: [recognition, ", "phases: [recogniton, ", "cannot be 'recogniton'", "phases:"),
    ("phases: [recognition, evaluation]", "phases: [evaluation, evaluation, recognition]",
     "the phase 'evaluation' is there twice", "phases:"),
    ("{at_least: $points}", "{at_leest: $points}", "unknown operator 'at_leest'", "at_leest"),
    ("{at_least: $points}", "{at_least: $pionts}", "no setting is called '$pionts'", "pionts}"),
    ("{at_least: $points}", '{at_least: "5"}', "of type str, not a number", '"5"'),
    ("- discount_serves_criterion: {is: true}", "- discount_serves_criterion: {is: 1}",
     "of type int, not true or false", "{is: 1}"),
    ("- discount_serves_criterion: {is: true}", "- discount_serves_criterion: {at_least: 1}",
     "'at_least' does not fit", "serves_criterion: {at_least"),
    ("- discount_serves_criterion: {is: true}", "- discount_serves_critereon: {is: true}",
     "no signal is called 'discount_serves_critereon'", "critereon"),
    ("- discount_serves_criterion: {is: true}", "- forecast: {is: comit}",
     "it is never 'comit'", "comit"),
    ("review: 2027-05-01", "private: true\nreview: 2027-05-01",
     "the subject of a private rule names something", "subject:"),
    ("review: 2027-05-01", "private: true\nreview: 2027-05-01",
     "a private rule is recommended as live", "recommended:"),
    ("review: 2027-05-01", "copy_manager: true\nprivate: true\nreview: 2027-05-01",
     "a private rule copies the manager", "copy_manager:"),
    ("id: nego-early-concession", "id: nego-early", "the id is 'nego-early'", "id: nego-early"),
    ("id: nego-early-concession", "id: conc-early-concession", "starts with 'nego-'", "id: conc"),
    ("settings:\n", "settings:\n  spare: {value: 1, unit: days, why: none}\n",
     "the setting 'spare' is never used", "spare:"),
    ("settings:\n", "coverage: [rolles]\nsettings:\n", "no coverage is measured of 'rolles'",
     "coverage:"),
    ("floor: 1", "floor: 6", "outside its floor", "floor: 6"),
    ('"Hold the discount at {account}"]', '"The discount at {account}"]',
     "starts with 'The'", "subject:"),
    ('"Hold the discount at {account}"]', '"Hold the discount at {account} ' + "for now " * 12 + '"]',
     "characters", "subject:"),
    (', "Hold the discount at {account}"]', "]", "no words for when", "subject:"),
    ("{discount_above_allowance:g} points", "{discount_above_allowance:x} points",
     "no such format", "subject:"),
    ("{discount_above_allowance:g} points", "{discount_above_alowance} points",
     "no placeholder is called", "subject:"),
    ("{discount_above_allowance:g} points", "{points.__class__} points", "a brace", "subject:"),
    ("what else would we need to settle?", "what else.", "no line asks anything", "body:"),
    ("Check what they want most.", "You gave away margin.", "'you gave away' blames", "You gave"),
    ("Check what they want most.", "Reconsider organizational prioritization considerations "
     "regarding multidimensional implementation dependencies.", "read at grade", "task:"),
    ("due_in_days: 5", "due_in_days: 5\n    due_before: days_to_meating",
     "no signal is called 'days_to_meating'", "due_before:"),
    ("due_in_days: 5", "due_in_days: 5\n    due_before: age_days", "'age_days' does not count days",
     "due_before:"),
    ("due_in_days: 5", "due_in_days: 5\n    due_before: days_to_meeting",
     "'when' does not compare 'days_to_meeting'", "due_before:"),
    ("due_in_days: 5", "due_in_days: 5\n    due_befor: days_to_meeting",
     "unknown key 'then.task.due_befor'", "due_befor:"),
    ("- discount_serves_criterion: {is: true}", "- age_days: {at_least: 3}",
     "no test covers 'clears: age_days at least 3'", "age_days"),
    ("    - discount_above_allowance: {at_least: $points}",
     "    - discount_above_allowance: {at_least: $points}\n    - discount_above_allowance: {at_least: 1}",
     "no test covers 'when: discount_above_allowance at least 1'", "{at_least: 1}"),
    ("    - discount_above_allowance: {at_most: 0}\n    - discount_serves_criterion: {is: true}",
     "    - age_days: {at_least: 30}", "only time can clear this rule", "clears:"),
    ("    - discount_above_allowance: {at_most: 0}\n    - discount_serves_criterion: {is: true}",
     "    - all:\n        - age_days: {at_least: 3}\n        - age_days: {below: 3}",
     "'clears' contradicts itself", "clears:"),
    ("    - discount_above_allowance: {at_least: $points}",
     "    - discount_above_allowance: {at_least: $points}\n"
     "    - discount_serves_criterion: {is: true}",
     "nothing can make this rule fire", "when:"),
    ("discount_above_allowance: 8}\n    expect: quiet", "discount_above_allowance: 1}\n    expect: quiet",
     "no test covers 'phases'", "phases:"),
    ("discount_above_allowance: 5}", "discount_above_allowance: 5.5}",
     "no test stands at the limit of the setting 'points'", "points: {"),
    ("is_major: true}\n    expect: unknown", "is_major: false}\n    expect: quiet",
     "no test expects: unknown", "tests:"),
    ("expect: unknown", "expect: fires", "engine says unknown", "- name: quotes live"),
    ("given: {phase: recognition, is_major: true,", "given: {phase: recognition, is_major: 1,",
     "of type int, not true or false", "is_major: 1"),
    ("  flag: early_concession\n", "  flag: early_concession\nhides: [{rule: nego-gone}]\n",
     "no rule is called 'nego-gone'", "hides:"),
    ("why: While the buyer is still comparing, price is not yet what decides.\nsource: \"Takeaway 7, "
     "negotiation: concede late\"", 'source: "Takeaway 7"\nwhy: Because.',
     "'why' should stand here", "source:"),
]  # fmt: skip


def test_the_good_rule_has_no_fault(tmp_path):
    assert problems_of(tmp_path, {NAME: GOOD}) == []


@pytest.mark.fault("R1")
@pytest.mark.parametrize(("old", "new", "message", "place"), BREAKS, ids=lambda text: text[:25])
def test_a_fault_is_told_on_its_line_with_a_remedy(tmp_path, old, new, message, place):
    assert GOOD.count(old) == 1
    text = GOOD.replace(old, new)

    found = problems_of(tmp_path, {NAME: text})

    told = [problem for problem in found if message in problem.what]
    assert told, [str(problem) for problem in found]
    assert line_of(text, place) in {problem.line for problem in told}
    assert all(problem.remedy for problem in found)


def test_a_rule_may_be_due_before_an_event_it_asks_for(tmp_path):
    fine = GOOD.replace("due_in_days: 5", "due_in_days: 5\n    due_before: days_to_meeting")
    clause = "    - discount_above_allowance: {at_least: $points}\n"
    fine = fine.replace(clause, clause + "    - days_to_meeting: {at_most: 7}\n")

    found = problems_of(tmp_path, {NAME: fine})

    assert [problem for problem in found if "days_to_meeting'" in problem.what] == []


def other(text: str, name: str, flag: str) -> str:
    return text.replace("nego-early-concession", name).replace("flag: early_", f"flag: {flag}_")


def test_a_flag_belongs_to_one_rule(tmp_path):
    found = problems_of(
        tmp_path, {NAME: GOOD, "negotiation/nego-two.yml": other(GOOD, "nego-two", "early")}
    )

    assert [problem.what for problem in found] == [
        "the flag 'early_concession' is already that of nego-early-concession"
    ]


@pytest.mark.fault("R1")
def test_an_id_belongs_to_one_file(tmp_path):
    found = problems_of(tmp_path, {NAME: GOOD, "other/nego-early-concession.yml": GOOD})

    assert len(found) == 1
    assert "already used" in found[0].what


@pytest.mark.parametrize(
    ("first", "second", "message"),
    [
        (("P2", "hides: [{rule: nego-two}]\n"), ("P1", ""), "is P1 and would be hidden by a P2"),
        (
            ("P2", "hides: [{rule: nego-two}]\n"),
            ("P2", "hides: [{rule: nego-early-concession}]\n"),
            "hide each other",
        ),
    ],
)
def test_hiding_that_cannot_be_right_is_refused(tmp_path, first, second, message):
    def made(text: str, severity: str, hides: str) -> str:
        return text.replace("severity: P2", f"severity: {severity}").replace(
            "tests:\n", f"{hides}tests:\n"
        )

    found = problems_of(
        tmp_path,
        {
            NAME: made(GOOD, *first),
            "negotiation/nego-two.yml": made(other(GOOD, "nego-two", "two"), *second),
        },
    )

    assert any(message in problem.what for problem in found)


def hiding(name: str, severity: str, *hidden: str) -> str:
    listed = "".join(f"  - {{rule: {one}}}\n" for one in hidden)
    text = other(GOOD, name, name.removeprefix("nego-"))
    text = text.replace("severity: P2", f"severity: {severity}")
    return text.replace("tests:\n", f"hides:\n{listed}tests:\n") if hidden else text


def pack(*rules: tuple[str, str, *tuple[str, ...]]) -> dict[str, str]:
    return {f"negotiation/{name}.yml": hiding(name, *more) for name, *more in rules}


def test_a_circle_of_hiding_is_refused_in_every_rule_of_it_and_in_no_other(tmp_path):
    found = problems_of(
        tmp_path,
        pack(
            ("nego-a", "P2", "nego-b"),
            ("nego-b", "P2", "nego-c"),
            ("nego-c", "P2", "nego-a"),
            ("nego-d", "P2", "nego-a"),
        ),
    )

    assert {Path(one.path).stem for one in found} == {"nego-a", "nego-b", "nego-c"}
    assert all("hide each other" in one.what for one in found)


def test_a_rule_that_hides_itself_is_refused(tmp_path):
    [found] = problems_of(tmp_path, pack(("nego-a", "P2", "nego-a")))

    assert "hides itself" in found.what


def test_what_is_hidden_has_to_be_there(tmp_path):
    [found] = problems_of(tmp_path, pack(("nego-a", "P2", "nego-bb"), ("nego-b", "P2")))

    assert "no rule is called 'nego-bb'" in found.what
    assert "nego-b" in found.remedy


@pytest.mark.parametrize(
    ("hider", "hidden", "refused"),
    [
        *(("P1", "P1", False), ("P1", "P3", False), ("P2", "P1", True), ("P3", "P1", True)),
        *(("P3", "P2", False), ("P2", "P2", False)),
    ],
)
def test_only_a_p1_may_hide_a_p1(tmp_path, hider, hidden, refused):
    found = problems_of(tmp_path, pack(("nego-a", hider, "nego-b"), ("nego-b", hidden)))

    assert [f"hidden by a {hider}" in one.what for one in found] == [True] * refused


def test_what_two_rules_hide_is_no_circle(tmp_path):
    rules = pack(("nego-a", "P2", "nego-b", "nego-c"), ("nego-b", "P2", "nego-c"), ("nego-c", "P2"))

    assert problems_of(tmp_path, rules) == []


@pytest.mark.fault("R1")
def test_every_file_is_read_before_anything_is_said(tmp_path):
    found = problems_of(
        tmp_path,
        {
            NAME: GOOD.replace("title:", "titel:"),
            "negotiation/nego-two.yml": "id: [",
            "negotiation/nego-three.yml": other(GOOD, "nego-three", "three").replace(
                "{is: true}", "{is: 3}"
            ),
        },
    )

    assert {problem.path.rsplit("-", 1)[-1] for problem in found} >= {
        "concession.yml",
        "two.yml",
        "three.yml",
    }
