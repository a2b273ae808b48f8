"""What a request to stop leaves on the terminal."""

from __future__ import annotations

import sys
from types import SimpleNamespace

from crmrules.stopping import Stop, Stopped


def test_a_request_that_python_dropped_is_not_told_and_everything_else_still_is(monkeypatch):
    heard = []
    monkeypatch.setattr(sys, "unraisablehook", heard.append)
    request, fault = (SimpleNamespace(exc_value=one) for one in (Stopped(), ValueError()))
    with Stop(signals=()).listening():
        sys.unraisablehook(request)
        sys.unraisablehook(fault)
    assert heard == [fault]
    sys.unraisablehook(request)
    assert heard == [fault, request]
