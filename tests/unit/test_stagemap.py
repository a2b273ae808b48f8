"""The proposed stage map: phases by name, words and place, and the days beside them."""

from __future__ import annotations

import tomllib
from datetime import UTC, datetime, timedelta

from crmrules.model import Change, Opportunity, Phase
from crmrules.stagemap import lines, propose, stays
from crmrules.stages import Stage

START = datetime(2026, 1, 5, 9, tzinfo=UTC)


def won(*path: tuple[str, int], pipeline: str = "default", tracked: bool = True) -> Opportunity:
    """Return a won opportunity that was in these stages for so many days each."""
    at, changes = START, []
    for (old, days), (new, _) in zip(path, [*path[1:], ("Closed Won", 0)], strict=True):
        at += timedelta(days=days)
        changes.append(
            Change(record=f"h{len(changes)}", known_at=at, field="stage", old=old, new=new)
        )
    return Opportunity(
        record="1",
        known_at=START,
        id="1",
        created_at=START,
        observed_at=at + timedelta(days=30),
        closed_at=at,
        won=True,
        stage="Closed Won",
        pipeline=pipeline,
        changes=tuple(changes),
        tracked=frozenset({"stage"} if tracked else ()),
    )


def stage(label: str, id_: str = "", pipeline: str = "default", won: bool | None = None) -> Stage:
    return Stage(pipeline, id_ or label, label, won)


def by_label(*stages: Stage) -> dict[str, tuple[Phase | None, bool]]:
    return {one.stage.label: (one.phase, one.guessed) for one in propose(stages, {})}


def test_days_are_those_of_won_opportunities_and_two_visits_count_together():
    found, seen = stays(
        [won(("Prospecting", 10), ("Demo", 4), ("Prospecting", 6)), won(("Prospecting", 30))]
    )
    assert found == {("default", "Prospecting"): [16.0, 30.0], ("default", "Demo"): [4.0]}
    assert [one.id for one in seen] == ["Closed Won"]


def test_an_opportunity_without_its_history_says_nothing_and_neither_does_an_open_one():
    lost = won(("Prospecting", 5)).model_copy(update={"won": False})
    still = won(("Prospecting", 5)).model_copy(update={"won": None, "closed_at": None})
    found, _ = stays([won(("Prospecting", 5), tracked=False), lost, still])
    assert found == {}


def test_a_change_after_the_closing_adds_no_days():
    one = won(("Prospecting", 5))
    late = Change(
        record="late",
        known_at=START + timedelta(days=50),
        field="stage",
        old="Closed Won",
        new="Done",
    )
    found, _ = stays([one.model_copy(update={"changes": (*(one.changes or ()), late)})])
    assert found == {("default", "Prospecting"): [5.0]}


def test_half_and_three_quarters_are_told_where_there_are_enough():
    few = propose([stage("Prospecting")], {("default", "Prospecting"): [1.0, 2.0, 9.0]})[0]
    assert (few.won, few.days, few.longest) == (3, 2.0, None)
    four = {("default", "Prospecting"): [1.0, 2.0, 3.0, 8.0]}
    many = propose([stage("Prospecting")], four)[0]
    assert (many.won, many.days) == (4, 2.5)
    assert many.longest is not None
    assert 3 < many.longest < 8


def test_a_known_name_is_no_guess_and_what_closes_needs_none():
    found = by_label(stage("Negotiation/Review"), stage("Sold", won=True), stage("Gone", won=False))
    assert found == {
        "Negotiation/Review": (Phase.CONCERNS, False),
        "Sold": (Phase.IMPLEMENTATION, False),
        "Gone": (None, False),
    }


def test_a_label_counts_where_the_id_says_nothing():
    assert by_label(stage("Needs Analysis", "990140235")) == {
        "Needs Analysis": (Phase.RECOGNITION, False)
    }


def test_an_unknown_name_is_guessed_by_its_words_then_by_its_place():
    found = by_label(
        *(stage(name) for name in ("Erstkontakt", "Angebot raus", "Alpha", "Vertragsprüfung"))
    )
    assert found == {
        "Erstkontakt": (Phase.RECOGNITION, True),
        "Angebot raus": (Phase.EVALUATION, True),
        "Alpha": (Phase.EVALUATION, True),
        "Vertragsprüfung": (Phase.CONCERNS, True),
    }


def test_a_stage_of_the_shared_list_has_the_days_of_every_pipeline():
    days = {("012A", "Prospecting"): [3.0], ("012B", "Prospecting"): [5.0]}
    assert propose([stage("Prospecting")], days)[0].won == 2
    assert propose([stage("Prospecting", pipeline="p2")], days)[0].won == 0


def test_the_lines_are_toml_whatever_the_names_hold():
    odd = stage('Say "yes"\u001b[2J', 'id "1"\\', pipeline="Größe 1")
    text = "\n".join(lines(propose([odd, stage("A", pipeline="74003215")], {})))
    found = tomllib.loads(text)["phases"]
    assert found["Größe 1"] == {'id "1"\\': "evaluation"}
    assert "\u001b" not in text
