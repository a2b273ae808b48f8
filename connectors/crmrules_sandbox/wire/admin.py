"""The part of a sandbox's own interface that every CRM has: faults to arm and the log of calls.

Know before changing: none of it is a call of the API, so nothing here is counted or logged.

What a test may change of the CRM itself is each sandbox's own business.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from crmrules_sandbox.wire.faults import Fault, as_json, fault_from
from crmrules_sandbox.wire.gate import Gate

Handler = Callable[[Any, str, dict[str, Any], Any], Any]
"""(gateway, rest of the path, query and body in one, the body alone) -> what is answered."""


def watching(kind: type[Fault]) -> dict[tuple[str, str], Handler]:
    """Return the handlers, by method and name; ``kind``: the CRM's own faults."""

    def add_faults(gateway: Gate, _rest: str, _data: dict[str, Any], body: Any) -> Any:
        listed = body if isinstance(body, list) else [body]
        gateway.faults.add(*(fault_from(each, kind) for each in listed))
        return as_json(gateway.faults.pending())

    return {
        ("GET", "faults"): _list_faults,
        ("POST", "faults"): add_faults,
        ("DELETE", "faults"): _clear_faults,
        ("GET", "calls"): _list_calls,
        ("DELETE", "calls"): _clear_calls,
    }


def _list_faults(gateway: Gate, _rest: str, _data: dict[str, Any], _body: Any) -> Any:
    return as_json(gateway.faults.pending())


def _clear_faults(gateway: Gate, _rest: str, _data: dict[str, Any], _body: Any) -> Any:
    gateway.faults.clear()
    return []


def _list_calls(gateway: Gate, _rest: str, _data: dict[str, Any], _body: Any) -> Any:
    return as_json(gateway.calls.list())


def _clear_calls(gateway: Gate, _rest: str, _data: dict[str, Any], _body: Any) -> Any:
    gateway.calls.clear()
    return []
