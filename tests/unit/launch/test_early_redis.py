"""The Redis of a run starts before it is known where the ranks are: the guess is put right."""

from __future__ import annotations

import os
from contextlib import ExitStack
from types import SimpleNamespace

import pytest

from hpcd4p.launch import parallel
from hpcd4p.plan.model import Mapping


def job(**given):
    plan = SimpleNamespace(mapping=Mapping.HYBRID, streams=[0, 1])
    values = {"redis_url": None, "redis_interface": "lo", "scratch": None, "plan": plan, **given}
    return SimpleNamespace(**values)


@pytest.mark.parametrize("guess", ["1", "4"])
@pytest.mark.parametrize("hosts", [["n1", "n1"], ["n1", "n2"]])
def test_a_port_is_open_only_if_ranks_live_on_other_nodes(monkeypatch, guess, hosts):
    monkeypatch.setenv("SLURM_JOB_NUM_NODES", guess)
    with ExitStack() as stack:
        early = parallel._early_redis(job(), b"secret", stack)
        assert early is not None
        place = parallel._redis(job(), b"secret", hosts, early, stack)
        assert (place.endpoint.host is not None) == (len(set(hosts)) > 1)
        right = (guess == "4") == (len(set(hosts)) > 1)
        assert (place.endpoint.unix_path == early.endpoint.unix_path) == right
        assert os.path.exists(early.home) == right  # the wrong one has gone
    assert not os.path.exists(early.home)


def test_no_server_is_started_for_a_shared_redis_or_the_static_mapping():
    static = SimpleNamespace(mapping=Mapping.STATIC, streams=[])
    with ExitStack() as stack:
        assert parallel._early_redis(job(redis_url="redis://nowhere"), b"secret", stack) is None
        assert parallel._early_redis(job(plan=static), b"secret", stack) is None
