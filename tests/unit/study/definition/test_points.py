"""The points of a study: which, in which order, under which names, with which command line."""

from __future__ import annotations

import pytest

from hpcd4p.cli.known_settings import all_settings
from hpcd4p.errors import SettingsError
from hpcd4p.study.definition.points import MOST_KEY, covering, points_of
from hpcd4p.study.definition.study_file import parse_study

SETTINGS = frozenset(all_settings())


def points(**tables):
    tables.setdefault("study", {"workflow": "flow.py"})
    return points_of(parse_study(tables, "s.toml", SETTINGS), SETTINGS)


def test_points_are_the_product_of_the_axes_and_repeats_come_last():
    found = points(
        study={"workflow": "flow.py", "repeats": 2}, axes={"ranks": [1, 4], "autoscale": ["none", "knee"]}
    )
    assert [p.key for p in found] == [
        "ranks=1,autoscale=none,repeat=1",
        "ranks=1,autoscale=knee,repeat=1",
        "ranks=4,autoscale=none,repeat=1",
        "ranks=4,autoscale=knee,repeat=1",
        "ranks=1,autoscale=none,repeat=2",
        "ranks=1,autoscale=knee,repeat=2",
        "ranks=4,autoscale=none,repeat=2",
        "ranks=4,autoscale=knee,repeat=2",
    ]
    assert found[3].words == ("run", "-n=4", "--autoscale=knee", "flow.py")
    assert found[0].words == ("run", "--autoscale=none", "flow.py")


def test_zipped_axes_go_side_by_side():
    found = points(axes={"ranks": [2, 4], "size": [10, 20]}, points={"combine": "zip"})
    assert [p.axes for p in found] == [{"ranks": 2, "size": 10}, {"ranks": 4, "size": 20}]


def test_zipped_axes_have_one_length():
    with pytest.raises(SettingsError, match="ranks 2, size 1"):
        points(axes={"ranks": [2, 4], "size": [10]}, points={"combine": "zip"})


def test_excluded_points_are_left_out():
    found = points(
        axes={"ranks": [2, 4, 8], "size": [1, 2]},
        points={"exclude": [{"ranks": [4, 8], "size": 2}, {"ranks": 2, "size": 1}]},
    )
    assert [tuple(p.axes.values()) for p in found] == [(2, 2), (4, 1), (8, 1)]


def test_a_study_of_which_nothing_is_left_is_told():
    with pytest.raises(SettingsError, match="has no points"):
        points(axes={"ranks": [2]}, points={"exclude": [{"ranks": 2}]})


def test_options_of_the_workflow_and_settings_are_told_apart():
    (found,) = points(
        study={"workflow": "flow.py", "inputs": "in.json"},
        axes={"galaxies": [3], "heavy": [True], "iterations": [5]},
        settings={"task_s": 0.5},
        options={"time_scale": 0.1, "plot": False},
    )
    assert found.words == (
        "run", "--task-s=0.5", "-i=5", "--file=in.json", "flow.py", "--", "--time-scale=0.1", "--galaxies=3",
        "--heavy",
    )  # fmt: skip


def test_weak_scaling_multiplies_what_grows_by_the_ranks():
    found = points(
        study={"workflow": "flow.py", "scaling": "weak", "grows": ["size"]},
        axes={"ranks": [1, 2, 8]},
        options={"size": 100},
    )
    assert [p.words[-1] for p in found] == ["--size=100", "--size=200", "--size=800"]


@pytest.mark.parametrize(
    ("axes", "launch", "nodes"),
    [
        ({"ranks": [16]}, {}, 1),
        ({"ranks": [16]}, {"ranks_per_node": 8}, 2),
        ({"ranks": [4]}, {"ranks_per_node": 8}, 1),
        ({"ranks": [16], "nodes": [4]}, {"ranks_per_node": 8}, 4),
    ],
)
def test_nodes_follow_from_the_ranks_of_a_node_or_are_an_axis(axes, launch, nodes):
    (found,) = points(axes=axes, launch=launch)
    assert found.nodes == nodes


def test_ranks_that_cannot_be_spread_evenly_are_told():
    with pytest.raises(SettingsError, match="9 ranks cannot be spread evenly over 2 nodes"):
        points(axes={"ranks": [9]}, launch={"ranks_per_node": 8})


@pytest.mark.parametrize("value", ["four", 0, True, 2.5])
def test_ranks_are_whole_numbers_above_0(value):
    with pytest.raises(SettingsError, match="whole numbers above 0"):
        points(axes={"ranks": [value]})


def test_keys_are_names_of_folders_and_stay_apart():
    found = points(axes={"text": ["a/b", "a_b", "a b", "x" * 300, "x" * 301]})
    keys = [p.key for p in found]
    assert len(set(keys)) == 5
    for key in keys:
        assert "/" not in key
        assert " " not in key
        assert len(key) <= MOST_KEY
        assert key.endswith("repeat=1")


def test_a_configuration_is_called_by_its_name():
    (found,) = points(study={}, axes={"config": ["configs/seismic.toml"]})
    assert found.key == "config=seismic,repeat=1"
    assert found.words == ("run", "--config=configs/seismic.toml")


def test_two_configurations_of_one_name_are_told():
    with pytest.raises(SettingsError, match="both called config=a"):
        points(study={}, axes={"config": ["x/a.toml", "y/a.toml"]})


def test_a_few_points_hold_every_value_of_every_axis():
    found = points(axes={"ranks": [1, 2, 4, 8], "size": [1, 2, 3], "policy": ["a", "b"]})
    few = covering(found)
    assert len(few) == 4
    for name in ("ranks", "size", "policy"):
        assert {p.axes[name] for p in few} == {p.axes[name] for p in found}


def test_a_switch_is_a_word_without_a_value():
    found = points(axes={"ordered_outputs": [False, True]})
    assert [p.words for p in found] == [
        ("run", "--no-ordered-outputs", "flow.py"),
        ("run", "--ordered-outputs", "flow.py"),
    ]
