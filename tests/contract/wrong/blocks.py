"""Blocks of memory that each break what they should keep, in one way: the suite must tell."""

from __future__ import annotations

from hpcd4p.transport.memory_blocks import MemoryBlocks


class MixesBuffers(MemoryBlocks):
    def put(self, buffers):
        return super().put([bytes(len(buffer)) for buffer in buffers])


class HoldsWhatTheWriterHas(MemoryBlocks):
    def put(self, buffers):
        block = super().put(buffers)
        self._held[block] = list(buffers)
        return block


class HasOneMemory(MemoryBlocks):
    def put(self, buffers):
        block = super().put(buffers)
        for each in self._held:
            self._held[each] = self._held[block]
        return block


class GivesTheMemoryItself(MemoryBlocks):
    def open(self, block, sizes):
        super().open(block, sizes)
        self._held[block] = [
            memoryview(bytearray(b)) if isinstance(b, bytes) else b for b in self._held[block]
        ]
        return self._held[block]


class ClearsWhatIsReleased(MemoryBlocks):
    """It is used again although somebody reads it."""

    def __init__(self, rank, held):
        super().__init__(rank, held)
        self._given = {}

    def open(self, block, sizes):
        self._given[block] = super().open(block, sizes)
        return self._given[block]

    def release(self, block):
        super().release(block)
        for buffer in self._given.pop(block, ()):
            buffer[:] = bytes(len(buffer))


class HoldsWhatWasPutFirst(MemoryBlocks):
    def put(self, buffers):
        block = super().put(buffers)
        self._held[block] = self._held.setdefault(None, self._held[block])
        return block


class NeverForgets(MemoryBlocks):
    def release(self, block):
        pass


WRONG: dict[type[MemoryBlocks], str] = {
    MixesBuffers: "buffers_are_read_as_they_were_put",
    HoldsWhatTheWriterHas: "what_the_writer_does_to_a_buffer_that_was_put_is_not_seen",
    HasOneMemory: "each_block_has_its_own_memory",
    GivesTheMemoryItself: "a_buffer_may_be_written_to_and_nobody_else_sees_it",
    ClearsWhatIsReleased: "what_was_opened_stays_when_the_block_is_released",
    HoldsWhatWasPutFirst: "memory_that_is_used_again_holds_what_was_put_last",
    NeverForgets: "a_block_that_was_released_is_refused",
}
"""Each with a promise that it breaks."""
