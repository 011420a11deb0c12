"""The address at which other nodes reach the Redis of a run."""

from __future__ import annotations

import ipaddress

import pytest

from hpcd4p.errors import RedisSetupError
from hpcd4p.launch.interface import address_for_others


def test_an_interface_is_its_address():
    assert address_for_others("lo") == "127.0.0.1"


def test_an_unknown_interface_is_told_with_those_there_are():
    with pytest.raises(RedisSetupError, match=r"--redis-interface ib7: no interface .* there are: .*lo"):
        address_for_others("ib7")


def test_without_a_name_it_is_an_address_of_this_host():
    assert ipaddress.ip_address(address_for_others(None))
