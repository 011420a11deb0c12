"""Questions to a Redis server before a run, and never during one. The only file that imports redis-py.

A run itself uses `transport.resp`: redis-py takes 0.13 s to import and repeats commands by itself. Here its
knowledge of TLS, host names and all errors of a server is worth that.
"""

from __future__ import annotations

from enum import Enum
from importlib.metadata import version
from importlib.resources import files
from typing import Any

from hpcd4p.packages import lack_of
from hpcd4p.wire.endpoint import Endpoint

try:
    import redis
    from redis.backoff import NoBackoff
    from redis.retry import Retry
except ImportError as error:
    raise lack_of("redis", error) from error

ANSWER_S = 5.0
"""A server on the same network answers within milliseconds."""


class Trouble(Enum):
    """Why a server did not answer a question."""

    UNREACHABLE = "cannot be reached"
    SILENT = "does not answer"
    PASSWORD = "refuses the user or the password"
    PERMISSION = "does not allow a command"
    LOADING = "is still loading its data"
    FULL = "is full"
    OTHER = "does not do as asked"


class AdminError(Exception):
    """A question that was not answered; `trouble` says why, the text is the server's."""

    def __init__(self, trouble: Trouble, text: str) -> None:
        super().__init__(text.rstrip("."))
        self.trouble = trouble


class RedisAdmin:
    """A connection for questions. Every method raises `AdminError`."""

    def __init__(self, endpoint: Endpoint) -> None:
        options: dict[str, Any] = {"unix_socket_path": endpoint.unix_path}
        if not endpoint.unix_path:
            options = {"host": endpoint.host, "port": endpoint.port, "ssl": endpoint.tls}
        self._redis: Any = redis.Redis(
            username=endpoint.username,
            password=endpoint.password,
            db=endpoint.db,
            protocol=2,  # as the run speaks; a refusal is then about the password, not about HELLO
            socket_timeout=ANSWER_S,
            socket_connect_timeout=ANSWER_S,
            # no retries: a question that is refused now is not asked again
            retry=Retry(NoBackoff(), 0),
            **options,
        )

    def call(self, *words: str | int) -> Any:
        """Reply to one command."""
        try:
            return self._redis.execute_command(*words)
        except redis.AuthenticationError as error:
            raise AdminError(Trouble.PASSWORD, str(error)) from error
        except redis.exceptions.NoPermissionError as error:
            raise AdminError(Trouble.PERMISSION, str(error)) from error
        except redis.BusyLoadingError as error:
            raise AdminError(Trouble.LOADING, str(error)) from error
        except redis.OutOfMemoryError as error:
            raise AdminError(Trouble.FULL, str(error)) from error
        except redis.TimeoutError as error:
            raise AdminError(Trouble.SILENT, f"no answer in {ANSWER_S:.0f} s") from error
        except redis.ConnectionError as error:
            raise AdminError(_kind_of(error), str(error)) from error
        except redis.RedisError as error:
            raise AdminError(Trouble.OTHER, str(error)) from error

    def info(self) -> dict[str, str]:
        """What the server says about itself, as text."""
        info = self.call("INFO")
        return {str(key): str(value) for key, value in info.items()}

    def refused_in_scripts(self, prefix: str) -> dict[str, str]:
        """Commands that this user may not run in a script -> why. Uses and removes keys under `prefix`."""
        text = (files("hpcd4p.transport") / "lua" / "probe.lua").read_text()
        sha = _text(self.call("SCRIPT", "LOAD", text))
        flat = [_text(word) for word in self.call("EVALSHA", sha, 1, prefix)]
        return dict(zip(flat[::2], flat[1::2], strict=True))

    def close(self) -> None:
        """Close the connection."""
        self._redis.close()

    def __enter__(self) -> RedisAdmin:
        return self

    def __exit__(self, *exc: object) -> None:
        self.close()


def client_versions() -> dict[str, str]:
    """Versions of redis-py and hiredis that are installed."""
    return {"redis-py": version("redis"), "hiredis": version("hiredis")}


def _kind_of(error: Exception) -> Trouble:
    # a server that wants a password and gets none, or a wrong one, closes the connection
    text = str(error)
    if any(word in text for word in ("NOAUTH", "WRONGPASS", "invalid password", "without any password")):
        return Trouble.PASSWORD
    return Trouble.UNREACHABLE


def _text(value: Any) -> str:
    return value.decode(errors="replace") if isinstance(value, bytes) else str(value)
