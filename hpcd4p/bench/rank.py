"""One rank of a measured run: ``python -m hpcd4p.bench.rank WORKLOAD CALLS ANSWER [NAME=WORD ...]``.

Rank 0 leaves what it measured as JSON in the file ANSWER. No record is written: the engine is
measured, and *floor* measures the whole program.
"""

from __future__ import annotations

import sys
import traceback

from hpcd4p.launch.place import launched_rank, launched_size


def main(argv: list[str]) -> int:
    """Run the workload and give 0; a run that stops raises."""
    if launched_rank() > 0:
        from hpcd4p.launch import worker

        return worker.main(launched_rank())
    try:
        return _lead(argv[0], int(argv[1]), argv[2], dict(word.split("=", 1) for word in argv[3:]))
    except BaseException:
        if launched_size() > 1:  # nobody else tells the other ranks, and they would wait for ever
            traceback.print_exc()
            from hpcd4p.transport import mpi

            mpi.abort(1)
        raise


def _lead(name: str, calls: int, answer: str, given: dict[str, str]) -> int:
    import json
    from pathlib import Path

    from hpcd4p.bench.answers import WORKLOADS
    from hpcd4p.bench.keeping import keep, pauses_s
    from hpcd4p.plan.inputs import resolve_inputs
    from hpcd4p.plan.limits import KINDS
    from hpcd4p.plan.make import make_plan
    from hpcd4p.plan.settings import EngineSettings
    from hpcd4p.runtime.run_spec import RunSpec

    workload = WORKLOADS[name]
    every, live = given.pop("checkpoint", "off"), given.pop("live", "off")
    settings = EngineSettings(**{name: KINDS[name](value) for name, value in given.items()})
    plan, elements = make_plan(workload.build(), launched_size(), settings)
    spec = RunSpec(plan, elements, resolve_inputs(plan, elements, workload.given(calls)), settings)
    watch = workload.sink()
    sink = keep(spec, watch, every, Path(answer).with_suffix(".checkpoints"))
    if live == "on":
        from hpcd4p.launch.run_to_end import live_run

        spec.live = live_run(spec, Path(answer).with_suffix(".h5"))
    if plan.size > 1:
        from hpcd4p.launch import parallel
        from hpcd4p.launch.crew import Crew
        from hpcd4p.launch.early import Early

        with Early(spec, hdf5=False) as early:
            summary = parallel.run(spec, sink, early, Crew(), watch.progress)
    else:
        from hpcd4p.runtime import sequential

        summary = sequential.run(spec, sink)
    if spec.live is not None:
        spec.live.end()
    if spec.checkpoints is not None:
        spec.checkpoints.finished = True
        spec.checkpoints.end()
    results = [value for values in watch.results.values() for value in values]
    figures = {
        "right": _equal(results, workload.expected(calls)),
        "pool": len(plan.pool_ranks),
        **watch.figures(),
        "pauses_s": pauses_s(watch.events),
        "summary": summary.as_dict(),
    }
    Path(answer).write_text(json.dumps(figures, default=str), encoding="utf-8")
    return 0


def _equal(results: list[object], expected: list[object]) -> bool:
    return sorted(map(repr, results)) == sorted(map(repr, expected))


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
