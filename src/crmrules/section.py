"""What every connector's section of the configuration needs: addresses, secrets, one clear error.

Know before changing: an address in a section receives a token, so it must be https and a host of
the vendor; plain http and other hosts are for the loopback alone (decisions 20). No message here
ever repeats a value.

It knows no vendor and opens no connection.
"""

from __future__ import annotations

import ipaddress
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any, TypeVar
from urllib.parse import urlsplit

from pydantic import BaseModel, SecretStr, ValidationError

from crmrules.errors import UsageError

Section = TypeVar("Section", bound=BaseModel)


def is_loopback(host: str) -> bool:
    """Return whether a host name can only be this machine."""
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host.strip("[]")).is_loopback
    except ValueError:
        return False


def check_url(url: str, hosts: Iterable[str]) -> str:
    """Return the url without a trailing slash; raise ValueError when we would not trust it.

    ``hosts``: domains of the vendor; the url must name one of them or a host below one.
    """
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
    known = tuple(hosts)
    if not host.isascii() or not any(host.endswith(f".{name}") for name in known):
        raise ValueError(f"must be a host of {' or '.join(known)}")
    return url.rstrip("/")


def has(section: BaseModel, name: str) -> bool:
    """Return whether a value is given, directly or as a file; an empty text is not."""
    value = getattr(section, name)
    text = value.get_secret_value() if isinstance(value, SecretStr) else value
    return bool(text) or bool(getattr(section, f"{name}_file", ""))


def secret(section: BaseModel, name: str, *, where: str, private: bool = False) -> str:
    """Return a secret, given directly or as a file.

    ``where``: the section's name for messages. ``private``: a file that others can read is refused.
    Raises UsageError when the file cannot be used.
    """
    direct: SecretStr = getattr(section, name)
    if direct.get_secret_value():
        return direct.get_secret_value()
    return secret_file(
        Path(getattr(section, f"{name}_file")), where=f"[{where}] {name}_file", private=private
    )


def secret_file(path: Path, *, where: str, private: bool = False) -> str:
    """Return the content of a file that holds one secret; raises UsageError when unusable."""
    try:
        if private and path.stat().st_mode & 0o077:
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


def checked(model: type[Section], settings: Mapping[str, Any], *, where: str) -> Section:
    """Return a section as its model; one UsageError names every problem and no value."""
    try:
        return model.model_validate(dict(settings))
    except ValidationError as error:
        problems = [
            " ".join((".".join(map(str, item["loc"])), item["msg"].removeprefix("Value error, ")))
            for item in error.errors(include_input=False, include_url=False)
        ]
        raise UsageError(
            "; ".join(problem.strip() for problem in problems),
            remedy="correct the named keys; docs/configuration.md lists all of them",
            where=f"[{where}]",
        ) from None
