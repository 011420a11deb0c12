"""One connection to Redis: bytes out, replies in. The protocol itself is hiredis, the parser of redis-py.

Why not redis-py here: importing it takes 0.13 s of a core against 0.004 s for hiredis, on every
rank (DECISIONS.md); and it retries by itself, which must not happen to a commit.
"""

from __future__ import annotations

import socket
from collections.abc import Callable
from typing import Any

import hiredis

from hpcd4p.errors import BrokerLost, BrokerRefused
from hpcd4p.wire.endpoint import Endpoint

CONNECT_S = 20.0
"""A server on a busy node may need seconds to accept thousands of ranks at once."""

REPLY_S = 60.0
"""A script takes well under a millisecond; a server silent for this long is gone."""

_RECEIVE_BYTES = 1 << 18


class RespConnection:
    """A connection to the Redis of the run.

    Raises
    ------
    BrokerLost
        From every method, when the server is gone or says something unexpected.
    """

    def __init__(self, endpoint: Endpoint, name: str) -> None:
        self._reader = hiredis.Reader(encoding=None)
        self._where = endpoint.unix_path or f"{endpoint.host}:{endpoint.port}"
        try:
            self._socket = self._connect(endpoint)
        except OSError as error:
            raise BrokerLost(f"no connection to the run's Redis at {self._where}: {error}") from error
        if endpoint.password is not None:
            self.call("AUTH", endpoint.username or "default", endpoint.password)
        if endpoint.db:
            self.call("SELECT", endpoint.db)
        self.call("CLIENT", "SETNAME", name)

    @staticmethod
    def _connect(endpoint: Endpoint) -> socket.socket:
        if endpoint.unix_path:
            connection = socket.socket(socket.AF_UNIX)
            connection.settimeout(CONNECT_S)
            connection.connect(endpoint.unix_path)
        else:
            connection = socket.create_connection((endpoint.host or "", endpoint.port), CONNECT_S)
            connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            connection.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
            if endpoint.tls:
                import ssl

                context = ssl.create_default_context()
                connection = context.wrap_socket(connection, server_hostname=endpoint.host)
        connection.settimeout(REPLY_S)
        return connection

    def fileno(self) -> int:
        """Descriptor to poll."""
        return self._socket.fileno()

    def send(self, *words: Any) -> None:
        """Send a command without reading its reply."""
        try:
            self._socket.sendall(hiredis.pack_command(words))
        except OSError as error:
            raise self._lost(error) from error

    def receive(self) -> Any:
        """Next reply, waited for."""
        gets: Callable[[], Any] = self._reader.gets
        while True:
            reply = gets()
            if reply is not False:
                if isinstance(reply, hiredis.ReplyError):
                    raise BrokerRefused(f"the run's Redis at {self._where} refused a command: {reply}")
                return reply
            try:
                data = self._socket.recv(_RECEIVE_BYTES)
            except OSError as error:
                raise self._lost(error) from error
            if not data:
                raise self._lost("it closed the connection")
            self._reader.feed(data)

    def call(self, *words: Any) -> Any:
        """Reply to one command."""
        self.send(*words)
        return self.receive()

    def close(self) -> None:
        """Close the socket."""
        self._socket.close()

    def _lost(self, why: object) -> BrokerLost:
        return BrokerLost(f"the run's Redis at {self._where} is gone: {why}")
