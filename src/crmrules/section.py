"""What every connector's section of the configuration needs: addresses, secrets, one clear error.

Know before changing: an address in a section receives a token, so it must be https and a host of
the vendor; plain http and other hosts are for the loopback alone (decisions 20). No message here
ever repeats a value.

It knows no vendor and opens no connection.
"""

from __future__ import annotations

import ipaddress
import os
import re
import stat
from collections.abc import Callable, Iterable, Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any, Final, TypeVar
from urllib.parse import parse_qs, urlsplit

from pydantic import BaseModel, SecretStr, ValidationError

from crmrules.errors import UsageError

_HOST = re.compile(r"[a-z0-9]([a-z0-9-]*[a-z0-9])?(\.[a-z0-9]([a-z0-9-]*[a-z0-9])?)*", re.ASCII)
PRINTED: Final = re.compile(r"[!-\[\]-~]+")  # no blank, no control character, no backslash

Section = TypeVar("Section", bound=BaseModel)

LARGEST_SECRET = 65536
"""Bytes; a private key has a few thousand."""
_OTHERS = stat.S_IRWXG | stat.S_IRWXO
_SECRETS = ("secret", "token", "private_key", "password")
_SECRET_URLS = ("heartbeat_url", "notice_url")  # whoever knows one may speak for us


def is_loopback(host: str) -> bool:
    """Return whether a host name can only be this machine."""
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host.strip("[]")).is_loopback
    except ValueError:
        return False


def host_of(url: str) -> str:
    """Return the host that an address names; "" where it names none or cannot be read."""
    try:
        return urlsplit(url).hostname or ""
    except ValueError:
        return ""


def check_url(url: str, hosts: Iterable[str]) -> str:
    """Return the url without a trailing slash; raise ValueError when we would not trust it.

    ``hosts``: domains of the vendor; the url must name one of them or a host below one.
    """
    # Readers of addresses disagree on these: what one takes for the host, another skips.
    if not PRINTED.fullmatch(url):
        raise ValueError("must be an address without blanks, backslashes and other signs")
    parts = urlsplit(url)
    host = (parts.hostname or "").lower()
    if parts.username or parts.password or "@" in parts.netloc:
        raise ValueError("must not contain a user name")
    if parts.query or parts.fragment:
        raise ValueError("must be an address without ? and #")
    if parts.port == 0:  # reading it raises ValueError for what is no port
        raise ValueError("must not name the port 0")
    if is_loopback(host):
        if parts.scheme not in {"http", "https"}:
            raise ValueError("must start with https://")
        return url.rstrip("/")
    if parts.scheme != "https":
        raise ValueError("must start with https://")
    known = tuple(hosts)
    if not _HOST.fullmatch(host) or not any(host.endswith(f".{name}") for name in known):
        raise ValueError(f"must be a host of {' or '.join(known)}")
    return url.rstrip("/")


def has(section: BaseModel, name: str) -> bool:
    """Return whether a value is given, directly or as a file; an empty text is not."""
    value = getattr(section, name)
    text = value.get_secret_value() if isinstance(value, SecretStr) else value
    return bool(text) or bool(getattr(section, f"{name}_file", ""))


def secret(section: BaseModel, name: str, *, where: str) -> str:
    """Return a secret, given directly or as a file.

    ``where``: the section's name for messages. Raises UsageError when the file cannot be used.
    """
    direct: SecretStr = getattr(section, name)
    if direct.get_secret_value():
        return direct.get_secret_value()
    return secret_file(Path(getattr(section, f"{name}_file")), where=f"[{where}] {name}_file")


def secret_file(path: Path, *, where: str) -> str:
    """Return the content of a file that holds one secret.

    Raises UsageError where it cannot be read, is empty, or is too large; and where others than its
    owner may read it (see ``exposed``).
    """
    try:
        with path.open("rb") as file:
            # Of the open file: whatever takes its place meanwhile is not what is read.
            if exposed(os.fstat(file.fileno())):
                raise UsageError(
                    f"other users can read {path}", remedy=f"chmod 600 {path}", where=where
                )
            text = file.read(LARGEST_SECRET + 1).decode("utf-8").strip()
    except (OSError, UnicodeDecodeError) as error:
        reason = error.strerror if isinstance(error, OSError) else "not a text file"
        remedy = "name a file that the user of this program can read"
        raise UsageError(f"cannot read {path}: {reason}", remedy=remedy, where=where) from None
    if not text or len(text) > LARGEST_SECRET:
        what = "is too large for a secret" if text else "is empty"
        raise UsageError(
            f"the file {path} {what}", remedy="name the file that holds the secret", where=where
        )
    return text


def exposed(file: os.stat_result, me: int | None = None) -> bool:
    """Return whether a secret's file is open to more people than it should be.

    Nobody but the owner may read or write it. A file of root's may be readable by its group when
    we are not root: so Kubernetes (``fsGroup``) and systemd hand secrets to a service; the rule is
    that of PostgreSQL's client for its keys. ``me``: our own user id. Windows has no such rights.
    """
    if os.name != "posix":
        return False
    handed = file.st_uid == 0 and (os.geteuid() if me is None else me) != 0
    return bool(file.st_mode & (_OTHERS & ~stat.S_IRGRP if handed else _OTHERS))


def exposed_files(section: Mapping[str, Any], *, where: str) -> list[UsageError]:
    """Return what is wrong with the rights of every secret's file of a section; not there: no."""
    found = []
    for name, path in section.items():
        if not (is_secret(name) and name.endswith("_file") and isinstance(path, str) and path):
            continue
        with suppress(OSError):
            if exposed(Path(path).stat()):
                found.append(
                    UsageError(
                        f"other users can read {path}",
                        remedy=f"chmod 600 {path}",
                        where=f"[{where}] {name}",
                    )
                )
    return found


def is_secret(name: str) -> bool:
    """Return whether a key of a section holds a secret, or names the file of one."""
    if name.removesuffix("_file") in _SECRET_URLS:
        return True
    return not name.endswith("_url") and any(word in name for word in _SECRETS)


def refuse_secrets(
    raw: Mapping[str, Any], merged: Callable[[str], Mapping[str, Any]], *, where: str
) -> None:
    """Raise UsageError naming every secret that stands in the configuration itself, and no value.

    They belong into a file of their own or the environment: a configuration is copied, mailed and
    committed. What goes to this machine's loopback alone is a sandbox's, and no secret. ``raw``:
    the file; ``merged``: a section of it with what the environment says.
    """
    found, remedies = [], []
    for name, values in raw.items():
        section = merged(name) if isinstance(values, dict) else {}
        addresses = [str(value) for key, value in section.items() if key.endswith("_url") and value]
        if addresses and all(is_loopback(host_of(one)) for one in addresses):
            continue
        for key in [key for key in section if is_secret(key) and not key.endswith("_file")]:
            if values.get(key):
                found.append(f"[{name}] {key}")
                variable = f"CRMRULES_{name}__{key}".upper()
                remedies.append(f"name a file with it as {key}_file (chmod 600), or set {variable}")
    if _has_password(raw.get("state")):
        found.append("the password in [state] url")
        remedies.append("leave it out there and use PGPASSFILE, or set CRMRULES_STATE__URL")
    if found:
        raise UsageError(
            f"a secret must not stand in the file itself: {', '.join(found)}",
            where=where,
            remedy=f"{'; '.join(remedies)}. Then have it replaced: it has been written down.",
        )


def _has_password(state: Any) -> bool:
    """Return whether the store's address holds a password that another machine would take."""
    url = str(state.get("url", "")) if isinstance(state, dict) else ""
    try:
        parts = urlsplit(url)
        named = parts.password or "password" in parse_qs(parts.query)
    except ValueError:  # whoever opens it says what is wrong
        return False
    return bool(named) and not is_loopback(host_of(url))


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
