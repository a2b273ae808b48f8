"""Hold an engine's judgements to the definition at run time, before anything is written.

Called with a sample of a run's own fact sets and verdicts. It asks the oracle again and stops the
run at the first difference. It never asks the engine, so it cannot be fooled by one that repeats
its mistake. It chooses no sample and writes nothing.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from crmrules.engine import values
from crmrules.engine.oracle import judge_rule
from crmrules.engine.port import Engine, Facts, Judgement
from crmrules.errors import EngineMismatchError
from crmrules.rule import Rule


def check_sample(
    engine: Engine,
    rules: Sequence[Rule],
    facts_sample: Sequence[Facts],
    verdicts: Sequence[Mapping[str, Judgement]],
    kinds: values.Kinds | None = None,
) -> None:
    """Raise ``EngineMismatchError`` where a verdict of the sample is not the oracle's."""
    if len(facts_sample) != len(verdicts):
        raise _mismatch(engine, f"{len(verdicts)} answers to {len(facts_sample)} fact sets")
    for facts, answers in zip(facts_sample, verdicts, strict=True):
        for rule in rules:
            expected, got = judge_rule(rule, facts, kinds), answers.get(rule.id)
            if got != expected:
                said = "nothing" if got is None else _told(got)
                raise _mismatch(engine, f"rule {rule.id}: {said}, by definition {_told(expected)}")


def _told(judgement: Judgement) -> str:
    return "cleared" if judgement.clears else str(judgement.verdict)


def _mismatch(engine: Engine, what: str) -> EngineMismatchError:
    return EngineMismatchError(
        f"the {engine.name} engine disagrees with the definition: {what}",
        remedy='Nothing was written. Set another engine (engine = "python") and report this.',
    )
