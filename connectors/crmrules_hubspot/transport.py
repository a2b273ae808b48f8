"""One call to HubSpot: paced, counted, classified, and tried again only where that is safe.

Know before changing: what changes nothing and what may be repeated (an update by id) is tried up to
five times after any failure; a create only when it was surely not processed (429, no connection),
and every other failure of a create is an ``UncertainError``. An answer 429 was not processed
whatever the method; one for the day's limit ends the run. A redirect is never followed: it would
carry the token elsewhere.

It knows nothing of objects or searches.
"""

from __future__ import annotations

import ssl
from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any, Literal
from urllib.parse import urlsplit
from urllib.request import getproxies, proxy_bypass

import httpx

from crmrules.connector import Usage
from crmrules.errors import (
    AccessError,
    CrmRulesError,
    GuardError,
    RetryableError,
    UncertainError,
    UsageError,
)
from crmrules.transport import (
    CLIENT,
    CONNECT,
    READ,
    Tries,
    http_date,
    retry_after,
    tls_context,
)
from crmrules_hubspot.config import Config
from crmrules_hubspot.errors import error_for
from crmrules_hubspot.pace import Pace, number

# The more telling words come first: a batch of objects counts as a batch.
_PARTS = (
    *("associations", "search", "batch", "properties", "pipelines", "owners", "account-info"),
    "objects",
)
Repeat = Literal["always", "unsent"]
"""When a call may be made again: after any failure, or only when it was surely not processed."""
Answer = tuple[int, Any]
"""HTTP status (2xx) and the parsed body."""


def http_transport(context: ssl.SSLContext, proxy: str | None = None) -> httpx.BaseTransport:
    """Return what sends our requests; every request of this package goes through one of these."""
    return httpx.HTTPTransport(verify=context, proxy=proxy, retries=0)


def _part(path: str) -> str:
    """Return which part of the API a path belongs to: one of a few words."""
    words = path.split("/")
    return next((word for word in _PARTS if word in words), "other")


def _proxy(url: str) -> str | None:
    """Return the proxy that the environment names for an address."""
    parts = urlsplit(url)
    if proxy_bypass(parts.hostname or ""):
        return None
    return getproxies().get(parts.scheme)


class Transport:
    """The connection of one run. ``usage`` counts every request that was sent."""

    def __init__(
        self,
        config: Config,
        *,
        now: Callable[[], datetime],
        sleep: Callable[[float], None],
        random: Callable[[], float],
        clock: Callable[[], float],
    ) -> None:
        self.config, self.usage = config, Usage(ceiling=config.daily_calls)
        self.server_time: datetime | None = None
        self._now, self._sleep = now, sleep
        self._pace = Pace(clock, self._rest)
        self._left: int | None = None  # calls of the portal's day, as the last answer said
        self._asked: float | None = None  # what Retry-After of the last answer said
        self._tries = Tries("HubSpot", asked=lambda: self._asked, sleep=self._rest, random=random)
        context = tls_context(config.ca_bundle, where="hubspot")
        self._client = httpx.Client(
            base_url=config.base_url,
            transport=http_transport(context, _proxy(config.base_url)),
            timeout=httpx.Timeout(READ, connect=CONNECT),
            headers={"Authorization": f"Bearer {_token(config)}", "User-Agent": CLIENT},
            follow_redirects=False,
            trust_env=False,
        )

    def _rest(self, seconds: float) -> None:
        self._sleep(seconds)

    def close(self) -> None:
        """Close the connections."""
        self._client.close()

    def call(
        self,
        method: str,
        path: str,
        body: Any = None,
        *,
        params: Mapping[str, str] | None = None,
        repeat: Repeat = "always",
        search: bool = False,
        exempt: bool = False,
    ) -> Answer:
        """Make a call and return its answer; ``exempt``: not part of the interval's limit.

        Raises RetryableError (after five tries), UncertainError (a create that may have happened),
        AccessError, GuardError (a quota), RefusedError.
        """

        def once() -> Answer:
            self._pace.wait(search=search, exempt=exempt)
            self._count()
            return self._once(method, path, body, params or {}, repeat)

        return self._tries(once, lambda error: isinstance(error, RetryableError))

    def _once(
        self, method: str, path: str, body: Any, params: Mapping[str, str], repeat: Repeat
    ) -> Answer:
        self._asked = None
        status = "none"
        try:
            answer = self._client.request(method, path, json=body, params=dict(params))
            status = str(answer.status_code)
        except httpx.HTTPError as broken:
            raise _broken(broken, repeat) from None
        finally:
            self.usage.answers[_part(path), status] += 1
        self._asked = self._note(answer)
        where = f"{method} {path}"
        content = _content(answer)
        if 200 <= answer.status_code < 300:
            if content is None and answer.status_code != 204:
                raise _unusable(repeat)
            return answer.status_code, content
        error = error_for(answer.status_code, content, where)
        if isinstance(error, RetryableError):
            if answer.status_code == 429:
                self._asked = self._pace.interval if self._asked is None else self._asked
            elif repeat == "unsent":
                raise _uncertain(f"HTTP {answer.status_code}")
        raise error

    def _note(self, answer: httpx.Response) -> float | None:
        """Learn from the headers of an answer; return how long it asks to wait."""
        self._pace.learn(answer.headers)
        daily = number(answer.headers.get("x-hubspot-ratelimit-daily"))
        left = number(answer.headers.get("x-hubspot-ratelimit-daily-remaining"))
        if daily is not None and left is not None:
            self._left = left
            self.usage.quota_limit, self.usage.quota_used = daily, daily - left
        self.server_time = http_date(answer.headers.get("date")) or self.server_time
        now = self.server_time or self._now()
        return retry_after(answer.headers.get("retry-after"), now)

    def _count(self) -> None:
        """Count a call; stop before one that others have to be left (``daily_reserve``)."""
        config, usage = self.config, self.usage
        if usage.calls >= config.daily_calls:
            raise GuardError(
                f"quota: our own ceiling of {config.daily_calls} API calls in one run is reached",
                remedy="raise [hubspot] daily_calls; docs/reference.md says what a run costs",
            )
        if self._left is not None and self._left < (usage.quota_limit or 0) * config.daily_reserve:
            raise GuardError(
                f"quota: the portal has {self._left} API calls left today, and "
                f"{config.daily_reserve:.0%} of the day's calls are left to others",
                remedy="wait until midnight in the portal's time zone, or lower [hubspot] "
                "daily_reserve",
            )
        usage.calls += 1


def _token(config: Config) -> str:
    """Return the token; one that cannot be a header would be a traceback deep in a library."""
    token = config.token()
    if not token or not token.isascii() or not token.isprintable() or " " in token:
        raise UsageError(
            "the token is empty, or holds blanks or characters that no token has",
            remedy="put the service key into the file, alone, on one line",
            where="[hubspot] access_token_file",
        )
    return token


def _content(answer: httpx.Response) -> Any:
    """Return the parsed body; None when it is not JSON (a page of some proxy, or cut)."""
    try:
        return answer.json()
    except ValueError:
        return None


def _uncertain(what: str) -> UncertainError:
    return UncertainError(
        f"a write got no trustworthy answer ({what})",
        remedy="nothing to do: it is looked up by its key before anything is sent again",
    )


def _unusable(repeat: Repeat) -> CrmRulesError:
    if repeat == "unsent":
        return _uncertain("not JSON")
    return RetryableError(
        "the answer is not JSON: something between us and HubSpot replaced or cut it",
        remedy="check proxies and sign-in pages of this network",
    )


def _broken(error: httpx.HTTPError, repeat: Repeat) -> CrmRulesError:
    """Type a failed exchange; what was surely not sent is never uncertain."""
    if "CERTIFICATE_VERIFY_FAILED" in str(error):
        return AccessError(
            "the server's certificate is not trusted",
            remedy="set [hubspot] ca_bundle to the CA of your proxy; never switch checks off",
        )
    if isinstance(error, httpx.ConnectError | httpx.ConnectTimeout | httpx.ProxyError):
        return RetryableError(
            "cannot reach the server",
            remedy="check base_url, DNS, firewall and proxy of this machine",
        )
    if repeat == "unsent":
        return _uncertain("the connection broke")
    return RetryableError("the connection broke during an answer", remedy="try again later")
