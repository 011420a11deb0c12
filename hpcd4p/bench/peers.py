"""Other systems on the same work, as far as they are installed (extra `bench`): stream-d4py and Bytewax.

Each measurement is a process of its own. Times are while active: from the first call of the source
to the last tuple at the end of the graph.
"""

from __future__ import annotations

import json
import os
import tempfile
from collections.abc import Callable
from contextlib import contextmanager
from functools import partial
from importlib.util import find_spec
from typing import TYPE_CHECKING

from hpcd4p.bench.stamps import STAMPS, active_s
from hpcd4p.bench.trial import TrialError

if TYPE_CHECKING:
    from collections.abc import Iterator

    from hpcd4p.bench.bench import Bench

Measures = dict[str, Callable[[], float]]

RUN = "import sys; from dispel4py.new.processor import main; sys.argv[0] = 'dispel4py'; main()"
"""What its command does: the wheel's own script may not be on PATH."""
_MODULE = "hpcd4p.bench.peer_dispel4py"

PEER_DEADLINE_S = 90.0
"""Some mappings hang now and then."""

# (mapping, ranks, calls): what each can do within about ten seconds; the dynamic mappings have no
# group-by, and lose tuples of *keyed*
_MAPPINGS = {
    "hops": (("multi", 4, 100_000), ("multi", 8, 100_000), ("mpi", 8, 100_000), ("dyn_multi", 4, 5_000)),
    "keyed": (("multi", 8, 100_000), ("multi", 16, 100_000), ("mpi", 8, 100_000)),
}


def installed() -> list[str]:
    """Those that can be measured."""
    modules = {"stream-d4py": "dispel4py", "Bytewax": "bytewax"}
    return [name for name, module in modules.items() if find_spec(module) is not None]


def throughput(bench: Bench, workload: str) -> Measures:
    """Tuples per second. `simple` and Bytewax always; other mappings with ``--peers``."""
    measures: Measures = {}
    if "stream-d4py" in installed():
        calls = bench.size(200_000, 50_000)
        measures["stream-d4py simple"] = partial(_rate, bench, "simple", workload, 1, calls)
        for mapping, ranks, some in _MAPPINGS[workload] if bench.peers else ():
            calls = some if not bench.quick else some // 5
            measures[f"stream-d4py {mapping}, n={ranks}"] = partial(
                _rate, bench, mapping, workload, ranks, calls
            )
    if "Bytewax" in installed():
        calls = bench.size(500_000, 100_000)
        measures["Bytewax, batches of 512"] = partial(_bytewax, bench, workload, calls)
    return measures


def tasks(bench: Bench, workload: str, calls: int, ranks: int) -> Measures:
    """Tasks per second of *cpu* and *sleep*, with ``--peers``."""
    if not bench.peers or "stream-d4py" not in installed():
        return {}
    return {
        f"stream-d4py {mapping}, n={ranks}": partial(_rate, bench, mapping, workload, ranks, calls)
        for mapping in ("multi", "dyn_multi")
    }


def floor(bench: Bench, ranks: int) -> Measures:
    """Seconds of a whole process with one tuple, with ``--peers``."""
    if not bench.peers or "stream-d4py" not in installed():
        return {}

    def whole(mapping: str) -> float:
        with stamped():
            return bench.launcher.run(
                _words(mapping, "hops", ranks, 1), ranks if mapping == "mpi" else 0
            ).wall_s

    return {
        f"stream-d4py {mapping}, n={ranks}": partial(whole, mapping)
        for mapping in ("multi", "mpi", "dyn_multi")
    }


def _words(mapping: str, workload: str, ranks: int, calls: int) -> list[str]:
    number = [] if mapping == "simple" else ["-n", str(ranks)]
    return ["-c", RUN, mapping, _MODULE, "-a", workload, "-i", str(calls), *number]


def _rate(bench: Bench, mapping: str, workload: str, ranks: int, calls: int) -> float:
    bench.say(f"{workload}: stream-d4py {mapping}, {calls} calls")
    with stamped() as path:
        words = _words(mapping, workload, ranks, calls)
        ended = bench.launcher.run(words, ranks if mapping == "mpi" else 0, deadline_s=PEER_DEADLINE_S)
        try:
            return calls / active_s(path)
        except ValueError as error:
            raise TrialError(f"stream-d4py {mapping} on {workload}: {error}\n{ended.text[-1500:]}") from error


def _bytewax(bench: Bench, workload: str, calls: int) -> float:
    bench.say(f"{workload}: Bytewax, {calls} calls")
    text = bench.launcher.run(["-m", "hpcd4p.bench.peer_bytewax", workload, str(calls)]).text
    return float(json.loads(text.splitlines()[-1])["rate"])


@contextmanager
def stamped() -> Iterator[str]:
    """Path of a file for the stamps of what is started meanwhile; it is removed at the end."""
    with tempfile.TemporaryDirectory(prefix="hpcd4p-bench-") as folder:
        path = os.path.join(folder, "stamps")
        os.environ[STAMPS] = path
        try:
            yield path
        finally:
            del os.environ[STAMPS]
