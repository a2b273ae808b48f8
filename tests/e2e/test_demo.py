"""The demo tells the whole loop and ends well."""

from __future__ import annotations

import pytest

from crmrules import cli


@pytest.mark.slow
@pytest.mark.parametrize("seed", [1, 7])
@pytest.mark.parametrize("name", ["salesforce", "hubspot"])
def test_every_step_of_the_demo_holds(tmp_path, capsys, monkeypatch, name, seed):
    out = tmp_path / "demo"
    real = tmp_path / "real.db"  # whoever tries the demo where the real thing runs
    monkeypatch.setenv("CRMRULES_STATE__URL", f"sqlite:///{real}")
    assert cli.run(["demo", "--crm", name, "--seed", str(seed), "--out", str(out)]) == 0
    told = capsys.readouterr().out
    steps = told.split("\n\n")
    assert [line for line in told.splitlines() if line[:2] in {f"{n}." for n in range(1, 8)}]
    third = next(step for step in steps if step.startswith("6."))
    assert "writes: nothing" in third
    assert "create_task" in next(step for step in steps if step.startswith("3."))
    assert (out / "report.html").stat().st_size > 1000
    assert not real.exists()
