"""Make our fields and rights in an org, after a look at what is there.

Know before changing: what is there is kept; ``compare`` says what is to do about each component. A
field that was just made is hidden from everybody, its maker too, until a permission set shows it,
so everything is read as metadata and not as a describe. Reports come in a second deployment: a
report on a report type of the same one is refused. Nobody is given a permission set unasked.

It touches no record; ``removal`` does.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace

from crmrules.errors import AccessError, ConnectorError, UncertainError, UsageError
from crmrules.provisioning import Known, Ours, Step
from crmrules_salesforce.compare import Difference, difference, with_flags
from crmrules_salesforce.http import Transport
from crmrules_salesforce.metadata import Failure, MetadataApi
from crmrules_salesforce.package import Component, components, deployment
from crmrules_salesforce.removal import STAYS, Removal
from crmrules_salesforce.setup import PERMISSION_SET, Setup, user_of

BASE = ("force-app",)
VIEWS = ("views", "reports")
QUOTES = "quotes"
_LATER = frozenset({"ReportFolder", "Report", "DashboardFolder", "Dashboard"})
_ORGANIZATION = "SELECT Id, Name, IsSandbox FROM Organization"
_AGAIN = "look at it with 'crmrules provision --dry-run', then run provision again"
_ASSIGN = (
    "assign it to the integration user: crmrules provision --assign, or in Setup, Permission Sets, "
    "CRM Rules Integration, Manage Assignments"
)


class SalesforceProvisioner:
    """Compares an org with what has to be there, makes what is missing, and removes it again.

    ``flags`` are those of the configured rules; ``views``: also what people look at; ``assign``:
    the sync's user gets our permission set. ``sync`` signs in as the sync does; None: the transport
    is the sync's own, which sees no setup.
    """

    stays: Sequence[str] = STAYS

    def __init__(
        self,
        transport: Transport,
        api: MetadataApi,
        *,
        flags: Sequence[str],
        views: bool,
        assign: bool,
        sync: Callable[[], Transport] | None,
    ) -> None:
        self._transport, self._api, self._sign_in = transport, api, sync
        self._looking = sync is None
        self._sync: Transport | None = None
        self._setup = Setup(transport, api, looking=self._looking)
        self._removal = Removal(transport, api, self._setup, as_sync=self._as_sync)
        self._flags, self._views, self._assign = flags, views, assign
        self.place = ""
        self.made: list[Step] = []

    @property
    def removed(self) -> Sequence[Ours]:
        """What ``remove`` has removed so far, also when it raised."""
        return self._removal.removed

    def close(self) -> None:
        """Close the connections."""
        self._transport.close()
        if self._sync is not None:
            self._sync.close()

    def organization(self) -> str:
        """Return the id of the org, 18 characters. Raises AccessError: not the configured one."""
        self._transport.identify()
        row = self._setup.records(_ORGANIZATION)[0]
        found, pinned = str(row["Id"]), self._transport.config.organization_id
        kind = {True: "sandbox", False: "production", None: "type unknown"}[row.get("IsSandbox")]
        self.place = f"Salesforce organization {found} ({kind})"
        if self._looking:
            self.place += ", as the sync's user sees it: fields alone, no permission sets"
        if pinned and found[:15] != pinned[:15]:
            raise AccessError(
                f"this token belongs to organization {found}, the configuration pins {pinned}",
                remedy="use a token of the pinned org, or correct that key",
                where="[salesforce] organization_id",
            )
        return found

    def steps(self) -> list[Step]:
        """Return what is to do; writes nothing. Raises AccessError for another org."""
        self.organization()
        return [*(one.step for one in self._differences()), *self._assignment()]

    def apply(self) -> list[Step]:
        """Make what is missing and read it back; return what was done and what was kept.

        With one conflict nothing is written. Raises ConnectorError where the org refuses something,
        and then the deployment is undone as a whole.
        """
        self.organization()
        found = self._differences()
        steps = [one.step for one in found]
        if any(step.action == "conflict" for step in steps):
            return steps
        for later in (False, True):
            self._deploy([one for one in found if (_kind(one) in _LATER) is later])
        granted = self._assignment()
        for step in granted:
            self._grant(step)
        self._verify()
        return [*steps, *granted]

    def ours(self, known: Sequence[Known] = ()) -> list[Ours]:
        """Return everything of ours that is there now. Raises AccessError for another org."""
        self.organization()
        return self._removal.ours(known)

    def remove(self, things: Sequence[Ours]) -> list[Step]:
        """Remove these, in this order; what is gone already counts as removed."""
        self.organization()
        return self._removal.remove(things)

    def _wanted(self) -> list[Component]:

        parts = [*BASE, *(VIEWS if self._views else ())]
        if not self._looking and self._has_quotes():
            parts.insert(1, QUOTES)
        found = [with_flags(one, self._flags) for part in parts for one in components(part)]
        return [one for one in found if not self._looking or one.kind == "CustomField"]

    def _has_quotes(self) -> bool:
        """Return whether Quotes are on: an org without them refuses rights to them."""
        body = self._transport.read("GET", "sobjects")
        return any(one.get("name") == "Quote" for one in body["sobjects"])

    def _differences(self) -> list[Difference]:

        wanted = self._wanted()
        found = self._setup.find(wanted)
        holders = None if self._looking else self._setup.holders(PERMISSION_SET)
        return [
            self._with_holders(difference(one, found.get((one.kind, one.name))), holders)
            for one in wanted
        ]

    def _with_holders(self, one: Difference, holders: Sequence[str] | None) -> Difference:
        """Return the step of our permission set with who has it, or how to give it to somebody."""
        step = one.step
        if holders is None or (step.object, step.name) != ("PermissionSet", PERMISSION_SET):
            return one
        if not holders:
            return one if self._assign else replace(one, step=replace(step, remedy=_ASSIGN))
        told = f"assigned to {', '.join(holders)}"
        return replace(one, step=replace(step, detail="; ".join(filter(None, (step.detail, told)))))

    def _deploy(self, differences: Iterable[Difference]) -> None:

        todo = [one for one in differences if one.component is not None]
        if not todo:
            return
        package = deployment([one.component for one in todo if one.component], self._api.version)
        failures = self._api.deploy(package)
        if failures:
            raise ConnectorError(
                "Salesforce refused the deployment, and nothing of it was made: "
                + "; ".join(_told(failure) for failure in failures),
                remedy=_remedy(failures),
            )
        self.made += [one.step for one in todo]

    def _assignment(self) -> list[Step]:
        """Return the step that gives a person the permission set, where one was asked for."""
        if not self._assign:
            return []
        user = self._transport.config.username or user_of(self._as_sync())
        if not self._looking and user in self._setup.holders(PERMISSION_SET):
            return [Step("keep", "User", user, f"has {PERMISSION_SET}")]
        return [Step("grant", "User", user, f"permission set {PERMISSION_SET}")]

    def _as_sync(self) -> Transport:
        """Sign in as the sync does, once; the sync's user sees our fields."""
        if self._sync is None:
            self._sync = self._sign_in() if self._sign_in is not None else self._transport
        return self._sync

    def _grant(self, step: Step) -> None:
        if step.action != "grant":
            return
        user = self._setup.id_of("User", "Username", step.name)
        held = self._setup.id_of("PermissionSet", "Name", PERMISSION_SET)
        if user is None or held is None:
            raise UsageError(
                f"this org has no user '{step.name}'",
                remedy="correct [salesforce] username: one as in Setup, Users, not an e-mail",
                where="--assign",
            )
        body = {"AssigneeId": user, "PermissionSetId": held}
        try:
            self._transport.write("POST", "sobjects/PermissionSetAssignment", body)
        except UncertainError:
            if step.name not in self._setup.holders(PERMISSION_SET):
                raise
        self.made.append(step)

    def _verify(self) -> None:
        wrong = [
            f"{one.step.object} {one.step.name} ({one.step.action})"
            for one in self._differences()
            if one.step.action != "keep"
        ]
        wrong += [f"User {s.name} ({s.action})" for s in self._assignment() if s.action != "keep"]
        if wrong:
            raise ConnectorError(
                f"Salesforce took the deployment, but reads back otherwise: {'; '.join(wrong)}",
                remedy=_AGAIN,
            )


def _kind(one: Difference) -> str:
    return one.component.kind if one.component is not None else ""


def _told(failure: Failure) -> str:
    return f"{failure.kind} {failure.name}: {failure.problem}".strip()


_REMEDIES = (
    (
        "dynamic dashboard",
        "the org has used up its dynamic dashboards: deploy reports without it, ",
    ),
    ("number of custom fields", "the object has no room for another custom field: delete one, "),
    ("limit", "the org has reached a limit: free something of that kind, "),
)


def _remedy(failures: Sequence[Failure]) -> str:
    said = " ".join(failure.problem for failure in failures).lower()
    first = next((text for word, text in _REMEDIES if word in said), "")
    return f"{first}act on Salesforce's words and run provision again".strip()
