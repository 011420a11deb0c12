"""A rank waits until its launcher has read what it printed."""

from __future__ import annotations

import os
import threading

import pytest

from hpcd4p.launch import last_words
from hpcd4p.launch.last_words import until_read


@pytest.fixture
def pipe():
    ends = os.pipe()
    yield ends
    for each in ends:
        os.close(each)


def test_what_is_in_a_pipe_is_waited_for(pipe, monkeypatch):
    read, write = pipe
    os.write(write, b"the last words")
    assert not until_read([write], 0.05)
    looked = threading.Event()
    holds = last_words._holds

    def look(descriptor):
        found = holds(descriptor)
        looked.set()
        return found

    monkeypatch.setattr(last_words, "_holds", look)
    heard = []

    def listen():
        looked.wait(30)
        heard.append(os.read(read, 100))

    listener = threading.Thread(target=listen)
    listener.start()
    assert until_read([write], 30)
    listener.join()
    assert heard == [b"the last words"]


def test_nobody_waits_for_an_empty_pipe_a_file_or_what_is_closed(pipe, tmp_path):
    with open(tmp_path / "file", "w") as file:
        file.write("text")
        file.flush()
        closed = os.dup(file.fileno())
        os.close(closed)
        assert until_read([pipe[1], file.fileno(), closed], 0.0)
