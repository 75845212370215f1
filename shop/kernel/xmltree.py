"""lxml's ``etree``, loaded at its first use (late.py): few requests of the web server read or write XML."""

from typing import TYPE_CHECKING

from .late import late

if TYPE_CHECKING:
    from lxml import etree as etree
else:
    etree = late("lxml.etree")
