"""What every figure gets: how to start programs, how often, how large, and where to report."""

from __future__ import annotations

import sys
from dataclasses import dataclass, field

from hpcd4p.bench.trial import Launcher, TrialOutcome


@dataclass
class Bench:
    """One run of the benchmark."""

    launcher: Launcher
    repeats: int = 5
    quick: bool = False
    peers: bool = False
    mpich_python: str | None = None
    only: str = ""
    wrong: list[str] = field(default_factory=list)
    """Runs with wrong outputs: they matter more than any figure."""

    def wants(self, what: str) -> bool:
        """Whether the rows of that description are measured: those with the words of `only` in it."""
        return self.only in what

    def launchers(self) -> list[Launcher]:
        """That of this Python, and one for MPICH if its Python was named."""
        return [self.launcher, *([Launcher(self.mpich_python)] if self.mpich_python else [])]

    def size(self, full: int, quick: int) -> int:
        """A number of calls."""
        return quick if self.quick else full

    def run(self, workload: str, calls: int, ranks: int = 0, **settings: str) -> TrialOutcome:
        """Run a workload on our engine, with these settings; 0 ranks: in process."""
        self.say(f"{workload}: {calls} calls, {f'{ranks} ranks' if ranks else 'in process'}")
        outcome = self.launcher.measure(workload, calls, ranks, settings=settings)
        self.check(outcome, f"{workload}, {calls} calls, {ranks or 'no'} ranks")
        return outcome

    def check(self, outcome: TrialOutcome, what: str) -> None:
        """Note a wrong answer."""
        if not outcome.right:
            self.wrong.append(what)

    def rate(self, workload: str, calls: int, ranks: int = 0) -> float:
        """Calls per second of a run, while active."""
        return calls / self.run(workload, calls, ranks).elapsed_s

    def ask(self, function: str, *arguments: object, ranks: int = 0) -> dict[str, float]:
        """Numbers from `hpcd4p.bench.bare`."""
        self.say(f"bare {function}")
        return self.launcher.ask(function, *arguments, ranks=ranks)

    def say(self, text: str) -> None:
        """Print on a terminal what is being measured."""
        if sys.stderr.isatty():
            print(f"\r\033[K{text}", end="", file=sys.stderr, flush=True)
