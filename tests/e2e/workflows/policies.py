"""Policies: one that parks and wakes as fast as it can, at random, and two that fail."""

from __future__ import annotations

import random
from pathlib import Path

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
            Path("has-failed").touch()
            raise ZeroDivisionError("nothing is left")
        return Decision(1, "one is enough")


class Nonsense(Raises):
    def decide(self, seen):
        self.asked += 1
        if self.asked > 3:
            Path("has-failed").touch()
            return "five"
        return Decision(10**9, "all there are, and more")
