"""The drawings of a page: well-formed, of text that stays text, and where they should be."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hpcd4p.histogram import Histogram
from hpcd4p.record.page.axis import step_of, words_of
from hpcd4p.record.page.graph import MOST_WIDE, Arrow, Box, graph
from hpcd4p.record.page.layers import Edge, layers_of
from hpcd4p.record.page.lines import MOST_POINTS, Line, lines
from hpcd4p.record.page.markup import Markup, tag, text
from hpcd4p.record.page.spread import BARS, spread
from hpcd4p.record.page.strips import CELLS, Moment, Strip, cells_of, strips
from hpcd4p.record.times import Times
from tests.unit.record.page.drawn import drawing, titles

EVIL = "<script>alert('&\"')</script>"


def graphs():
    return st.integers(1, 12).flatmap(
        lambda n: st.tuples(
            st.just(n), st.lists(st.tuples(st.integers(0, n - 1), st.integers(0, n - 1)), max_size=25)
        )
    )


def test_text_stays_text_and_markup_stays_markup():
    assert text(EVIL) == "&lt;script&gt;alert(&#x27;&amp;&quot;&#x27;)&lt;/script&gt;"
    assert tag("b", EVIL, title=EVIL) == f'<b title="{text(EVIL)}">{text(EVIL)}</b>'
    assert tag("p", tag("b", "x"), None, Markup("<i>y</i>")) == "<p><b>x</b><i>y</i></p>"


def test_what_no_page_may_hold_is_replaced():
    drawing(tag("p", "zero \0 bell \7 half \ud800 tab \t"))


@given(graphs())
def test_an_edge_leads_from_a_layer_to_a_later_one(given_graph):
    count, pairs = given_graph
    edges = [Edge(min(a, b), max(a, b)) for a, b in pairs if a != b]
    layers = layers_of(count, edges)
    layer = {node: at for at, line in enumerate(layers.nodes) for node in line}
    assert sorted(node for node in layer if isinstance(node, int)) == list(range(count))
    for edge, way in zip(edges, layers.ways, strict=True):
        assert (way[0], way[-1]) == edge
        assert [layer[node] for node in way] == list(range(layer[edge.source], layer[edge.target] + 1))


def test_edges_that_need_not_cross_do_not():
    """Two chains side by side whose second elements are named the other way round."""
    layers = layers_of(4, [Edge(0, 3), Edge(1, 2)])
    assert layers.nodes in ([[0, 1], [3, 2]], [[1, 0], [2, 3]])


def test_a_circle_is_drawn_all_the_same():
    layers = layers_of(3, [Edge(0, 1), Edge(1, 2), Edge(2, 1)])
    assert sorted(n for line in layers.nodes for n in line if isinstance(n, int)) == [0, 1, 2]


@given(graphs())
def test_boxes_do_not_lie_over_each_other(given_graph):
    count, pairs = given_graph
    boxes = [Box(f"PE{n}", "stateless", ("1 ms", "busy 1 s"), share=n / 12) for n in range(count)]
    arrows = [Arrow(min(a, b), max(a, b), "3 k/s") for a, b in pairs]
    made = graph(boxes, arrows, "a graph")
    drawing(made)
    corners = [
        (float(x), float(y))
        for x, y in re.findall(r'<g transform="translate\(([-\d.]+) ([-\d.]+)\)" class="box', made)
    ]
    assert len(corners) == count
    for at, (x, y) in enumerate(corners):
        assert all(abs(x - u) >= 168 or abs(y - v) >= 62 for u, v in corners[at + 1 :])


def test_a_long_chain_goes_down_and_stays_as_wide_as_a_page():
    boxes = [Box(f"PE{n}", "stateless") for n in range(40)]
    root = drawing(graph(boxes, [Arrow(n, n + 1) for n in range(39)], "a chain"))
    _, _, width, height = map(float, root.attrib["viewBox"].split())
    assert width < MOST_WIDE < height


def test_names_of_users_are_text():
    box = Box(EVIL, "source", (EVIL,), EVIL, 0.5, EVIL)
    root = drawing(graph([box, box], [Arrow(0, 1, EVIL, EVIL)], EVIL))
    assert not [each for each in root.iter() if "script" in str(each.tag)]
    assert any(EVIL in title for title in titles(root))
    drawing(spread(Times.of(Histogram([(5, 3)])), EVIL))
    drawing(strips([Strip(EVIL, EVIL, [1.0], [0.0], [0.0])], 1.0, [Moment(0.5, EVIL, "lost")], EVIL))
    drawing(lines([0.0, 1.0], [Line(EVIL, [1.0, 2.0], "first")], 1.0, EVIL))


@pytest.mark.parametrize(
    "pairs", [[(-200, 1)], [(-200, 5), (-199, 9), (40, 1)], [(b, 1) for b in range(-480, 368)]]
)
def test_all_tuples_are_in_the_bars(pairs):
    root = drawing(spread(Times.of(Histogram(pairs)), "times"))
    bars = [each for each in root.iter("rect")]
    assert 1 <= len(bars) <= BARS + 1
    told = [int(t.replace(",", "")) for title in titles(root) for t in re.findall(r"([\d,]+) tuples", title)]
    assert sum(told) == sum(tuples for _, tuples in pairs)
    assert {"p50", "p99"} <= {each.text for each in root.iter("text")}


def test_seconds_in_bins_become_parts_of_cells():
    cells = cells_of([1.0, 1.0, 0.0, 0.5], 0.0, 1.0, 4.0, 8)
    assert cells == pytest.approx([1, 1, 1, 1, 0, 0, 0.5, 0.5])
    assert cells_of([2.0], -1.0, 2.0, 2.0, 2) == pytest.approx([1, 0])
    assert cells_of([1.0], 9.5, 1.0, 10.0, 2) == pytest.approx([0, 0.1])
    assert sum(cells_of([0.3] * 50, 0.01, 0.5, 30.0)) * 30 / CELLS == pytest.approx(15)


def test_equal_cells_are_one_and_all_strips_share_a_path():
    rows = [Strip(str(n), f"rank {n}", [1.0] * 50 + [0.0] * 50, [0.0] * 100, [0.0] * 100) for n in range(64)]
    made = strips(rows, 10.0, [], "ranks")
    paths = [each for each in drawing(made).iter("path") if each.attrib["class"].startswith("busy")]
    assert [each.attrib["d"].count("z") for each in paths] == [64, 64]
    assert len(made) < 20_000


def test_many_ranks_share_strips():
    rows = [Strip(str(n), f"rank {n}", [float(n % 2)], [0.0], [0.0]) for n in range(1000)]
    root = drawing(strips(rows, 1.0, [], "ranks"))
    assert len([each for each in root.iter("rect")]) <= 225
    assert "ranks 0 to 4, on average" in "\n".join(titles(root))


def test_of_many_looks_the_highest_are_drawn():
    values = [0.0] * 20_000
    values[12_345] = 7.0
    made = lines([n / 10 for n in range(20_000)], [Line("waits", values, "first")], 2000.0, "backlog")
    assert made.count("H") <= 2 * MOST_POINTS + 10
    assert "V12" in made  # the top of the axis


@pytest.mark.parametrize(
    ("elapsed_s", "step", "words"),
    [
        (0.004, 0.0005, "0.0010 s"),
        (1.5, 0.2, "0.4 s"),
        (7.0, 1.0, "2 s"),
        (700.0, 120.0, "4:00"),
        (30_000.0, 7200.0, "4:00:00"),
    ],
)
def test_marks_are_at_times_that_people_count_in(elapsed_s, step, words):
    assert step_of(elapsed_s) == pytest.approx(step)
    assert words_of(2 * step, step) == words
