"""A connection whose server says nothing for a while, or for ever."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from hpcd4p.errors import BrokerLost
from hpcd4p.transport.resp import RespConnection
from hpcd4p.wire.endpoint import Endpoint

BULK = 8 << 20
"""Bytes that no socket takes at once."""

ASK = """
import sys
from hpcd4p.transport.resp import RespConnection
from hpcd4p.wire.endpoint import Endpoint
connection = RespConnection(Endpoint(sys.argv[1], None, 0, None, None, 0, False), "asks", 3)
print(connection.call("PING"))
"""


@pytest.fixture
def server(tmp_path: Path, monkeypatch) -> Iterator[socket.socket]:
    """Something that listens where a Redis would."""
    monkeypatch.chdir(tmp_path)  # the paths of Unix sockets are short
    with socket.socket(socket.AF_UNIX) as listening:
        listening.bind("redis.sock")
        listening.listen()
        listening.settimeout(20)
        yield listening


def connected(server: socket.socket, patience_s: int) -> tuple[RespConnection, socket.socket]:
    """A connection, and the server's end of it, which has answered as far as the set-up goes."""
    ends: list[socket.socket] = []

    def greet() -> None:
        end, _ = server.accept()
        end.recv(4096)
        end.sendall(b"+OK\r\n")
        ends.append(end)

    greeter = threading.Thread(target=greet)
    greeter.start()
    connection = RespConnection(Endpoint("redis.sock", None, 0, None, None, 0, False), "tests", patience_s)
    greeter.join()
    return connection, ends[0]


def test_a_server_that_says_nothing_is_lost_when_patience_is_over(server):
    connection, end = connected(server, 2)
    began = time.monotonic()
    with end, pytest.raises(BrokerLost, match="has not answered for 2 s"):
        connection.call("PING")
    assert time.monotonic() - began > 1.5


def test_a_lost_server_is_not_waited_for_again(server):
    connection, end = connected(server, 1)
    with end:
        with pytest.raises(BrokerLost):
            connection.call("PING")
        with pytest.raises(BrokerLost):
            connection.call("PING")
        assert end.recv(4096).count(b"PING") == 1  # it is not even asked


def test_a_command_arrives_whole_at_a_server_that_pauses_while_it_is_sent(server):
    connection, end = connected(server, 10)
    came = 0

    def read_late() -> None:
        nonlocal came
        time.sleep(1.5)  # longer than one look
        while came < BULK:
            came += len(end.recv(1 << 20))
        end.sendall(b"+OK\r\n")

    reader = threading.Thread(target=read_late)
    reader.start()
    assert connection.call("SET", "key", b"x" * BULK) == b"OK"
    reader.join()
    end.close()


def test_a_process_that_was_stopped_itself_does_not_take_its_server_for_lost(server):
    process = subprocess.Popen([sys.executable, "-c", ASK, "redis.sock"], stdout=subprocess.PIPE, text=True)
    try:
        end, _ = server.accept()
        with end:
            end.recv(4096)
            end.sendall(b"+OK\r\n")
            assert b"PING" in end.recv(4096)
            os.kill(process.pid, signal.SIGSTOP)
            time.sleep(4)  # longer than its patience of 3 s
            os.kill(process.pid, signal.SIGCONT)
            time.sleep(0.2)
            end.sendall(b"+PONG\r\n")
            out, _ = process.communicate(timeout=120)
    finally:
        process.kill()
        process.wait()
    assert out.strip() == "b'PONG'"


class Alarm(Exception):
    """What the handler of a signal raises."""


def test_an_answer_that_an_alarm_kept_from_being_read_is_not_taken_for_the_next_one(server):
    connection, end = connected(server, 10)

    rung = threading.Event()

    def ring(*_: object) -> None:
        rung.set()
        raise Alarm

    here = threading.get_ident()

    def answer() -> None:
        end.recv(4096)
        latest = time.monotonic() + 60
        while connection._torn and time.monotonic() < latest:  # it is sent, and has not come back yet
            time.sleep(0.001)
        signal.pthread_kill(here, signal.SIGALRM)
        rung.wait(60)
        end.sendall(b"+FIRST\r\n")
        end.recv(4096)
        end.sendall(b"+SECOND\r\n")

    before = signal.signal(signal.SIGALRM, ring)
    answerer = threading.Thread(target=answer)
    answerer.start()
    try:
        with pytest.raises(Alarm):
            connection.call("PING")
        assert connection.call("PING") == b"SECOND"
    finally:
        signal.signal(signal.SIGALRM, before)
        answerer.join()
        end.close()
