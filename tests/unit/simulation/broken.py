"""A policy that fails."""


class Broken:
    def __init__(self, bounds):
        pass

    def decide(self, seen):
        return 1 / 0
