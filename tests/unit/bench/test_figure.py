from __future__ import annotations

from collections.abc import Callable

import pytest

from hpcd4p.bench.figure import Of, Pairs, Row, Target, pairs
from hpcd4p.bench.report import as_json, table, verdict
from hpcd4p.bench.sleep import bound_s
from hpcd4p.bench.workloads import naps_s


def row(ours: list[float], reference: list[float], target: Target | None) -> Row:
    return Row("hops", "n=4", "tuples/s", ours, "other", reference, target)


def test_compares_the_samples_of_a_pair_not_the_medians_of_both_sides() -> None:
    # the machine was three times as fast in the second half, for both: the medians alone would say 3
    found = row([10.0, 10.0, 30.0, 30.0, 30.0], [10.0, 10.0, 10.0, 30.0, 30.0], Target(2.0, at_least=True))
    assert found.ratios == [1.0, 1.0, 3.0, 1.0, 1.0]
    assert found.ratio == 1.0
    assert not found.met


def test_a_difference_is_that_of_pairs_too() -> None:
    target = Target(1.0, at_least=False, of=Of.DIFFERENCE)
    assert row([1.0, 9.0, 5.0], [1.0, 9.0, 1.0], target).met
    assert not row([3.0, 9.0, 5.0], [1.0, 6.0, 1.0], target).met


def test_how_far_the_pairs_are_apart_is_shown() -> None:
    assert "1.00-3.00" in table([row([10.0, 30.0, 20.0], [10.0, 10.0, 10.0], None)])
    assert "of pairs" in table([row([1.0], [2.0], None)])


def test_a_reference_that_is_computed_stands_beside_every_sample() -> None:
    assert row([1.0, 3.0, 2.0], [2.0], None).ratios == [0.5, 1.5, 1.0]


def test_samples_that_are_no_pairs_are_refused() -> None:
    with pytest.raises(ValueError, match="3 samples and 2 beside them"):
        row([1.0, 2.0, 3.0], [1.0, 2.0], None)


def test_a_target_may_speak_of_ratio_difference_or_value() -> None:
    assert not row([3.0], [1.0], Target(2.5, at_least=False)).met
    assert row([3.0], [1.0], Target(2.5, at_least=False, of=Of.DIFFERENCE)).met
    assert not row([3.0], [], Target(2.5, at_least=False, of=Of.VALUE)).met


def test_a_row_without_target_is_not_judged() -> None:
    found = row([3.0], [], None)
    assert found.met is None
    assert "0 of 0 targets met" in verdict([found], [])


def test_ours_and_each_reference_alternate() -> None:
    order: list[str] = []

    def measure(name: str) -> Callable[[], int]:
        def measured() -> int:
            order.append(name)
            return len(order)

        return measured

    found = pairs(measure("ours"), {"a": measure("a"), "b": measure("b")}, 2)
    assert order == ["ours", "a", "ours", "b"] * 2
    assert found["a"] == Pairs([1, 5], [2, 6])
    assert found["b"] == Pairs([3, 7], [4, 8])


def test_the_report_names_what_is_missed_and_wrong() -> None:
    rows = [row([1.0], [2.0], Target(1.0, at_least=True))]
    assert "MISSED" in table(rows)
    text = verdict(rows, ["keyed, 4 ranks"])
    assert "0 of 1 targets met" in text
    assert "WRONG ANSWER: keyed, 4 ranks" in text
    assert as_json(rows, {})["rows"][0]["samples"] == {"ours": [1.0], "reference": [2.0]}


def test_sleeping_is_bounded_by_the_ranks_and_by_the_longest_item() -> None:
    naps = [sum(naps_s(item)) for item in range(1, 11)]
    assert bound_s(10, 1) == sum(naps)
    assert bound_s(10, 1000) == max(naps)
