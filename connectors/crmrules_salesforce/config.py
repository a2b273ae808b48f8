"""The ``[salesforce]`` section: what it may say, checked before anything is sent.

Know before changing: an address in this section receives a token or a signed assertion, so each one
must be https and a Salesforce host (plain http and other hosts only on the loopback, for a
sandbox). Secrets are ``SecretStr`` and no message here ever repeats a value.

It does not sign in and does not look at the org.
"""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Literal, Self
from urllib.parse import urlsplit

from pydantic import (
    BaseModel,
    ConfigDict,
    SecretStr,
    ValidationError,
    field_validator,
    model_validator,
)

from crmrules.errors import UsageError

HOSTS = ("salesforce.com", "force.com")
SHARED = frozenset({"login.salesforce.com", "test.salesforce.com"})
"""Sign-in hosts that serve every org: client credentials are not accepted there."""


def is_loopback(host: str) -> bool:
    """Return whether a host name can only be this machine."""
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host.strip("[]")).is_loopback
    except ValueError:
        return False


def check_url(url: str) -> str:
    """Return the url without a trailing slash; raise ValueError when we would not trust it."""
    parts = urlsplit(url)
    host = (parts.hostname or "").lower()
    if parts.username or parts.password or "@" in parts.netloc:
        raise ValueError("must not contain a user name")
    if parts.query or parts.fragment:
        raise ValueError("must be an address without ? and #")
    if is_loopback(host):
        if parts.scheme not in {"http", "https"}:
            raise ValueError("must start with https://")
        return url.rstrip("/")
    if parts.scheme != "https":
        raise ValueError("must start with https://")
    if not host.isascii() or not any(host.endswith(f".{name}") for name in HOSTS):
        raise ValueError("must be a host of salesforce.com or force.com")
    return url.rstrip("/")


class Config(BaseModel):
    """The section as the contract has it; an empty text means "not given"."""

    model_config = ConfigDict(frozen=True, extra="forbid", hide_input_in_errors=True)

    auth: Literal["jwt", "client_credentials", "token"] = "jwt"
    instance_url: str = ""
    token_url: str = ""
    audience: str = "https://login.salesforce.com"
    client_id: str = ""
    client_secret: SecretStr = SecretStr("")
    client_secret_file: str = ""
    username: str = ""
    private_key: SecretStr = SecretStr("")
    private_key_file: str = ""
    access_token: SecretStr = SecretStr("")
    access_token_file: str = ""
    api_version: str = "63.0"
    ca_bundle: str = ""
    organization_id: str = ""
    daily_calls: int = 5000
    allow_production: bool = False

    @field_validator("instance_url", "token_url", "audience")
    @classmethod
    def _trusted(cls, url: str) -> str:
        return check_url(url) if url else url

    @field_validator("api_version")
    @classmethod
    def _supported(cls, version: str) -> str:
        if not re.fullmatch(r"\d{2,3}\.0", version) or float(version) < 58:
            raise ValueError("must be 58.0 or newer, like 63.0")
        return version

    @field_validator("organization_id")
    @classmethod
    def _organization(cls, value: str) -> str:
        if value and not re.fullmatch(r"00D[A-Za-z0-9]{12}([A-Z0-5]{3})?", value):
            raise ValueError("must be an organization id: 00D and 15 or 18 characters in all")
        return value

    @model_validator(mode="after")
    def _complete(self) -> Self:
        missing = [name for name in _NEEDED[self.auth] if not self._has(name)]
        if missing:
            raise ValueError(f"auth = '{self.auth}' also needs {', '.join(missing)}")
        host = urlsplit(self.sign_in_url).hostname
        if self.auth == "client_credentials" and host in SHARED:
            raise ValueError("client_credentials needs the My Domain address as token_url")
        return self

    def _has(self, name: str) -> bool:
        value = getattr(self, name)
        text = value.get_secret_value() if isinstance(value, SecretStr) else value
        return bool(text) or bool(getattr(self, f"{name}_file", ""))

    @property
    def sign_in_url(self) -> str:
        """Where a token is asked for (decisions 17)."""
        if self.token_url:
            return self.token_url
        return self.instance_url if self.auth == "client_credentials" else self.audience

    def secret(self, name: str) -> str:
        """Return a secret, given directly or as a file. Raises UsageError when unreadable."""
        direct: SecretStr = getattr(self, name)
        if direct.get_secret_value():
            return direct.get_secret_value()
        path = Path(getattr(self, f"{name}_file"))
        where = f"[salesforce] {name}_file"
        try:
            if name == "private_key" and path.stat().st_mode & 0o077:
                raise UsageError(
                    f"the key file {path} can be read by other users",
                    remedy=f"chmod 600 {path}",
                    where=where,
                )
            return path.read_text(encoding="utf-8").strip()
        except (OSError, UnicodeDecodeError) as error:
            reason = error.strerror if isinstance(error, OSError) else "not a text file"
            remedy = "name a file that the user of this program can read"
            raise UsageError(f"cannot read {path}: {reason}", remedy=remedy, where=where) from None


_NEEDED: Mapping[str, tuple[str, ...]] = {
    "jwt": ("client_id", "username", "private_key"),
    "client_credentials": ("instance_url", "client_id", "client_secret"),
    "token": ("instance_url", "access_token"),
}


def read_config(settings: Mapping[str, Any]) -> Config:
    """Check the section. Raises one UsageError that names every problem and no value."""
    try:
        return Config.model_validate(dict(settings))
    except ValidationError as error:
        problems = [
            " ".join((".".join(map(str, item["loc"])), item["msg"].removeprefix("Value error, ")))
            for item in error.errors(include_input=False, include_url=False)
        ]
        raise UsageError(
            "; ".join(problem.strip() for problem in problems),
            remedy="correct the named keys; docs/reference lists every key",
            where="[salesforce]",
        ) from None
