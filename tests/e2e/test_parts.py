"""The parts of the test suite: together they are all of it, and none that fails is passed over."""

from __future__ import annotations

import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from tests import parts

TESTS = Path(__file__).parents[1]

GOOD = "def test_good(): pass\n"
BAD = "def test_bad(): assert 1 == 2, 'bad luck'\n"
SKIPPED = "import pytest\ndef test_skipped(): pytest.skip('no moon')\n"
LONG = """
import pathlib, pytest, time

@pytest.fixture
def trace():
    yield pathlib.Path(__file__)
    pathlib.Path(__file__).with_suffix(".tidied").touch()

def test_long(trace):
    trace.with_suffix(".begun").touch()
    time.sleep(600)
"""


@pytest.fixture
def suite(tmp_path, monkeypatch):
    """Write a suite of these files; gives its folder."""
    monkeypatch.setenv("PYTEST_DISABLE_PLUGIN_AUTOLOAD", "1")  # a third of a second for each part

    def write(**files: str) -> Path:
        (tmp_path / "pytest.ini").touch()
        for name, text in files.items():
            path = tmp_path / f"{name.replace('__', '/test_')}.py"
            path.parent.mkdir(exist_ok=True)
            path.write_text(text)
        return tmp_path

    return write


def run(root: Path, *words: str) -> int:
    handlers = {n: signal.getsignal(n) for n in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)}
    try:
        return parts.main(["-p", "no:cacheprovider", *words], root)
    finally:
        for number, handler in handlers.items():
            signal.signal(number, handler)


def test_every_test_of_this_suite_is_in_one_part():
    found = parts.parts(TESTS)
    for file in TESTS.rglob("test_*.py"):
        holding = [part for part in found if part in (file, *file.parents)]
        assert len(holding) == (TESTS / "mpi" not in file.parents), file
    assert {part.name for part in found} >= {*parts.FIRST, *parts.LAST}


def test_what_computes_comes_first_and_slurm_last(suite):
    root = suite(e2e__b="", sim__x="", sim__y="", unit__z="", slurm__s="", new__n="", e2e__a="", mpi__m="")
    names = [str(part.relative_to(root)) for part in parts.parts(root)]
    assert names == ["unit", "sim", "e2e/test_a.py", "e2e/test_b.py", "new/test_n.py", "slurm"]


WATCHES = """
import pathlib, time

def test_watches():
    mine = pathlib.Path(__file__).with_suffix(".running")
    mine.touch()
    time.sleep(0.3)
    others = [path for path in mine.parents[1].rglob("*.running") if path != mine]
    mine.unlink()
    assert ALONE == (not others)
"""


def test_what_needs_a_quiet_machine_comes_last_and_alone(suite, capfd):
    alone = {f"e2e__{name[5:-3]}": WATCHES.replace("ALONE", "True") for name in parts.ALONE}
    root = suite(**alone, e2e__a=GOOD, e2e__z=GOOD, unit__a=GOOD, slurm__s=GOOD)
    assert run(root, "--lanes", "3") == 0
    told = [line for line in capfd.readouterr().out.splitlines() if ".py: 1 passed" in line]
    assert [Path(line.split()[1][:-1]).name for line in told][-len(alone) :] == sorted(parts.ALONE)


MEETS = """
import pathlib, time

def test_meets():
    mine = pathlib.Path(__file__).with_suffix(".here")
    mine.touch()
    end = time.monotonic() + 60
    while len(list(mine.parents[1].rglob("*.here"))) < 2:
        assert time.monotonic() < end
        time.sleep(0.02)
"""


def test_parts_are_beside_each_other(suite):
    assert run(suite(e2e__a=MEETS, e2e__b=MEETS)) == 0


@pytest.mark.parametrize("lanes", ["1", "3"])
def test_all_are_run_and_counted_and_one_that_fails_is_told_in_full(suite, capfd, lanes):
    root = suite(
        unit__a=GOOD, e2e__bad=BAD, e2e__good=GOOD + GOOD.replace("good", "better"), slurm__s=SKIPPED
    )
    assert run(root, "--lanes", lanes) == 1
    out = capfd.readouterr().out
    assert "bad luck" in out
    *_, counts, last = out.strip().splitlines()
    assert last == f"{root / 'e2e/test_bad.py'} failed"
    for told in ("3 passed", "1 failed", "1 skipped"):
        assert told in counts


def test_if_all_pass_so_does_the_suite(suite, capfd):
    assert run(suite(unit__a=GOOD, e2e__b=GOOD)) == 0
    assert "2 passed in 0:" in capfd.readouterr().out.splitlines()[-1]


def test_a_part_that_runs_no_test_or_cannot_begin_or_dies_has_failed(suite, capfd):
    bad = {
        "empty": "",
        "imports": "import no_such_module\n",
        "ends": "import os\ndef test_ends(): os._exit(0)\n",
        "syntax": "def test_x(:\n",
    }
    assert run(suite(unit__a=GOOD, **{f"e2e__{name}": text for name, text in bad.items()})) == 1
    out = capfd.readouterr().out
    assert [name for name in bad if f"test_{name}.py failed\n" in out] == [*bad]
    assert "unit failed" not in out


def test_what_was_skipped_is_told_of_each_part(suite, tmp_path):
    root = suite(unit__a=SKIPPED, e2e__b=SKIPPED, e2e__c=GOOD)
    (root / "conftest.py").write_text((TESTS / "conftest.py").read_text())
    assert run(root, "--skipped-to", str(tmp_path / "skipped")) == 0
    told = subprocess.run(
        [sys.executable, str(TESTS / "skipped.py"), str(tmp_path / "skipped")],
        capture_output=True, text=True, check=True, timeout=60,
    )  # fmt: skip
    assert "2  no moon" in told.stdout


def test_after_its_time_a_part_is_told_to_end_and_no_other_is_begun(suite, capfd):
    root = suite(unit__a=LONG, e2e__b=GOOD, e2e__c=GOOD)
    assert run(root, "--lanes", "1", "--limit", "3") == 1
    out = capfd.readouterr().out
    assert "KeyboardInterrupt" in out
    assert out.splitlines()[-2:] == [f"{root / f'e2e/test_{name}.py'} was not begun" for name in "bc"]
    assert (root / "unit" / "test_a.tidied").exists()


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_ends_all_parts_with_what_they_have_started(suite, number):
    root = suite(unit__a=LONG, e2e__b=LONG, e2e__c=LONG)
    program = "import pathlib, sys, tests.parts; sys.exit(tests.parts.main([], pathlib.Path(sys.argv[1])))"
    process = subprocess.Popen(
        [sys.executable, "-c", program, root], cwd=TESTS.parent,
        stdout=subprocess.PIPE, text=True,
    )  # fmt: skip
    end = time.monotonic() + 60
    while len(list(root.rglob("*.begun"))) < 2:
        assert time.monotonic() < end
        time.sleep(0.02)
    process.send_signal(number)
    out, _ = process.communicate(timeout=60)
    assert process.returncode == 1
    assert len(list(root.rglob("*.tidied"))) == 2
    assert out.count("was not begun") == 1
