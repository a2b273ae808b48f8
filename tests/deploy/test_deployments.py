"""The files of deploy/ agree with each other, with the settings, and with what the program does.

What a tool can tell of a single file `make deploy-check` asks that tool; this is about the rest.
"""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import tomllib
from pathlib import Path
from typing import Any

import pytest
import yaml
from packaging.requirements import Requirement

import crmrules
from crmrules import settings, stopping
from crmrules_hubspot.config import Config as HubSpot
from crmrules_salesforce.config import Config as Salesforce

ROOT = Path(__file__).resolve().parents[2]
DEPLOY = ROOT / "deploy"
OURS = ("docker", "compose", "kubernetes", "systemd", "monitoring")
FILES = sorted(
    path
    for name in OURS
    for path in (DEPLOY / name).rglob("*")
    if path.is_file() and path.suffix != ".md"
)
PERSON = 10001
KEY = "/run/secrets/crmrules/crm.key"


def text(name: str) -> str:
    return (DEPLOY / name).read_text(encoding="utf-8")


def loaded(name: str) -> Any:
    return yaml.safe_load(text(name))


DOCKERFILE = text("docker/Dockerfile")
COMPOSE = loaded("compose/compose.yaml")
JOB = loaded("kubernetes/sync/cronjob.yaml")["spec"]
RUN = loaded("kubernetes/run/deployment.yaml")["spec"]
PODS = {"sync": JOB["jobTemplate"]["spec"]["template"]["spec"], "run": RUN["template"]["spec"]}
SERVICE = text("systemd/crmrules.service")


def unit(page: str) -> dict[str, list[str]]:
    """Return the keys of a unit, each with all its values."""
    found: dict[str, list[str]] = {}
    for line in page.splitlines():
        key, mark, value = line.partition("=")
        if mark and not line.startswith("#"):
            found.setdefault(key, []).append(value)
    return found


def variables() -> dict[str, dict[str, str]]:
    """Return file -> variables of ours that it sets, with their values."""
    found: dict[str, dict[str, str]] = {}
    for path in FILES:
        page = path.read_text(encoding="utf-8")
        pairs = re.findall(r"(CRMRULES_\w+)(?:=|: |\n *value: |\n *valueFrom: )\"?([^\s\"]+)", page)
        if named := set(re.findall(r"CRMRULES_\w+", page)):
            assert named == {name for name, _ in pairs}, path
            found[str(path.relative_to(DEPLOY))] = dict(pairs)
    return found


SET = variables()
PAIRS = sorted((file, name) for file, values in SET.items() for name in values)


def test_each_way_to_deploy_says_where_state_and_key_are():
    everything = {name for values in SET.values() for name in values}
    assert {"compose", "systemd", "kubernetes"} == {file.partition("/")[0] for file in SET}
    assert "CRMRULES_STATE__URL" in everything
    assert "CRMRULES_SALESFORCE__PRIVATE_KEY_FILE" in everything


@pytest.mark.parametrize(("file", "name"), PAIRS)
def test_every_variable_is_a_key_that_the_settings_take(file, name, monkeypatch):
    value = SET[file][name]
    monkeypatch.setenv(name, value)
    section, key = name.removeprefix("CRMRULES_").lower().split("__")
    read = getattr(settings.parse({}, where="test"), section)
    assert (read[key] if isinstance(read, dict) else getattr(read, key)) == value
    models = {"salesforce": Salesforce, "hubspot": HubSpot}
    assert section not in models or key in models[section].model_fields


def test_no_file_holds_a_secret():
    secret = re.compile(
        r"BEGIN [A-Z ]*PRIVATE KEY|pat-(na|eu)\d|00D[A-Za-z0-9]{12}![\w.]+|://[^/\s:@]+:[^/\s@]+@"
        r"|^\s*kind: Secret$|(?i:password|token|secret|key)\w*[:=] *[\"']?[\w+][A-Za-z0-9+/_-]{19}",
        re.MULTILINE,
    )
    for path in FILES:
        if path.suffix != ".lock":
            page = path.read_text(encoding="utf-8")
            assert not secret.search(page), path
    assert secret.search("postgresql://crmrules:hunter2@host/db")


def test_every_secret_is_handed_over_as_a_file_or_by_reference():
    for file, values in SET.items():
        for name, value in values.items():
            if name.endswith("_FILE"):
                assert value.endswith("/crm.key"), (file, name)
    assert "secretKeyRef: {name: crmrules-state, key: url}" in text(
        "kubernetes/postgres/kustomization.yaml"
    )
    ignored = (ROOT / ".gitignore").read_text(encoding="utf-8").splitlines()
    for secret in COMPOSE["secrets"].values():
        assert secret["file"].startswith("./secrets/")
    assert {"deploy/compose/secrets/", "deploy/compose/config/"} <= set(ignored)


def test_one_user_everywhere():
    assert f"USER {PERSON}:{PERSON}" in DOCKERFILE
    assert f"--uid {PERSON} --gid {PERSON}" in DOCKERFILE
    assert COMPOSE["services"]["crmrules"]["user"] == f"{PERSON}:{PERSON}"
    for pod in PODS.values():
        given = pod["securityContext"]
        assert {given[key] for key in ("runAsUser", "runAsGroup", "fsGroup")} == {PERSON}
    assert f"--reuid {PERSON} --regid {PERSON}" in (ROOT / ".ci" / "image-check").read_text(
        encoding="utf-8"
    )


@pytest.mark.parametrize("name", PODS)
def test_a_pod_is_what_the_restricted_standard_asks_for_and_its_root_is_read_only(name):
    pod = PODS[name]
    [container] = pod["containers"]
    assert pod["securityContext"]["runAsNonRoot"]
    assert pod["securityContext"]["seccompProfile"] == {"type": "RuntimeDefault"}
    assert container["securityContext"] == {
        "allowPrivilegeEscalation": False,
        "readOnlyRootFilesystem": True,
        "capabilities": {"drop": ["ALL"]},
    }
    assert pod["automountServiceAccountToken"] is False
    assert "memory" in container["resources"]["limits"]
    writable = {m["mountPath"] for m in container["volumeMounts"] if not m.get("readOnly")}
    assert writable == {"/tmp"}
    [secret] = [v["secret"] for v in pod["volumes"] if "secret" in v]
    assert secret["defaultMode"] == 0o440  # more than that crmrules refuses
    namespace = loaded("kubernetes/base/namespace.yaml")["metadata"]["labels"]
    assert namespace["pod-security.kubernetes.io/enforce"] == "restricted"


def test_the_service_of_compose_is_as_confined():
    service = COMPOSE["services"]["crmrules"]
    assert service["read_only"] is True
    assert service["cap_drop"] == ["ALL"]
    assert service["security_opt"] == ["no-new-privileges:true"]
    assert all(port.startswith("127.0.0.1:") for port in service["ports"])
    assert "ports" not in COMPOSE["services"]["postgres"]
    assert COMPOSE["networks"]["state"]["internal"] is True


def test_both_pods_are_one_but_for_what_a_scheduler_of_its_own_needs():
    ours = {"args", "env", "ports", "livenessProbe", "readinessProbe"}
    same = [
        {k: v for k, v in pod.items() if k not in ("containers", "restartPolicy")}
        | {k: v for k, v in pod["containers"][0].items() if k not in ours}
        for pod in PODS.values()
    ]
    assert same[0] == same[1]
    env = {name: pod["containers"][0]["env"] for name, pod in PODS.items()}
    assert env["run"][:-1] == env["sync"]


def test_paths_agree():
    folders = {"/etc/crmrules", "/var/lib/crmrules", "/run/secrets/crmrules"}
    made = {word for word in DOCKERFILE.split() if word in folders}
    assert made == folders
    assert "WORKDIR /etc/crmrules" in DOCKERFILE
    for pod in PODS.values():
        places = {m["name"]: m["mountPath"] for m in pod["containers"][0]["volumeMounts"]}
        assert places == {"config": "/etc/crmrules", "crm": "/run/secrets/crmrules", "tmp": "/tmp"}
    for name in ("cronjob", "deployment"):
        patch = text(f"kubernetes/sqlite/patch-{name}.yaml")
        assert "mountPath: /var/lib/crmrules}" in patch
        assert SET[f"kubernetes/sqlite/patch-{name}.yaml"] == {
            "CRMRULES_STATE__URL": "sqlite:////var/lib/crmrules/crmrules.db"
        }
    secrets = {one["source"]: one["target"] for one in COMPOSE["services"]["crmrules"]["secrets"]}
    assert secrets["crm"] == KEY
    assert secrets["pgpass"] == COMPOSE["services"]["crmrules"]["environment"]["PGPASSFILE"]
    for file, values in SET.items():
        wanted = KEY if not file.startswith("systemd") else "/crm.key"
        for name, value in values.items():
            assert not name.endswith("KEY_FILE") or value.endswith(wanted), file
    keys = unit(SERVICE)
    assert keys["WorkingDirectory"] == ["/etc/crmrules"]
    assert keys["StateDirectory"] == ["crmrules"]


def test_ports_agree():
    port = int(settings.Settings.model_fields["observe"].default.listen.rpartition(":")[2])
    assert SET["compose/compose.yaml"]["CRMRULES_OBSERVE__LISTEN"] == f"0.0.0.0:{port}"
    assert COMPOSE["services"]["crmrules"]["ports"] == [f"127.0.0.1:{port}:{port}"]
    [container] = PODS["run"]["containers"]
    assert container["ports"] == [{"name": "metrics", "containerPort": port}]
    assert SET["kubernetes/run/deployment.yaml"]["CRMRULES_OBSERVE__LISTEN"] == f"0.0.0.0:{port}"
    service = loaded("kubernetes/run/service.yaml")
    assert service["spec"]["ports"][0]["port"] == port
    assert service["metadata"]["annotations"]["prometheus.io/port"] == str(port)
    [rule] = loaded("kubernetes/run/networkpolicy.yaml")["spec"]["ingress"]
    assert rule["ports"] == [{"protocol": "TCP", "port": port}]


def test_a_failing_sync_restarts_no_container():
    [container] = PODS["run"]["containers"]
    assert container["livenessProbe"]["httpGet"]["path"] == "/metrics"
    assert container["readinessProbe"]["httpGet"]["path"] == "/healthz"


def test_runs_do_not_overlap_and_are_not_repeated():
    assert JOB["concurrencyPolicy"] == "Forbid"
    assert JOB["jobTemplate"]["spec"]["backoffLimit"] == 0
    assert JOB["startingDeadlineSeconds"] < 900
    assert PODS["sync"]["restartPolicy"] == "Never"
    assert RUN["replicas"] == 1
    assert RUN["strategy"] == {"type": "Recreate"}
    keys = unit(SERVICE)
    assert keys["Type"] == ["oneshot"]
    assert keys["SuccessExitStatus"] == ["4 75"]
    assert unit(text("systemd/crmrules.timer"))["Persistent"] == ["yes"]


def test_every_schedule_is_the_one_the_settings_begin_with():
    cron = settings.ScheduleSettings().cron
    assert cron == "*/15 * * * *"
    assert JOB["schedule"] == cron
    assert unit(text("systemd/crmrules.timer"))["OnCalendar"] == ["*:0/15"]
    healthcheck = COMPOSE["services"]["crmrules"]["healthcheck"]
    assert healthcheck["test"][-2:] == ["--max-age", "45m"]  # three times


def test_a_run_can_end_in_order_before_it_is_ended():
    most = settings.GuardSettings().max_minutes * 60
    keys = unit(SERVICE)
    assert JOB["jobTemplate"]["spec"]["activeDeadlineSeconds"] > most
    assert int(keys["TimeoutStartSec"][0]) > most
    graces = [pod["terminationGracePeriodSeconds"] for pod in PODS.values()]
    graces += [int(keys["TimeoutStopSec"][0])]
    graces += [int(COMPOSE["services"]["crmrules"]["stop_grace_period"].removesuffix("s"))]
    assert min(graces) > 2 * stopping.GRACE


def test_the_weekly_unit_differs_from_the_other_in_what_it_pulls_alone():
    lines = [page.splitlines() for page in (SERVICE, text("systemd/crmrules-full.service"))]
    assert len(lines[0]) == len(lines[1])
    differing = [pair for pair in zip(*lines, strict=True) if pair[0] != pair[1]]
    assert [one.partition("=")[0] for one, _ in differing] == ["Description", "ExecStart"]
    assert differing[1][1] == differing[1][0].replace("sync ", "sync --full ")


def test_a_command_by_hand_runs_as_the_service_does():
    script = text("systemd/crmrules-as-service")
    keys = unit(SERVICE)
    given = dict(re.findall(r"--property=(\w+)=(\S+)", script))
    assert given == {name: keys[name][0] for name in given}
    assert {"DynamicUser", "User", "StateDirectory", "LoadCredential", "UMask"} <= set(given)
    assert set(SET["systemd/crmrules-as-service"]) == set(SET["systemd/crmrules.service"])


@pytest.mark.slow
@pytest.mark.skipif(shutil.which("kubectl") is None, reason="kubectl puts the Job together")
def test_a_command_in_the_cluster_is_the_job_of_the_schedule_with_other_words(tmp_path):
    """The cluster is played: it gives the Job of our CronJob, and keeps what it is sent."""
    job = {"apiVersion": "batch/v1", "kind": "Job", "metadata": {"name": "x"}} | JOB["jobTemplate"]
    (tmp_path / "job.json").write_text(json.dumps(job), encoding="utf-8")
    played = tmp_path / "kubectl"
    played.write_text(
        f"""#!/bin/sh
case "$*" in
  *--from=cronjob/crmrules*) cat {tmp_path}/job.json ;;
  patch*) exec {shutil.which("kubectl")} "$@" ;;
  create*) cat >{tmp_path}/sent.json ;;
  *) echo "$@" >{tmp_path}/then ;;
esac
""",
        encoding="utf-8",
    )
    played.chmod(0o755)
    script = DEPLOY / "kubernetes" / "crmrules-by-hand"
    path = f"{tmp_path}:{os.environ['PATH']}"
    command = [str(script), "state", "backup", "/var/lib/crmrules/b.db"]
    subprocess.run(command, env={"PATH": path, "HOME": str(tmp_path)}, check=True)
    sent = json.loads((tmp_path / "sent.json").read_text(encoding="utf-8"))
    [container] = sent["spec"]["template"]["spec"]["containers"]
    assert container.pop("args") == command[1:]
    [ours] = job["spec"]["template"]["spec"]["containers"]
    assert container == {k: v for k, v in ours.items() if k != "args"}
    assert "logs --follow" in (tmp_path / "then").read_text(encoding="utf-8")


GUIDE = (ROOT / "docs" / "deploy.md").read_text(encoding="utf-8")


def test_what_each_exit_code_means_is_told_for_each_way_to_deploy():
    [part] = re.findall(r"^## Exit codes\n(.*?)^## ", GUIDE, re.MULTILINE | re.DOTALL)
    rows = re.findall(r"^\| ([\d, ]+) \|(.*)\|$", part, re.MULTILINE)
    told = {int(code) for codes, _ in rows for code in codes.split(", ")}
    assert told == {0, 1, 2, 3, 4, 5, 6, 75}
    assert all(len(said.split("|")) == 3 for _, said in rows)
    goes_on = next(codes for codes, _ in rows if "75" in codes)
    assert goes_on.split(", ") == unit(SERVICE)["SuccessExitStatus"][0].split()


def test_the_guide_goes_the_whole_way_for_each():
    for title in ("systemd", "Kubernetes", "compose"):
        part = GUIDE.partition(f"\n## {title}\n")[2].partition("\n## ")[0]
        assert "```\n" in part
        for row in ("upgrade", "back up", "remove"):
            assert f"\n| {row} | " in part, (title, row)
        assert "crmrules" in part
        assert "doctor" in part
        assert "running.md#stop" in part


def test_every_file_that_the_guide_names_is_there():
    for name in set(re.findall(r"\bdeploy/(?:docker|kubernetes|systemd)/[\w./*-]+", GUIDE)):
        if not name.endswith("/mine"):
            assert list(ROOT.glob(name.rstrip("."))), name


def test_the_image_installs_nothing_without_a_hash():
    installs = re.findall(r"bin/pip [^&\n]*", DOCKERFILE.replace("\\\n", " "))
    assert len(installs) == 4
    for one in installs:
        assert "--require-hashes" in one or "--no-index" in one, one
        assert "--no-deps" in one
    assert DOCKERFILE.count("FROM ${BASE}") == 2
    assert "durable" not in text("docker/requirements.lock")


def test_the_lock_of_the_build_has_what_the_build_asks_for():
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    pinned = dict(re.findall(r"^([\w.-]+)==([\w.]+)", text("docker/build.lock"), re.MULTILINE))
    for one in project["build-system"]["requires"]:
        requirement = Requirement(one)
        assert requirement.specifier.contains(pinned[requirement.name]), one
    assert text("docker/build.lock").count("--hash=sha256:") >= len(pinned)


def test_all_that_the_image_copies_is_let_into_the_build_and_little_else():
    lines = (ROOT / ".dockerignore").read_text(encoding="utf-8").splitlines()
    let = [line[1:] for line in lines if line.startswith("!")]
    assert "*" in lines
    copied = [
        word
        for line in re.findall(r"^COPY (?!--from)(.*)$", DOCKERFILE, re.MULTILINE)
        for word in line.split()[:-1]
    ]
    wanted = {re.sub(r"\w+\.lock$", "*.lock", word) for word in copied}
    assert set(let) == wanted


def test_the_version_in_the_files_is_the_one_of_the_program():
    version = crmrules.__version__
    [image] = loaded("kubernetes/example/kustomization.yaml")["images"]
    assert image["newTag"] == version
    assert COMPOSE["services"]["crmrules"]["image"] == f"${{IMAGE:-crmrules:{version}}}"
