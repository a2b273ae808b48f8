"""Every error crmrules raises on purpose, grouped by what the caller should do next.

    CrmRulesError
      UsageError            the user fixes a file, a setting or a flag, then runs again    exit 2
      AccessError           sign-in, permission or the wrong organization: stop            exit 3
      StateError            the state store cannot be used: corrupt, full, newer schema    exit 5
      GuardError            a guard stopped the run before the first write                 exit 6
      LockedError           another run holds the lock: temporary                          exit 75
      EngineMismatchError   an engine disagreed with the oracle: a bug, nothing written    exit 1
      ConnectorError
        RetryableError      the same call may work later                                   exit 4
        UncertainError      a write whose outcome is not known: read the key back          exit 4

The message says what happened and where. ``remedy`` says what to do about it and is never empty:
an error nobody can act on is a bug, and bugs are not CrmRulesErrors.

It does not print or log anything; ``cli`` lays the parts out for people.
"""

from __future__ import annotations


class CrmRulesError(Exception):
    """Base of every deliberate error."""

    exit_code = 1

    def __init__(self, message: str, *, remedy: str, where: str | None = None) -> None:
        """Keep the parts apart, so that the command line and the log can each lay them out."""
        super().__init__(message)
        self.message, self.remedy, self.where = message, remedy, where

    def __str__(self) -> str:
        """Render the form people read: where, what, remedy."""
        place = f"{self.where}: " if self.where else ""
        return f"{place}{self.message}\n  -> {self.remedy}"


class UsageError(CrmRulesError):
    """Something the user wrote is wrong: a rule file, the configuration, a flag."""

    exit_code = 2


class AccessError(CrmRulesError):
    """The CRM does not let us in, or it is not the organization we were told to work on."""

    exit_code = 3


class StateError(CrmRulesError):
    """The state store is corrupt, full, or written by a newer version."""

    exit_code = 5


class GuardError(CrmRulesError):
    """A guard stopped the run before the first write: too many writes, or no quota left."""

    exit_code = 6


class LockedError(CrmRulesError):
    """Another run holds the lock of this organization."""

    exit_code = 75


class EngineMismatchError(CrmRulesError):
    """An engine judged differently from the interpreted definition; nothing was written."""


class ConnectorError(CrmRulesError):
    """The CRM refused, or said nothing."""

    exit_code = 4


class RetryableError(ConnectorError):
    """Rate limits, timeouts and 5xx: the same call may work later."""


class UncertainError(ConnectorError):
    """A write left this machine and no answer can be trusted: it may or may not have happened."""
