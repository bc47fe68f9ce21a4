"""Which pages may talk to the viewer: its own, and none that happens to be open in the browser.

Browsers let any page open a WebSocket to any address, 127.0.0.1 included, and say in the header
`Origin` which page it was (RFC 6455, section 10.2). Without this check a page from the internet
could release the stop or approve a plan.
"""

from __future__ import annotations

import ipaddress
from urllib.parse import urlsplit


def is_same_origin(origin: str | None, host: str, local_only: bool) -> bool:
    """Return whether a connection with these headers may stay.

    origin: header `Origin`; None from programs that are no browsers. host: header `Host`.
    local_only: the server listens on a loopback address; then only names of this machine count,
    as a name of somebody else's can be made to point here (DNS rebinding).
    """
    if origin is None:
        return True
    if urlsplit(origin).netloc.lower() != host.lower():
        return False
    return not local_only or is_loopback(urlsplit(f'//{host}').hostname or '')


def is_loopback(host: str) -> bool:
    """Return whether a host name or address means this machine only."""
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host.lower() == 'localhost'
