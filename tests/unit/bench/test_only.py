"""Rows of a figure that are measured by themselves."""

from types import SimpleNamespace

import pytest

from hpcd4p.bench import survival
from hpcd4p.bench.__main__ import main
from hpcd4p.bench.bench import Bench


class Bare(Bench):
    """Measures nothing, and notes what it was to measure."""

    def __init__(self, only):
        self.asked = []
        super().__init__(SimpleNamespace(measure=self.measure), repeats=1, quick=True, only=only)

    def measure(self, workload, calls, ranks, meanwhile, settings):
        meanwhile.alone, meanwhile.together = 100, 130
        return SimpleNamespace(**vars(self.run(workload, calls, ranks, **settings)), right=True)

    def run(self, workload, calls, ranks=0, **settings):
        self.asked.append((workload, settings["checkpoint"]))
        return SimpleNamespace(elapsed_s=1.0, pauses_s=[0.01])


@pytest.mark.parametrize(
    ("only", "expected"),
    [
        ("keyed", {("keyed", "auto"), ("keyed", "off")}),
        ("20,000 keys, checkpoint 1", {("accounts", "1"), ("accounts", "off")}),
        ("pause", {("accounts", "1")}),
        ("memory", {("accounts", "1")}),
    ],
)
def test_nothing_else_is_measured(only, expected):
    bench = Bare(only)
    rows = list(survival.rows(bench))
    assert rows
    assert all(only in row.what for row in rows)
    assert set(bench.asked) == expected


def test_figures_without_rows_to_choose_from_are_refused(capsys):
    with pytest.raises(SystemExit) as ended:
        main(["hops", "--only", "keyed"])
    assert ended.value.code == 2
    assert "--only chooses among the rows of survival" in capsys.readouterr().err
