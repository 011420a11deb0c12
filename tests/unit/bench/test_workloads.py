from __future__ import annotations

import pytest

from hpcd4p import run
from hpcd4p.bench.answers import WORKLOADS


@pytest.mark.parametrize("name", ["hops", "keyed", "arrays", "pooled", "stack"])
def test_a_workload_gives_what_is_expected_of_it(name: str) -> None:
    workload = WORKLOADS[name]
    calls = 70_000 if name == "keyed" else 20
    outputs = run(workload.build(), workload.given(calls)).outputs
    found = [value for values in outputs.values() for value in values]
    assert sorted(found) == sorted(workload.expected(calls))
