"""The published types of the Metadata API, as the package simple-salesforce carries them."""

from __future__ import annotations

from functools import cache
from pathlib import Path

import pytest

etree = pytest.importorskip("lxml.etree")
simple_salesforce = pytest.importorskip("simple_salesforce")

METADATA = "http://soap.sforce.com/2006/04/metadata"
XSD = "{http://www.w3.org/2001/XMLSchema}"
NS = {"m": METADATA}


@cache
def metadata_schema():
    """Return the XSD inside the WSDL, with one document element per metadata type."""
    wsdl = Path(simple_salesforce.__file__).with_name("metadata.wsdl")
    tree = etree.parse(str(wsdl))
    (schema,) = tree.iterfind(f".//{XSD}schema[@targetNamespace='{METADATA}']")
    # The WSDL types its messages, not files: a file's root element needs a declaration of its own.
    alone = etree.fromstring(etree.tostring(schema))
    prefix = next(key for key, uri in schema.nsmap.items() if uri == METADATA)
    declared = {element.get("name") for element in alone.findall(f"{XSD}element")}
    for kind in alone.findall(f"{XSD}complexType"):
        if kind.get("name") not in declared:
            element = etree.SubElement(alone, f"{XSD}element", name=kind.get("name"))
            element.set("type", f"{prefix}:{kind.get('name')}")
    return etree.XMLSchema(alone)


def problem(xml: bytes) -> str | None:
    """Return what is wrong with a metadata file; None if it is valid."""
    try:
        document = etree.fromstring(xml)
    except etree.XMLSyntaxError as error:
        return str(error)
    schema = metadata_schema()
    return None if schema.validate(document) else str(schema.error_log.last_error)
