"""The elements of phase 2: from spectra to the lag of each pair. Every rank imports it: it imports little."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Any

from hpcd4p import GenericPE, IterativePE, KeyedPE
from hpcd4p.workflows.seismic.spectrum import Spectrum, utc

Block = list[Spectrum]

Row = dict[str, Any]

Key = tuple[tuple[str, str], float, int]

MOST_BLOCKS = 8
"""Blocks that the expected number of spectra is cut into: 36 tasks, enough for about ten ranks. More blocks
would be more bytes that travel, for each block goes out once with every other."""

MOST_BLOCK_BYTES = 8 << 20
"""64 spectra of an hour. A task holds two blocks; 4,000 pairs, of 0.2 ms each, are work enough for one."""

FIXED_POINT = 2.0**40
"""Correlations are summed as whole multiples of 1 / 2^40 (1e-12): such a sum has no rounding, and so does not
depend on the order in which windows arrive. 2^23 windows, centuries of hours, fit into 63 bits."""


@dataclass(frozen=True)
class Correlation:
    """The correlation of a pair, of one window or the mean of several."""

    values: Any
    """Shape ``(2 * lags + 1,)``: float64, or int64 in units of `FIXED_POINT` while they are summed."""
    pair: tuple[str, str]
    """SEED ids, in the order of the alphabet."""
    rate_hz: float
    start_s: int
    windows: int
    units: str

    @property
    def key(self) -> Key:
        """What windows must share to be stacked: the pair, samples per second, number of samples."""
        return self.pair, self.rate_hz, len(self.values)


class PairUp(KeyedPE):
    """State per window: its spectra so far, in single precision. Writes each block of them with every other.

    It only holds and hands out; any rank of the pool correlates what it wrote. Blocks, because a spectrum
    that travels must be worth it: with b spectra in each, two blocks are b² pairs.

    Parameters
    ----------
    expected
        About how many spectra a window will have.
    """

    key = 0
    value = 1

    def __init__(self, expected: int) -> None:
        super().__init__()
        self.name = "pair_up"
        self.expected = expected

    def process_key(self, key: Any, value: Spectrum, state: list[Block] | None) -> list[Block]:
        """Add a spectrum; a block that is full meets those before it."""
        blocks = state if state is not None else [[]]
        from hpcd4p.workflows.seismic.correlation import single

        if any(value.name == other.name for block in blocks for other in block):
            raise ValueError(f"{value.name} has two traces that begin at {utc(value.start_s)}; one is kept")
        spectrum = single(value)
        blocks[-1].append(spectrum)
        if len(blocks[-1]) >= self._size(spectrum):
            self._meet(blocks)
            blocks.append([])
        return blocks

    def _size(self, spectrum: Spectrum) -> int:
        return min(max(1, MOST_BLOCK_BYTES // spectrum.values.nbytes), math.ceil(self.expected / MOST_BLOCKS))

    def _meet(self, blocks: list[Block]) -> None:
        last = blocks[-1]
        for block in blocks[:-1]:
            self.write(self.OUTPUT_NAME, (block, last))
        if len(last) > 1:
            self.write(self.OUTPUT_NAME, (last, None))

    def end_key(self, key: Any, state: list[Block]) -> None:
        """Pair up the block that was not full."""
        if sum(map(len, state)) == 1:
            (alone,) = (spectrum for block in state for spectrum in block)
            raise ValueError(
                f"{alone.name} has no partner: no other trace begins at {utc(alone.start_s)}, "
                f"lasts {alone.length_s} s and has {alone.rate_hz:g} samples/s, each about"
            )
        if state[-1]:
            self._meet(state)


class Correlate(GenericPE):
    """Two blocks of spectra (or one and None) → ``(key, correlation)`` for each pair.

    The work of phase 2, n² / 2 correlations for n spectra; no state, so all ranks of the pool share it.
    """

    def __init__(self, max_lag_s: float) -> None:
        super().__init__()
        self.name = "correlate"
        self.max_lag_s = max_lag_s
        self._add_input("input")
        self._add_output("output")

    def process(self, inputs: dict[str, Any]) -> None:
        """Correlate each spectrum of one block with each of the other."""
        for correlation in self.correlations(*inputs["input"]):
            self.write("output", (correlation.key, correlation))

    def correlations(self, block: Block, other: Block | None) -> Iterator[Correlation]:
        """Give the correlation of each pair of two blocks, or of one."""
        from hpcd4p.workflows.seismic.correlation import correlate

        for i, first in enumerate(block):
            for second in block[:i] if other is None else other:
                # blocks are made in the order of arrival, and the answer must not depend on it
                a, b = (first, second) if first.name < second.name else (second, first)
                values = correlate(a, b, self.max_lag_s)
                units = a.units if a.units == b.units else "mixed"
                yield Correlation(values, (a.name, b.name), a.rate_hz, a.start_s, 1, units)


class CorrelateAndMeasure(Correlate):
    """`Correlate` and `Measure` in one, where nothing is stacked between them.

    To find a lag takes a tenth of the time of its correlation; as an element of its own it would wait in
    Redis when a task has many pairs, and the correlation with it.
    """

    def __init__(self, max_lag_s: float, seed: int | None) -> None:
        super().__init__(max_lag_s)
        self.seed = seed
        self._add_output("pairs")

    def process(self, inputs: dict[str, Any]) -> None:
        """Correlate and measure each pair."""
        for correlation in self.correlations(*inputs["input"]):
            row = measured(correlation, self.seed)
            self.write("pairs", with_correlation(row, correlation))
            self.write("output", row)


class Stack(KeyedPE):
    """State per pair: the sum of its correlations over windows. Writes their mean at the end."""

    key = 0
    value = 1
    ordered = False  # see FIXED_POINT

    def __init__(self) -> None:
        super().__init__()
        self.name = "stack"

    def process_key(self, key: Any, value: Correlation, state: Correlation | None) -> Correlation:
        """Add a window."""
        import numpy as np

        fixed = np.rint(value.values * FIXED_POINT).astype(np.int64)
        if state is None:
            return replace(value, values=fixed)
        return replace(
            state,
            start_s=min(state.start_s, value.start_s),
            windows=state.windows + value.windows,
            units=state.units if state.units == value.units else "mixed",
            values=state.values + fixed,
        )

    def end_key(self, key: Any, state: Correlation) -> None:
        """Write the mean."""
        mean = state.values / (FIXED_POINT * state.windows)
        self.write(self.OUTPUT_NAME, (key, replace(state, values=mean)))


class Measure(IterativePE):
    """``(key, correlation)`` → the lag of the pair, as a row; on `pairs` with the correlation beside it.

    Parameters
    ----------
    seed
        Of the synthetic stations, whose lags are known; None for others.
    """

    def __init__(self, seed: int | None) -> None:
        super().__init__()
        self.name = "measure"
        self.seed = seed
        self._add_output("pairs")

    def _process(self, keyed: tuple[Key, Correlation]) -> Row:
        row = measured(keyed[1], self.seed)
        self.write("pairs", with_correlation(row, keyed[1]))
        return row


def measured(correlation: Correlation, seed: int | None) -> Row:
    """Give what is read from a correlation; ``expected_s`` is NaN where no lag is known."""
    from hpcd4p.workflows.seismic.correlation import best_lag

    a, b = correlation.pair
    expected = math.nan
    if seed is not None:
        from hpcd4p.workflows.seismic.synthetic import expected_lag_s

        expected = expected_lag_s(seed, a, b)
    peak = best_lag(correlation.values, correlation.rate_hz)
    return {
        "a": a,
        "b": b,
        "start": utc(correlation.start_s),
        "windows": correlation.windows,
        "lag_s": peak.lag_s,
        "expected_s": expected,
        "coefficient": peak.coefficient,
        "snr": peak.snr,
        "rate_hz": correlation.rate_hz,
        "units": correlation.units,
    }


def with_correlation(row: Row, correlation: Correlation) -> Row:
    """Give a row with its correlation, in single precision: there are many, and 1e-7 is enough."""
    return row | {"correlation": correlation.values.astype("float32")}


class Overview(GenericPE):
    """Counts all pairs and keeps the best of them, for the words at the end: there may be millions."""

    ordered = False

    def __init__(self, top: int) -> None:
        super().__init__()
        self.name = "overview"
        self.top = top
        self.pairs = 0
        self.in_counts = 0
        self.known = 0
        self.within = 0
        self.worst_s = 0.0
        self.best: list[Row] = []
        self._add_input("input", grouping="global")
        self._add_output("best")
        self._add_output("overview")

    def process(self, inputs: dict[str, Any]) -> None:
        """Consider one pair."""
        row = inputs["input"]
        self.pairs += 1
        self.in_counts += row["units"] != "m/s"
        if not math.isnan(row["expected_s"]):
            error = abs(row["lag_s"] - row["expected_s"])
            self.known += 1
            self.within += error * row["rate_hz"] <= 1
            self.worst_s = max(self.worst_s, error)
        self.best.append(row)
        if len(self.best) > 100 * self.top:  # seldom, so that sorting costs little per pair
            self._cut()

    def _cut(self) -> None:
        self.best.sort(key=lambda row: (-abs(row["coefficient"]), row["a"], row["b"], row["start"]))
        del self.best[self.top :]

    def _postprocess(self) -> None:
        self._cut()
        for row in self.best:
            self.write("best", row)
        self.write(
            "overview",
            {
                "pairs": self.pairs,
                "not_in_m_s": self.in_counts,
                "known": self.known,
                "within_a_sample": self.within,
                "worst_s": self.worst_s,
            },
        )
