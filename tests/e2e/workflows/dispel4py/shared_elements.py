"""Elements in a module beside a workflow; no workflow itself."""

import dispel4py.base as base


class Shout(base.IterativePE):
    def _process(self, data):
        return data.upper() + "!"


class Word(str):
    """Travels as a tuple, and so takes its module to every rank."""
