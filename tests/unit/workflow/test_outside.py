"""What an element asks of the clock, of chance and from outside is found in its code."""

from __future__ import annotations

import datetime as calendar
import random
import socket
import sys
import time
import uuid
from datetime import date, datetime
from random import randrange

import numpy as np
import pytest

from hpcd4p import ProducerPE
from hpcd4p.workflow.outside import asks


class Source(ProducerPE):
    """Writes what `what` gives."""

    def __init__(self, what):
        super().__init__()
        self.what = what

    def _process(self, inputs):
        return self.what()


def helper():
    return [random.random() for _ in range(3)]


def imports():
    import time as clock
    from random import choice, shuffle

    return clock.time_ns(), choice([1]), shuffle([])


def seeded():
    random.seed(5)
    return random.random() + np.random.rand()


@pytest.mark.parametrize(
    ("what", "names"),
    [
        (lambda: time.time(), ["time.time"]),
        (lambda: randrange(6), ["random.randrange"]),
        (lambda: helper(), ["random.random"]),
        (imports, ["random.choice", "random.shuffle", "time.time_ns"]),
        (lambda: np.random.rand(), ["numpy.random.rand"]),
        (lambda: (datetime.now(), calendar.date.today()), ["datetime.date.today", "datetime.datetime.now"]),
        (lambda: date.today(), ["datetime.date.today"]),
        (lambda: uuid.uuid4(), ["uuid.uuid4"]),
        (lambda: sys.stdin.read(), ["sys.stdin"]),
        (lambda: input(), ["input"]),
        (lambda: socket.create_connection(("a", 1)), ["socket.create_connection"]),
        (seeded, []),
        (lambda: (random.Random(3).random(), np.random.default_rng(3)), []),
        (lambda: (time.sleep, time.monotonic(), uuid.uuid5, sys.argv, datetime(2026, 1, 1)), []),
    ],
)
def test_the_clock_chance_and_what_comes_from_outside_are_found(what, names):
    assert asks(Source(what)) == names
