from __future__ import annotations

from hpcd4p.bench.figure import Of, Row, Target, take_turns
from hpcd4p.bench.report import as_json, table, verdict
from hpcd4p.bench.sleep import bound_s
from hpcd4p.bench.workloads import naps_s


def row(ours: list[float], reference: list[float], target: Target | None) -> Row:
    return Row("hops", "n=4", "tuples/s", ours, "other", reference, target)


def test_compares_medians_not_single_samples() -> None:
    found = row([1.0, 30.0, 2.0], [1.0, 1.0, 9.0], Target(2.0, at_least=True))
    assert found.ratio == 2.0
    assert found.met


def test_a_target_may_speak_of_ratio_difference_or_value() -> None:
    assert not row([3.0], [1.0], Target(2.5, at_least=False)).met
    assert row([3.0], [1.0], Target(2.5, at_least=False, of=Of.DIFFERENCE)).met
    assert not row([3.0], [], Target(2.5, at_least=False, of=Of.VALUE)).met


def test_a_row_without_target_is_not_judged() -> None:
    found = row([3.0], [], None)
    assert found.met is None
    assert "0 of 0 targets met" in verdict([found], [])


def test_measures_in_turns() -> None:
    order: list[str] = []
    measures = {
        "a": lambda: float(len(order.append("a") or order)),
        "b": lambda: float(len(order.append("b") or order)),
    }
    assert take_turns(measures, 2) == {"a": [1.0, 3.0], "b": [2.0, 4.0]}
    assert order == ["a", "b", "a", "b"]


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
