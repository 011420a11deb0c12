"""The workflow's own web service: a cone search over generated galaxies, in the process that asks.

Each process that fetches starts one, on a free port of the loopback interface, at its first request. It runs
in threads that Python never waits for, so it is gone when its process is, however that ends; nobody has to
find it, and there is nothing to share between nodes. What it is for is the waiting, and that costs no CPU:
the thread of a request sleeps. Imported when it is first needed: a rank that asks another service never
loads it.
"""

from __future__ import annotations

import os
import socketserver
import threading
import time
from contextlib import suppress
from functools import cache
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qs, urlsplit

from hpcd4p.workflows.extinction.catalogue import position_of
from hpcd4p.workflows.extinction.draws import latency_of
from hpcd4p.workflows.extinction.synthetic import votable_of


def address_of(seed: int, time_scale: float) -> str:
    """Give the URL of this process's service, started if need be.

    Parameters
    ----------
    seed
        Of the galaxies and of the time that each answer takes.
    time_scale
        Factor on that time; 0 answers at once.

    Raises
    ------
    OSError
        There is no loopback interface, or no port left.
    """
    return _started(os.getpid(), seed, time_scale)


@cache  # by process: after a fork the threads are with the parent only
def _started(pid: int, seed: int, time_scale: float) -> str:
    server = Server(seed, time_scale)
    threading.Thread(target=server.serve, name="votable-service", daemon=True).start()
    return f"http://127.0.0.1:{server.server_port}/conesearch"


class Server(ThreadingHTTPServer):
    """Listens on the loopback interface; see `address_of`."""

    daemon_threads = True

    def __init__(self, seed: int, time_scale: float) -> None:
        self.seed = seed
        self.time_scale = time_scale
        super().__init__(("127.0.0.1", 0), Handler)

    def server_bind(self) -> None:
        """Bind, and do not look up the name of the host, which can take seconds on a node without DNS."""
        socketserver.TCPServer.server_bind(self)
        self.server_name, self.server_port = "127.0.0.1", int(self.server_address[1])

    def serve(self) -> None:
        """Answer for ever; unlike `serve_forever`, without waking up twice a second to see whether to end."""
        while True:
            self.handle_request()


class Handler(BaseHTTPRequestHandler):
    """Answers one request: ``?ID=7&RA=10.68458&DEC=41.26917&SR=0.001``."""

    server: Server

    def do_GET(self) -> None:
        """Send the VOTable, after as long as such a service takes."""
        query = parse_qs(urlsplit(self.path).query)
        try:
            item = int(query["ID"][0])
            ra, dec = position_of(item, f"{query['RA'][0]},{query['DEC'][0]}")
        except (KeyError, ValueError) as error:
            self.send_error(400, f"expected ID, RA and DEC: {error}")
            return
        body = votable_of(self.server.seed, item, ra, dec)
        time.sleep(latency_of(self.server.seed, item) * self.server.time_scale)
        with suppress(ConnectionError):  # the client has given up waiting
            self.send_response(200)
            self.send_header("Content-Type", "application/x-votable+xml")
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

    def log_message(self, format: str, *args: object) -> None:
        """Keep silent."""
