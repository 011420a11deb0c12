"""Checkpoints of a run and how it went on from them: counted, in words, and with what to change."""

from __future__ import annotations

import json

import pytest

from hpcd4p.record.explain import explanation
from hpcd4p.record.report import summary_text
from hpcd4p.record.summary import Summary
from hpcd4p.record.survival import MOST_ROWS, CheckpointRow, Survival, shown
from hpcd4p.record.survival_words import MOST_LISTED, survival_tables


def row(epoch: int, cost_s: float = 0.1, why_not: str = "", stood_ms: float = 1.5) -> CheckpointRow:
    return CheckpointRow(epoch, 10.0 * epoch, 0, 3_100_000, 0.2, stood_ms, 0.05, cost_s, why_not)


def survival(*rows: CheckpointRow) -> Survival:
    made = Survival()
    for each in rows:
        made.add(each)
    return made


def summary(made: Survival, elapsed_s: float = 100.0) -> Summary:
    return Summary("w", ranks=1, elapsed_s=elapsed_s, checkpoints=made.figures(elapsed_s), survival=made)


def test_they_are_counted_also_when_rows_are_dropped() -> None:
    made = survival(*(row(epoch) for epoch in range(1, 5 * MOST_ROWS)))
    figures = made.figures(1000.0)
    assert figures.made == 5 * MOST_ROWS - 1
    assert figures.cost_s == pytest.approx(0.1 * figures.made)
    assert len(made.checkpoints) <= MOST_ROWS
    assert (made.checkpoints[0].epoch, made.checkpoints[-1].epoch) == (1, 5 * MOST_ROWS - 1)


def test_whoever_goes_on_has_all_that_was_known_and_adds_to_it() -> None:
    made = survival(row(1), row(2, why_not="no room"))
    again = Survival.from_dict(json.loads(json.dumps(made.with_row(row(3)).as_dict())))
    assert len(made.checkpoints) == 2
    assert [each.epoch for each in again.checkpoints] == [1, 2, 3]
    again.go_on(False, 3, 30.0, 4.0, 8, "rank 0 was killed")
    again.go_on(True, 3, 30.0, 1.0, 7, "rank 2 died")
    assert [(each.incarnation, each.time_s, each.here) for each in again.gone_on] == [
        (1, 34.0, False),
        (2, 31.0, True),
    ]
    figures = again.figures(20.0)
    assert (figures.made, figures.given_up, figures.resumed, figures.recovered) == (2, 1, 1, 1)
    assert (figures.worked_s, figures.repeated_s) == (50.0, 5.0)


def test_the_summary_says_how_many_how_large_and_what_they_cost() -> None:
    text = summary_text(summary(survival(*(row(epoch) for epoch in range(1, 12)))))
    assert "Checkpoints: 11, the last 3.1 MB, written in 200 ms; cost 1.1 % of the run time\n" in text + "\n"
    assert "went on" not in text
    assert "Checkpoints" not in summary_text(Summary("w", ranks=1))


def test_the_summary_says_how_it_went_on() -> None:
    made = survival(row(1))
    made.go_on(True, 1, 10.0, 2.5, 3, "rank 1 died; it goes on from checkpoint 1")
    text = summary_text(summary(made))
    assert (
        "It ended and went on once in its job; 2.50 s of work were done again. The last time: rank 1 died"
    ) in text


@pytest.mark.parametrize(
    ("why", "change"),
    [
        ("", "over before the first was due"),
        ("rank 1 was in the middle of a tuple for more than 0.5 s", "should be shorter"),
        ("the state of Holds2 cannot be pickled: TypeError", "__getstate__"),
        ("it changes Holds.seen, which is not its own", "stateful = True"),
        ("/c has 90 bytes free, and the last one took 100", "--checkpoint-dir"),
    ],
)
def test_if_there_are_none_it_is_explained_and_what_to_change(why: str, change: str) -> None:
    made = survival(row(1, why_not=why)) if why else survival()
    told = summary(made)
    assert ("Checkpoints: none" in summary_text(told)) == bool(why)
    text = " ".join(explanation(told, None, (), made).split())
    assert "What was done so that it survives (--checkpoint) Checkpoints: none" in text
    assert why in text
    assert change in text


def test_what_they_cost_is_explained_if_it_is_much() -> None:
    dear = survival(*(row(epoch, 1.0, stood_ms=900.0) for epoch in range(1, 10)))
    text = " ".join(explanation(summary(dear), None, (), dear).split())
    assert "cost 9.0 % of the run time" in text
    assert "each takes 1.00 s of the run, every 10.0 s, most of it for standing still" in text
    assert "--checkpoint auto" in text
    cheap = survival(*(row(epoch, 0.01) for epoch in range(1, 10)))
    assert "That is much" not in explanation(summary(cheap), None, (), cheap)
    assert "survives" not in explanation(Summary("w", ranks=1), None)


def test_the_tables_show_the_first_and_the_last() -> None:
    made = survival(*(row(epoch) for epoch in range(1, 41)), row(41, why_not="no room"))
    made.go_on(False, 40, 400.0, 4.0, 8, "rank 0 was killed")
    lines = survival_tables(made)
    assert "  ... 31 more" in lines
    assert lines[2].split()[0] == "1"
    assert any(line.endswith("no room") for line in lines)
    assert lines[-1].split()[:3] == ["1", "started", "again"]
    assert survival_tables(Survival()) == []


def test_of_many_rows_those_in_the_middle_are_left_out() -> None:
    assert shown(range(4), 4) == ([0, 1, 2, 3], 0)
    assert shown(range(100), 5) == ([0, 1, 97, 98, 99], 95)
    assert len(shown(range(100), MOST_LISTED)[0]) == MOST_LISTED


def test_a_summary_comes_back_from_json() -> None:
    told = summary(survival(row(1)))
    again = Summary.from_dict(json.loads(json.dumps(told.as_dict())))
    assert again.checkpoints == told.checkpoints
    assert again.survival is None
