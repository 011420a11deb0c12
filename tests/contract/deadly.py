"""Elements and tuples that end their process, each in another way. Importable by a process apart."""

from __future__ import annotations

import ctypes
import logging
import os
import signal

from hpcd4p import IterativePE, ProducerPE


def by_sigkill():
    os.kill(os.getpid(), signal.SIGKILL)


def by_exit():
    os._exit(7)


def by_segfault():
    ctypes.string_at(1)


def by_group():
    os.killpg(os.getpgid(0), signal.SIGKILL)


HOW = {
    "by SIGKILL": by_sigkill,
    "with status 7": by_exit,
    "by SIGSEGV": by_segfault,
    "by SIGKILL, as": by_group,
}


class Deadly(IterativePE):
    """Of the tuples (number, word), those with a word end the process that way; numbers below 0 fail."""

    ran = 0

    def _process(self, pair):
        number, word = pair
        if word == "the second time":
            type(self).ran += 1
            if type(self).ran == 2:
                os._exit(3)
        elif word:
            HOW[word]()
        if number < 0:
            raise ValueError("below 0")
        if number % 2:
            self.write("output", number)
        return number


class Wide(IterativePE):
    """Writes more than is told at a time, then dies of its last tuple."""

    def _process(self, pair):
        number, word = pair
        for i in range(20_000):
            self.write("output", (number, i))
        if word:
            HOW[word]()


class DiesAtStart(IterativePE):
    def _preprocess(self):
        os._exit(5)

    def _process(self, item):
        return item


class RaisesAtStart(IterativePE):
    def _preprocess(self):
        raise LookupError("no such thing")

    def _process(self, item):
        return item


class DiesInTransit:
    """What is written; reading it ends the reader."""

    def __reduce__(self):
        return os._exit, (9,)


class Word(str):
    """Made by a call of its class, as objects of users are."""

    def __reduce__(self):
        return Word, (str(self),)


class WritesDeadly(IterativePE):
    def _process(self, pair):
        return DiesInTransit() if pair[1] else pair[0]


class WritesLambda(IterativePE):
    def _process(self, pair):
        return (lambda: 0) if pair[1] else pair[0]


class Calls(ProducerPE):
    def _process(self, inputs):
        return 1


class Talks(IterativePE):
    """Says what it gets."""

    def _preprocess(self):
        logging.getLogger("deadly").warning("before any")

    def _process(self, data):
        number, word = data
        self.log(f"got {number}")
        if word:
            HOW[word]()
        return number
