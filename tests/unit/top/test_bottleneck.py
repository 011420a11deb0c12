from __future__ import annotations

import pytest

from hpcd4p.live.causes import Kind, cause
from hpcd4p.top.bottleneck import Bottleneck, bottleneck, waiting_s
from tests.unit.live.documents import document, element


def test_work_that_waits_is_tuples_times_what_each_has_taken():
    assert waiting_s(element(tuples_in=100, busy_s=10.0, backlog=5)) == pytest.approx(0.5)
    assert waiting_s(element(tuples_in=0, busy_s=0.0, backlog=5)) == 0.0


def test_it_is_the_first_cause_that_the_status_names():
    limits = [
        cause(Kind.POOL, "all 3 ranks of the pool are busy", element="Work1"),
        cause(Kind.SOURCE, "the source gives as fast as it can", element="Numbers0"),
    ]
    assert bottleneck(document(limits=limits)) == Bottleneck("Work1", "all 3 ranks of the pool are busy")


def test_before_there_is_a_cause_it_is_too_early():
    assert bottleneck(document()) == Bottleneck("", "too early to say")
