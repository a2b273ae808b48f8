"""Propose what each stage means, with the days that won opportunities spent in it beside it.

Know before changing: a proposal is for an admin to read and change. A stage whose name is known
gets the phase of that name; any other is guessed from its words, then from its place in the list,
and says so. Days count from entering a stage to leaving it, twice if it was entered twice, and only
where the CRM has the whole history of the stage.

It writes nothing; ``cli.init`` puts it into the configuration.
"""

from __future__ import annotations

import json
import re
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from statistics import median, quantiles

from crmrules.connector import Organization
from crmrules.decide import Job
from crmrules.evaluate import opportunities
from crmrules.letters import shown
from crmrules.mapping import DEFAULT_PHASES, DEFAULT_PIPELINE, NO_PHASE
from crmrules.measures import changes_of
from crmrules.model import Opportunity, Phase
from crmrules.stages import Stage, TellsStages
from crmrules.sync import pull

_WORDS: tuple[tuple[str, Phase], ...] = (
    (r"negotiat|contract|legal|procure|redline|commit|verbal|verhandl|vertrag", Phase.CONCERNS),
    (r"propos|quot|demo|trial|pilot|evaluat|present|solution|value|angebot", Phase.EVALUATION),
    (r"prospect|qualif|lead|discover|need|intro|meeting|appointment|bedarf", Phase.RECOGNITION),
)
_DAY = 86_400.0
_COLUMN = 36  # where the notes begin, so that they stand below each other


@dataclass(frozen=True, slots=True)
class Proposed:
    """A stage, the phase proposed for it, and how long won opportunities were in it.

    ``guessed``: by its words or its place alone. ``won``: how many of them passed it; ``days`` and
    ``longest``: half and three quarters of them were not longer in it, None under 1 and 4.
    """

    stage: Stage
    phase: Phase | None
    guessed: bool = False
    won: int = 0
    days: float | None = None
    longest: float | None = None


def read(job: Job) -> tuple[Organization, list[Proposed]]:
    """Pull as ``plan`` does, commit nothing, and propose a phase for every stage in use."""
    preflight = job.connector.check()
    org = job.store.for_org(preflight.organization.id)
    with org.lease("init") as fence, org.dry_run(fence) as tx:
        pull(job.connector, tx, full=False, run="init", now=job.now)
        stored = tx.mirror.opportunities()
        found, seen = stays(opportunities(stored, job.connector.normalize, job.now))
    listed = job.connector.stages() if isinstance(job.connector, TellsStages) else ()
    return preflight.organization, propose(listed or seen, found)


def stays(
    found: Iterable[Opportunity],
) -> tuple[dict[tuple[str, str], list[float]], list[Stage]]:
    """Return the days of won opportunities by (pipeline, stage), and the stages that were seen."""
    days: dict[tuple[str, str], list[float]] = defaultdict(list)
    seen: dict[str, Stage] = {}
    for opportunity in found:
        if opportunity.stage:
            stage = Stage(DEFAULT_PIPELINE, opportunity.stage, opportunity.stage, opportunity.won)
            seen.setdefault(opportunity.stage, stage)
        if opportunity.won:
            for name, stay in _stays(opportunity).items():
                days[opportunity.pipeline, name].append(stay)
    return days, list(seen.values())


def _stays(opportunity: Opportunity) -> dict[str, float]:
    """Return the days in each stage until it was won; {} where the history is not complete."""
    changes = changes_of(opportunity, "stage")
    end = opportunity.closed_at
    if not changes or end is None:
        return {}
    steps = [(opportunity.created_at, changes[0].old), *((c.known_at, c.new) for c in changes)]
    found: dict[str, float] = defaultdict(float)
    for (start, stage), (until, _) in pairwise([*steps, (end, None)]):
        if isinstance(stage, str) and start < end:
            found[stage] += (min(until, end) - start).total_seconds() / _DAY
    return found


def propose(
    stages: Sequence[Stage], days: Mapping[tuple[str, str], Sequence[float]]
) -> list[Proposed]:
    """Return a phase for every stage, in the order given."""
    return [
        Proposed(stage, phase, guessed, *_figures(_days(stage, days)))
        for stage in stages
        for phase, guessed in [_phase(stage, stages)]
    ]


def _days(stage: Stage, days: Mapping[tuple[str, str], Sequence[float]]) -> list[float]:
    """Return the days in a stage; one of the shared list was in whatever pipeline."""
    own = days.get((stage.pipeline, stage.id))
    if own is not None or stage.pipeline != DEFAULT_PIPELINE:
        return list(own or ())
    return [one for (_, name), stays_ in days.items() if name == stage.id for one in stays_]


def _figures(days: Sequence[float]) -> tuple[int, float | None, float | None]:
    half = median(days) if days else None
    return len(days), half, quantiles(days, n=4)[2] if len(days) > 3 else None


def _phase(stage: Stage, stages: Sequence[Stage]) -> tuple[Phase | None, bool]:
    if stage.won is not None:
        return (Phase.IMPLEMENTATION if stage.won else None), False
    known = {name.casefold(): phase for name, phase in DEFAULT_PHASES.items()}
    for name in (stage.id, stage.label):
        if name.casefold() in known:
            return known[name.casefold()], False
    for words, phase in _WORDS:
        if re.search(words, stage.label, re.IGNORECASE):
            return phase, True
    open_ = [one for one in stages if one.pipeline == stage.pipeline and one.won is None]
    place = (open_.index(stage) + 0.5) / len(open_)
    thirds = (Phase.RECOGNITION, Phase.EVALUATION, Phase.CONCERNS)
    return thirds[min(2, int(place * 3))], True


def lines(proposed: Iterable[Proposed]) -> Iterator[str]:
    """Yield the ``[phases]`` tables of a configuration, what is known of each stage beside it."""
    pipeline = None
    for one in proposed:
        if one.stage.pipeline != pipeline:
            pipeline = one.stage.pipeline
            plain = re.fullmatch(r"[A-Za-z0-9_-]+", pipeline)
            yield f"[phases.{pipeline if plain else json.dumps(pipeline)}]"
        text = f'{json.dumps(one.stage.id, ensure_ascii=False)} = "{one.phase or NO_PHASE}"'
        notes = "; ".join(_notes(one))
        yield f"{text:<{_COLUMN}} # {notes}" if notes else text


def _notes(one: Proposed) -> Iterator[str]:
    if one.stage.label != one.stage.id:
        yield shown(" ".join(one.stage.label.split()))
    if one.guessed:
        yield "guessed: check it"
    if one.days is not None and one.stage.won is None:
        more = "" if one.longest is None else f", a quarter over {one.longest:.0f}"
        yield f"{one.won} won: {one.days:.0f} days{more}"
    elif one.stage.won is None:
        yield "no won opportunity passed it"
