"""The ``[salesforce]`` section: what it may say, checked before anything is sent.

Know before changing: an address in this section receives a token or a signed assertion, so each one
must be https and a Salesforce host (plain http and other hosts only on the loopback, for a
sandbox). Secrets are ``SecretStr`` and no message here ever repeats a value.

It does not sign in and does not look at the org.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any, Literal, Self
from urllib.parse import urlsplit

from pydantic import BaseModel, ConfigDict, Field, SecretStr, field_validator, model_validator

from crmrules.section import check_url, checked, has, secret

HOSTS = ("salesforce.com", "force.com")
SHARED = frozenset({"login.salesforce.com", "test.salesforce.com"})
"""Sign-in hosts that serve every org: client credentials are not accepted there."""


def trusted(url: str) -> str:
    """Return the url of a Salesforce host; raise ValueError when we would not trust it."""
    return check_url(url, HOSTS)


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
    daily_reserve: float = Field(default=0.2, ge=0, le=1)
    allow_production: bool = False

    @field_validator("instance_url", "token_url", "audience")
    @classmethod
    def _trusted(cls, url: str) -> str:
        return trusted(url) if url else url

    @field_validator("api_version")
    @classmethod
    def _supported(cls, version: str) -> str:
        if not re.fullmatch(r"[0-9]{2,3}\.0", version) or float(version) < 58:
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
        missing = [name for name in _NEEDED[self.auth] if not has(self, name)]
        if missing:
            raise ValueError(f"auth = '{self.auth}' also needs {', '.join(missing)}")
        host = urlsplit(self.sign_in_url).hostname
        if self.auth == "client_credentials" and host in SHARED:
            raise ValueError("client_credentials needs the My Domain address as token_url")
        return self

    @property
    def sign_in_url(self) -> str:
        """Where a token is asked for (decisions 17)."""
        if self.token_url:
            return self.token_url
        return self.instance_url if self.auth == "client_credentials" else self.audience

    def secret(self, name: str) -> str:
        """Return a secret, given directly or as a file. Raises UsageError when unreadable."""
        return secret(self, name, where="salesforce")


_NEEDED: Mapping[str, tuple[str, ...]] = {
    "jwt": ("client_id", "username", "private_key"),
    "client_credentials": ("instance_url", "client_id", "client_secret"),
    "token": ("instance_url", "access_token"),
}


def read_config(settings: Mapping[str, Any]) -> Config:
    """Check the section. Raises one UsageError that names every problem and no value."""
    return checked(Config, settings, where="salesforce")
