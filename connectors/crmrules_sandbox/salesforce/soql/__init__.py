"""The query language of the sandbox: SOQL text in, records out.

Know before changing: ``answer`` and ``columns`` are all the server uses; the way is lexer, parser,
nodes, resolve (names to readers), where / select / groups (compiled to functions), evaluator.

Does not do: SOSL, paging, sharing rules.
"""

from __future__ import annotations

from crmrules_sandbox.salesforce.soql.columns import columns
from crmrules_sandbox.salesforce.soql.errors import SoqlError
from crmrules_sandbox.salesforce.soql.evaluator import Answer, answer, run
from crmrules_sandbox.salesforce.soql.tables import Tables

__all__ = ["Answer", "SoqlError", "Tables", "answer", "columns", "run"]
