"""Leads a run from rank 0, in a process of its own: signals, warnings, and news from the launcher."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable
from functools import partial

from hpcd4p.descriptors import reserve
from hpcd4p.errors import RunStopped
from hpcd4p.record.sink import OutputSink
from hpcd4p.record.summary import Summary
from hpcd4p.runtime.clock import Clock
from hpcd4p.runtime.execute.forked import staying
from hpcd4p.runtime.execute.setup import Setup
from hpcd4p.runtime.execute.signals import interruptible
from hpcd4p.runtime.head.head import Head
from hpcd4p.runtime.head.progress import Progress
from hpcd4p.runtime.run_spec import RunSpec
from hpcd4p.transport.broker import Blocks, Broker, Mesh
from hpcd4p.wire.codec import Codec

HURRIED_S = 0.1
"""For the figures of the other ranks, where a launcher ends all ranks 0.3 s after a signal: the record needs
the rest of that, and without the record nothing is left of the run."""

SWITCH_S = 0.0005
"""The main thread waits no longer than this for a source that keeps the interpreter busy."""


def lead(
    spec: RunSpec,
    broker: Broker,
    mesh: Mesh,
    codec: Codec,
    sink: OutputSink,
    story: list[tuple[str, str]],
    setup: Setup,
    on_progress: Callable[[Progress], None] | None = None,
    blocks: Blocks | None = None,
    goes_back: Callable[[Head, RunStopped], bool] = lambda head, stop: False,
    is_hurried: Callable[[str], bool] = lambda name: False,
) -> Summary:
    """Run `spec` from rank 0 to its end; the other ranks have their setup and are in `launch.worker`.

    Parameters
    ----------
    goes_back
        Whether the run goes on, on the ranks that live, after it was stopped so.
    is_hurried
        Whether whoever has sent this signal soon ends all ranks, before they can all report.

    Raises
    ------
    RunStopped
        With the summary so far in its attribute `summary`.
    """
    head = Head(spec, broker, mesh, codec, sink, Clock(), blocks, measured=True)
    if setup.nodes and setup.blocks:
        from hpcd4p.runtime.head.reach import Reach

        head.reach = Reach(head.loop.link, setup.nodes)
    head.watching.on_progress = on_progress
    head.goes_back = partial(goes_back, head)
    head.story.on_warning = say
    head.loop.suspects.prepare(setup)
    if spec.checkpoints is not None:
        spec.checkpoints.equip(head)
    for kind, text in story:
        head.story.event(kind, text)

    def interrupt(name: str) -> None:
        # Slurm says one wish in several ways; there only a person's Ctrl-C insists
        if head.last_cut is not None:
            head.last_cut.asked(name == "SIGINT" or "SLURM_JOB_ID" not in os.environ)
        if is_hurried(name):
            head.coordinator.farewell_s = HURRIED_S
        head.interrupted = name
        head.loop.link.wake()

    sys.setswitchinterval(SWITCH_S)
    reserve()
    with interruptible(interrupt), staying():
        return head.run()


def say(text: str) -> None:
    """Tell the user, over the progress line."""
    sys.stderr.write(f"\rhpcd4p: {text}\n")
    sys.stderr.flush()
