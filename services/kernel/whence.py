"""From where a request came: the client's address, kept beside the request so that every entry of the ledger can say it.

Whoever serves HTTP decides whose word to take on that (uvicorn, by ``FORWARDED_ALLOW_IPS``). What runs without a request
comes from nowhere."""

from __future__ import annotations

from contextvars import ContextVar
from ipaddress import IPv6Address, ip_address

_whence: ContextVar[str | None] = ContextVar("whence", default=None)


def come_from(host: str | None) -> None:
    """Notes the address for what follows in this request. What is no address, as where the console calls the API within one
    process, changes nothing: it came from where the outer request did."""
    try:
        address = ip_address((host or "").partition("%")[0])
    except ValueError:
        return
    mapped = address.ipv4_mapped if isinstance(address, IPv6Address) else None
    _whence.set(str(mapped or address))


def whence() -> str | None:
    """The address that the present request came from, or None."""
    return _whence.get()
