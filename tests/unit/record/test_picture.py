"""Pictures of runs."""

from __future__ import annotations

import builtins
import xml.etree.ElementTree as ElementTree
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from hpcd4p.errors import MissingPackage, RecordError
from hpcd4p.record.history import Timelines, timelines_of
from hpcd4p.record.moves import Move, Place
from hpcd4p.record.picture import check_name, draw
from hpcd4p.record.scaling import Scaling
from hpcd4p.record.summary import ElementFigures, RankFigures, Summary
from tests.unit.record.scalings import contended, tick


def run_of(ranks: int, looks: int = 50) -> tuple[Summary, Scaling, Timelines]:
    scaling = Scaling("knee", ranks - 1)
    for i in range(1, looks + 1):
        scaling.keep(tick(i * 10.0 / looks, active=ranks - 1, target=ranks - 1))
    dice = np.random.default_rng(1)
    busy = dice.random((ranks - 1, 64), "f4") * 0.15
    timelines = Timelines(
        list(range(1, ranks)), [-0.1] * (ranks - 1), 0.16, busy, np.zeros_like(busy), np.zeros_like(busy)
    )
    figures = [RankFigures(r, "n1", role="pool" if r else "head") for r in range(ranks)]
    return Summary("w", ranks=ranks, elapsed_s=10.0, ranks_figures=figures), scaling, timelines


def pixels(path: Path) -> np.ndarray:
    from matplotlib.image import imread

    return imread(path)


@pytest.mark.parametrize("ranks", [2, 3, 16, 200, 1000])
def test_any_number_of_ranks_makes_a_picture(ranks: int, tmp_path: Path) -> None:
    path = tmp_path / "run.png"
    draw(path, *run_of(ranks))
    height, width, _ = pixels(path).shape
    assert width == 1400
    assert 700 < height < 1700
    assert list(tmp_path.iterdir()) == [path]


@pytest.mark.parametrize(("ranks", "hand_overs"), [(8, 3), (8, 300), (64, 40)])
def test_partitions_that_move_are_marked_and_who_holds_them_is_a_panel(
    ranks: int, hand_overs: int, tmp_path: Path
) -> None:
    summary, scaling, timelines = run_of(ranks)
    draw(tmp_path / "without.svg", summary, scaling, timelines)
    for i in range(hand_overs):
        at, target = 1 + 8 * i / hand_overs, 2 + i % (ranks - 2)
        scaling.moves.made.append(Move(at - 0.1, at, "Sum2", i, 1, target, 10, 0.1, 1.0, 2.0))
    scaling.moves.first = [Place("Sum2", p, 1) for p in range(hand_overs + 8765)]
    draw(tmp_path / "with.svg", summary, scaling, timelines)
    without, text = ((tmp_path / f"{name}.svg").read_text() for name in ("without", "with"))
    for word in ("partition moves", "of rank", *(["8,765"] if hand_overs < 40 else [])):
        assert word in text
        assert word not in without
    assert len(text) < 3_000_000


def test_a_long_run_makes_a_picture_of_a_few_points(tmp_path: Path) -> None:
    draw(tmp_path / "run.svg", *run_of(4, looks=5000))
    assert (tmp_path / "run.svg").stat().st_size < 500_000


def test_the_words_of_the_picture_are_text_in_svg_and_it_is_the_same_each_time(tmp_path: Path) -> None:
    summary, scaling = contended()
    for name in ("a.svg", "b.SVG"):
        draw(tmp_path / name, summary, scaling, timelines_of(scaling.timelines))
    ElementTree.parse(tmp_path / "a.svg")
    text = (tmp_path / "a.svg").read_text()
    for word in ("crunch on 16 ranks, policy knee", "busy", "idle", "parked", "(tuples/s)", "run (s)"):
        assert word in text
    assert text == (tmp_path / "b.SVG").read_text()


def test_ranks_that_were_lost_or_are_fixed_and_runs_without_looks_are_drawn(tmp_path: Path) -> None:
    summary, _, timelines = run_of(6)
    summary.ranks_figures[1].role = "stateful"
    summary.ranks_figures[4].state = "lost"
    kept = [0, 1, 2, 4]
    timelines = Timelines(
        [timelines.ranks[i] for i in kept],
        [timelines.began_s[i] for i in kept],
        timelines.bin_s,
        timelines.busy[kept],
        timelines.parked[kept],
        timelines.lent[kept],
    )
    draw(tmp_path / "a.svg", summary, Scaling("knee", 0), timelines)
    text = (tmp_path / "a.svg").read_text()
    for word in ("lost", "stateful", "group"):
        assert word in text
    assert "throughput" not in text


def test_colours_are_parts_of_time() -> None:
    from hpcd4p.record.picture import BUSY, IDLE, PARKED, _image

    busy = np.array([[0.5, 0.0, 1.0, 0.0]])
    parked = np.array([[0.0, 1.0, 0.0, 0.0]])
    summary = Summary("w", ranks=2, elapsed_s=4.0, ranks_figures=[RankFigures(0), RankFigures(1)])
    image, ranks = _image(summary, Timelines([1], [0.0], 1.0, busy, parked, 0 * parked))
    assert ranks == [1]
    from matplotlib.colors import to_rgb

    for at, parts in enumerate([(0.5, 0.5, 0), (0, 0, 1), (1, 0, 0), (0, 1, 0)]):
        for colour, part in zip((BUSY, IDLE, PARKED), parts, strict=True):
            here = np.isclose(image[:, at], to_rgb(colour)).all(axis=1)
            assert here.mean() == pytest.approx(part, abs=0.01)


# ---- bad input


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("a.jpg", "ends in .png, .svg, .pdf"),
        ("a", "ends in .png"),
        ("no/a.png", "does not exist"),
        ("folder.png", "is a folder"),
    ],
)
def test_a_name_that_cannot_be_is_one_message(name: str, words: str, tmp_path: Path) -> None:
    (tmp_path / "folder.png").mkdir()
    with pytest.raises(RecordError, match=words) as caught:
        check_name(tmp_path / name)
    assert caught.value.status == 2


def test_a_disk_that_is_full_leaves_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(self: Path, target: Path) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(Path, "replace", full)
    with pytest.raises(RecordError, match="cannot be written: No space left"):
        draw(tmp_path / "a.png", *run_of(3))
    assert list(tmp_path.iterdir()) == []


def test_without_matplotlib_the_extra_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    real = builtins.__import__

    def lacks(name: str, *rest: Any, **more: Any) -> object:
        if name.partition(".")[0] == "matplotlib":
            raise ModuleNotFoundError("No module named 'matplotlib'", name="matplotlib")
        return real(name, *rest, **more)

    monkeypatch.setattr(builtins, "__import__", lacks)
    with pytest.raises(MissingPackage, match=r"hpcd4p\[plot\]") as caught:
        draw(tmp_path / "a.png", *run_of(3))
    assert caught.value.status == 2


# ---- what each panel is for


def panels_of(summary: Summary, scaling: Scaling, timelines: Timelines) -> list:
    import matplotlib

    from hpcd4p.record.picture import figure_of

    return figure_of(matplotlib, summary, scaling, timelines).axes


def test_the_panel_of_the_pool_has_lines_where_that_of_the_ranks_has_areas() -> None:
    from matplotlib.colors import to_hex

    from hpcd4p.record.picture import BUSY, IDLE, PARKED

    ranks, pool, *_ = panels_of(*run_of(8))
    assert ranks.images
    assert not pool.images
    assert not pool.collections, "an area"
    drawn = [p for p in pool.patches if not p.get_fill()]
    assert [p.get_label() for p in drawn] == ["active", "with work", "target of the policy"]
    assert not {to_hex(p.get_edgecolor()).upper() for p in drawn} & {BUSY, IDLE, PARKED}


def pulses(every: int, looks: int = 100) -> Scaling:
    """A tuple is done in every so many looks of 0.1 s."""
    scaling = Scaling("knee", 3)
    for i in range(1, looks + 1):
        scaling.keep(tick(i / 10, arrived=10.0 * (i % every == 0), done=10.0 * (i % every == 0)))
    return scaling


def element(tuples: int, each_s: float) -> ElementFigures:
    return ElementFigures("Work", "stateless", tuples, tuples, 0, tuples * each_s, 3)


@pytest.mark.parametrize(("every", "each_s"), [(3, 0.2), (7, 0.05), (2, 1.0)])
def test_the_throughput_is_no_comb_of_single_tasks(every: int, each_s: float) -> None:
    summary, _, timelines = run_of(4)
    summary.elements = [element(100 // every, each_s)]
    throughput = panels_of(summary, pulses(every), timelines)[-1]
    for stairs in throughput.patches:
        values, edges, _ = stairs.get_data()
        assert min(np.diff(edges)) >= 4 * max(each_s, every / 10) - 1e-6
        assert min(values) > 0.5 * max(values), stairs.get_label()


def test_the_averages_of_the_throughput_keep_its_sum() -> None:
    from hpcd4p.record.pool_panels import _averages

    looks = pulses(3).ticks
    edges, rates = _averages(looks, [t.done for t in looks], 1.2)
    assert (rates * np.diff(edges)).sum() == pytest.approx(33.0)
    assert (edges[0], edges[-1]) == (0.0, 10.0)


def test_quick_tasks_are_drawn_as_they_were_seen() -> None:
    summary, scaling, timelines = run_of(4)
    summary.elements = [element(1_000_000, 1e-5)]
    stairs = panels_of(summary, scaling, timelines)[-1].patches[0]
    assert len(stairs.get_data().values) == len(scaling.ticks)
