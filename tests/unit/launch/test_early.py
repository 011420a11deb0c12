"""What rank 0 does before MPI_Init; and that its guess of where the ranks are is put right."""

from __future__ import annotations

import os
import subprocess
import sys
import threading
from types import SimpleNamespace

import pytest

from hpcd4p.launch import redis_server
from hpcd4p.launch.early import Early
from hpcd4p.launch.redis_server import start_redis
from hpcd4p.plan.model import Mapping
from hpcd4p.plan.settings import EngineSettings


def job(**given):
    plan = SimpleNamespace(mapping=given.pop("mapping", Mapping.HYBRID))
    return SimpleNamespace(
        checkpoints=None,
        settings=EngineSettings(),
        **{"redis_url": None, "redis_interface": "lo", "scratch": None, "plan": plan, **given},
    )


@pytest.mark.parametrize("guess", ["1", "4"])
@pytest.mark.parametrize("hosts", [["n1", "n1"], ["n1", "n2"]])
def test_a_port_is_open_only_if_ranks_live_on_other_nodes(monkeypatch, guess, hosts):
    monkeypatch.setenv("SLURM_JOB_NUM_NODES", guess)
    with Early(job(), hdf5=False) as early:
        first = early.redis.home
        server = early.redis_for(hosts)
        assert (server.endpoint.host is not None) == (len(set(hosts)) > 1)
        right = (guess == "4") == (len(set(hosts)) > 1)
        assert (server.home == first) == right
        assert os.path.exists(first) == right  # the wrong one has gone
    assert not os.path.exists(server.home)


def test_no_server_is_started_for_a_shared_redis_or_the_static_mapping():
    for given in ({"redis_url": "redis://nowhere"}, {"mapping": Mapping.STATIC}):
        with Early(job(**given), hdf5=False) as early:
            assert early.redis is None


def test_a_signal_while_the_server_starts_leaves_no_server(monkeypatch):
    join, signals, homes = threading.Thread.join, [KeyboardInterrupt], []

    def interrupted(thread, *words):
        if signals:
            raise signals.pop()
        join(thread, *words)

    def start(*words):
        server = start_redis(*words)
        homes.append(server.home)
        return server

    monkeypatch.setattr(threading.Thread, "join", interrupted)
    monkeypatch.setattr(redis_server, "start_redis", start)
    with pytest.raises(KeyboardInterrupt):
        Early(job(), hdf5=False)
    assert len(homes) == 1
    assert not homes[0].exists()


SEEN = """
import sys
from hpcd4p.launch import redis_server
start = redis_server.start_redis
def told(*words):
    sys.stderr.write(f"before: {'hpcd4p.transport.mpi' not in sys.modules}\\n")
    return start(*words)
redis_server.start_redis = told
from hpcd4p import IterativePE, ProducerPE, WorkflowGraph
class One(ProducerPE):
    def _process(self, inputs):
        return 1
class Same(IterativePE):
    def _process(self, number):
        return number
graph = WorkflowGraph()
graph.connect(One(), "output", Same(), "input")
"""


def test_redis_is_there_before_mpi_is(tmp_path):
    (tmp_path / "w.py").write_text(SEEN)
    done = subprocess.run(
        [sys.executable, "-m", "hpcd4p", "run", "-n", "3", "w.py"], cwd=tmp_path, capture_output=True,
        text=True, timeout=120, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    assert "before: True" in done.stderr
