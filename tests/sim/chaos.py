"""A policy that parks and wakes as fast as it can, at random, and one that fails."""

from __future__ import annotations

import random

from hpcd4p.control.scaling import Decision


class Chaos:
    def __init__(self, bounds):
        self.bounds = bounds
        self.random = random.Random(bounds.most)

    def decide(self, seen):
        return Decision(self.random.randint(self.bounds.least, self.bounds.most), "the dice say so")


class Raises:
    def __init__(self, bounds):
        self.asked = 0

    def decide(self, seen):
        self.asked += 1
        if self.asked > 3:
            raise ZeroDivisionError("nothing is left")
        return Decision(1, "one is enough")


class Nonsense(Raises):
    def decide(self, seen):
        self.asked += 1
        return "five" if self.asked > 3 else Decision(10**9, "all there are, and more")


class OneAtTheEnd:
    """All ranks, until tasks wait no more: from then on one."""

    def __init__(self, bounds):
        self.bounds = bounds
        self.one = False

    def decide(self, seen):
        self.one = self.one or (seen.now_s > 0.2 and not seen.backlog_tasks and seen.idle > 0)
        return Decision(1 if self.one else self.bounds.most, "one is enough")
