"""What one organization's own words mean: stages, roles, titles, task statuses, custom fields.

Know before changing: a word that is not listed has no meaning here and becomes unknown, never a
guess; ``stage_problems`` is how such words are brought to the admin. A custom field may only be
named by an identifier, because the connector puts it into a query.

It reads no file and knows no connector; it only answers questions about words.
"""

from __future__ import annotations

import difflib
import re
import unicodedata
from collections.abc import Iterable
from collections.abc import Mapping as AnyMapping
from functools import lru_cache
from types import MappingProxyType
from typing import Any

from pydantic import Field, ValidationError, field_validator

from crmrules.connector import Problem
from crmrules.errors import UsageError
from crmrules.model import Focus, Frozen, Phase
from crmrules.notes import ANSWERS, TAG_WORD, TAGS

_LONGEST_WORD = 300  # characters; a longer one is not remembered, and of a title no more is read
DEFAULT_PIPELINE = "default"
NO_PHASE = "none"  # the word for a stage that deliberately has no buying phase

DEFAULT_PHASES: AnyMapping[str, Phase | None] = MappingProxyType(
    {
        "Prospecting": Phase.RECOGNITION,
        "Qualification": Phase.RECOGNITION,
        "Needs Analysis": Phase.RECOGNITION,
        "Value Proposition": Phase.EVALUATION,
        "Id. Decision Makers": Phase.EVALUATION,
        "Perception Analysis": Phase.EVALUATION,
        "Proposal/Price Quote": Phase.EVALUATION,
        "Negotiation/Review": Phase.CONCERNS,
        "Closed Won": Phase.IMPLEMENTATION,
        "Closed Lost": None,
    }
)
"""The stages a new Salesforce organization starts with; a signal decides when won turns old."""


class Role(Frozen):
    """What a contact role says about a person; None: it does not say."""

    focus: Focus | None = None
    sponsor: bool | None = None


DEFAULT_ROLES: AnyMapping[str, Role] = MappingProxyType(
    {
        "Decision Maker": Role(focus=Focus.POWER),
        "Economic Buyer": Role(focus=Focus.POWER),
        "Economic Decision Maker": Role(focus=Focus.POWER),
        "Executive Sponsor": Role(sponsor=True),
    }
)

TARGETS: AnyMapping[str, frozenset[str]] = MappingProxyType(
    {
        "Opportunity": frozenset(
            {
                *("need", "explicit_need", "criterion", "concern", "concession", "success"),
                *("reference", "reason", "competitor", "sponsor", "power", "range"),
                *("proof", "diff", "plan", "owed", "contract_end"),
            }
        ),
        "Account": frozenset({"strategic"}),
        "Contact": frozenset({"employed", "left"}),
        "OpportunityContactRole": frozenset({"focus", "sponsor"}),
        "Event": frozenset({"held"}),
        "Quote": frozenset({"sent_at"}),
    }
)
"""Object -> what a custom field of it may be read as."""

_THROUGH = MappingProxyType(
    {"Account": "Opportunity.Account.", "Contact": "OpportunityContactRole.Contact."}
)
_PATH = re.compile(r"[A-Za-z][A-Za-z0-9_]{0,79}\.[A-Za-z][A-Za-z0-9_]{0,79}", re.ASCII)

_SENIOR = re.compile(
    r"\b(?:chief|president|vice[ -]president|[es]?vp|avp|director|directeur|direktor|chair(?:man|"
    r"woman|person)?|founder|co-?founder|owner|head|managing partner|general manager|"
    r"gesch(?:ä|ae)ftsf(?:ü|ue)hrer(?:in)?|vorstand|c(?:[efimorstdpxacl]|hr|is)o)\b"
)
_NOT_SENIOR = re.compile(
    r"\b(?:assistant|secretary|product owner|process owner|pa to|ea to|office of|head ?count|"
    r"intern)\b"
)


def _word(text: str) -> str:
    return _known_word(text) if len(text) <= _LONGEST_WORD else _one_form(text)


@lru_cache(maxsize=4096)
def _known_word(text: str) -> str:
    return _one_form(text)


def _one_form(text: str) -> str:
    return " ".join(unicodedata.normalize("NFC", text).split()).casefold()


class Mapping(Frozen):
    """The organization's words. All lists of words are matched without regard to case."""

    phases: dict[str, dict[str, Phase | None]] = Field(
        default_factory=dict
    )  # pipeline -> stage -> phase
    won_stages: frozenset[str] = frozenset({"Closed Won"})  # only where the CRM does not say
    lost_stages: frozenset[str] = frozenset({"Closed Lost"})
    roles: dict[str, Role] = Field(default_factory=lambda: dict(DEFAULT_ROLES))
    senior_titles: frozenset[str] = frozenset()  # more titles of director rank or above
    junior_titles: frozenset[str] = frozenset()  # titles that only sound like it
    fields: dict[str, str] = Field(default_factory=dict)  # "Object.Field__c" -> one of TARGETS
    tag_aliases: dict[str, str] = Field(default_factory=dict)  # a word of ours -> a tag of notes
    open_statuses: frozenset[str] = frozenset({"Not Started", "In Progress"})
    completed_statuses: frozenset[str] = frozenset({"Completed"})
    cancelled_statuses: frozenset[str] = frozenset({"Cancelled", "Canceled"})
    snoozed_statuses: frozenset[str] = frozenset({"Deferred", "Waiting on someone else"})
    waiting_statuses: frozenset[str] = frozenset({"Waiting on someone else"})
    users: frozenset[str] = frozenset()  # ids of the users we act as, besides the one signed in
    tracked: frozenset[str] = frozenset()  # model fields whose history the CRM surely keeps
    standard_allowance: float = Field(default=0.0, ge=0, le=100)  # discount anyone gets, percent
    mail_texts: bool = False  # texts of mails are read where that is a choice; text signals do

    @field_validator("phases", mode="before")
    @classmethod
    def _phase_words(cls, value: Any) -> Any:
        if not isinstance(value, dict):
            return value
        return {pipeline: _phases(pipeline, stages) for pipeline, stages in value.items()}

    @field_validator("fields")
    @classmethod
    def _identifiers(cls, value: dict[str, str]) -> dict[str, str]:
        for path, target in value.items():
            owner = path.partition(".")[0]
            if not _PATH.fullmatch(path):
                raise ValueError(f"'{path}' is not an object and an API name, like 'Event.Held__c'")
            if owner not in TARGETS:
                raise ValueError(f"'{path}': fields can be read of {', '.join(sorted(TARGETS))}")
            if target not in TARGETS[owner]:
                words = sorted(TARGETS[owner])
                raise ValueError(f"'{path}' cannot be read as '{target}'{_hint(target, words)}")
        return value

    @field_validator("tag_aliases")
    @classmethod
    def _tags(cls, value: dict[str, str]) -> dict[str, str]:
        for word, tag in value.items():
            if not TAG_WORD.fullmatch(word):
                raise ValueError(f"'{word}' cannot follow a #: write one word, without the #")
            if word.casefold() in {*TAGS, *ANSWERS}:
                raise ValueError(f"'{word}' has a meaning of its own in notes; choose another word")
            if tag.casefold() not in TAGS:
                raise ValueError(f"'{word}': there is no tag '{tag}'{_hint(tag, sorted(TAGS))}")
        return {word.casefold(): tag.casefold() for word, tag in value.items()}

    def phase(self, pipeline: str, stage: str | None) -> Phase | None:
        """Return the buying phase of a stage; None where the stage has none or is not listed."""
        return self._lookup(pipeline, stage)[1]

    def knows_stage(self, pipeline: str, stage: str | None) -> bool:
        """Return whether somebody said what this stage means, "no phase" included."""
        return self._lookup(pipeline, stage)[0]

    def _lookup(self, pipeline: str, stage: str | None) -> tuple[bool, Phase | None]:
        if stage is None:
            return False, None
        own, shared = self.phases.get(pipeline, {}), self.phases.get(DEFAULT_PIPELINE, {})
        wanted = _word(stage)
        for stages in (own, shared, DEFAULT_PHASES):
            for name, phase in stages.items():
                if _word(name) == wanted:
                    return True, phase
        return self.outcome(stage) is not None, None

    def stage_problems(self, seen: Iterable[tuple[str, str]]) -> tuple[Problem, ...]:
        """Return one problem for each (pipeline, stage) that nobody gave a meaning."""
        unknown = sorted({pair for pair in seen if not self.knows_stage(*pair)})
        return tuple(
            Problem(
                f"stage '{stage}' of pipeline '{pipeline}' has no buying phase",
                f"Add it to [phases.{pipeline}] with one of "
                f"{', '.join((*Phase, NO_PHASE))}{_hint(stage, sorted(DEFAULT_PHASES))}.",
                signals=("phase",),
            )
            for pipeline, stage in unknown
        )

    def outcome(self, stage: str | None) -> bool | None:
        """Return True for a won stage, False for a lost one, by name alone; None for others."""
        if stage is None:
            return None
        if _in(stage, self.won_stages):
            return True
        return False if _in(stage, self.lost_stages) else None

    def role(self, role: str | None) -> Role:
        """Return what a contact role says about focus and sponsorship."""
        if role is None:
            return Role()
        wanted = _word(role)
        return next((r for name, r in self.roles.items() if _word(name) == wanted), Role())

    def senior(self, title: str | None) -> bool | None:
        """Return whether a title is of director rank or above; None when there is no title."""
        if title is None or not title.strip():
            return None
        title = title[:_LONGEST_WORD]
        words = _word(title)
        if _in(title, self.senior_titles):
            return True
        if _in(title, self.junior_titles) or _NOT_SENIOR.search(words):
            return False
        return _SENIOR.search(words.replace(".", "")) is not None

    def snoozed(self, status: str | None) -> bool:
        """Return whether a task status means: not now."""
        return status is not None and _in(status, self.snoozed_statuses | self.waiting_statuses)

    def waits(self, status: str | None) -> bool | None:
        """Return whether a task status means: somebody else's turn; None for an unknown word."""
        if status is not None and _in(status, self.waiting_statuses):
            return True
        return None if self.closed(status) is None else False

    def closed(self, status: str | None) -> bool | None:
        """Return whether a task status means done or dropped; None for a word we do not know."""
        if status is None:
            return None
        if _in(status, self.completed_statuses) or _in(status, self.cancelled_statuses):
            return True
        return False if _in(status, self.open_statuses) or self.snoozed(status) else None

    def sources(self, owner: str, target: str) -> tuple[str, ...]:
        """Return the custom fields of an object that are read as the target."""
        found = (path.partition(".") for path, to in self.fields.items() if to == target)
        return tuple(name for obj, _, name in found if obj == owner)

    def paths(self) -> tuple[str, ...]:
        """Return the custom fields as paths from the object whose rows carry them."""
        split = (path.partition(".") for path in self.fields)
        return tuple(f"{_THROUGH.get(owner, owner + '.')}{name}" for owner, _, name in split)


def _in(word: str, words: Iterable[str]) -> bool:
    wanted = _word(word)
    return any(_word(other) == wanted for other in words)


def _hint(word: str, words: list[str]) -> str:
    close = difflib.get_close_matches(word, words, n=1)
    return f" (did you mean '{close[0]}'?)" if close else f" (there are {', '.join(words)})"


def _phases(pipeline: str, stages: Any) -> Any:
    if not isinstance(stages, dict):
        raise ValueError(f"[phases.{pipeline}] must be a table of stage = phase")  # noqa: TRY004 - pydantic collects ValueError only
    wrong = [f"'{s}' = '{p}'" for s, p in stages.items() if p not in (*Phase, NO_PHASE, None)]
    if wrong:
        words = ", ".join((*Phase, NO_PHASE))
        raise ValueError(f"[phases.{pipeline}] {', '.join(wrong)}: a phase is one of {words}")
    return {stage: None if phase == NO_PHASE else phase for stage, phase in stages.items()}


def build(
    phases: AnyMapping[str, Any], section: AnyMapping[str, Any], *, mail_texts: bool = False
) -> Mapping:
    """Return the mapping of ``[phases.*]`` and ``[mapping]``; UsageError names every problem.

    ``mail_texts``: the texts of mails are wanted, where reading them is a choice.
    """
    try:
        made = Mapping(**{**section, "phases": phases or section.get("phases", {})})
        return made.model_copy(update={"mail_texts": True}) if mail_texts else made
    except ValidationError as error:
        lines = "\n".join(f"  {_sentence(problem)}" for problem in error.errors())
        raise UsageError(
            f"{error.error_count()} problem(s) in what stages and fields mean\n{lines}",
            where="[phases] and [mapping]",
            remedy="Mend these keys; docs/configuration.md lists all of them.",
        ) from None


def _sentence(problem: Any) -> str:
    name = ".".join(str(part) for part in problem["loc"])
    if problem["type"] == "extra_forbidden":
        return f"{name}: there is no such key{_hint(name, sorted(Mapping.model_fields))}"
    return f"{name}: {problem['msg'].removeprefix('Value error, ')}"
