"""The ``[hubspot]`` section: what it may say, checked before anything is sent.

Know before changing: the token goes to ``base_url``, so that is https and a HubSpot host (plain
http and other hosts only on the loopback, for a sandbox). Secrets are ``SecretStr`` and no message
here ever repeats a value. A key and a token are both sent as ``Bearer``: "token" means either.

It does not sign in and does not look at the portal.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any, Self

from pydantic import BaseModel, ConfigDict, Field, SecretStr, field_validator, model_validator

from crmrules.section import check_url, checked, has, secret

HOSTS = ("hubapi.com",)
API = "2026-09"
VERSIONS = (API, "2026-03")
"""2026-03 does not hold our writes to the portal's own validation rules (hubspot.md, 0)."""
ROLE_SOURCES = ("label", "hs_buying_role", "jobtitle")
_PROPERTY = re.compile(r"property:[a-z][a-z0-9_]*", re.ASCII)


class Config(BaseModel):
    """The section as the contract has it; an empty text means "not given"."""

    model_config = ConfigDict(frozen=True, extra="forbid", hide_input_in_errors=True)

    access_token: SecretStr = SecretStr("")
    access_token_file: str = ""
    base_url: str = "https://api.hubapi.com"
    api_version: str = API
    portal_id: str = ""
    daily_calls: int = Field(default=50000, ge=0)
    daily_reserve: float = Field(default=0.1, ge=0, le=1)
    ca_bundle: str = ""
    allow_production: bool = False
    role_sources: tuple[str, ...] = ROLE_SOURCES

    @field_validator("base_url")
    @classmethod
    def _trusted(cls, url: str) -> str:
        return check_url(url, HOSTS)

    @field_validator("api_version")
    @classmethod
    def _supported(cls, version: str) -> str:
        if version not in VERSIONS:
            raise ValueError(f"must be {' or '.join(VERSIONS)}")
        return version

    @field_validator("portal_id", mode="before")
    @classmethod
    def _portal(cls, value: Any) -> str:
        text = "" if value is None else str(value)
        if text and not (text.isascii() and text.isdecimal()):
            raise ValueError("must be the portal's number (Hub ID)")
        return text

    @field_validator("role_sources")
    @classmethod
    def _sources(cls, names: tuple[str, ...]) -> tuple[str, ...]:
        wrong = [n for n in names if n not in ROLE_SOURCES and not _PROPERTY.fullmatch(n)]
        if wrong:
            words = f"{', '.join(ROLE_SOURCES)} or property:<name of a contact property>"
            raise ValueError(f"{', '.join(wrong)}: a source is one of {words}")
        return names

    @model_validator(mode="after")
    def _complete(self) -> Self:
        if not has(self, "access_token"):
            raise ValueError("access_token_file is needed: the file with the service key")
        return self

    def token(self) -> str:
        """Return the service key or token. Raises UsageError when its file is unreadable."""
        return secret(self, "access_token", where="hubspot")


def read_config(settings: Mapping[str, Any]) -> Config:
    """Check the section. Raises one UsageError that names every problem and no value."""
    return checked(Config, settings, where="hubspot")
