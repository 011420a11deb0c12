from __future__ import annotations

from hpcd4p.live.document import Failure
from hpcd4p.top.history import MOST_SAMPLES, History, Unit, spread
from tests.unit.top.scenes import grouped, seen, usual


def failure(element: str, tuples: int) -> Failure:
    return Failure(element, "ValueError", "", tuples, "")


def test_a_status_that_was_seen_already_is_not_taken_in_again():
    history = History()
    assert history.add(usual(0))
    assert not history.add(usual(0))
    assert history.add(usual(1))
    assert len(history.samples) == 2
    assert history.spans_s(2) == 1.0
    assert history.spans_s(0) == 0.0


def test_only_the_last_ones_are_kept():
    _, history = seen(*map(usual, range(MOST_SAMPLES + 10)))
    assert len(history.samples) == MOST_SAMPLES
    assert history.samples[0].written == 1010.0


def test_the_kind_of_failure_that_grew_last_comes_first():
    first, second = failure("Work1", 3), failure("Tally2", 100)
    run, history = seen(usual(0, failures=[second, first]), usual(1, failures=[second, failure("Work1", 4)]))
    told = history.last_failures(run.document)
    assert [(each.element, at) for each, at in told] == [("Work1", 1001.0), ("Tally2", 1000.0)]


def test_ranks_one_by_one_are_known_by_their_number_and_groups_by_role_and_host():
    _, history = seen(usual(0), grouped(1))
    assert Unit("pool", "", 7) in history.samples[0].units
    assert set(history.samples[1].units) == {
        Unit("head", "", -1),
        Unit("stateful", "", -1),
        Unit("pool", "", -1),
    }


def test_a_copy_stays_as_it_was():
    run, history = seen(usual(0))
    kept = history.copy()
    history.add(usual(1, failures=[failure("Work1", 9)]))
    assert len(kept.samples) == 1
    assert kept.last_failures(run.document)[0][1] == 1000.0


def test_a_row_of_samples_takes_the_cells_that_it_is_given():
    _, history = seen(*map(usual, range(8)))
    samples = list(history.samples)
    first, second = spread(samples, 8, 2)
    assert dict(first.units[Unit("pool", "", 2)].states) == {"working": 3, "idle": 1}
    assert first.units[Unit("stateful", "", 1)].load == 0.5
    assert (first.written, second.written) == (1003.0, 1007.0)
    assert spread(samples, 8, 8) == samples
    assert [each.written for each in spread(samples[:2], 2, 4)] == [1000.0, 1000.0, 1001.0, 1001.0]


def test_as_long_as_samples_are_missing_their_cells_are_too():
    _, history = seen(*map(usual, range(8)))
    samples = list(history.samples)
    assert [len(spread(samples[:n], 8, 4)) for n in range(9)] == [0, 0, 1, 1, 2, 2, 3, 3, 4]
    assert [len(spread(samples[:n], 8, 16)) for n in (0, 1, 8)] == [0, 2, 16]
