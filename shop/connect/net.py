"""Talking to addresses that people entered, without becoming their way into our own network.

The name is resolved once, every address behind it is looked at, and the connection goes to exactly that address (a name
that resolves differently a moment later changes nothing). No redirects, a time limit, a limit on what is read.
"""

from __future__ import annotations

import ipaddress
import socket
import ssl
import time
from collections.abc import Mapping
from dataclasses import dataclass
from urllib.parse import SplitResult, urlsplit

import certifi
from django.conf import settings
from django.utils.translation import gettext as _

from shop.kernel.few_use import urllib3
from shop.kernel.transactions import forbid_network_in_transaction

CONNECT_TIMEOUT_S = 5.0
ANSWER_TIMEOUT_S = 10.0  #: between two bytes
WHOLE_TIMEOUT_S = 20.0  #: for the whole answer, however slowly it drips
KEPT_CHARS = 2000  #: of the answer, as acknowledgement
READ_MAX_BYTES = 64 * 1024
GLOBAL_UNICAST = ipaddress.ip_network("2000::/3")
NAT64 = ipaddress.ip_network("64:ff9b::/96")


class AddressRefused(ValueError):
    """The address must not be talked to; the text says why."""


class NotReached(Exception):
    """No answer: refused, timed out, broken off. ``kept_for_host``: the next push to it can wait as well."""


@dataclass(frozen=True)
class Answer:
    """What came back."""

    status: int
    body: str


def check(url: str) -> SplitResult:
    """The parts of an address that may be talked to by its form. Raises AddressRefused; asks no network."""
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError:
        raise AddressRefused(_("This is not a valid address.")) from None
    if parts.scheme not in ("http", "https"):
        raise AddressRefused(_("Only http and https addresses are possible."))
    if not parts.hostname or port == 0 or not url.isascii() or not url.isprintable() or " " in url:
        raise AddressRefused(_("This is not a valid address."))
    if _is_ip(parts.hostname) and not allowed(parts.hostname):
        raise AddressRefused(_("This address lies in a private network; that is not allowed here."))
    if parts.username or parts.password:
        raise AddressRefused(
            _("Please leave user name and password out of the address; pushes are signed instead.")
        )
    return parts


def post(url: str, body: bytes, headers: Mapping[str, str]) -> Answer:
    """POST ``body``. Raises AddressRefused or NotReached; any status is an answer."""
    forbid_network_in_transaction("push")
    parts = check(url)
    address = resolve(parts)
    pool = _pool(parts, address)
    path = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
    netloc = parts.hostname if parts.port is None else f"{parts.hostname}:{parts.port}"
    deadline = time.monotonic() + WHOLE_TIMEOUT_S
    try:
        response = pool.urlopen(
            "POST",
            path,
            body=body,
            headers={"Host": str(netloc), "User-Agent": "Kontor/1", "Accept-Encoding": "identity", **headers},
            redirect=False,
            retries=False,
            preload_content=False,
            timeout=urllib3.Timeout(connect=CONNECT_TIMEOUT_S, read=ANSWER_TIMEOUT_S),
        )
        try:
            return Answer(response.status, _read(response, deadline))
        finally:
            response.close()
    except (urllib3.exceptions.HTTPError, OSError) as error:
        raise NotReached(_reason(error)) from error
    finally:
        pool.close()


def resolve(parts: SplitResult) -> str:
    """The IP address to connect to. Raises AddressRefused when any address of the name is private."""
    port = parts.port or (443 if parts.scheme == "https" else 80)
    try:
        found = socket.getaddrinfo(parts.hostname, port, type=socket.SOCK_STREAM)
    except (OSError, UnicodeError) as error:
        raise NotReached(f"{parts.hostname}: {error}") from error
    addresses = [str(entry[4][0]).partition("%")[0] for entry in found]
    for address in addresses:
        if not allowed(address):
            raise AddressRefused(
                _("%(host)s leads into a private network (%(address)s); that is not allowed here.")
                % {"host": parts.hostname, "address": address}
            )
    return addresses[0]


def allowed(address: str) -> bool:
    """Whether we may connect to an IP address: public ones; private ones by CONNECT_ALLOW_PRIVATE; our own machine also
    when the shop itself runs on it alone (SITE_URL is a loopback address)."""
    ip = _meant(address)
    if getattr(settings, "CONNECT_ALLOW_PRIVATE", False):
        return not (ip.is_multicast or ip.is_unspecified)
    if ip.is_loopback:
        return _shop_is_local()
    if ip.version == 6 and ip not in GLOBAL_UNICAST:
        return False  # site-local, IPv4-compatible and translated addresses count as global in Python
    return ip.is_global and not ip.is_multicast


def _meant(address: str) -> ipaddress.IPv4Address | ipaddress.IPv6Address:
    """The address a packet ends at: gateways unpack an IPv4 address that is written inside an IPv6 one (mapped, 6to4 of
    RFC 3056, NAT64 of RFC 6052)."""
    ip = ipaddress.ip_address(address.partition("%")[0])
    if not isinstance(ip, ipaddress.IPv6Address):
        return ip
    if ip in NAT64:
        return ipaddress.IPv4Address(int(ip) & 0xFFFF_FFFF)
    return ip.ipv4_mapped or ip.sixtofour or ip


def _is_ip(host: str) -> bool:
    try:
        ipaddress.ip_address(host)
    except ValueError:
        return False
    return True


def _shop_is_local() -> bool:
    host = urlsplit(settings.SITE_URL).hostname or ""
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def _pool(parts: SplitResult, address: str) -> urllib3.HTTPConnectionPool:
    if parts.scheme == "http":
        return urllib3.HTTPConnectionPool(address, parts.port or 80, maxsize=1)
    return urllib3.HTTPSConnectionPool(
        address,
        parts.port or 443,
        maxsize=1,
        ssl_context=ssl.create_default_context(cafile=certifi.where()),
        server_hostname=parts.hostname,
        assert_hostname=parts.hostname,
    )


def _read(response: urllib3.BaseHTTPResponse, deadline: float) -> str:
    """The beginning of the answer. What comes after the limits is not read; the acknowledgement is its status."""
    read = b""
    while len(read) < READ_MAX_BYTES and time.monotonic() < deadline:
        part = response.read1(4096) if hasattr(response, "read1") else response.read(4096)
        if not part:
            break
        read += part
    return read.decode("utf-8", errors="replace").replace("\x00", "�")[:KEPT_CHARS]


def _reason(error: Exception) -> str:
    if isinstance(error, urllib3.exceptions.ConnectTimeoutError | urllib3.exceptions.ReadTimeoutError):
        return "no answer in time"
    cause = error.__cause__ or error.__context__ or error
    return f"{type(error).__name__}: {cause}"[:400]
