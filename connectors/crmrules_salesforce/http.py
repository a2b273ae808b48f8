"""One call to Salesforce: signed in, classified, and tried again only where that is safe.

Know before changing: a read may be repeated after any failure, a write only when it was definitely
not done (no connection, 401, 429); every other failure of a write is an ``UncertainError``.
simple-salesforce is the transport below (``restful`` with our token and session); its own refresh
is never reached because it is given a session id, which it cannot refresh.

It knows nothing of queries or records.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import datetime
from typing import Any

import requests
from requests import exceptions as http
from simple_salesforce.api import Salesforce
from simple_salesforce.exceptions import SalesforceError
from urllib3 import exceptions as raw

from crmrules.connector import Usage
from crmrules.errors import AccessError, CrmRulesError, GuardError, RetryableError, UncertainError
from crmrules.transport import Tries, http_date, retry_after, tls_context
from crmrules_salesforce.auth import Form, Token, sign_in
from crmrules_salesforce.config import Config
from crmrules_salesforce.errors import TooLargeError, error_for, first_error
from crmrules_salesforce.session import Adapter, Session, quota

_SETTLED = frozenset({400, 401, 403, 404, 405, 409, 410, 412, 413, 414, 415, 428, 429, 431})
"""Statuses that come before any record is touched: the write was definitely not done."""


class Transport:
    """The connection of one run. ``usage`` counts every request that was sent, sign-in included."""

    def __init__(
        self,
        config: Config,
        *,
        now: Callable[[], datetime],
        sleep: Callable[[float], None],
        random: Callable[[], float],
        wall: Callable[[], datetime],
    ) -> None:
        self.config, self.usage = config, Usage(ceiling=config.daily_calls)
        self.server_time: datetime | None = None
        self._now, self._sleep, self._random, self._wall = now, sleep, random, wall
        self._lock = threading.Lock()
        self._token: Token | None = None
        self._client: Any = None
        self._day, self._today = now().date(), 0
        self._asked: float | None = None  # what Retry-After of the last answer said
        self._tries = Tries(
            "Salesforce", asked=lambda: self._asked, sleep=self._rest, random=random
        )
        context = tls_context(config.ca_bundle, where="salesforce")
        self._adapter = Adapter(context, self._count, self._answered)
        for url in (config.sign_in_url, config.instance_url):
            if url:
                self._adapter.allow(url)
        self._session = Session(self._adapter)
        self._session.hooks["response"] = [self._note]

    def close(self) -> None:
        """Close the connections."""
        self._session.close()

    @property
    def token(self) -> Token:
        """The current token; signs in when there is none."""
        return self._current()[0]

    def identify(self) -> None:
        """Find out who we are where the sign-in did not say (a token that was handed in)."""
        token, _ = self._current()
        if token.user is not None:
            return
        said = self.retrying(self._userinfo)
        user, organization = said.get("user_id"), said.get("organization_id")
        with self._lock:
            if self._token is token and user:
                self._token = replace(token, user=user, organization=organization)

    def _userinfo(self) -> Mapping[str, Any]:
        """Return who our token speaks for; empty when this org does not say."""
        answer = self.exchange("GET", "/services/oauth2/userinfo", writes=False)
        try:
            said = answer.json() if answer.status_code == 200 else {}
        except http.JSONDecodeError:
            said = {}
        return said if isinstance(said, Mapping) else {}

    @property
    def base(self) -> str:
        """The path every resource starts with."""
        return f"/services/data/v{self.config.api_version}/"

    def read(self, method: str, path: str, body: Any = None) -> Any:
        """Make a call that changes nothing; it is tried up to five times.

        Raises RetryableError, AccessError, GuardError (quota), UsageError.
        """
        return self.retrying(lambda: self._call(method, path, body, writes=False))

    def write(self, method: str, path: str, body: Any) -> Any:
        """Make a call that changes records, once; UncertainError when it may have happened."""
        return self._call(method, path, body, writes=True)

    def exchange(self, method: str, path: str, *, writes: bool, **rest: Any) -> requests.Response:
        """Send what is not JSON, once, and return whatever answer comes."""
        token, _ = self._current()
        headers = {"Authorization": f"Bearer {token.access}", **rest.pop("headers", {})}
        try:
            return self._session.request(method, token.instance_url + path, headers=headers, **rest)
        except http.RequestException as error:
            raise _broken(error, writes=writes) from None

    def pause(self, attempt: int) -> None:
        """Wait before the attempt after this one (counted from 1), with full jitter.

        What the last answer asked for is waited on top, up to a minute: writes hold the lease.
        """
        asked = min(60.0, self._asked or 0.0)
        self._sleep(asked + self._random() * min(60.0, 2.0**attempt))

    def retrying(self, work: Callable[[], Any]) -> Any:
        """Do something that changes nothing, as often as ``read`` does."""
        return self._tries(work, _again)

    def _rest(self, seconds: float) -> None:
        self._sleep(seconds)

    def _current(self) -> tuple[Token, Any]:
        with self._lock:
            if self._token is None:
                self._sign_in()
            assert self._token is not None  # noqa: S101 - for the type checker
            return self._token, self._client

    def _renew(self, stale: Token) -> tuple[Token, Any]:
        """Sign in again, once for all callers that saw the same stale token."""
        with self._lock:
            if self._token is stale:
                self._sign_in()
            assert self._token is not None  # noqa: S101 - for the type checker
            return self._token, self._client

    def _sign_in(self) -> None:
        token = self.retrying(lambda: sign_in(self.config, self._post, self._wall()))
        self._adapter.allow(token.instance_url)
        client = Salesforce(
            session_id=token.access,
            instance_url=token.instance_url,
            session=self._session,
            version=self.config.api_version,
            object_pairs_hook=dict,
        )
        # simple-salesforce knows https alone; plain http is for the loopback (decisions 20).
        client.base_url = token.instance_url + self.base
        client.headers.pop("X-PrettyPrint", None)
        self._token, self._client = token, client

    def _post(self, url: str, form: Form, headers: Mapping[str, str]) -> tuple[int, Any]:
        try:
            answer = self._session.post(url, data=dict(form), headers=dict(headers))
        except http.RequestException as error:
            raise _broken(error, writes=False) from None
        try:
            return answer.status_code, answer.json()
        except ValueError:
            return answer.status_code, None

    def _call(self, method: str, path: str, body: Any, *, writes: bool) -> Any:
        token, client = self._current()
        try:
            return self._once(client, method, path, body, writes=writes)
        except _ExpiredError:
            pass
        if self.config.auth == "token":
            raise AccessError(
                "Salesforce does not accept the access token (HTTP 401)",
                remedy="put a fresh token into [salesforce] access_token_file, or use auth = 'jwt'",
            )
        token, client = self._renew(token)
        try:
            return self._once(client, method, path, body, writes=writes)
        except _ExpiredError:
            raise AccessError(
                "Salesforce does not accept a token it has just given (HTTP 401)",
                remedy="check the app's session policy and IP rules for the integration user",
            ) from None

    def _once(self, client: Any, method: str, path: str, body: Any, *, writes: bool) -> Any:
        self._asked = None
        arguments = {} if body is None else {"json": body}
        try:
            return client.restful(path, method=method, **arguments)
        except SalesforceError as error:
            status, content = int(error.status), error.content
        except http.JSONDecodeError:
            raise _unusable(writes=writes) from None
        except http.RequestException as error:
            raise _broken(error, writes=writes) from None
        except (ValueError, TypeError):  # an answer of JSON that is no object and no list
            raise _unusable(writes=writes) from None
        if status == 401:
            raise _ExpiredError
        code, _ = first_error(content)
        if writes and not (status in _SETTLED or code == "REQUEST_LIMIT_EXCEEDED"):
            raise _uncertain(f"HTTP {status} {code}".strip())
        raise error_for(status, content, f"{method} {path.partition('?')[0]}")

    def _count(self) -> None:
        today = self._now().date()
        if today != self._day:
            self._day, self._today = today, 0
        if self._today >= self.config.daily_calls:
            raise GuardError(
                f"quota: our own ceiling of {self.config.daily_calls} API calls in one run is "
                "reached",
                remedy="raise [salesforce] daily_calls; docs/reference.md says what a run costs",
            )
        self._leave_to_others()
        self._today += 1
        self.usage.calls += 1

    def _answered(self, part: str, status: str) -> None:
        self.usage.answers[part, status] += 1

    def _leave_to_others(self) -> None:
        """Stop before a call of the org's day that others have to be left (``daily_reserve``)."""
        used, limit = self.usage.quota_used, self.usage.quota_limit
        reserve = self.config.daily_reserve
        if used is not None and limit and used >= limit * (1 - reserve):
            raise GuardError(
                f"quota: {used} of the org's {limit} API calls of the last 24 hours are used, and "
                f"{reserve:.0%} of them are left to others",
                remedy="wait, find out who uses them, or lower [salesforce] daily_reserve",
            )

    def _note(self, answer: requests.Response, *_: Any, **__: Any) -> None:
        found = quota(answer.headers.get("Sforce-Limit-Info"))
        if found:
            self.usage.quota_used, self.usage.quota_limit = found
        self.server_time = http_date(answer.headers.get("Date")) or self.server_time
        now = self.server_time or self._now()
        self._asked = retry_after(answer.headers.get("Retry-After"), now)


class _ExpiredError(Exception):
    """A 401 on the way to the one place that signs in again."""


def _again(error: BaseException) -> bool:
    return isinstance(error, RetryableError) and not isinstance(error, TooLargeError)


def _uncertain(what: str) -> UncertainError:
    return UncertainError(
        f"a write got no trustworthy answer ({what})",
        remedy="nothing to do: it is looked up by its key before anything is sent again",
    )


def _unusable(*, writes: bool) -> CrmRulesError:
    if writes:
        return _uncertain("not JSON")
    return RetryableError(
        "the answer is not JSON: something between us and Salesforce replaced or cut it",
        remedy="check proxies and sign-in pages of this network",
    )


def _broken(error: http.RequestException, *, writes: bool) -> CrmRulesError:
    """Type a failed exchange; what was surely not sent is never uncertain."""
    if isinstance(error, http.SSLError) and "CERTIFICATE_VERIFY_FAILED" in str(error):
        return AccessError(
            "the server's certificate is not trusted",
            remedy="set [salesforce] ca_bundle to the CA of your proxy; never switch checks off",
        )
    cause = getattr(error.args[0] if error.args else None, "reason", None)
    unsent = isinstance(error, http.ConnectTimeout | http.ProxyError) or isinstance(
        cause, raw.NewConnectionError | raw.ConnectTimeoutError | raw.NameResolutionError
    )
    if unsent:
        return RetryableError(
            "cannot reach the server",
            remedy="check instance_url, DNS, firewall and proxy of this machine",
        )
    if writes:
        return _uncertain("the connection broke")
    if isinstance(error, http.ReadTimeout):
        return TooLargeError("the server took too long to answer", remedy="try again later")
    return RetryableError("the connection broke during an answer", remedy="try again later")
