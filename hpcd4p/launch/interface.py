"""The address at which other nodes reach this one."""

from __future__ import annotations

import fcntl
import socket
import struct

from hpcd4p.errors import RedisSetupError

_SIOCGIFADDR = 0x8915


def address_for_others(interface: str | None) -> str:
    """IPv4 address of `interface`, or of this host's name when none is given.

    Raises
    ------
    RedisSetupError
        No such interface, or the host's name leads to a loopback address only.
    """
    names = [name for _, name in socket.if_nameindex()]
    if interface is not None:
        address = _address(interface)
        if address is None:
            known = ", ".join(n for n in names if _address(n))
            raise RedisSetupError(
                f"--redis-interface {interface}: no interface of this name has an IPv4 address here; "
                f"there are: {known}"
            )
        return address
    # the way out towards a public address: nothing is sent by connecting a datagram socket
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        try:
            probe.connect(("192.0.2.1", 9))
            own: str = probe.getsockname()[0]
        except OSError:
            own = "127.0.0.1"
    if not own.startswith("127."):
        return own
    for name in names:
        address = _address(name)
        if address is not None and not address.startswith("127."):
            return address
    # several ranks, several host names, loopback only: pretended nodes on one machine
    return socket.gethostbyname(socket.gethostname())


def _address(name: str) -> str | None:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        try:
            packed = fcntl.ioctl(probe.fileno(), _SIOCGIFADDR, struct.pack("256s", name.encode()[:15]))
        except OSError:
            return None
    return socket.inet_ntoa(packed[20:24])
