"""The second port: making our fields in a CRM, and removing everything ever written there.

Know before changing: whoever fulfils it works with an administrator's token that the sync never
gets (decisions, 19). Looking changes nothing; making and removing may be stopped anywhere and begun
again. Both note what they did as they go (``made``, ``removed``), so that a stop can say how far it
came.

What is ours is told from the CRM alone, because the state may be lost: tasks by our key; fields,
groups and permission sets by the names that the contract fixes, whoever made them, unless they are
of a kind that ``steps`` calls a conflict: then they are somebody else's and stay. What the state
still knows (``Known``) only adds to that.

Connectors see this module; it knows none of them.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any, Literal, Protocol

Action = Literal[
    "create_group",
    "create_property",
    "create_field",
    "create_permission_set",
    "create_component",
    "add_options",
    "change_field",
    "change_component",
    "grant",
    "keep",
    "conflict",
    "remove",
    "refused",
]
"""What is to do, or was done, about one thing. Names never change meaning: ``--format json``."""

SIGNS: Mapping[Action, str] = MappingProxyType(
    {
        "create_group": "+",
        "create_property": "+",
        "create_field": "+",
        "create_permission_set": "+",
        "create_component": "+",
        "add_options": "~",
        "change_field": "~",
        "change_component": "~",
        "grant": "~",
        "keep": "=",
        "conflict": "!",
        "remove": "-",
        "refused": "!",
    }
)
"""How a list shows an action, like a diff: + new, ~ changed, = kept, - removed, ! in the way."""


@dataclass(frozen=True, slots=True)
class Step:
    """One thing to do, or done, or in the way. ``name`` is its name in the CRM's API.

    ``object`` is the CRM's name of what it belongs to (``deals``, ``Opportunity``); ``remedy`` is
    empty where there is nothing to do about it.
    """

    action: Action
    object: str
    name: str
    detail: str = ""
    remedy: str = ""


@dataclass(frozen=True, slots=True)
class Known:
    """A task as the state remembers that we left it; None: the state does not know (any more)."""

    key: str
    task_id: str
    values: Mapping[str, Any] | None = None  # subject, body, due, owner as last written


Kind = Literal["task", "field", "group", "permission_set", "component"]


@dataclass(frozen=True, slots=True)
class Ours:
    """One thing in the CRM that is ours, and that ``remove`` would take away.

    ``edited``: a person put something of their own into it, or it cannot be told that nobody did.
    That is a task whose words, day or owner somebody else changed (completing it is an answer, not
    an edit), or a field that only people fill. It stays unless it is asked for.
    """

    kind: Kind
    object: str  # the CRM's name of what it belongs to: tasks, Opportunity
    name: str  # a task's id in the CRM; else its name in the API
    label: str  # what a person sees: a task's subject, a field's label
    detail: str = ""  # what else goes with it: its status, on how many records it has a value
    edited: bool = False


class Provisioner(Protocol):
    """Compares one CRM account with what has to be there, makes it, and takes it away again.

    An entry point of the group ``crmrules.provisioners`` is a function
    ``(section, *, token, flags, sleep=...)`` that returns one and sends nothing yet. ``token`` is
    the administrator's; None: look with the sync's own sign-in.
    """

    place: str
    """Which account, in words; known after the first look."""
    stays: Sequence[str]
    """What ``remove`` leaves in the CRM, a sentence each: its bin, the app, the user we act as."""
    made: list[Step]
    """What ``apply`` has made so far, also when it raised."""

    def organization(self) -> str:
        """Return the id of the account, as ``connector.Organization`` has it: the state's key.

        Raises AccessError where we are not let in, or for another account than the configured one.
        """

    def steps(self) -> list[Step]:
        """Return what is to do, in the order it would be done; writes nothing.

        Raises AccessError for another account than the configured one.
        """

    def apply(self) -> list[Step]:
        """Make what is missing and read it back; return what was done and what was kept.

        With one conflict nothing is written, and the steps are returned as they are. Raises
        ConnectorError when something written reads back otherwise.
        """

    def ours(self, known: Sequence[Known] = ()) -> list[Ours]:
        """Return everything of ours that is there now, read from the primary store, not an index.

        In the order it would be removed: tasks before the key field by which they are found, fields
        before the groups that hold them. What lies in the CRM's bin is not there. ``known`` adds
        tasks that the CRM does not show by key: their key was cleared (then ``edited``), the key
        field is gone already, or an index has not caught up. A known task that is not there any
        more is left out. Nothing of ours: an empty list. Writes nothing.

        Raises AccessError for another account than the configured one.
        """

    def remove(self, things: Sequence[Ours]) -> list[Step]:
        """Remove these, in this order; return one step each: ``remove``, or ``refused`` and why.

        Exactly these and nothing else: a field that is not named stays, even without its tasks.
        What is gone already counts as removed. A task that somebody edited since ``ours`` looked is
        removed too: it was shown and confirmed by its id. A refusal of one (a field that a report
        or a workflow still uses) does not stop the others and carries a remedy.

        Raises AccessError where the token may not remove at all, ConnectorError (RetryableError,
        UncertainError) where the CRM does not answer; running again goes on from there.
        """

    @property
    def removed(self) -> Sequence[Ours]:
        """What ``remove`` has removed so far, also when it raised."""

    def close(self) -> None:
        """Close the connections."""
