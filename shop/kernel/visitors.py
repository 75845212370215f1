"""Where a request comes from, also behind servers of ours: never the server in front, and IPv6 by its network."""

from __future__ import annotations

import ipaddress
from functools import lru_cache

from django.conf import settings
from django.http import HttpRequest

Address = ipaddress.IPv4Address | ipaddress.IPv6Address
Network = ipaddress.IPv4Network | ipaddress.IPv6Network

HOME_BITS = 64  #: of an IPv6 address: one visitor has all addresses of such a network (RFC 6177)


def address_of(request: HttpRequest) -> Address | None:
    """The visitor's address: the last one of X-Forwarded-For that is none of ``TRUSTED_PROXIES``, read only when the
    request itself comes from one of those (anybody can send the header). None where it cannot be told."""
    hops = [request.META.get("REMOTE_ADDR", "")]
    hops += reversed(request.META.get("HTTP_X_FORWARDED_FOR", "").split(","))
    for hop in hops:
        address = _read(hop)
        if address is None or not _is_proxy(address):
            return address
    return None


def place_of(request: HttpRequest) -> str:
    """What a visitor is counted by: the address, of IPv6 its network; "" for one inside our own network or unknown."""
    address = address_of(request)
    if address is None or not address.is_global:
        return ""
    if isinstance(address, ipaddress.IPv6Address):
        return str(ipaddress.ip_network((address, HOME_BITS), strict=False))
    return str(address)


def networks(given: tuple[str, ...]) -> tuple[Network, ...]:
    """The addresses and networks of ``TRUSTED_PROXIES``. Raises ValueError, naming the one that is neither."""
    return tuple(ipaddress.ip_network(one.strip(), strict=False) for one in given)


_networks = lru_cache(maxsize=8)(networks)


def _is_proxy(address: Address) -> bool:
    return any(address in network for network in _networks(tuple(settings.TRUSTED_PROXIES)))


def _read(hop: str) -> Address | None:
    """An address as servers write it: alone, in brackets, or with a port."""
    words = hop.strip()
    if words.startswith("["):
        words = words[1:].partition("]")[0]
    elif words.count(":") == 1:
        words = words.partition(":")[0]
    try:
        address = ipaddress.ip_address(words)
    except ValueError:
        return None
    return getattr(address, "ipv4_mapped", None) or address
