from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from hpcd4p.top.grid import Column, grid
from hpcd4p.top.lines import Span, cells, plain

COLUMNS = [Column("element", 9), Column("runs as", 1, left=True), Column("in", 5)]
ROWS = [[Span("Numbers0"), Span("source"), Span("1,200")], [Span("Work1"), Span("stateless"), Span("7")]]


def test_names_are_flush_left_and_numbers_right():
    assert [plain(each) for each in grid(COLUMNS, ROWS, 40)] == [
        "element   runs as       in",
        "Numbers0  source     1,200",
        "Work1     stateless      7",
    ]


def test_the_column_that_matters_least_goes_first_and_the_name_is_cut_last():
    assert [plain(each) for each in grid(COLUMNS, ROWS, 16)] == [
        "element      in",
        "Numbers0  1,200",
        "Work1         7",
    ]
    assert [plain(each) for each in grid(COLUMNS, ROWS, 5)] == ["el…nt", "Nu…s0", "Work1"]


@given(st.integers(1, 60), st.text(max_size=50), st.text(max_size=50))
def test_a_table_is_never_wider_than_it_may_be(width, name, cell):
    rows = [*ROWS, [Span(name), Span(cell), Span(cell)]]
    assert all(cells(plain(each)) <= width for each in grid(COLUMNS, rows, width, mark=2))


def test_the_chosen_row_is_marked_over_the_whole_width():
    row = grid(COLUMNS, ROWS, 40, mark=0)[1]
    assert cells(plain(row)) == 40
    assert {span.style for span in row} == {"chosen"}
