"""One connection to Redis: bytes out, replies in. The protocol itself is hiredis, the parser of redis-py.

Why not redis-py here: importing it takes 0.13 s of a core against 0.004 s for hiredis, on every
rank (DECISIONS.md); and it retries by itself, which must not happen to a commit.
"""

from __future__ import annotations

import select
import socket
import struct
import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from typing import Any

from hpcd4p import descriptors
from hpcd4p.errors import BrokerLost, BrokerRefused
from hpcd4p.packages import lack_of
from hpcd4p.wire.endpoint import Endpoint

try:
    import hiredis
except ImportError as error:
    raise lack_of("hiredis", error) from error

CONNECT_S = 20.0
"""A server on a busy node may need seconds to accept thousands of ranks at once."""

HEAD_PATIENCE_S = 12
"""The head considers a server lost that is silent for this long. A script takes well under a millisecond; the
rest is for a node that pages."""

PATIENCE_S = 60
"""The other ranks wait longer: the head decides for all, and its end ends them at once. This limit is for
ranks with a silent server and no head."""

LAST_WORD_S = 1
"""A rank that has lost its connection has this long for its report on another."""

_SELECTABLE = 1024
"""Descriptors from here on are too large for select()."""

_LOOK_S = 1.0
"""Patience is counted in looks of this length, not by the clock: a job that Slurm has suspended must not find
its time over when it goes on."""

_LOOK = struct.pack("ll", int(_LOOK_S), 0)
"""The same as a ``struct timeval``."""

_RECEIVE_BYTES = 1 << 16
"""Room for a reply. From 128 KiB on the C library asks the kernel for it and gives it back, each time: that
took 12 µs of the 15 µs of a receive."""


class RespConnection:
    """A connection to the Redis of the run.

    Parameters
    ----------
    patience_s
        Whole seconds after which a silent server counts as lost.

    Raises
    ------
    BrokerLost
        From every method, when the server is gone or says something unexpected.
    """

    def __init__(self, endpoint: Endpoint, name: str, patience_s: int = PATIENCE_S) -> None:
        self._patience = patience_s
        self._owed = 0
        """Replies that have not been read."""
        self._torn = False
        """Whether a command was sent in part."""
        self.on_late: Callable[[Any], object] = lambda reply: None
        """Called with a reply that an alarm has kept from being read in time."""
        self._reader = hiredis.Reader(encoding=None)
        self._where = endpoint.unix_path or f"{endpoint.host}:{endpoint.port}"
        try:
            self._socket = self._connect(endpoint)
        except OSError as error:
            raise BrokerLost(f"no connection to the run's Redis at {self._where}: {error}") from error
        descriptors.hold(self.fileno())
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
                connection.settimeout(_LOOK_S)
                return connection
        # with a timeout set in Python every call would poll first: two system calls instead of one
        connection.settimeout(None)
        for option in (socket.SO_RCVTIMEO, socket.SO_SNDTIMEO):
            connection.setsockopt(socket.SOL_SOCKET, option, _LOOK)
        return connection

    def fileno(self) -> int:
        """Descriptor to poll."""
        return self._socket.fileno()

    def send(self, *words: Any) -> None:
        """Send a command without reading its reply."""
        data = hiredis.pack_command(words)
        self._torn = True
        sent = self._patiently(self._socket.send, data)
        while sent < len(data):  # not sendall: after a timeout it does not say how much was sent
            sent += self._patiently(self._socket.send, memoryview(data)[sent:])
        self._owed += 1  # first: an alarm between the two must not leave an answer that nobody expects
        self._torn = False

    def receive(self) -> Any:
        """Wait for the next reply."""
        gets: Callable[[], Any] = self._reader.gets
        while True:
            reply = gets()
            if reply is not False:
                self._owed -= 1
                if isinstance(reply, hiredis.ReplyError):
                    raise BrokerRefused(self._refusal(str(reply)))
                return reply
            data = self._patiently(self._socket.recv, _RECEIVE_BYTES)
            if not data:
                raise self._lost("it closed the connection")
            self._reader.feed(data)

    def call(self, *words: Any) -> Any:
        """Reply to one command."""
        self.catch_up()
        self.send(*words)
        return self.receive()

    def catch_up(self) -> None:
        """Read replies that a signal's exception (an alarm of an element) has kept from being read."""
        if self._torn:
            raise self._lost("an alarm came in the middle of a command")
        while self._owed:
            with suppress(BrokerRefused):
                self.on_late(self.receive())

    def call_all(self, commands: Sequence[Sequence[Any]]) -> None:
        """Send all `commands` at once; raises for the first one that was refused."""
        for words in commands:
            self.send(*words)
        refused: BrokerRefused | None = None
        for _ in commands:
            try:
                self.receive()
            except BrokerRefused as error:  # the other replies come all the same
                refused = refused or error
        if refused is not None:
            raise refused

    def close(self) -> None:
        """Close the socket; may be called again."""
        if descriptors.forget(self.fileno()):
            self._socket.close()

    def _refusal(self, said: str) -> str:
        if said.startswith("OOM") or "used memory > 'maxmemory'" in said:
            return (
                f"the run's Redis at {self._where} is out of memory: what waits there and what ranks have in "
                "hand is too large. Make tuples smaller (write a file and pass its name), lower --high-bytes "
                "or --max-task-bytes, or give the job's first node more memory"
            )
        return f"the run's Redis at {self._where} refused a command: {said}"

    def _patiently(self, call: Callable[[Any], Any], argument: Any) -> Any:
        for _ in range(self._patience):
            try:
                return call(argument)
            except (TimeoutError, BlockingIOError):
                continue
            except OSError as error:
                raise self._lost(error) from error
        raise self._lost(f"it has not answered for {self._patience} s")

    def _lost(self, why: object) -> BrokerLost:
        self.close()  # the next call fails at once, without waiting again
        return BrokerLost(f"the run's Redis at {self._where} is gone: {why}")


def hears(ears: Sequence[int], seconds: float) -> bool:
    """Whether one of these descriptors can be read within less than a millisecond; True if nobody knows."""
    if max(ears) >= _SELECTABLE:
        time.sleep(seconds)
        return True
    try:
        return bool(select.select(ears, (), (), seconds)[0])
    except OSError:  # user code has closed one: the reading tells
        return True
