"""Make crmrules.toml and crm.key of what `crmrules sandbox` printed: PRINTED CONFIG SECRETS."""

import json
import sys
from pathlib import Path

said, config, secrets = (Path(name) for name in sys.argv[1:])
found = json.loads(said.read_text(encoding="utf-8"))
crm = found["connector"]
(secrets / "crm.key").write_text(found[crm].pop("access_token"), encoding="utf-8")
parts = {f"[{crm}]": found[crm], "[phases.default]": found["phases"]["default"]}
lines = [f'connector = "{crm}"']
for title, values in parts.items():
    # A text or a number of JSON is one of TOML too.
    lines += [title, *(f"{json.dumps(k)} = {json.dumps(v)}" for k, v in values.items())]
(config / "crmrules.toml").write_text("\n".join(lines) + "\n", encoding="utf-8")
