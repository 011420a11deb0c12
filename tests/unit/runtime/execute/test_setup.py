"""What the instances of an element share with each other and with the user's object."""

from __future__ import annotations

import pytest

from hpcd4p import ConsumerPE
from hpcd4p.runtime.execute.setup import copy_element


class Keeper(ConsumerPE):
    def __init__(self):
        super().__init__()
        self.kept = []

    def _process(self, data):
        self.kept.append(data)


@pytest.mark.parametrize("partitions", [0, 1, 4])
def test_what_an_instance_keeps_is_not_in_the_users_object(partitions):
    mine = Keeper()
    copy_element(mine, partitions)._process(1)
    assert mine.kept == []


def test_two_partitions_share_nothing():
    mine = Keeper()
    first, second = (copy_element(mine, 2) for _ in range(2))
    first._process(1)
    assert second.kept == []


def test_an_element_that_may_refer_to_itself_is_used_as_it_is_in_its_one_partition():
    mine = Keeper()
    mine.callback = mine._process
    assert copy_element(mine, 1) is mine
