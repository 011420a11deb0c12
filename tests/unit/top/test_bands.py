from __future__ import annotations

import pytest

from hpcd4p.live.document import Ranks
from hpcd4p.top.bands import bands, look_of, strip
from hpcd4p.top.history import Unit, units_of
from hpcd4p.top.lines import plain
from tests.unit.live.documents import document, rank_row
from tests.unit.top.scenes import grouped, seen, usual


def pool(states: str) -> list[Ranks]:
    names = {"w": "working", "i": "idle", "p": "parked", "x": "lost", "u": "unclear", "l": "left"}
    return [rank_row(str(rank), state=names[state]) for rank, state in enumerate(states)]


def strip_of(*moments: str) -> str:
    """What one line shows for the ranks of a pool, a word for each moment and a letter for each rank."""
    statuses = [document(written=float(at), ranks=pool(states)) for at, states in enumerate(moments)]
    _, history = seen(*statuses)
    (band,) = bands(history.samples[-1].units, 1)
    return plain(tuple(strip(band, list(history.samples))))


def test_each_rank_has_a_line_if_there_is_room():
    made = bands(units_of(usual(0).ranks), 8)
    assert [band.label for band in made] == [str(rank) for rank in range(8)]


def test_ranks_of_a_role_share_lines_where_they_would_not_fit():
    made = bands(units_of(usual(0, size=64).ranks), 10)
    assert [(band.label, band.role) for band in made[:3]] == [
        ("0", "head"),
        ("1", "stateful"),
        ("2-9", "pool"),
    ]
    assert len(made) == 10
    assert sum(len(band.units) for band in made) == 64


@pytest.mark.parametrize("room", [1, 2, 3])
def test_with_next_to_no_room_there_is_a_line_for_each_role(room):
    made = bands(units_of(usual(0, size=64).ranks), room)
    assert [band.role for band in made] == (
        ["head", "stateful", "pool"] if room == 3 else ["head", "pool", "stateful"]
    )
    assert sum(len(band.units) for band in made) == 64


def test_ten_thousand_ranks_have_a_line_for_each_role_and_host():
    units = units_of(grouped(0).ranks)
    made = bands(units, 10)
    assert [band.label for band in made] == ["1 rank", "500 ranks", "9,499 ranks"]
    assert look_of(made[2], units).states == {"working": 8499, "parked": 990, "lost": 10}
    assert made[2].units == (Unit("pool", "", -1),)


def test_units_of_many_hosts_go_together_by_role():
    rows = [rank_row(f"{n}0-{n}9", count=10, host=f"n{n}") for n in range(1, 10)]
    units = units_of(rows)
    assert [band.label for band in bands(units, 9)][:1] == ["10 ranks n1"]
    (band,) = bands(units, 3)
    assert band.label == "90 ranks"


@pytest.mark.parametrize(
    ("moments", "shown"),
    [
        (["w", "i", "p", "u", "x", "l"], "█·_▒x-"),
        (["wwww", "wwii", "wiii", "iiii", "iipp", "ippp"], "█▄▂··_"),
        (["wwww", "wwwx", "wwwx", "iiix", "xxxx"], "█x█·x"),
        (["llll"], "-"),
        (["wlll"], "█"),
    ],
)
def test_a_cell_says_what_the_ranks_of_a_line_did(moments, shown):
    assert strip_of(*moments) == shown


def test_a_rank_that_rests_in_part_of_its_time_works_that_much():
    rows = [rank_row("0", state="working", load=0.5)]
    _, history = seen(usual(0, ranks=rows), usual(1, ranks=[rank_row("0", state="working", load=0.0)]))
    (band,) = bands(history.samples[-1].units, 1)
    assert plain(tuple(strip(band, list(history.samples)))) == "▄▁"


def test_a_line_whose_ranks_were_not_told_of_before_is_empty_there():
    _, history = seen(usual(0, ranks=pool("w")), usual(1, ranks=pool("ww")))
    made = bands(history.samples[-1].units, 2)
    assert plain(tuple(strip(made[1], list(history.samples)))) == " █"
