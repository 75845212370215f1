"""Runs a schematron (as XSLT) over documents: JSON in on stdin, reports out on stdout.

A script of its own, started by ``validation.py``: Saxon's native library must not share a process with the
threads of the shop. It imports nothing of ours.
"""

import base64
import json
import sys

import saxonche


def main() -> None:
    """Read {"stylesheet": path, "documents": [base64, ...]}, write [svrl, ...]."""
    question = json.load(sys.stdin)
    with saxonche.PySaxonProcessor(license=False) as processor:
        sheet = processor.new_xslt30_processor().compile_stylesheet(stylesheet_file=question["stylesheet"])
        reports = []
        for document in question["documents"]:
            node = processor.parse_xml(xml_text=base64.b64decode(document).decode("utf-8-sig"))
            reports.append(sheet.transform_to_string(xdm_node=node))
    json.dump(reports, sys.stdout)


if __name__ == "__main__":
    main()
