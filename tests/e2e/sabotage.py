"""A run on a shared Redis while somebody else does one thing to its keys; once, or as a long proof.

``python -m tests.e2e.sabotage --times N`` draws deeds, moments and numbers of ranks from a seed.
"""

from __future__ import annotations

import argparse
import random
import subprocess
import tempfile
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import pytest

from hpcd4p.launch.redis_program import redis_servers, version_of
from hpcd4p.transport.redis_admin import AdminError, RedisAdmin
from hpcd4p.wire.endpoint import Endpoint
from tests.e2e.deeds import DEEDS, ENDS, do
from tests.e2e.harness import Ended, Run, Runs

CALLS = 500
"""Of the source: some seconds of work on 2 ranks."""

DEADLINE_S = 120.0

DONE_S = 60.0
"""For a deed to find what it needs."""


@contextmanager
def shared_redis(folder: Path) -> Iterator[tuple[str, Endpoint]]:
    """A server that is nobody's own: its address, and how to reach it."""
    program = next(p for p in redis_servers() if version_of(p))
    path = str(folder / "s")
    words = ["--port", "0", "--unixsocket", path, "--save", ""]
    server = subprocess.Popen([program, *words], cwd=folder, stdout=subprocess.DEVNULL)
    endpoint = Endpoint(path, None, 0, None, None, 0, False)
    try:
        end = time.monotonic() + 60
        while time.monotonic() < end:
            with suppress(AdminError), RedisAdmin(endpoint) as admin:
                admin.info()
                break
            time.sleep(0.05)
        yield f"unix://{path}", endpoint
    finally:
        server.kill()
        server.wait()


def try_to_do(run: Run, endpoint: Endpoint, name: str, after_s: float = 0.0) -> bool:
    """Do that deed to `run`, `after_s` seconds after its work has begun; whether it could be done in time."""
    run.until_touched("begun-*")
    end = time.monotonic() + after_s
    while time.monotonic() < end and run.process.poll() is None:
        time.sleep(0.01)
    end = time.monotonic() + DONE_S
    with RedisAdmin(endpoint) as admin:
        while run.process.poll() is None and time.monotonic() < end:
            if do(admin.call, DEEDS[name]):
                return True
            time.sleep(0.005)
    return False


def judge(name: str, done: bool, ended: Ended, right: Counter[tuple[str, Any]]) -> str:
    """What is wrong with such an end; nothing if all is well."""
    told = ended.err.count("hpcd4p: error:")
    if "Traceback" in ended.err:
        return "a traceback"
    if ended.leftovers:
        return f"leftovers {ended.leftovers}"
    if ended.status == 0:
        if ended.outputs != right:
            return "a wrong answer in silence"
        return "nobody noticed" if done and DEEDS[name].wanted is ENDS else ""
    if ended.status != 3 or told != 1 or "somebody else writes to the keys of the run" not in ended.err:
        return f"status {ended.status} with {told} messages\n{ended.err}"
    return ""


def main() -> int:
    """Try random deeds at random moments; 1 if any ended wrongly."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--times", type=int, default=20)
    parser.add_argument("--seed", type=int, default=random.randrange(10**6))
    parser.add_argument("--deed", choices=list(DEEDS))
    parser.add_argument("--each", action="store_true", help="each deed once, instead of --times")
    options = parser.parse_args()
    print(f"seed {options.seed}")
    dice = random.Random(options.seed)
    tried = bad = done_times = 0
    with tempfile.TemporaryDirectory(prefix="s-", dir="/tmp") as folder:
        runs = Runs(Path(folder) / "runs")
        with shared_redis(Path(folder)) as (url, endpoint):
            right = runs.run("load", 1, "-i", str(CALLS)).outputs
            drawn = (options.deed or dice.choice(list(DEEDS)) for _ in range(options.times))
            for name in DEEDS if options.each else drawn:
                tried += 1
                n = dice.choice([2, 4])
                after_s = dice.random() * 1.5
                run = runs.start("load", n, "-i", str(CALLS), "--redis-url", url)
                done = try_to_do(run, endpoint, name, after_s)
                try:
                    ended = run.wait(DEADLINE_S)
                    wrong = judge(name, done, ended, right)
                    how = f"{ended.status} in {ended.took_s:.1f} s"
                except pytest.fail.Exception as error:
                    wrong, how = f"a hang\n{error}", "killed"
                bad += bool(wrong)
                done_times += done
                said = "done" if done else "could not be done"
                print(f"{name}, {n} ranks, {said}: {how}  {wrong}", flush=True)
        runs.close()
    print(f"{tried} deeds, {done_times} done, {bad} ended wrongly")
    return int(bad > 0)


if __name__ == "__main__":
    raise SystemExit(main())
