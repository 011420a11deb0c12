"""The templates of slurm/: an array job, and a site with a Redis of its own."""

from __future__ import annotations

import json
import os
import socket
import subprocess
import time

import pytest

from hpcd4p.launch.redis_program import redis_servers, version_of
from hpcd4p.record.reader import read_record
from tests.slurm.conftest import CHECKOUT, HERE, free_ports

pytestmark = pytest.mark.slurm

WORDS = (str(HERE / "words.py"), "--lines", "50")


def test_each_task_of_an_array_runs_with_its_own_seed(cluster):
    number = cluster.sbatch(
        "--array=1-3", "--ntasks-per-node=2", str(CHECKOUT / "slurm" / "array.sh"), *WORDS
    )
    cluster.until(lambda: len(cluster.records()) == 3, number=number)
    cluster.until(lambda: not cluster.run(["squeue", "-h"]).stdout, number=number)
    lines = []
    for path in cluster.records():
        with read_record(path) as record:
            assert record.summary.status == 0
            lines.append(record.summary.provenance["command_line"])
    assert sorted(line.rpartition("--seed ")[2][0] for line in lines) == ["1", "2", "3"]


def accepts(port: int) -> bool:
    try:
        socket.create_connection(("127.0.0.1", port), timeout=60).close()
    except OSError:
        return False
    return True


@pytest.fixture
def redis_url(tmp_path):
    port = free_ports(1)
    program = next(p for p in redis_servers() if version_of(p))
    words = [
        "--port",
        str(port),
        "--bind",
        "127.0.0.1",
        "--requirepass",
        "of-the-site",
        "--save",
        "",
        "--dir",
    ]
    server = subprocess.Popen([program, *words, str(tmp_path)], stdout=subprocess.DEVNULL)
    end = time.monotonic() + 60
    while not accepts(port):
        assert time.monotonic() < end, "the server does not come up"
        time.sleep(0.02)
    yield f"redis://:of-the-site@127.0.0.1:{port}/0"
    server.kill()
    server.wait()


def site_redis(cluster, config) -> str:
    return cluster.sbatch(
        "--ntasks-per-node=3", str(CHECKOUT / "slurm" / "site-redis.sh"), *WORDS, HPCD4P_CONFIG=str(config)
    )


def test_the_redis_of_a_site_is_used_and_its_password_stands_nowhere(cluster, redis_url):
    config = cluster.folder / "redis.toml"
    config.write_text(f'[run]\nredis_url = "{redis_url}"\n')
    config.chmod(0o600)
    number = site_redis(cluster, config)
    assert cluster.wait(number) == "COMPLETED", cluster.output(number)
    assert "of-the-site" not in cluster.output(number)
    (path,) = cluster.records()
    assert b"of-the-site" not in path.read_bytes()
    with read_record(path) as record:
        assert record.summary.ranks == 3
        assert ":***@127.0.0.1" in json.dumps(record.summary.config)


def test_a_file_that_others_may_read_is_refused(cluster):
    config = cluster.folder / "redis.toml"
    config.write_text('[run]\nredis_url = "redis://127.0.0.1/0"\n')
    os.chmod(config, 0o644)
    number = site_redis(cluster, config)
    assert cluster.wait(number) == "FAILED"
    assert "must be a file of mode 600" in cluster.output(number)
    assert "its mode is 644" in cluster.output(number)
