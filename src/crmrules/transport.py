"""What every connector that speaks HTTP has in common: certificates, tries, waiting times, dates.

It sends nothing.
"""

from __future__ import annotations

import re
import ssl
from collections.abc import Callable
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import TypeVar

import tenacity

from crmrules.errors import RetryableError, UsageError

T = TypeVar("T")

CONNECT, READ = 10.0, 120.0
"""Seconds to connect, and between two bytes of an answer."""
CLIENT = "crmrules"
TRIES = 5
"""How often a call that changes nothing is made at most."""
LONGEST_WAIT = 600.0
"""Seconds; a server that asks for more is left alone until the next run."""


def tls_context(ca_bundle: str, *, where: str) -> ssl.SSLContext:
    """Return a strict context with the system's roots, plus the file's. Raises UsageError.

    It verifies certificate and host name, and nothing in the environment turns that off. It is not
    ``ssl.create_default_context``, which would write session keys where ``SSLKEYLOGFILE`` says.
    """
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.load_default_certs(ssl.Purpose.SERVER_AUTH)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    context.hostname_checks_common_name = False  # a name stands in the certificate's list of names
    if ca_bundle:
        try:
            context.load_verify_locations(cafile=ca_bundle)
        except (OSError, ssl.SSLError) as error:
            raise UsageError(
                f"cannot load the certificates in {ca_bundle}: {error.strerror or 'not PEM'}",
                remedy="name a readable file with CA certificates in PEM form",
                where=f"[{where}] ca_bundle",
            ) from None
    return context


def http_date(text: str | None) -> datetime | None:
    """Return the moment of an HTTP date, None when it is none."""
    try:
        moment = parsedate_to_datetime(text or "")
    except ValueError:
        return None
    return moment.astimezone(UTC) if moment.tzinfo else moment.replace(tzinfo=UTC)


def retry_after(text: str | None, now: datetime) -> float | None:
    """Return the seconds ``Retry-After`` asks for, given as seconds or as a date."""
    if not text:
        return None
    if re.fullmatch(r"\s*\d+(\.\d+)?\s*", text):
        return float(text)
    moment = http_date(text)
    return max(0.0, (moment - now).total_seconds()) if moment else None


def watermark(text: str) -> datetime:
    """Return the moment a watermark stands for; raises UsageError for one that is none."""
    try:
        return datetime.fromisoformat(text)
    except ValueError:
        raise UsageError(
            f"the watermark '{text}' is not a moment", remedy="run crmrules sync --full once"
        ) from None


class Tries:
    """Makes a call up to five times, with growing pauses and full jitter.

    ``asked`` tells the seconds that the last answer asked to wait (None: it did not); ``vendor``
    names the CRM in messages. ``random`` gives a number from 0 up to 1.
    """

    def __init__(
        self,
        vendor: str,
        *,
        asked: Callable[[], float | None],
        sleep: Callable[[float], None],
        random: Callable[[], float],
    ) -> None:
        self._vendor, self._asked, self._sleep, self._random = vendor, asked, sleep, random

    def __call__(self, work: Callable[[], T], again: Callable[[BaseException], bool]) -> T:
        """Return what the work returns; ``again`` says after which errors it is tried again.

        Raises the last error, or RetryableError where a wait beyond ten minutes is asked for.
        """
        retrying = tenacity.Retrying(
            stop=tenacity.stop_after_attempt(TRIES),
            wait=self._wait,
            sleep=self._sleep,
            retry=tenacity.retry_if_exception(again),
            reraise=True,
        )
        return retrying(work)

    def _wait(self, state: tenacity.RetryCallState) -> float:
        jitter = self._random() * min(60.0, 2.0**state.attempt_number)
        asked = self._asked() or 0.0
        if asked > LONGEST_WAIT:
            raise RetryableError(
                f"{self._vendor} asks to wait {asked:.0f} seconds", remedy="run again after that"
            )
        return asked + jitter
