"""What every connector that speaks HTTP has in common: certificates, waiting times, dates.

It sends nothing.
"""

from __future__ import annotations

import re
import ssl
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime

from crmrules.errors import UsageError

CONNECT, READ = 10.0, 120.0
"""Seconds to connect, and between two bytes of an answer."""
CLIENT = "crmrules"
TRIES = 5
"""How often a call that changes nothing is made at most."""
LONGEST_WAIT = 600.0
"""Seconds; a server that asks for more is left alone until the next run."""


def tls_context(ca_bundle: str, *, where: str) -> ssl.SSLContext:
    """Return a strict context with the system's roots, plus the file's. Raises UsageError."""
    context = ssl.create_default_context()
    context.minimum_version = ssl.TLSVersion.TLSv1_2
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
