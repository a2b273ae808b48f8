"""One small request to an address that an admin named, and never more than seconds for it.

It follows no redirect, and what is answered is not read. Messages never show the address: it is a
secret.
"""

from __future__ import annotations

import json
import threading
import urllib.error
import urllib.request
from collections.abc import Callable, Mapping
from typing import Any

from crmrules.transport import CLIENT, tls_context

PATIENCE = 5.0
"""Seconds for all of it: a run waits for it."""


class ToldNobodyError(Exception):
    """Somebody could not be told; says why, without the address."""


class _Straight(urllib.request.HTTPRedirectHandler):
    def redirect_request(self, *_: Any) -> None:
        """Follow no redirect: what is told is for the named host alone."""


def post(url: str, body: bytes, kind: str) -> None:
    """Send one POST. Raises ToldNobodyError unless the answer is a 2xx."""
    secure = urllib.request.HTTPSHandler(context=tls_context("", where="observe"))
    opener = urllib.request.build_opener(secure, _Straight)
    headers = {"User-Agent": CLIENT, "Content-Type": kind}
    request = urllib.request.Request(url, body, headers, method="POST")  # noqa: S310 - https, or here
    try:
        with opener.open(request, timeout=PATIENCE):
            return
    except urllib.error.HTTPError as error:
        error.close()
        raise ToldNobodyError(f"HTTP {error.code}") from None
    except (OSError, ValueError) as error:
        raise ToldNobodyError(type(error).__name__) from None


def post_json(url: str, values: Mapping[str, Any]) -> None:
    """Send one POST of JSON. Raises ToldNobodyError unless the answer is a 2xx."""
    post(url, json.dumps(values).encode(), "application/json")


class Hurried:
    """Does one thing at a time in a thread, and waits for it only so long.

    A server that sends a byte now and then passes every timeout between bytes. While one is stuck
    so, nothing more is begun: threads never pile up.
    """

    def __init__(self) -> None:
        self._thread: threading.Thread | None = None

    def __call__(self, work: Callable[[], None], seconds: float = PATIENCE) -> None:
        """Do it. Raises ToldNobodyError where it takes longer, and whatever it raises."""
        if self._thread is not None and self._thread.is_alive():
            raise ToldNobodyError("the one before still waits for an answer")
        failed: list[BaseException] = []

        def run() -> None:
            try:
                work()
            except Exception as error:  # noqa: BLE001 - raised again by whoever waits
                failed.append(error)

        self._thread = threading.Thread(target=run, daemon=True, name="crmrules-observer")
        self._thread.start()
        self._thread.join(seconds)
        if self._thread.is_alive():
            raise ToldNobodyError(f"no answer within {seconds:g} seconds")
        if failed:
            raise failed[0]
