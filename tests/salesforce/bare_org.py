"""A Salesforce org in which nothing of ours is yet, and provisioners that reach it."""

from __future__ import annotations

from contextlib import contextmanager
from xml.etree import ElementTree as ET

from salesforce_org import Clock

from crmrules_salesforce.provision import connect
from crmrules_salesforce.provisioner import SalesforceProvisioner
from crmrules_sandbox.salesforce.server import SandboxServer
from crmrules_sandbox.salesforce.start import seeded_org

SET = "CrmRules_Integration"
DEPLOY = "metadata/deployRequest"


class Org:
    """A bare org behind a server, and provisioners that reach it."""

    def __init__(self, server, clock):
        self.server, self.org, self.clock = server, server.org, clock
        self.admin = self.org.metadata.administrator()
        self.settings = {
            "auth": "token",
            "instance_url": server.url,
            "access_token": server.token(),
        }
        self._open: list[SalesforceProvisioner] = []

    def reach(self, *, admin=True, flags=("gone_dark",), settings=None, **parts):
        token = self.server.token(self.admin) if admin else None
        made = connect(
            self.settings | (settings or {}),
            token=token,
            flags=flags,
            sleep=self.clock.sleep,
            **parts,
        )
        self._open.append(made)
        return made

    def ours(self):
        """Return our fields in the schema, by object; whoever may see them."""
        schema = self.org.schema
        return {
            name: found
            for name, sobject in schema.items()
            if (found := {f for f in sobject.fields if f.startswith("CrmRules_")})
        }

    def deployments(self):
        return [c for c in self.server.calls if c.method == "POST" and DEPLOY in c.path]

    def put(self, kind, name, xml):
        """Let the org have a component that an admin made by hand."""
        text = f'<x xmlns="http://soap.sforce.com/2006/04/metadata">{xml}</x>'
        self.org.metadata._bring((kind, name), ET.fromstring(text))

    def close(self):
        for each in self._open:
            each.close()


@contextmanager
def made():
    clock = Clock()
    org = seeded_org(7, clock=clock, opportunities=3, bare=True)
    with SandboxServer(org, tls=False) as server:
        here = Org(server, clock)
        try:
            yield here
        finally:
            here.close()
