"""Make our properties in a portal, and remove them. ``connect`` is what the entry point names.

Know before changing: what is there is never changed, except that missing options are added to an
enumeration of ours; the API replaces all options at once, so those that are there are sent along.
One conflict, and nothing at all is written. ``hasUniqueValue`` cannot be changed later, so the key
is asked for with it first, and made without it only where the portal refuses.

Removing is in ``removal``; nothing here removes anything or touches a record.
"""

from __future__ import annotations

import random as _random
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any, Protocol

from crmrules.errors import AccessError, ConnectorError, UncertainError, UsageError
from crmrules.provisioning import Known, Ours, Step
from crmrules_hubspot.definitions import (
    KEY,
    NOT_UNIQUE,
    Definition,
    Manifest,
    difference,
    values_of,
    wanted,
)
from crmrules_hubspot.errors import RefusedError
from crmrules_hubspot.removal import STAYS, Removal, RemovalApi

_AGAIN = "Look at it with 'crmrules provision --dry-run', then run provision again."


class PropertiesApi(RemovalApi, Protocol):
    """The operations this needs; each raises RefusedError where HubSpot refuses the request."""

    def account(self) -> Mapping[str, Any]:
        """Return which portal the token belongs to."""

    def create_group(self, object_: str, body: Mapping[str, Any]) -> None:
        """Make a property group."""

    def create_properties(self, object_: str, inputs: Sequence[Mapping[str, Any]]) -> None:
        """Make properties."""

    def update_property(self, object_: str, name: str, body: Mapping[str, Any]) -> None:
        """Change the given parts of a definition."""


class Provisioner:
    """Compares a portal with what has to be there, and makes what is missing.

    ``flags`` are those of the configured rules. ``portal_id``: the only portal it works on; empty:
    whichever the token belongs to. ``made`` is what a run has written so far, also when it stopped.
    """

    def __init__(
        self,
        api: PropertiesApi,
        flags: Sequence[str],
        *,
        portal_id: str = "",
        close: Callable[[], None] = lambda: None,
    ) -> None:
        self._api, self._portal_id = api, portal_id
        self._wanted: Manifest = wanted(flags)
        self.close = close
        self.place, self.stays = "", STAYS
        self.made: list[Step] = []
        self._removal = Removal(api, self._wanted)

    def organization(self) -> str:
        """Return the portal's id; AccessError for another than the configured one."""
        return self._check_portal()

    def steps(self) -> list[Step]:
        """Return what is to do, object by object; writes nothing.

        Raises AccessError for another portal than the configured one.
        """
        self._check_portal()
        return [step for object_ in self._wanted.properties for step in self._compare(object_)]

    def apply(self) -> list[Step]:
        """Make what is missing and read it back; return what was done and what was kept.

        Nothing is written where the steps hold a conflict; they are returned as they are. Raises
        ConnectorError when something written reads back otherwise.
        """
        steps = self.steps()
        if any(step.action == "conflict" for step in steps):
            return steps
        kept = {
            (object_, str(one["name"])): values_of(one)
            for object_ in self._wanted.properties
            for one in self._api.properties(object_)
        }
        try:
            for object_ in self._wanted.properties:
                self._make(object_, [step for step in steps if step.object == object_])
        except UncertainError as error:
            raise ConnectorError(
                f"a change may or may not have been made: {error.message}", remedy=_AGAIN
            ) from None
        self._verify(kept)
        done = {(step.object, step.name): step for step in self.made if step.name == KEY}
        return [done.get((step.object, step.name), step) for step in steps]

    @property
    def removed(self) -> list[Ours]:
        """What ``remove`` has removed so far."""
        return self._removal.removed

    def ours(self, known: Sequence[Known] = ()) -> list[Ours]:
        """Return everything of ours that is there; AccessError for another portal."""
        self._check_portal()
        return self._removal.ours(known)

    def remove(self, things: Sequence[Ours]) -> list[Step]:
        """Remove these; AccessError for another portal, or where the token may not."""
        self._check_portal()
        return self._removal.remove(things)

    def _check_portal(self) -> str:
        account = self._api.account()
        portal = str(account["portalId"])
        self.place = f"HubSpot portal {portal} ({account.get('accountType') or 'type unknown'})"
        if self._portal_id and portal != self._portal_id:
            raise AccessError(
                f"this token belongs to portal {portal}, the configuration pins {self._portal_id}",
                remedy="use a token of the portal in [hubspot] portal_id, or correct that key",
                where="[hubspot] portal_id",
            )
        return portal

    def _compare(self, object_: str) -> Iterator[Step]:
        group = self._wanted.groups[object_]
        there = {str(one["name"]) for one in self._api.groups(object_)}
        if group["name"] in there:
            yield Step("keep", object_, group["name"], "group")
        else:
            yield Step("create_group", object_, group["name"], f'group "{group["label"]}"')
        found = {str(one["name"]): one for one in self._api.properties(object_)}
        binned = {str(one["name"]) for one in self._api.properties(object_, archived=True)}
        for definition in self._wanted.properties[object_]:
            name = str(definition["name"])
            action, detail, remedy = difference(definition, found.get(name), name in binned)
            yield Step(action, object_, name, detail, remedy)

    def _make(self, object_: str, steps: Sequence[Step]) -> None:
        """Write one object's part, the group first: its properties name it."""
        missing = {s.name: s for s in steps if s.action == "create_property"}
        for step in steps:
            if step.action == "create_group":
                self._api.create_group(object_, self._wanted.groups[object_])
                self.made.append(step)
        ours = {str(one["name"]): one for one in self._wanted.properties[object_]}
        plain = [name for name in missing if name != KEY]
        if plain:
            self._api.create_properties(object_, [ours[name] for name in plain])
            self.made += [missing[name] for name in plain]
        if KEY in missing:
            self.made.append(self._make_key(ours[KEY], missing[KEY]))
        for step in steps:
            if step.action == "add_options":
                self._add_options(object_, ours[step.name])
                self.made.append(step)

    def _make_key(self, definition: Definition, step: Step) -> Step:
        """Make the key, unique where the portal lets us. A batch may also refuse it in silence."""
        refusal = "HubSpot did not make it unique"
        try:
            self._api.create_properties(step.object, [definition])
        except RefusedError as error:
            if error.status != 400:
                raise
            refusal = error.message
        if KEY in self._definitions(step.object):
            return step
        self._api.create_properties(step.object, [{**definition, "hasUniqueValue": False}])
        remedy = f"Nothing to do. This portal refused a unique key ({refusal}); see the README."
        return replace(step, detail=f"string/text, {NOT_UNIQUE}", remedy=remedy)

    def _add_options(self, object_: str, definition: Definition) -> None:
        """Send the options that are there now, unchanged, and ours after them."""
        name = str(definition["name"])
        there = [
            _option(one, n) for n, one in enumerate(self._definitions(object_)[name]["options"])
        ]
        values = {one["value"] for one in there}
        place = max((one["displayOrder"] for one in there), default=-1) + 1
        new = [one for one in definition["options"] if one["value"] not in values]
        added = [{**one, "displayOrder": place + n} for n, one in enumerate(new)]
        self._api.update_property(object_, name, {"options": [*there, *added]})

    def _verify(self, kept: Mapping[tuple[str, str], frozenset[str]]) -> None:
        """Read everything back. ``kept``: the options of before, by object and property."""
        wrong = [
            f"{step.object} {step.name} ({step.action})"
            for object_ in self._wanted.properties
            for step in self._compare(object_)
            if step.action != "keep"
        ]
        for object_ in self._wanted.properties:
            for name, definition in self._definitions(object_).items():
                lost = kept.get((object_, name), frozenset()) - values_of(definition)
                if lost:
                    wrong.append(f"{object_} {name} (lost {', '.join(sorted(lost))})")
        if wrong:
            raise ConnectorError(
                f"HubSpot took the changes, but reads back otherwise: {'; '.join(wrong)}",
                remedy=_AGAIN,
            )

    def _definitions(self, object_: str) -> dict[str, Mapping[str, Any]]:
        return {str(one["name"]): one for one in self._api.properties(object_)}


def _option(found: Mapping[str, Any], place: int) -> dict[str, Any]:
    """Return an option as it is written: an answer has more keys, and may leave some empty."""
    order, text = found.get("displayOrder"), found.get("description")
    made = {
        "label": found["label"],
        "value": found["value"],
        "displayOrder": place if order is None else order,
        "hidden": bool(found.get("hidden")),
    }
    return {**made, "description": text} if text else made


def connect(
    settings: Mapping[str, Any],
    *,
    token: str | None,
    flags: Sequence[str],
    sleep: Callable[[float], None] = time.sleep,
) -> Provisioner:
    """Return a provisioner for the ``[hubspot]`` section; nothing is sent yet.

    ``token``: an administrator's; None: the section's own, which is enough to look.

    Raises UsageError for a wrong section or a missing package.
    """
    from crmrules_hubspot.config import read_config  # noqa: PLC0415 - late, as in the package

    own = {} if token is None else {"access_token": token, "access_token_file": ""}
    config = read_config({**settings, **own})
    try:
        from crmrules_hubspot.api import Api  # noqa: PLC0415
        from crmrules_hubspot.transport import Transport  # noqa: PLC0415
    except ModuleNotFoundError as error:
        if (error.name or "").partition(".")[0] == "crmrules_hubspot":
            raise
        raise UsageError(
            f"the HubSpot connector needs the package '{error.name}'",
            remedy="pip install 'crmrules[hubspot]'",
        ) from None
    transport = Transport(
        config,
        now=lambda: datetime.now(UTC),
        sleep=sleep,
        random=_random.random,
        clock=time.monotonic,
    )
    return Provisioner(Api(transport), flags, portal_id=config.portal_id, close=transport.close)
