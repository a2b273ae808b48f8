"""What this portal has for this token, learnt from four calls: the account, pipelines, properties.

Know before changing: only what a run cannot do without is asked here. That quotes or mail may not
be read is told by the pull, when it finds out; the scopes for writing are told by no description,
so ``may_write`` asks for them with an empty batch before the first write. Stages are known by id:
a label is for people and may be given twice.

It reads no record.
"""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Mapping
from typing import Any

from crmrules.connector import Capabilities, Organization, Preflight, Problem
from crmrules.errors import AccessError, UsageError
from crmrules.mapping import DEFAULT_PIPELINE
from crmrules.mapping import Mapping as Words
from crmrules_hubspot.api import Api, Record
from crmrules_hubspot.config import Config
from crmrules_hubspot.errors import MissingScopeError, RefusedError
from crmrules_hubspot.kinds import DEAL, KEY, KINDS, OUR_FIELDS, ROW_KINDS
from crmrules_hubspot.portal import Portal, Stage
from crmrules_hubspot.properties import named

_TYPES: Mapping[str, str] = {
    "status": "enumeration",
    "flags": "enumeration",
    "summary": "string",
    "buying_phase": "enumeration",
    "checked_at": "datetime",
}
_PROVISION = "run 'crmrules provision' with an administrator's token"


def inspect(config: Config, api: Api, configured: Words, words: Words) -> tuple[Portal, Preflight]:
    """Look at the portal. ``words``: the configured ones, completed by HubSpot's own.

    Raises AccessError: not let in, or not the configured portal. Raises UsageError where
    ``[phases]`` names a pipeline or stage that the portal does not have.
    """
    organization = _organization(config, api.account())
    stages = {stage.id: stage for stage in _stages(api.pipelines())}
    _known_stages(configured, stages)
    problems = [*_unmapped(words, stages.values())]
    deals, tasks = _definitions(api, "deals"), _definitions(api, "tasks")
    problems += _absent(api, deals, named(configured, config.role_sources))
    flags, wrong_fields = _fields(deals)
    keyed, unique, wrong_key = _key(tasks)
    bare = KEY not in tasks and not any(name in deals for name in OUR_FIELDS.values())
    problems += [_not_provisioned()] if bare else [*wrong_fields, *wrong_key]
    if needs_confirmation(organization, config):
        problems.append(production_problem(organization))
    capabilities = Capabilities(
        incremental=True,
        tasks=keyed,
        flags=flags,
        unique_key=unique,
        flag_words=_options(deals.get(OUR_FIELDS["flags"])),
    )
    portal = Portal(organization, stages, {}, ROW_KINDS, config.role_sources)
    return portal, Preflight(organization, tuple(problems), capabilities)


def _organization(config: Config, account: Record) -> Organization:
    portal = str(account["portalId"])
    kind = str(account.get("accountType") or "")
    if config.portal_id and portal != config.portal_id:
        raise AccessError(
            f"this key belongs to portal {portal} ({kind or 'type unknown'}), the configuration "
            f"pins {config.portal_id}",
            remedy="correct portal_id, or use a key of the portal it names",
            where="[hubspot] portal_id",
        )
    return Organization(
        id=portal,
        name=f"HubSpot portal {portal}",
        production=kind == "STANDARD" if kind else None,
        time_zone=account.get("timeZone"),
    )


def _stages(pipelines: Iterable[Record]) -> Iterable[Stage]:
    for pipeline in pipelines:
        for stage in pipeline.get("stages") or ():
            metadata = stage.get("metadata") or {}
            closed = str(metadata.get("isClosed")).lower() == "true"
            won = closed and str(metadata.get("probability")) in {"1", "1.0"}
            place = int(stage.get("displayOrder") or 0)
            yield Stage(
                str(stage["id"]), str(stage["label"]), str(pipeline["id"]), place, closed, won
            )


def _known_stages(words: Words, stages: Mapping[str, Stage]) -> None:
    """Refuse a stage map that speaks of pipelines or stages that are not there."""
    pipelines = {stage.pipeline for stage in stages.values()}
    wrong = []
    for pipeline, mapped in words.phases.items():
        everywhere = pipeline == DEFAULT_PIPELINE
        here = {s.id: s.label for s in stages.values() if everywhere or s.pipeline == pipeline}
        if not everywhere and pipeline not in pipelines:
            wrong.append(f"pipeline '{pipeline}'{_nearest(pipeline, dict.fromkeys(pipelines, ''))}")
            continue
        wrong += [f"stage '{one}'{_nearest(one, here)}" for one in mapped if one not in here]
    if wrong:
        lines = "\n".join(f"  {one}" for one in wrong)
        raise UsageError(
            f"[phases] names what this portal does not have\n{lines}",
            remedy="use ids: labels may be renamed and are not used. Without these lines 'crmrules "
            "doctor' names the id of every stage that still needs a phase",
        )


def _nearest(word: str, known: Mapping[str, str]) -> str:
    """Return the ids that were probably meant, each with its label: several may share one."""
    names = [*known, *(label for label in known.values() if label)]
    exact = [name for name in names if name.casefold() == word.casefold()]
    close = exact or difflib.get_close_matches(word, names, n=2) or sorted(known)[:6]
    ids = [one for one, label in known.items() if one in close or label in close]
    told = [f"'{one}'" + (f" ({known[one]})" if known[one] else "") for one in ids]
    return f" (there are {', '.join(told)})" if told else ""


def _unmapped(words: Words, stages: Iterable[Stage]) -> Iterable[Problem]:
    """Name the stages nobody gave a meaning, pipeline by pipeline."""
    found: dict[str, list[str]] = {}
    for stage in stages:
        if not words.knows_stage(stage.pipeline, stage.id):
            found.setdefault(stage.pipeline, []).append(f"'{stage.id}' ({stage.label})")
    for pipeline, names in found.items():
        yield Problem(
            f"pipeline '{pipeline}': no buying phase for stage {', '.join(names)}",
            f"add each id to [phases.{pipeline}] with its phase, or 'none'",
            signals=("phase",),
        )


def _definitions(api: Api, object_: str) -> Mapping[str, Record]:
    return {str(one["name"]): one for one in api.properties(object_)}


def _absent(
    api: Api, deals: Mapping[str, Record], wanted: Mapping[str, tuple[str, ...]]
) -> Iterable[Problem]:
    """Name the configured properties that are not there: HubSpot reads them as empty, silently."""
    for name, properties in wanted.items():
        object_ = KINDS[name].object
        try:
            there = deals if object_ == DEAL.object else _definitions(api, object_)
        except MissingScopeError:
            continue  # then the pull tells that the object may not be read
        missing = [one for one in properties if one not in there]
        if missing:
            yield Problem(
                f"the configuration reads {', '.join(missing)} of {object_}, which this portal "
                "does not have",
                "correct [mapping.fields] or role_sources; until then what they tell is unknown",
            )


def _fields(deals: Mapping[str, Record]) -> tuple[frozenset[str], list[Problem]]:
    """Return which of our fields can be written, and what is wrong with the others."""
    missing, wrong, usable = [], [], []
    for name, property_ in OUR_FIELDS.items():
        definition = deals.get(property_)
        if definition is None:
            missing.append(property_)
        elif definition.get("type") != _TYPES[name]:
            wrong.append(f"{property_} is of type {definition.get('type')}, not {_TYPES[name]}")
        elif _read_only(definition):
            wrong.append(f"{property_} is read-only")
        else:
            usable.append(name)
    problems = []
    if missing:
        text = f"the deal properties {', '.join(missing)} do not exist"
        problems.append(Problem(text, _PROVISION, level="error"))
    if wrong:
        text = f"a deal property of ours is somebody else's: {'; '.join(wrong)}"
        remedy = f"delete or rename it in HubSpot's property settings, then {_PROVISION}"
        problems.append(Problem(text, remedy, level="error"))
    return frozenset(usable), problems


def _not_provisioned() -> Problem:
    names = ", ".join(OUR_FIELDS.values())
    text = (
        f"this portal is not provisioned: the deal properties {names} and the task property {KEY} "
        "do not exist"
    )
    return Problem(text, _PROVISION, level="error")


def _key(tasks: Mapping[str, Record]) -> tuple[bool, bool, list[Problem]]:
    """Return whether tasks can be keyed, whether HubSpot keeps the key unique, and problems."""
    definition = tasks.get(KEY)
    if definition is None:
        text = f"the task property {KEY} does not exist: no tasks are made"
        return False, False, [Problem(text, _PROVISION, level="error")]
    if definition.get("type") != "string" or _read_only(definition):
        text = f"the task property {KEY} is of type {definition.get('type')}, or read-only"
        remedy = f"delete or rename it in HubSpot's property settings, then {_PROVISION}"
        return False, False, [Problem(text, remedy, level="error")]
    if definition.get("hasUniqueValue"):
        return True, True, []
    text = f"{KEY} is not unique here: a task that arrives after 15 minutes could be made twice"
    remedy = "nothing to do where the portal refuses unique task properties; see docs/reference.md"
    return True, False, [Problem(text, remedy)]


def _read_only(definition: Record) -> bool:
    metadata = definition.get("modificationMetadata") or {}
    return bool(metadata.get("readOnlyValue"))


def _options(definition: Record | None) -> frozenset[str] | None:
    if definition is None:
        return None
    return frozenset(str(option["value"]) for option in definition.get("options") or ())


def needs_confirmation(organization: Organization, config: Config) -> bool:
    """Return whether this may be a production portal that nobody has confirmed."""
    return organization.production is not False and not config.allow_production


def production_problem(organization: Organization) -> Problem:
    """Return what to say about such a portal."""
    return Problem(
        f"{organization.name} is a production account, and nobody has confirmed writing to it",
        "look at crmrules plan, then set [hubspot] allow_production = true",
        level="error",
    )


def may_write(api: Api) -> Iterable[Problem]:
    """Name the scopes for writing that the token lacks; writes nothing.

    HubSpot looks at scopes before it looks at what is sent, so an empty batch is refused for one or
    for the other. Not verified on a live portal: if it is not so, the first write tells.
    """
    empty: list[Mapping[str, Any]] = []
    for object_ in ("tasks", "deals"):
        try:
            api.update(object_, empty)
        except MissingScopeError as error:
            yield Problem(error.message, error.remedy, level="error")
        except RefusedError:
            continue
