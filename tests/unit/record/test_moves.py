"""Partitions that moved: in short, in words, and who held how many when."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hpcd4p.record.move_figures import figures_of, load_of
from hpcd4p.record.move_panel import holders
from hpcd4p.record.moves import Move, Moves, Place, ranks_in_words, sentence
from hpcd4p.record.report import summary_text
from hpcd4p.record.scaling import RankTimeline
from hpcd4p.record.summary import Summary


def move(time_s: float, partition: int, source: int, target: int) -> Move:
    return Move(time_s - 0.1, time_s, "Sum2", partition, source, target, 1000, 0.4, 0.98, 3.25)


MOVES = Moves(
    [move(4.1, 0, 1, 2), move(4.2, 1, 1, 3), move(8.0, 0, 2, 3)], [Place("Sum2", p, 1) for p in range(4)]
)
LINES = [
    RankTimeline(1, 0.0, 0.5, [0.5] * 8 + [0.25] * 12, [0.0] * 20),
    RankTimeline(2, 0.0, 0.5, [0.0] * 8 + [0.2] * 12, [0.0] * 20),
    RankTimeline(7, 0.0, 0.5, [0.5] * 20, [0.0] * 20),
]


def test_in_short_they_are_how_many_whose_and_what_the_loads_were() -> None:
    figures = figures_of(MOVES, LINES, 10.0)
    assert figures is not None
    assert (figures.made, figures.partitions, figures.size) == (3, 2, 3000)
    assert (figures.first_s, figures.last_s) == (pytest.approx(4.0), 8.0)
    assert (figures.sources, figures.targets, figures.first_source) == ([1, 2], [2, 3], 1)
    loads = [(load.rank, load.before, load.after) for load in figures.loads]  # rank 3 has told nothing
    assert loads == [(1, 1.0, pytest.approx(0.5)), (2, 0.0, pytest.approx(0.4))]


def test_the_summary_says_them_in_a_line_if_there_were_any() -> None:
    summary = Summary("w", ranks=8, moves=figures_of(MOVES, LINES, 10.0))
    said = (
        "2 partitions moved from ranks 1 and 2 to ranks 2 and 3, in 3 hand-overs (4.00 s to 8.00 s into the "
        "run; 3 kB of state), for rank 1 was busy for 98 % of the time, with 3.25 s of work in line. "
        "Inside elements in the time before and after: rank 1 100 % and 50 %, rank 2 0 % and 40 %."
    )
    assert said in summary_text(summary)
    assert summary.moves is not None
    assert sentence(summary.moves) == said
    again = Summary.from_dict(summary.as_dict())
    assert again.moves == summary.moves
    summary.moves = figures_of(Moves(), LINES, 10.0)
    assert summary.moves is None
    assert "partition" not in summary_text(summary)


@pytest.mark.parametrize(
    ("ranks", "words"),
    [([4], "rank 4"), ([1, 2], "ranks 1 and 2"), (list(range(9)), "ranks 0, 1, 2, 3, 4 and 4 more")],
)
def test_few_ranks_are_named_of_many_the_first(ranks: list[int], words: str) -> None:
    assert ranks_in_words(ranks) == words


@given(st.lists(st.floats(0, 0.5), max_size=20), st.floats(-3, 12), st.floats(-3, 12))
def test_a_load_is_a_part_of_the_time_that_is_known(busy: list[float], begin_s: float, end_s: float) -> None:
    load = load_of(RankTimeline(1, -1.0, 0.5, busy, []), begin_s, end_s)
    if load is None:
        assert end_s - max(begin_s, -1.0) < 0.25
    else:
        assert 0 <= load <= 1


def test_who_holds_how_many_when() -> None:
    assert holders(MOVES, 10.0) == {
        1: [(0.0, 4.1, 4), (4.1, 4.2, 3), (4.2, 10.0, 2)],
        2: [(0.0, 4.1, 0), (4.1, 8.0, 1), (8.0, 10.0, 0)],
        3: [(0.0, 4.2, 0), (4.2, 8.0, 1), (8.0, 10.0, 2)],
    }


@given(st.lists(st.tuples(st.integers(0, 5), st.integers(1, 6), st.floats(0, 9)), max_size=12))
def test_no_partition_is_lost_or_held_twice(asked: list[tuple[int, int, float]]) -> None:
    owners, made = dict.fromkeys(range(6), 1), []
    for partition, target, time_s in sorted(asked, key=lambda each: each[2]):
        if owners[partition] != target:
            made.append(move(time_s, partition, owners[partition], target))
            owners[partition] = target
    spans = holders(Moves(made, [Place("Sum2", p, 1) for p in range(6)]), 10.0)
    for at in (0.5, 3.3, 7.7, 9.99):
        held = [number for each in spans.values() for begin, end, number in each if begin < at <= end]
        assert sum(held) == 6
        assert min(held) >= 0
