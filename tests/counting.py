"""A source that counts its own calls, for tests in this process and as text in a workflow of its own."""

from __future__ import annotations

from hpcd4p import ProducerPE


class Numbers(ProducerPE):
    def __init__(self):
        super().__init__()
        self.at = 0

    def _process(self, inputs):
        self.at += 1
        return self.at
