"""Get an access token: JWT bearer, client credentials, or one that was handed in.

Know before changing: token errors have their own shape (``error`` and ``error_description``), and
the address in the answer is where the token goes next, so it is checked like one from the config.
Sources: Salesforce help "OAuth 2.0 JWT Bearer Flow", "OAuth 2.0 Client Credentials Flow", "OAuth
Authorization Flow Errors".

It keeps no token and does not decide when to sign in again; ``http`` does.
"""

from __future__ import annotations

import base64
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from crmrules.errors import AccessError, RetryableError, UsageError
from crmrules_salesforce.config import Config, trusted
from crmrules_salesforce.errors import TRANSIENT, first_error

GRANT_JWT = "urn:ietf:params:oauth:grant-type:jwt-bearer"
TOKEN_PATH = "/services/oauth2/token"  # noqa: S105 - a path

Form = Mapping[str, str]
Post = Callable[[str, Form, Mapping[str, str]], tuple[int, Any]]
"""Send a form: url, fields, headers -> HTTP status and the parsed body (None when not JSON)."""


@dataclass(frozen=True, slots=True)
class Token:
    """What signing in gave. ``user`` and ``organization`` are None when the answer has no id."""

    access: str = field(repr=False)
    instance_url: str
    organization: str | None = None
    user: str | None = None


_REMEDIES: tuple[tuple[str, str, str], ...] = (
    (
        "invalid_grant",
        r"user hasn't approved",
        (
            "set the app's policy to 'Admin approved users are pre-authorized' and assign its "
            "permission set to the integration user"
        ),
    ),
    (
        "invalid_grant",
        r"audience",
        (
            "set [salesforce] audience to https://test.salesforce.com for a sandbox, to "
            "https://login.salesforce.com for production"
        ),
    ),
    (
        "invalid_grant",
        r"expired|authentication failure|invalid assertion|signature",
        (
            "check username, certificate and this machine's clock; in the org: the user is active, "
            "not frozen, and allowed from this IP range"
        ),
    ),
    (
        "invalid_client_id",
        r"",
        "copy the consumer key into [salesforce] client_id; a new app takes some minutes",
    ),
    (
        "invalid_client",
        r"",
        (
            "check client_id and client_secret_file against the app, and that its client "
            "credentials flow is on with a run-as user"
        ),
    ),
    ("inactive_user", r"", "activate the integration user"),
    ("inactive_org", r"", "the org is closed or suspended: ask Salesforce"),
    ("unsupported_grant_type", r"", "switch this flow on in the app's OAuth settings"),
    ("invalid_app_access", r"", "assign the app's permission set to the integration user"),
    ("rate_limit_exceeded", r"", "too many sign-ins: wait a few minutes"),
)
_FALLBACK = "compare [salesforce] auth, token_url and client_id with the app in the org's setup"


def sign_in(config: Config, post: Post, now: datetime) -> Token:
    """Return a fresh token. Raises AccessError (refused), RetryableError (no good answer)."""
    if config.auth == "token":
        return Token(config.secret("access_token"), config.instance_url)
    url = config.sign_in_url
    url = url if url.endswith(TOKEN_PATH) else url + TOKEN_PATH
    form, headers = _jwt(config, now) if config.auth == "jwt" else _client(config)
    status, body = post(url, form, headers)
    if status == 200 and isinstance(body, Mapping) and body.get("access_token"):
        return _token(body, config)
    raise _refused(status, body)


def _jwt(config: Config, now: datetime) -> tuple[Form, Mapping[str, str]]:
    import jwt  # noqa: PLC0415 - an optional package, needed for this flow alone

    claims = {
        "iss": config.client_id,
        "sub": config.username,
        "aud": config.audience,
        # Salesforce accepts three minutes at most; one minute is left for a slow clock.
        "exp": int((now + timedelta(minutes=2)).timestamp()),
    }
    try:
        assertion = jwt.encode(claims, config.secret("private_key"), algorithm="RS256")
    except UsageError:
        raise
    except Exception:  # noqa: BLE001 - whatever it is, its text could quote the key
        raise UsageError(
            "the private key cannot sign: it is not an RSA key in PEM form",
            remedy="point private_key_file at the key whose certificate the app has",
            where="[salesforce] private_key_file",
        ) from None
    return {"grant_type": GRANT_JWT, "assertion": assertion}, {}


def _client(config: Config) -> tuple[Form, Mapping[str, str]]:
    pair = f"{config.client_id}:{config.secret('client_secret')}".encode()
    basic = base64.b64encode(pair).decode("ascii")
    return {"grant_type": "client_credentials"}, {"Authorization": f"Basic {basic}"}


def _token(body: Mapping[str, Any], config: Config) -> Token:
    url = str(body.get("instance_url") or config.instance_url)
    try:
        instance = trusted(url)
    except ValueError as error:
        raise AccessError(
            f"the sign-in answer names an instance address that {error}",
            remedy="check [salesforce] token_url: this is not Salesforce",
        ) from None
    found = re.search(r"/id/(00D\w{12,15})/(005\w{12,15})$", str(body.get("id") or ""))
    organization, user = found.groups() if found else (None, None)
    return Token(str(body["access_token"]), instance, organization, user)


def _refused(status: int, body: Any) -> AccessError | RetryableError:
    code, text = first_error(body)
    if status in TRANSIENT or (status == 200 and not code):
        remedy = "try again later; see status.salesforce.com"
        return RetryableError(f"sign-in got no usable answer (HTTP {status})", remedy=remedy)
    fitting = (
        remedy
        for error, pattern, remedy in _REMEDIES
        if code == error and re.search(pattern, text, re.IGNORECASE)
    )
    remedy = next(fitting, _FALLBACK)
    said = f"{code}: {text}" if code else f"HTTP {status}"
    return AccessError(f"Salesforce refused the sign-in ({said})", remedy=remedy)
