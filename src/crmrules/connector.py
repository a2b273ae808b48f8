"""The port: all a CRM has to offer to be usable by crmrules.

A connector reads, translates and writes. It never decides, keeps no state between runs, and is the
only place that knows vendor names. What a CRM cannot do is declared in ``Capabilities``, so the
plan leaves it out before the first write instead of failing in the middle.

Rows travel in the connector's own shape (``Row.body``) into the state store, which hands all rows
of one opportunity back to ``normalize``. So children that arrive alone complete their opportunity,
and nothing but one opportunity is ever held in memory.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from enum import StrEnum
from typing import Any, Literal, NamedTuple, Protocol, runtime_checkable

from crmrules.model import Opportunity, OurTask

OPPORTUNITY = "opportunity"  # the role of the row that stands for the opportunity itself
ACCOUNT = "account"  # the role of a row that belongs to a whole account


@dataclass(frozen=True, slots=True)
class Capabilities:
    """What this CRM, as configured, can do. Everything starts at no."""

    incremental: bool = False  # can list what changed since a watermark
    tasks: bool = False  # can write tasks
    flags: frozenset[str] = frozenset()  # which of status, flags, summary, buying_phase, checked_at
    unique_key: bool = False  # the CRM itself refuses a second task with one key
    flag_words: frozenset[str] | None = None  # the only values flags takes; None: any


@dataclass(frozen=True, slots=True)
class Organization:
    """Which CRM account this is. ``id`` goes into every task key."""

    id: str
    name: str | None = None
    production: bool | None = None
    time_zone: str | None = None
    user: str | None = None  # id of the user we act as


@dataclass(frozen=True, slots=True)
class Problem:
    """One thing that is not right, and what to do about it."""

    what: str
    remedy: str
    level: Literal["error", "warning"] = "warning"
    signals: tuple[str, ...] = ()  # model fields that are unknown because of it


@dataclass(frozen=True, slots=True)
class Preflight:
    """What a check found. ``problems`` with level error forbid writing."""

    organization: Organization
    problems: tuple[Problem, ...] = ()
    capabilities: Capabilities = Capabilities()
    now: datetime | None = None  # the CRM's own time, where an answer told it
    ahead: timedelta = timedelta()  # of this machine's clock, where a run took that time
    unseen_mail: str = ""  # which mail this CRM's API does not show, and what would


@dataclass(frozen=True, slots=True)
class Row:
    """One CRM record as it came, and where it belongs.

    ``parent`` is the id of the opportunity (or of the account, for account-level records) it is
    about; ``account`` the account's id where the row knows it. ``gone`` marks a record that the CRM
    no longer has. ``stamp`` is the CRM's own modification stamp.
    """

    kind: str  # the CRM's name of the object, e.g. "Task"
    id: str
    parent: str
    stamp: str
    body: Mapping[str, Any]
    account: str | None = None
    closed_on: date | None = None  # opportunities only: its close date, when closed
    won: bool | None = None  # opportunities only; None while open
    gone: bool = False


@dataclass(frozen=True, slots=True)
class Head:
    """A stored opportunity without its body: enough to tell what has to be asked for."""

    id: str
    account: str | None
    closed_on: date | None
    won: bool | None


class Child(NamedTuple):
    """A stored row under a parent, without its body."""

    parent: str
    kind: str
    id: str
    stamp: str


class Stored(Protocol):
    """What earlier pulls left, for an incremental pull.

    A CRM with a feed of changes needs the watermarks alone. One that cannot say which relations
    changed lists them again, and asks here which of the rows behind them it has yielded before.
    """

    def marks(self) -> Mapping[str, str]:
        """Return the watermark of every kind."""

    def heads(self) -> Iterator[Head]:
        """Yield the stored opportunities, in the order of their ids."""

    def children(self, parents: Sequence[str]) -> Iterator[Child]:
        """Yield the rows under these opportunities or accounts, their own rows included."""


@dataclass(frozen=True, slots=True)
class Batch:
    """A page of rows. ``complete`` names a kind whose listing is complete: unseen rows are gone.

    ``problems``: what only reading could find out, such as an object that may not be read.
    """

    rows: Sequence[Row] = ()
    marks: Mapping[str, str] = field(default_factory=dict)  # kind -> new watermark
    complete: frozenset[str] = frozenset()
    problems: tuple[Problem, ...] = ()


@dataclass(frozen=True, slots=True)
class TaskFields:
    """What a new task says. ``owner`` is a user id; ``opportunity`` None: it is about several."""

    subject: str
    body: str
    due: date
    owner: str
    opportunity: str | None
    rule: str
    link: bool = True  # False: private; neither the opportunity nor the rule stands on it


@dataclass(frozen=True, slots=True)
class CreateTask:
    """Make a task, at most once per key."""

    key: str
    task: TaskFields


@dataclass(frozen=True, slots=True)
class ChangeTask:
    """Change a task of ours that nobody edited; only the given values are written."""

    key: str
    task_id: str
    values: Mapping[str, Any]  # due, owner, status, body
    private: bool = False  # of a private rule: its words are nobody else's


@dataclass(frozen=True, slots=True)
class SetFields:
    """Set our fields on one opportunity; only the given values are written."""

    opportunity: str
    values: Mapping[str, Any]  # status, flags (list), summary, buying_phase, checked_at


Write = CreateTask | ChangeTask | SetFields


def is_private(write: Write) -> bool:
    """Return whether a write is about a task of a private rule."""
    if isinstance(write, CreateTask):
        return not write.task.link
    return isinstance(write, ChangeTask) and write.private


class Result(StrEnum):
    """What became of one write: what to do next decides the word."""

    DONE = "done"
    ALREADY = "already"  # the key is there already: counts as done
    RETRY = "retry"  # definitely not done; the same write may work later in this run
    DEFERRED = "deferred"  # definitely not done; locked or in approval, next run
    REJECTED = "rejected"  # definitely not done; this record will not take it as it is
    CONFIG = "config"  # definitely not done; nobody's record will take it: fields or rights
    MOOT = "moot"  # the opportunity is gone
    UNCERTAIN = "uncertain"  # it may have happened: read the key back before anything else


@dataclass(frozen=True, slots=True)
class Outcome:
    """The answer to one write, in the order the writes were given."""

    result: Result
    id: str | None = None  # the CRM's id of the task
    error: str | None = None
    remedy: str | None = None


@dataclass(slots=True)
class Usage:
    """Calls of this run that count against the CRM's quota, and the least that could have done.

    ``answers`` counts every request by part of the API (a few words of the connector's) and HTTP
    status; "none" where no answer came.
    ``ceiling``: the most that the configuration allows a run; None: it sets no limit.
    """

    calls: int = 0
    pages: int = 0
    floor: int = 0
    quota_used: int | None = None
    quota_limit: int | None = None
    answers: Counter[tuple[str, str]] = field(default_factory=Counter)
    ceiling: int | None = None


@runtime_checkable
class Connector(Protocol):
    """One CRM account."""

    name: str
    usage: Usage

    def check(self) -> Preflight:
        """Sign in and look at what is there. Raises AccessError when we are not let in."""

    def may_write(self) -> Sequence[Problem]:
        """Return what would keep our writes out that ``check`` could not see; changes nothing.

        Asked once by a run that has something to write, before anything is decided for good.
        """

    def pull(self, stored: Stored | None) -> Iterator[Batch]:
        """Yield everything (None) or what changed since what is stored, page by page.

        Raises RetryableError or AccessError; what was yielded until then is valid.
        """

    def normalize(self, opportunity: str, rows: Sequence[Row]) -> Opportunity | None:
        """Translate all rows about one opportunity; None when its own row is not among them."""

    def tasks_by_key(self, wanted: Mapping[str, str]) -> Mapping[str, OurTask]:
        """Read our tasks back by key, deleted and archived ones included.

        ``wanted``: key -> the opportunity the task is about, for a CRM that cannot look a key up.
        """

    def unlinked_tasks(self) -> Sequence[OurTask]:
        """Read all our tasks that hang on no opportunity, deleted ones included.

        Asked only after a lost state, and only where private rules are enabled.
        """

    def write(self, writes: Sequence[Write]) -> Sequence[Outcome]:
        """Make the writes, one outcome each, in order. Never raises for a single record."""


@runtime_checkable
class Directory(Protocol):
    """A connector that knows our people by their e-mail addresses.

    Without it ``[tasks] fallback_owner`` has to be an id.
    """

    def colleagues(self, address: str) -> Sequence[str]:
        """Return the ids of the active users with this address, in any case; asked after a pull."""


@runtime_checkable
class Remembering(Protocol):
    """A connector that translates stored rows later without a call to its CRM.

    Without it everything works but ``crmrules preview`` and what rests on it.
    """

    def remember(self) -> Mapping[str, Any] | None:
        """Return what ``normalize`` needs besides the rows, as JSON values; None: it cannot.

        Asked after a pull.
        """

    def recall(self, memory: Mapping[str, Any], now: datetime) -> None:
        """Take it back instead of ``check`` and ``pull``, as if both were made at ``now``.

        Raises KeyError, TypeError or ValueError where it is no such memory.
        """
