from __future__ import annotations

import pytest

from hpcd4p import run
from hpcd4p.bench.answers import WORKLOADS
from hpcd4p.bench.order_workloads import MOST, STEPS, heavy, times, uniform

ORDERED = [
    f"{order}_{speed}_{law}"
    for order in ("order", "any_order")
    for speed in ("quick", "slow")
    for law in ("uniform", "heavy")
]


@pytest.mark.parametrize("name", ["hops", "keyed", "arrays", "pooled", "stack", *ORDERED])
def test_a_workload_gives_what_is_expected_of_it(name: str) -> None:
    workload = WORKLOADS[name]
    calls = 70_000 if name == "keyed" else 20
    outputs = run(workload.build(), workload.given(calls)).outputs
    found = [value for values in outputs.values() for value in values]
    assert sorted(found) == sorted(workload.expected(calls))


@pytest.mark.parametrize("law", [uniform, heavy])
def test_service_times_have_the_mean_that_they_should(law) -> None:
    found = times(law, 0.5)
    assert len(found) == STEPS
    assert sum(found) / STEPS == pytest.approx(0.5, rel=0.1)
    assert found != sorted(found)
    assert 0 < min(found) < max(found) <= 0.5 * MOST


def test_of_heavy_tailed_times_few_are_most_of_the_time() -> None:
    found = sorted(times(heavy, 1.0))
    assert sum(found[-STEPS // 10 :]) > 0.35 * sum(found)
    assert max(found) > 10 * max(times(uniform, 1.0))
