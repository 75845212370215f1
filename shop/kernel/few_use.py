"""Libraries that few requests use, loaded at their first use (late.py): HTTP to others, and QR codes."""

from typing import TYPE_CHECKING

from .late import late

if TYPE_CHECKING:
    import segno as segno
    import urllib3 as urllib3
else:
    segno = late("segno")
    urllib3 = late("urllib3")
