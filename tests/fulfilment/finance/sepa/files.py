"""A file of transfers read by somebody else, and what is wrong with the books."""

from __future__ import annotations

from importlib.resources import files

from lxml import etree

from fulfilment.finance.sepa import verify
from fulfilment.finance.sepa.models import TransferBatch
from tests.fulfilment.finance.books import problems


def breaches() -> list[str]:
    return [sentence for _name, check in verify.CHECKS for sentence in check()] + problems()


def valid(batch: TransferBatch) -> etree._Element:
    """The file read by somebody else: against the schema, straight from the package."""
    path = files("sepaxml").joinpath("schemas", f"{batch.schema}.xsd")
    root = etree.fromstring(bytes(batch.content))
    etree.XMLSchema(etree.fromstring(path.read_bytes())).assertValid(root)
    return root


def texts(root: etree._Element, name: str) -> list[str]:
    return [one.text or "" for one in root.iter() if etree.QName(one).localname == name]
