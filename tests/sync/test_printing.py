"""What a run looks like on paper."""

from __future__ import annotations

import io
import json
from datetime import UTC, datetime
from types import SimpleNamespace

from crmrules import rulebook
from crmrules.cli.printing import Printer
from crmrules.connector import CreateTask, Organization, SetFields, TaskFields, Usage
from crmrules.engine import Judgement
from crmrules.findings.hold import IN_WORDS, HeldBack
from crmrules.model import User
from crmrules.outcome import Report
from crmrules.plan import PlannedWrite
from crmrules.rule import Verdict
from crmrules.signals import Known, Unknown

NOW = datetime(2026, 11, 24, 9, tzinfo=UTC)


def test_an_unknown_verdict_names_what_its_own_rule_lacked_and_nothing_else():
    rule = rulebook.load([rulebook.shipped()]).rule("nego-early-concession")
    judged = SimpleNamespace(
        opportunity=SimpleNamespace(id="006A"),
        readings={
            "phase": Known("evaluation"),
            "discount_above_allowance": Unknown("no quote tells a discount"),
            "days_since_win": Unknown("it is not won"),
        },
        judgements={rule.id: Judgement(Verdict.UNKNOWN)},
    )
    out = io.StringIO()
    with Printer("json", [rule], verdicts="all") as printer:
        printer.show().judged(judged)
        printer.finish(Report(NOW, "fake", Organization("00D"), Usage(3, 10, 2)), out)

    printed = json.loads(out.getvalue())

    assert [f["missing"] for f in printed["findings"]] == [
        {"discount_above_allowance": "no quote tells a discount"}
    ]
    assert (printed["api_calls"], printed["api_floor"]) == (3, 2)


def written(writes, judged=(), **counts):
    """Return what a run with these writes looks like on a terminal."""
    out = io.StringIO()
    report = Report(NOW, "fake", Organization("00D"), Usage(3, 10, 2))
    report.held_back.update(counts)
    with Printer("text") as printer:
        for one in judged:
            printer.show().judged(SimpleNamespace(opportunity=one))
        for one in writes:
            printer.show().write(one)
        printer.finish(report, out)
    return out.getvalue()


def planned(task):
    write = CreateTask(f"key of {task.opportunity}", task)
    return PlannedWrite("create_task", write, task.opportunity, task.rule, task.owner)


def fields(opportunity, **values):
    return PlannedWrite("set_flags", SetFields(opportunity, values), opportunity)


def test_writes_that_set_no_flag_are_summed_up_and_those_that_do_are_told_one_by_one():
    quiet = [fields(f"006{n}", status="ok", checked_at=NOW) for n in range(40)]
    loud = fields("006X", status="critical", flags=["gone_dark", "no_power"])
    told = written([*quiet[:20], loud, *quiet[20:], fields("006Y", summary="")])
    assert "  set_flags    006X  status=critical, flags=gone_dark, no_power\n" in told
    assert "  set_flags    40 opportunities  status=ok\n" in told
    assert "  set_flags    1 opportunity  summary\n" in told
    assert "0060" not in told


def test_what_is_more_than_fits_is_counted_exactly():
    loud = [fields(f"006{n}", status="attention", flags=["no_power"]) for n in range(30)]
    told = written([*loud, fields("006Z", status="ok")])
    assert told.count("flags=no_power") == 25
    assert "  ... and 5 more: --format json\n" in told
    assert "  set_flags    1 opportunity  status=ok\n" in told


def test_a_digest_is_about_several_opportunities_and_none_of_them_is_called_none():
    task = TaskFields("This week", "- one", NOW.date(), "005A", None, "digest")
    about = TaskFields("Ask", "one", NOW.date(), "005A", "006A", "r")
    told = written(
        [
            PlannedWrite("create_task", CreateTask("k1", task), "", "digest", "005A"),
            PlannedWrite("create_task", CreateTask("k2", about), "006A", "r", "005A"),
        ]
    )
    assert "  create_task  several  005A  This week\n" in told
    assert "most affected opportunities: 006A 1\n" in told
    assert "None" not in told


def test_opportunities_and_people_are_told_by_name_with_the_id_where_one_is_needed():
    jane, nobody = User(id="005A", name="Jane\x1b[31m Doe"), User(id="005B")
    judged = [
        SimpleNamespace(id="006A", name="Ten\nseats " + "x" * 90, users=(jane,)),
        SimpleNamespace(id="006B", name=None, users=(nobody,)),
    ]
    asks = [
        TaskFields("Ask", "one", NOW.date(), owner, about, "r")
        for owner, about in (("005A", "006A"), ("005B", "006B"))
    ]
    told = written([planned(task) for task in asks], judged)
    shown = f"Ten seats {'x' * 27}..."
    assert f"  create_task  {shown} (006A)  Jane[31m Doe (005A)  Ask\n" in told
    assert "  create_task  006B  005B  Ask\n" in told
    assert f"most affected opportunities: {shown} (006A) 1, 006B 1\n" in told
    assert "task writes by owner: Jane[31m Doe (005A) 1, 005B 1\n" in told


def test_a_program_gets_ids_alone():
    out = io.StringIO()
    task = TaskFields("Ask", "one", NOW.date(), "005A", "006A", "r")
    named = SimpleNamespace(id="006A", name="Ten seats", users=())
    with Printer("json") as printer:
        printer.show().judged(SimpleNamespace(opportunity=named))
        printer.show().write(planned(task))
        printer.finish(Report(NOW, "fake", Organization("00D"), Usage(3, 10, 2)), out)
    assert "006A" in out.getvalue()
    assert "Ten seats" not in out.getvalue()


def test_every_reason_to_hold_a_finding_back_is_told_in_words():
    told = written([], **{str(held): 2 for held in HeldBack})
    for held in HeldBack:
        assert f"2 {held}" in told
        assert IN_WORDS[held] in told
