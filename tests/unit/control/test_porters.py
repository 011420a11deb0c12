"""A porter that was missing twice has died; what waits on its node is lost then."""

from __future__ import annotations

from hpcd4p.control.porters import Porters
from hpcd4p.wire.nodes import PORTERS, porter_of

ONE, TWO = porter_of(1), porter_of(2)


def test_only_porters_that_were_heard_are_there():
    porters = Porters()
    porters.look([0, 1, PORTERS - 1], None)
    assert porters.here() == []
    porters.look([0, ONE], None)
    porters.look([0, ONE, TWO], {ONE, TWO})
    assert porters.here() == [ONE, TWO]


def test_one_look_that_does_not_see_it_is_no_death():
    porters = Porters()
    porters.look([ONE], {ONE})
    porters.look([ONE], {1, 2})
    porters.look([ONE], None)
    assert porters.here() == [ONE]
    porters.look([ONE], {ONE})
    porters.look([ONE], {1, 2})
    assert porters.here() == [ONE]
    assert porters.look([ONE], {1, 2}) == [ONE]
    assert porters.here() == []
    assert porters.look([ONE], {1, 2}) == porters.look([ONE], {ONE}) == []
    assert porters.here() == []


def test_lost_is_a_node_where_tasks_wait_and_nobody_can_carry_them():
    porters = Porters()
    for _ in range(2):
        porters.look([ONE, TWO], {TWO})
    assert porters.lost({}) is None
    assert porters.lost({0: 3, 2: 1}) is None
    assert porters.lost({0: 3, 1: 1, 2: 1}) == 1
