"""What the source must never do, whatever a reviewer overlooks."""

from __future__ import annotations

import ast
import re
import tomllib
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
FILES = sorted(path for top in ("src", "connectors") for path in (ROOT / top).rglob("*.py"))
TREES = {path: ast.parse(path.read_text(encoding="utf-8")) for path in FILES}

BUILTINS = {"eval", "exec", "compile", "__import__"}
MODULES = {"pickle", "marshal", "shelve", "dill", "ctypes", "pty", "telnetlib", "ftplib"}
ATTRIBUTES = {
    "_create_unverified_context",
    "_create_default_https_context",
    "create_default_context",  # writes session keys where SSLKEYLOGFILE says
    "CERT_NONE",
    "CERT_OPTIONAL",
    "check_hostname",
    "keylog_filename",
    "system",
    "popen",
    "unsafe_load",
    "full_load",
    "UnsafeLoader",
    "FullLoader",
    "disable_warnings",
}
KEYWORDS = {"shell": True, "verify": False, "check_hostname": False, "trust_env": True}
LOADERS = {"yaml.BaseLoader", "yaml.SafeLoader"}
ENVIRONMENT = {
    "REQUESTS_CA_BUNDLE",
    "CURL_CA_BUNDLE",
    "SSL_CERT_FILE",
    "SSL_CERT_DIR",
    "SSLKEYLOGFILE",
    "PYTHONHTTPSVERIFY",
}


def faults(tree: ast.AST) -> list[str]:
    """Return what a module does that it must not."""
    found = []
    for node in ast.walk(tree):
        match node:
            case ast.Call(func=ast.Name(id=name)) if name in BUILTINS:
                found.append(name)
            case ast.Import(names=names):
                found += [one.name for one in names if one.name.partition(".")[0] in MODULES]
            case ast.ImportFrom(module=str(module)) if module.partition(".")[0] in MODULES:
                found.append(module)
            case ast.Attribute(attr=name) if name in ATTRIBUTES:
                found.append(name)
            case ast.keyword(arg=str(name), value=ast.Constant(value=value)):
                if name in KEYWORDS and KEYWORDS[name] is value:
                    found.append(f"{name}={value}")
            case ast.Constant(value=str(text)) if text in ENVIRONMENT:
                found.append(text)
        if isinstance(node, ast.Call) and ast.unparse(node.func) == "yaml.load":
            given = [ast.unparse(one.value) for one in node.keywords if one.arg == "Loader"]
            found += [] if given and set(given) <= LOADERS else ["yaml.load"]
    return found


@pytest.mark.fault("X5")
def test_nothing_evaluates_text_runs_a_shell_unpickles_or_trusts_just_any_certificate():
    found = {str(path.relative_to(ROOT)): faults(tree) for path, tree in TREES.items()}
    assert {path: what for path, what in found.items() if what} == {}


@pytest.mark.parametrize(
    "bad",
    [
        "eval('1')",
        "exec(x)",
        "compile(x, '', 'exec')",
        "import pickle",
        "from marshal import loads",
        "subprocess.run(x, shell=True)",
        "os.system('ls')",
        "requests.get(u, verify=False)",
        "context.check_hostname = False",
        "context.verify_mode = ssl.CERT_NONE",
        "ssl._create_unverified_context()",
        "ssl.create_default_context()",
        "yaml.load(text)",
        "yaml.load(text, Loader=yaml.Loader)",
        "yaml.load(text, Loader=loader)",
        "yaml.unsafe_load(text)",
        "httpx.Client(trust_env=True)",
        "os.environ['SSLKEYLOGFILE']",
    ],
)
def test_each_of_these_would_be_found(bad):
    assert faults(ast.parse(bad))


@pytest.mark.parametrize(
    "good", ["re.compile(x)", "yaml.load(t, Loader=yaml.SafeLoader)", "f(verify=True)", "a.eval"]
)
def test_what_only_looks_like_it_is_not(good):
    assert faults(ast.parse(good)) == []


def test_every_exception_from_a_check_of_security_gives_its_reason():
    silences = re.compile(r"noqa: *S\d|nosec")
    reasoned = re.compile(r"noqa: S\d{3} - [\w'`, ]{5,}?( # nosec B\d{3})?$")
    lines = [(path, line) for path in FILES for line in path.read_text("utf-8").splitlines()]
    found = [(path, line) for path, line in lines if silences.search(line)]
    assert len(found) > 10
    assert [(str(path), line) for path, line in found if not reasoned.search(line)] == []


def test_the_security_rules_of_ruff_and_bandit_hold_for_all_that_is_shipped():
    lint = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["tool"]["ruff"]["lint"]
    assert lint["select"] == ["ALL"]
    assert [rule for rule in lint["ignore"] if re.match(r"S(\d|$)", rule)] == []
    spared = {
        place: [rule for rule in rules if re.match(r"S(\d|$)", rule)]
        for place, rules in lint["per-file-ignores"].items()
    }
    assert {place: rules for place, rules in spared.items() if rules} == {
        "tests/*": ["S"],
        "benchmarks/*": ["S"],
        "connectors/crmrules_sandbox/*": ["S311"],
    }
    [check] = re.findall(r"bandit (.*)", (ROOT / "Makefile").read_text("utf-8"))
    assert {"medium", "src", "connectors"} <= {*check.split()}
