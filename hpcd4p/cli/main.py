"""The command line of rank 0: which command, and its exit status. Errors are one message on stderr."""

from __future__ import annotations

import traceback
from collections.abc import Callable
from contextlib import suppress
from difflib import get_close_matches
from importlib import import_module
from pathlib import Path

from hpcd4p.cli.ranks import OtherRanks
from hpcd4p.cli.words import complain, open_streams, say
from hpcd4p.errors import Hpcd4pError, Interrupted, SettingsError, UsageError
from hpcd4p.launch.status_note import leave_note

COMMANDS = {
    "run": "run a workflow (named none: count the words of Python's library)",
    "resume": "go on with a run that was stopped, from its last checkpoint",
    "plan": "show which rank would do what, without running",
    "simulate": "predict a run: time, process time, load of Redis, under each policy",
    "status": "say how far runs are that are under way",
    "top": "show a run as a live page in the terminal",
    "show": "print the record of a run, or what is known of one that has not finished",
    "explain": "say why a run is slow or waits; of one that is over, what limited it",
    "plot": "draw when each rank was busy, idle or parked, and what the auto-scaler saw",
    "export": "write a record for other programs: Perfetto, OpenMetrics",
    "init": "write the shipped studies (configs/) and batch scripts (slurm/) into a folder",
    "submit": "run a workflow as a job of Slurm",
    "sweep": "run a scaling study: many points, on Slurm or here; results in one file",
    "collect": "make the results file of a study anew from its run records",
    "report": "the page of a run, also while it goes on; or figures and tables of a study: one HTML file",
    "doctor": "check MPI, Redis, h5py, Slurm, and say what to do about each lack",
}

_BUG = 70
"""Status of a failure that is a mistake in hpcd4p itself (EX_SOFTWARE of sysexits)."""


def main(argv: list[str], close_watch: Callable[[], bool] = bool) -> int:
    """Run ``hpcd4p ARGV`` and give the exit status of this process; for `close_watch` see `crew.Crew`.

    A launcher that wants the status in a file (HPCD4P_STATUS_FILE) gets it there, and this process
    ends with 0: mpirun would print a page about any other status.
    """
    open_streams()
    ranks = OtherRanks(close_watch)
    left = False
    try:
        status = _dispatch(argv, ranks)
    except Interrupted as error:
        status, left = error.status, ranks.interrupted(str(error))
    except Hpcd4pError as error:
        status = _say(str(error), error.status)
    except KeyboardInterrupt:
        status = Interrupted.status
        left = ranks.interrupted("interrupted before the run began; nothing was run")
    except SystemExit as leave:  # argparse after --help, of ours or of the workflow
        words = "" if leave.code is None or isinstance(leave.code, int) else str(leave.code)
        status = _say(words, UsageError.status) if words else int(leave.code or 0)
    except Exception:  # noqa: BLE001 - the last line of defence: the other ranks must not wait for ever
        with suppress(OSError, ValueError):
            traceback.print_exc()
        status = _say("that is a mistake in hpcd4p itself, please report it with the lines above", _BUG)
    ranks.release()
    ended = 0 if left or _hand_over(status) else status
    ranks.leave(ended)
    return ended


def _dispatch(argv: list[str], ranks: OtherRanks) -> int:
    # several ranks without words run the default workflow; a person who says nothing looks around
    first = argv[0] if argv else "run" if ranks.size > 1 else "help"
    if first in ("-h", "--help", "help"):
        say(_help())
        return 0
    if first == "--version":
        from hpcd4p import __version__

        say(f"hpcd4p {__version__}")
        return 0
    if first.startswith("-"):  # options without a command are those of the run
        first, argv = "run", ["run", *argv]
    if first not in COMMANDS and first != "_call":
        raise SettingsError(_unknown_command(first))
    status: int = import_module(f"hpcd4p.cli.{first}").command(argv[1:], ranks)
    return status


def _unknown_command(word: str) -> str:
    near = get_close_matches(word, COMMANDS, 1)
    if near:
        return f"no command {word!r}; did you mean {near[0]}?"
    if word.endswith(".py") or Path(word).exists() or "." in word:
        return f"no command {word!r}; to run a workflow: hpcd4p run {word}"
    return f"no command {word!r}; there are {', '.join(COMMANDS)}"


def _help() -> str:
    lines = [f"  {name:<10}{text}" for name, text in COMMANDS.items()]
    return "\n".join(
        [
            "usage: hpcd4p COMMAND [options]",
            "",
            *lines,
            "",
            "hpcd4p COMMAND --help lists the options; mpirun -n 64 hpcd4p run WORKFLOW uses 64 ranks.",
        ]
    )


def _say(message: str, status: int) -> int:
    complain(message)
    return status


def _hand_over(status: int) -> bool:
    """Write the status where a launcher of ours reads it; False if there is none."""
    try:
        return leave_note(str(status))
    except OSError as error:
        _say(f"cannot write the status to {error.filename}: {error.strerror}", status)
        return False
