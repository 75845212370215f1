"""GoBD Z3 (Datenträgerüberlassung): the books of some months as CSV tables with an index.xml that describes them."""

from .package import write
from .stretch import Stretch

__all__ = ["Stretch", "write"]
