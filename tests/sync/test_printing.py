"""What a run looks like on paper."""

from __future__ import annotations

import io
import json
from datetime import UTC, datetime
from types import SimpleNamespace

from crmrules import rulebook
from crmrules.cli.printing import Printer
from crmrules.connector import Organization, Usage
from crmrules.engine import Judgement
from crmrules.outcome import Report
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
