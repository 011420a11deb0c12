"""Scales and legends of figures."""

from __future__ import annotations

import pytest

from hpcd4p.record.picture import load_matplotlib
from hpcd4p.study.report.panels import (
    ACROSS,
    MARKERS,
    PALETTE,
    grid,
    is_log,
    legend,
    style_of,
    thinned,
    title_of,
)


@pytest.mark.parametrize(
    ("values", "log"),
    [
        ([1, 2, 4, 8], True),
        ([3, 6, 12], True),
        ([2, 3, 5, 9, 17, 33], True),
        ([0.001, 0.003, 0.01, 0.03, 0.1], True),
        ([1, 10, 100], True),
        ([4, 8, 12, 16], False),
        ([1, 2, 3, 4, 5, 6, 7, 8], False),
        ([2, 4], False),
        ([0, 1, 2, 64], False),
        ([-1, 2, 4], False),
    ],
)
def test_x_is_logarithmic_where_its_values_are(values, log):
    assert is_log(values, True) is log
    assert not is_log([str(v) for v in values], False)


def test_few_ticks_with_the_last_among_them():
    assert thinned([1, 2, 4]) == [1, 2, 4]
    found = thinned(list(range(1, 101)))
    assert len(found) <= 9
    assert found[-1] == 100


def test_colours_and_markers_differ_up_to_eight_lines_and_colours_beyond():
    assert len({(style_of(i, 8)["color"], style_of(i, 8)["marker"]) for i in range(8)}) == 8
    assert len(set(PALETTE)) == len(set(MARKERS)) == 8
    assert len({style_of(i, 20)["color"] for i in range(20)}) == 20


def test_long_titles_are_broken():
    assert title_of("a = 1, b = 2") == "a = 1, b = 2"
    assert title_of("autoscale = backlog, mapping = dynamic") == "autoscale = backlog\nmapping = dynamic"


@pytest.mark.parametrize("count", [1, 2, 3, 4, 7, 12])
def test_a_grid_has_as_many_panels_as_are_asked_for(count):
    figure, axes = grid(load_matplotlib(), count)
    assert len(axes) == count
    assert sum(axis.get_visible() for axis in figure.axes) == count
    assert sum(axis.xaxis.get_tick_params()["labelbottom"] for axis in axes) == min(count, ACROSS)


def test_a_legend_goes_row_by_row_and_the_figure_grows_with_it():
    from matplotlib.lines import Line2D

    figure, _ = grid(load_matplotlib(), 1)
    before = figure.get_figheight()
    lines = [Line2D([], [], label=f"a long name {i}") for i in range(5)]
    legend(figure, lines, [Line2D([], [], label="ideal")], "axis")
    texts = [t.get_text() for t in figure.legends[0].get_texts()]
    columns = figure.legends[0]._ncols
    rows = len(texts) // columns
    assert rows > 1
    by_row = [texts[column * rows + row] for row in range(rows) for column in range(columns)]
    assert [t for t in by_row if t] == [*(f"a long name {i}" for i in range(5)), "ideal"]
    assert figure.get_figheight() > before
