"""Fuzz one target for some seconds: ``python tests/hostile/fuzz.py TARGET SECONDS [FOLDER]``.

It needs the package atheris (``pip install --group fuzz``). What makes a target raise, hang or eat
memory is written to the folder and named on stderr; a shorter form of it belongs into
``tests/hostile/once``, where a test runs it for ever.
"""

from __future__ import annotations

import sys
import tempfile
import warnings
from pathlib import Path

import atheris

with atheris.instrument_imports(include=["crmrules", "crmrules_hubspot", "crmrules_salesforce"]):
    import targets


def main() -> None:
    warnings.simplefilter("ignore")
    name, seconds = sys.argv[1], int(sys.argv[2])
    folder = Path(sys.argv[3]) if len(sys.argv) > 3 else Path(tempfile.mkdtemp())
    corpus = folder / f"corpus-{name}"
    corpus.mkdir(parents=True, exist_ok=True)
    for number, seed in enumerate(targets.seeds(name)):
        (corpus / f"seed-{number}").write_bytes(seed)
    options = [
        f"-max_total_time={seconds}",
        "-max_len=8192",
        "-timeout=10",
        "-rss_limit_mb=1024",
        "-close_fd_mask=0",
        "-verbosity=1",
        "-print_final_stats=1",
        f"-artifact_prefix={folder}/{name}-",
    ]
    atheris.Setup([sys.argv[0], *options, str(corpus)], targets.TARGETS[name])
    atheris.Fuzz()


if __name__ == "__main__":
    main()
