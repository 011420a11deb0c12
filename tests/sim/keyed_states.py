"""Elements whose states of keys are saved in every way: alone, in place, shared, and of odd keys."""

from __future__ import annotations

from hpcd4p import IterativePE, KeyedPE
from tests.sim.elements import Given, Total
from tests.sim.gallery import Case, chain, items


class Scattered(IterativePE):
    """Keys that come in waves: most are quiet at any time, and new ones follow."""

    def _process(self, number):
        return number // 8 + number % 3, number


class ByPair(KeyedPE):
    """A state that is changed in place."""

    key = (0, 1)
    value = None
    partitions = 3

    def process_key(self, key, value, state):
        state = state or {"seen": [], "sum": 0}
        state["seen"].append(value[1])
        if key[1] % 7 == 0 and len(state["seen"]) == 1:
            self.write("output", key)
        state["sum"] += value[1]
        return state

    def end_key(self, key, state):
        self.write("output", (key[0] % 5, state["sum"] + len(state["seen"])))


class Shares(KeyedPE):
    """Keys of one parity have one list: what changes with one changes with all."""

    partitions = 2

    def __init__(self):
        super().__init__()
        self.lists = {}

    def process_key(self, key, value, state):
        mine = self.lists.setdefault(key % 2, [])
        mine.append(value)
        return mine

    def end_key(self, key, state):
        self.write("output", (key, sum(state)))


class SharesLate(Shares):
    """The same from its twentieth key on; before, each has its own."""

    def process_key(self, key, value, state):
        if key < 20:
            return [*(state or []), value]
        return super().process_key(key, value, state)


class LooksBack(KeyedPE):
    """Changes the state of the key before in the call of the next one."""

    partitions = 1

    def __init__(self):
        super().__init__()
        self.before = None

    def process_key(self, key, value, state):
        state = state or [0, 0]
        state[0] += value
        if self.before is not None:
            self.before[1] += 1
        self.before = state
        return state

    def end_key(self, key, state):
        self.write("output", state[1] >= 0 and (key, state[0]))


class Odd(IterativePE):
    """Keys of many types."""

    def _process(self, number):
        keys = (number % 9, number % 9 + 0.5, (number % 5, "x"), None, f"{number % 11}", b"y")
        return keys[number % len(keys)], number


def of(*elements, count=160):
    return Case(lambda: (chain(Given(), *(kind() for kind in elements)), items(count)))


KEYED = {
    "waves": of(Scattered, Total),
    "in place": of(Scattered, ByPair, Total),
    "shared": of(Scattered, Shares),
    "shared late": of(Scattered, SharesLate),
    "looks back": of(Scattered, LooksBack),
    "odd keys": of(Odd, Total),
}
