"""The address of the Redis of a run, and its secret. Data only: this file must never connect.

An endpoint holds the secret of the run: it travels by MPI, and must never be logged, put on a
command line or into the environment.
"""

from __future__ import annotations

from typing import NamedTuple


class Endpoint(NamedTuple):
    """An address of a Redis server; the Unix socket is used where there is one."""

    unix_path: str | None
    host: str | None
    port: int
    """0 without TCP."""
    username: str | None
    password: str | None
    db: int
    tls: bool

    def over_tcp(self) -> Endpoint:
        """The address by which ranks on other nodes reach the same server.

        Raises
        ------
        ValueError
            If it does not listen on TCP.
        """
        if not self.port:
            raise ValueError(f"the Redis at {self.where} does not listen on TCP")
        return self._replace(unix_path=None)

    @property
    def where(self) -> str:
        """The address without the secret, for messages."""
        return self.unix_path or f"{self.host}:{self.port}"

    def __repr__(self) -> str:
        # the secret must not reach a log by accident
        return f"Endpoint({self.where}, username={self.username!r}, db={self.db}, tls={self.tls})"
