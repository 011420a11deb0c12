from __future__ import annotations

from types import SimpleNamespace

import pytest

from hpcd4p.cli.progress import progress_text


def progress(**changed: float) -> SimpleNamespace:
    told = {"elapsed_s": 3.2, "done": 12, "rate": 3.7, "active": 3, "ranks": 4, "backlog": 0} | changed
    return SimpleNamespace(**told)


def test_the_line_has_time_done_rate_ranks_and_backlog():
    assert progress_text(progress()) == "0:00:03  12 tuples done  4/s  3/4 ranks active  0 waiting"


@pytest.mark.parametrize(
    ("done", "shown"), [(9999, "9999 "), (12_345, "12.3k "), (1_234_567, "1.23M "), (2.5e11, "250G ")]
)
def test_large_numbers_are_short(done, shown):
    assert shown + "tuples done" in progress_text(progress(done=done))


def test_the_line_fits_a_terminal():
    huge = progress(elapsed_s=1e6, done=1e12, rate=1e9, active=10**5, ranks=10**5, backlog=1e12)
    assert len(progress_text(huge)) <= 79
