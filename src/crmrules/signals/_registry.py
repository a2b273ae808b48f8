"""The registry of signals: a signal is a pure function of one ``View``.

The function's name is the word ops use, the first line of its docstring is its documentation and
its return annotation ``Reading[int]`` decides which operators fit. A signal returns ``Known`` with
the ids of the records that made the value, or ``Unknown`` with the reason. Never a zero for "no
data".
"""

from __future__ import annotations

import typing
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from functools import wraps
from typing import Concatenate, Generic, ParamSpec, TypeAlias, TypeVar

from crmrules.baseline import Baseline
from crmrules.model import Mention, Opportunity

Value: TypeAlias = bool | int | float | str
Asked = ParamSpec("Asked")
Told = TypeVar("Told")
T_co = TypeVar("T_co", bool, int, float, str, covariant=True)


@dataclass(frozen=True, slots=True)
class Known(Generic[T_co]):
    """A value and the CRM records it came from."""

    value: T_co
    records: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Unknown:
    """Why the value cannot be told, in words an admin understands."""

    reason: str


Reading: TypeAlias = Known[T_co] | Unknown


@dataclass(frozen=True, slots=True)
class View:
    """One opportunity as it was known at ``now``, and what is normal in this organization.

    ``mentions``: what a classifier found in texts; None: text signals are off. ``text_signals``:
    which of them are on.
    """

    opportunity: Opportunity
    now: datetime
    baseline: Baseline
    mentions: tuple[Mention, ...] | None = None
    text_signals: frozenset[str] = frozenset()
    kept: dict[typing.Any, typing.Any] = field(
        default_factory=dict, init=False, repr=False, compare=False
    )  # answers of helpers, see ``once``


def once(
    helper: Callable[Concatenate[View, Asked], Told],
) -> Callable[Concatenate[View, Asked], Told]:
    """Keep what a helper answers for a view, since several signals ask the same of it.

    Only for helpers that read nothing but the view. The answer is shared: nobody may change it.
    """

    @wraps(helper)
    def answer(view: View, /, *asked: Asked.args, **named: Asked.kwargs) -> Told:
        key = (helper, asked, tuple(named.items()))
        if key not in view.kept:
            view.kept[key] = helper(view, *asked, **named)
        return typing.cast("Told", view.kept[key])

    return answer


SignalFunction: TypeAlias = Callable[[View], Known[typing.Any] | Unknown]


@dataclass(frozen=True, slots=True)
class Signal:
    """One entry of the vocabulary."""

    name: str
    function: SignalFunction
    kind: type  # bool, int, float or str
    unit: str
    meaning: str
    unknown: str  # when it is unknown
    salesforce: str
    hubspot: str
    values: tuple[str, ...] = ()  # for text: the only values it can have, if closed


SIGNALS: dict[str, Signal] = {}


def signal(
    *, unit: str, unknown: str, salesforce: str, hubspot: str, values: tuple[str, ...] = ()
) -> Callable[[SignalFunction], SignalFunction]:
    """Register a function under its own name."""

    def register(function: SignalFunction) -> SignalFunction:
        name = function.__name__
        if name in SIGNALS:
            raise TypeError(f"two signals are called {name}")
        meaning = (function.__doc__ or "").strip().splitlines()[0]
        SIGNALS[name] = Signal(
            name, function, _kind(function), unit, meaning, unknown, salesforce, hubspot, values
        )
        return function

    return register


def _kind(function: SignalFunction) -> type:
    returned = typing.get_type_hints(function)["return"]
    for part in typing.get_args(returned):
        if typing.get_origin(part) is Known:
            [kind] = typing.get_args(part)
            return typing.cast("type", kind)
    raise TypeError(f"signal {function.__name__} must be annotated '-> Reading[kind]'")


def read(view: View) -> dict[str, Known[typing.Any] | Unknown]:
    """Return the reading of every signal."""
    return {name: entry.function(view) for name, entry in SIGNALS.items()}


def facts(readings: Mapping[str, Known[typing.Any] | Unknown]) -> dict[str, Value]:
    """Return the values that are known: what an engine judges."""
    return {name: r.value for name, r in readings.items() if isinstance(r, Known)}
