"""What another user on the same node finds out about the Redis of a run, as JSON. Needs no package."""

from __future__ import annotations

import glob
import json
import os
import socket


def listening() -> list[tuple[str, int]]:
    found = []
    with open("/proc/net/tcp") as table:
        for line in list(table)[1:]:
            local, state = line.split()[1], line.split()[3]
            if state == "0A":
                number, port = local.split(":")
                address = ".".join(str(b) for b in reversed(bytes.fromhex(number)))
                found.append((address, int(port, 16)))
    return found


def ask(address: str, port: int) -> str:
    try:
        with socket.create_connection(("127.0.0.1" if address == "0.0.0.0" else address, port), 1) as peer:
            peer.settimeout(1)
            peer.sendall(b"PING\r\nGET x\r\nCONFIG GET requirepass\r\n")
            return peer.recv(400).decode(errors="replace")
    except OSError as error:
        return str(error)


def opened(path: str) -> bool:
    try:
        os.listdir(path)
    except OSError:
        return False
    return True


answers = [ask(*place) for place in listening()]
homes = glob.glob("/tmp/hpcd4p-[0-9]*-*")
command_lines = []
for path in glob.glob("/proc/[0-9]*/cmdline"):
    try:
        with open(path, "rb") as file:
            command_lines.append(file.read().replace(b"\0", b" ").decode(errors="replace"))
    except OSError:
        continue
print(
    json.dumps(
        {
            "uid": os.getuid(),
            "redis": [a for a in answers if "NOAUTH" in a or "PONG" in a or "ERR" in a],
            "homes": homes,
            "opened": [h for h in homes if opened(h)],
            "commands": [
                c for c in command_lines if "redis-server" in c or "valkey-server" in c or "hpcd4p" in c
            ],
        }
    )
)
