"""Every shipped workflow gives the answer of one process, in every mapping that admits it."""

from __future__ import annotations

from functools import cache

import pytest

from tests.e2e.harness import Runs
from tests.e2e.test_equality import assert_same

SHIPPED = {
    "concordance": ("--input", "FOLDER"),
    "extinction": ("--galaxies", "12", "--time-scale", "0.02"),
    "seismic": ("--stations", "5", "--minutes", "10"),
    "sentiment": ("--articles", "60"),
}
"""Workflow → options that make it small."""

WITHOUT_STATE = {"extinction"}

HYBRID_RANKS = (2, 5)
OTHER_RANKS = 5
"""What a shipped workflow imports takes seconds of a core on each rank: other numbers are for the gallery."""

CASES = [
    *((name, "hybrid", n) for name in SHIPPED for n in HYBRID_RANKS),
    *((name, "static", OTHER_RANKS) for name in SHIPPED),
    *((name, "dynamic", OTHER_RANKS) for name in SHIPPED if name in WITHOUT_STATE),
]


@pytest.fixture(scope="module")
def words_of(tmp_path_factory):
    folder = tmp_path_factory.mktemp("texts")
    for i in range(6):
        (folder / f"{i}.txt").write_text("the cat and the hat\n" * (i + 1))
    return lambda name: [str(folder) if word == "FOLDER" else word for word in SHIPPED[name]]


@pytest.fixture(scope="module")
def sequential(tmp_path_factory, words_of):
    """The run of one process, made once for each workflow."""
    runs = Runs(tmp_path_factory.mktemp("sequential"))

    @cache
    def run(name):
        ended = runs.run(f"hpcd4p.workflows.{name}", 1, *words_of(name), "--mapping", "simple")
        assert ended.status == 0, ended.err
        assert ended.outputs
        return ended

    yield run
    runs.close()


@pytest.mark.parametrize(("name", "mapping", "n"), CASES)
def test_a_shipped_workflow_is_that_of_one_process(runs, sequential, words_of, name, mapping, n):
    words = [*words_of(name), "--mapping", mapping]
    assert_same(sequential(name), runs.run(f"hpcd4p.workflows.{name}", n, *words), n)


@pytest.mark.parametrize("name", [name for name in SHIPPED if name not in WITHOUT_STATE])
def test_the_mapping_dynamic_refuses_those_with_state(runs, words_of, name):
    words = [*words_of(name), "--mapping", "dynamic"]
    ended = runs.run(f"hpcd4p.workflows.{name}", 1, *words)
    assert ended.status == 2
    assert "cannot run in the mapping dynamic" in ended.err
