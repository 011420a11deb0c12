"""A run as a live page in a real terminal: keys, sizes, signals, pipes, the end of the run."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from hpcd4p.live.file import NAME, StatusFile
from hpcd4p.processes import stat_of
from tests.e2e.conftest import clean_environment
from tests.e2e.harness import STACKS, WITHOUT, Runs
from tests.e2e.terminals import COLOURS, Terminal
from tests.e2e.test_status import CALLS, KEPT, held_run, told
from tests.unit.live.documents import identity
from tests.unit.top.scenes import grouped, usual

ROOT = str(Path(__file__).parents[2])

UP, DOWN = "\x1b[A", "\x1b[B"


def variables(**given: str) -> dict[str, str]:
    """Those of a person who has a terminal."""
    usual = clean_environment() | {"PYTHONPATH": ROOT, "LC_ALL": "C.UTF-8"}
    for name in ("NO_COLOR", "COLORTERM", "TERM", "COLUMNS", "LINES", "FORCE_COLOR"):
        usual.pop(name, None)
    return usual | given


def top(folder: Path, *words: str, size: tuple[int, int] = (80, 24), **given: str) -> Terminal:
    """`hpcd4p top WORDS` on a terminal."""
    line = [sys.executable, "-m", "hpcd4p", "top", *words]
    return Terminal(line, folder, variables(**given), *size)


def piped(folder: Path, *words: str, **given: str) -> subprocess.CompletedProcess[str]:
    """The same into a pipe."""
    return subprocess.run(
        [sys.executable, "-m", "hpcd4p", "top", *words],
        cwd=folder, env=variables(**given), capture_output=True, text=True, timeout=60, check=False,
    )  # fmt: skip


def tells(folder: Path, name: str = "factors-1", **given) -> StatusFile:
    """A status of a run whose process this test is."""
    (folder / "results").mkdir(exist_ok=True)
    file = StatusFile(folder / "results" / f"{name}.live")
    who = identity(record=str(folder / "results" / f"{name}.h5"), host=os.uname().nodename, pid=os.getpid())
    file.write(usual(30, **{"written": time.time(), "every_s": 600.0, "run": who, **given}))
    return file


# ---- a run under way


def test_keys_size_and_end_with_a_run_under_way(runs: Runs):
    run = held_run(runs, 4, *WITHOUT)
    with top(run.folder) as terminal:
        terminal.shows("survivor  under way", "element", "ranks", "q quit", "head", "stateful")
        terminal.shows("failures, the latest first", " is none of mine")
        assert not terminal.is_restored()
        terminal.type("s")
        terminal.shows("sort: name")
        terminal.type(DOWN)
        terminal.until(
            lambda: any(char.reverse for row in terminal.screen.buffer.values() for char in row.values())
        )
        terminal.type("\r")
        terminal.shows("runs as", "Esc back")
        terminal.type("\x1b")
        terminal.shows("sort: name")
        terminal.type("\t\r")
        terminal.shows("rank 0  head", "Esc back")
        terminal.type("\x1b?")
        terminal.shows("Keys", "Words")
        terminal.type("?")
        terminal.shows("sort: name")
        terminal.type("p")
        terminal.shows("PAUSED")
        terminal.type("p")
        terminal.until(lambda: "PAUSED" not in terminal.text)
        terminal.resize(20, 12)
        terminal.until(lambda: terminal.lines[-1] == "q quit  ? help")
        terminal.resize(200, 50)
        terminal.shows("█ working")
        terminal.until(lambda: terminal.lines[-1].startswith("q quit"))
        terminal.type("q")
        assert terminal.ends() == 0
        assert terminal.is_restored()
    assert run.wait().status == 1


def test_what_ranks_did_grows_from_status_to_status(runs: Runs):
    run = held_run(runs, 4, *WITHOUT)

    def cells(terminal: Terminal) -> int:
        return max((each.count("─") for each in terminal.lines if each.startswith("0  ")), default=0)

    with top(run.folder, size=(80, 40)) as terminal:
        terminal.until(lambda: cells(terminal) >= 3)
        terminal.type("q")
        assert terminal.ends() == 0
    assert run.wait().status == 1


def test_whoever_looks_sees_the_end_and_then_the_replay(runs: Runs):
    run = held_run(runs, 4, *WITHOUT)
    with top(run.folder, "survivor") as terminal:
        terminal.shows("survivor  under way")
        assert run.wait().status == 1
        terminal.shows("survivor  finished", "Its record is results/survivor-", "r replays")
        terminal.type("r")
        terminal.shows("failed tuples  replay", "Home End", "story")
        terminal.type("\x1b")
        terminal.shows("survivor  finished")
        terminal.type("q")
        assert terminal.ends() == 0
        assert terminal.is_restored()
    (record,) = run.folder.glob("results/*.h5")
    with top(run.folder, str(record), "--speed", "1024") as terminal:
        terminal.shows("replay", "(at the end)")
        terminal.until(lambda: "×" not in terminal.lines[0])  # it is through
        terminal.type(" ")
        terminal.until(lambda: "story" in terminal.text)
        terminal.type("\x1b")  # there is nothing to go back to
        assert terminal.ends() == 0
    page = piped(run.folder, str(record))
    assert (page.returncode, page.stderr) == (0, "")
    assert "survivor  failed tuples  replay" in page.stdout
    assert "ValueError: " in page.stdout


def test_a_run_that_was_killed_is_shown_as_it_last_was(runs: Runs):
    run = held_run(runs, 4, *KEPT)
    with top(run.folder) as terminal:
        terminal.shows("survivor  under way", "Checkpoints: ")
        terminal.until(lambda: "Checkpoints: none yet" not in terminal.text)
        run.kill()
        terminal.shows("survivor  DEAD", "Rank 0 is gone without a word", "hpcd4p resume")
        (kept,) = run.folder.glob("results/*.checkpoints")
        assert str(kept.resolve()) in "".join(terminal.lines)  # all of it, on as many lines as it takes
        terminal.type("q")
        assert terminal.ends() == 0
    page = piped(run.folder, "survivor")
    assert (page.returncode, page.stderr) == (0, "")
    assert "survivor  DEAD" in page.stdout


def test_one_of_several_runs_is_opened(runs: Runs):
    first = held_run(runs, 3, *WITHOUT)
    results = str(first.folder / "results")
    second = runs.start("survivor", 1, "-i", str(CALLS), "--results", results, *WITHOUT)
    second.until(lambda: len(list(Path(results).glob(f"*.live/{NAME}"))) == 2)
    with top(first.folder) as terminal:
        terminal.shows("2 under way in results")
        names = [each.split()[0] for each in terminal.lines if each.startswith("survivor")]
        assert names == sorted(path.stem for path in Path(results).glob("*.live"))
        terminal.type(DOWN + DOWN + "\r")
        terminal.shows("survivor  under way")
        terminal.type("\x1b")
        terminal.shows("2 under way in results")
        for run in (first, second):
            assert run.wait().status == 1
        terminal.shows("no run is under way in results")
        terminal.type("q")
        assert terminal.ends() == 0
        assert terminal.is_restored()


# ---- the terminal


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGHUP])
def test_a_signal_that_ends_it_restores_the_terminal(tmp_path, number):
    tells(tmp_path)
    with top(tmp_path) as terminal:
        terminal.shows("factors  under way", "q quit")
        terminal.process.send_signal(number)
        assert terminal.ends() == -number
        assert terminal.is_restored()


def test_ctrl_c_is_as_good_as_q(tmp_path):
    tells(tmp_path)
    with top(tmp_path) as terminal:
        terminal.shows("factors  under way", "q quit")
        terminal.type("\x03")
        assert terminal.ends() == 0
        assert terminal.is_restored()
        assert b"rror" not in terminal.written.replace(b"ValueError", b"")


def test_ctrl_z_gives_the_terminal_back_until_it_goes_on(tmp_path):
    tells(tmp_path)
    with top(tmp_path) as terminal:
        terminal.shows("factors  under way", "q quit")
        pid = terminal.process.pid
        terminal.process.send_signal(signal.SIGTSTP)
        terminal.until(lambda: Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] == "T")
        assert terminal.is_restored()
        terminal.screen.reset()
        terminal.process.send_signal(signal.SIGCONT)
        terminal.shows("factors  under way", "q quit")
        assert not terminal.is_restored()
        terminal.type("q")
        assert terminal.ends() == 0
        assert terminal.is_restored()
        assert not stat_is_there(pid)


def stat_is_there(pid: int) -> bool:
    try:
        return stat_of(pid).lives
    except OSError:
        return False


def test_an_exception_restores_the_terminal_before_it_is_told(tmp_path):
    program = (
        "from hpcd4p.top.paint import Paint\n"
        "from hpcd4p.top.screen import Screen\n"
        "with Screen(Paint()) as screen:\n"
        "    screen.keys(0.0)\n"
        "    raise ValueError('oh')\n"
    )
    with Terminal([sys.executable, "-c", program], tmp_path, variables()) as terminal:
        assert terminal.ends() == 1
        assert terminal.is_restored()
        assert b"ValueError: oh" in terminal.written.rpartition(b"\x1b[?1049l")[2]


def test_there_are_colours_unless_somebody_wants_none(tmp_path):
    tells(tmp_path)
    for given, coloured in (({}, True), ({"NO_COLOR": "1"}, False)):
        with top(tmp_path, **given) as terminal:
            terminal.shows("factors  under way", "q quit")
            terminal.type("q")
            assert terminal.ends() == 0
            assert bool(COLOURS.search(terminal.written)) is coloured


def test_a_terminal_that_cannot_be_drawn_on_gets_one_page(tmp_path):
    tells(tmp_path)
    with top(tmp_path, TERM="dumb") as terminal:
        assert terminal.ends() == 0
        assert b"\x1b" not in terminal.written
        assert terminal.attributes() == terminal.before
        assert b"factors  under way" in terminal.written
        assert b"this terminal cannot be drawn on" in terminal.written


def test_a_terminal_that_knows_ascii_only_gets_ascii(tmp_path):
    tells(tmp_path)
    with top(tmp_path, PYTHONIOENCODING="ascii") as terminal:
        terminal.shows("factors  under way", "=" * 8)
        terminal.type("q")
        assert terminal.ends() == 0
        assert terminal.written.isascii()


@pytest.mark.parametrize("size", [(1, 1), (5, 3), (20, 5), (400, 120)], ids=str)
def test_a_terminal_of_any_size_is_drawn_on(tmp_path, size):
    tells(tmp_path, **{name: getattr(grouped(30), name) for name in ("ranks",)})
    with top(tmp_path, size=size) as terminal:
        terminal.until(lambda: terminal.text.strip())
        terminal.type("q")
        assert terminal.ends() == 0
        assert terminal.is_restored()


def test_where_nobody_can_type_it_is_ended_by_a_signal(tmp_path):
    tells(tmp_path)
    line = [sys.executable, "-m", "hpcd4p", "top"]
    with Terminal(line, tmp_path, variables(), mute=True) as terminal:
        terminal.shows("factors  under way", "q quit")
        terminal.type("\x03")  # the terminal makes a signal of it
        assert terminal.ends() == 0
        assert terminal.is_restored()


def test_a_terminal_that_goes_away_ends_it(tmp_path):
    tells(tmp_path)
    with top(tmp_path) as terminal:
        terminal.shows("factors  under way", "q quit")
        terminal.hang_up()
        assert terminal.process.wait(60) == -signal.SIGHUP


def test_keys_that_come_in_pieces_are_one(tmp_path):
    tells(tmp_path)
    with top(tmp_path) as terminal:
        terminal.shows("q quit")
        terminal.type("\x1b")
        terminal.type("[B\r")
        terminal.shows("Numbers0", "runs as", "Esc back")
        terminal.type("q")
        assert terminal.ends() == 0


# ---- no terminal


def test_into_a_pipe_goes_one_page_without_orders_to_a_terminal(tmp_path):
    tells(tmp_path)
    page = piped(tmp_path)
    assert (page.returncode, page.stderr) == (0, "")
    assert "factors  under way" in page.stdout
    assert "ValueError: 7 is none of mine" in page.stdout
    assert "q quit" not in page.stdout
    assert "\x1b" not in page.stdout
    narrow = piped(tmp_path, COLUMNS="20", LINES="15").stdout.splitlines()
    assert max(map(len, narrow)) == 20
    assert len(narrow) < 15


def test_several_runs_into_a_pipe(tmp_path):
    for name in ("a", "b"):
        tells(tmp_path, name)
    lines = piped(tmp_path).stdout.splitlines()
    assert lines[0] == "hpcd4p  2 under way in results"
    assert [each.split()[0] for each in lines[3:]] == ["a", "b"]


def test_where_nothing_runs_it_says_what_status_says(tmp_path):
    for words in ((), (".",)):
        page = piped(tmp_path, *words)
        assert (page.returncode, page.stdout) == (0, told(tmp_path, *words))


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["nothing"], "there is no run nothing, under way or ended, also not in results"),
        (["--results", "nowhere"], "nowhere is no folder"),
        (["later"], "has version 99 of the status; this hpcd4p reads version"),
        (["factors-1", "--speed", "0"], "--speed must be a number from 0.015625 to 1,048,576, not '0'"),
        (["factors-1", "--speed", "fast"], "--speed must be a number"),
    ],
)
def test_bad_words_are_told_in_a_line(tmp_path, words, said):
    tells(tmp_path)
    later = tmp_path / "results" / "later.live"
    later.mkdir()
    (later / NAME).write_text('{"version": 99}')
    page = piped(tmp_path, *words)
    assert page.returncode == 2
    assert said in page.stderr.splitlines()[0]
    assert "Traceback" not in page.stderr
    assert page.stdout == ""
    with top(tmp_path, *words) as terminal:
        assert terminal.ends() == 2
        assert terminal.attributes() == terminal.before
        assert b"\x1b[?1049h" not in terminal.written


def test_a_status_that_cannot_be_told_hides_no_other(tmp_path):
    tells(tmp_path)
    later = tmp_path / "results" / "later.live"
    later.mkdir()
    (later / NAME).write_text('{"version": 99}')
    lines = piped(tmp_path).stdout
    assert "1 under way in results" in lines
    assert "later.live: " in lines


@pytest.mark.skipif(os.getuid() == 0, reason="root may read everything")
def test_one_that_may_not_be_read_is_told(tmp_path):
    file = tells(tmp_path)
    (file.folder / NAME).chmod(0o000)
    assert "cannot be read: Permission denied" in piped(tmp_path, "factors-1").stderr


def test_without_its_package_it_says_what_to_install(tmp_path):
    tells(tmp_path)
    page = piped(tmp_path, PYTHONPATH=os.pathsep.join([str(STACKS), ROOT]), E2E_LACKS="rich")
    assert page.returncode == 2
    assert page.stderr.count("\n") == 1
    assert "pip install 'hpcd4p[terminal]'" in page.stderr
