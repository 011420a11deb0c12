"""What a run says of itself, and what its elements say: on real ranks, on the terminal and in the record."""

from __future__ import annotations

import re
import sys
import textwrap
from collections import Counter

import pytest

from hpcd4p.record.reader import read_record
from tests.e2e.test_progress import on_a_terminal
from tests.e2e.workflows.says_and_dies import LAST

TALKS = """
    import logging
    from hpcd4p import IterativePE, KeyedPE, ProducerPE, WorkflowGraph

    LOG = logging.getLogger("mine")

    class Numbers(ProducerPE):
        def _process(self, inputs):
            self.log("begins")
            for n in range(60):
                self.write("output", n)

    class Look(IterativePE):
        def _process(self, n):
            self.log(f"got {n}")
            if n % 20 == 0:
                LOG.warning("about %d", n)
            LOG.info("not important")
            return n % 5, n

    class Sum(KeyedPE):
        def process_key(self, key, value, state):
            return (state or 0) + value

        def end_key(self, key, state):
            self.log(f"end of {key}")

    graph = WorkflowGraph()
    numbers, look, total = Numbers(), Look(), Sum()
    graph.connect(numbers, "output", look, "input")
    graph.connect(look, "output", total, "input")
"""

SAID = Counter(
    [
        ("Numbers0", "INFO", "begins"),
        *(("Look1", "INFO", f"got {n}") for n in range(60)),
        *(("Look1", "WARNING", f"about {n}") for n in (0, 20, 40)),
        *(("Sum2", "INFO", f"end of {key}") for key in range(5)),
    ]
)

SILENT = """
    from hpcd4p import IterativePE, ProducerPE, WorkflowGraph

    class Numbers(ProducerPE):
        def _process(self, inputs):
            for n in range(TUPLES):
                self.write("output", n)

    class Same(IterativePE):
        def _process(self, n):
            return n

    graph = WorkflowGraph()
    graph.connect(Numbers(), "output", Same(), "input")
"""

LINE = re.compile(r" *\d+\.\d{3} (INFO |DEBUG) (launcher|rank \d+) \w+: .*")


def shown(out: str) -> list[str]:
    return [line for line in out.splitlines() if " (rank " in line]


@pytest.mark.parametrize("words", [["-n", "4"], ["-n", "3", "--mapping", "static"], []], ids=" ".join)
def test_what_elements_say_is_shown_and_in_the_record_with_rank_and_element(hpcd4p, words):
    ended = hpcd4p("run", *words, "w.py", workflow=TALKS)
    assert ended.status == 0, ended.err
    assert len(shown(ended.out)) == 1 + 60 + 5
    assert Counter(re.sub(r"\d+\)", "r)", line) for line in ended.err.splitlines()) == Counter(
        f"Look1 (rank r): WARNING about {n}" for n in (0, 20, 40)
    )
    record = ended.record()
    assert Counter((line["element"], line["level"], line["text"]) for line in record["log"]) == SAID
    assert record["summary"]["log"] == {"kept": SAID.total(), "left_out": 0}
    ranks = {f"{line['element']} (rank {line['rank']})" for line in record["log"]}
    assert ranks == {line.partition(":")[0] for line in shown(ended.out)}


def test_off_by_default_and_with_v_each_line_has_its_rank(hpcd4p):
    ended = hpcd4p("run", "-n", "4", "-v", "--no-record", "w.py", workflow=SILENT.replace("TUPLES", "20"))
    assert ended.status == 0, ended.err
    lines = ended.err.splitlines()
    assert all(map(LINE.fullmatch, lines)), ended.err
    assert {LINE.fullmatch(line)[2] for line in lines} == {"launcher", *(f"rank {r}" for r in range(4))}
    for words in (
        "starting 4 ranks",
        "Redis server",
        "4 ranks met",
        "source Numbers0 opened",
        "has ended: completed",
    ):
        assert words in ended.err
    assert "DEBUG" not in ended.err
    ended = hpcd4p("run", "-n", "4", "--no-record", "w.py")
    assert ended.err == ""


@pytest.mark.parametrize("way", ["flag", "variable", "TOML"])
def test_a_level_may_be_given_as_any_setting(hpcd4p, tmp_path, way):
    words = ["--log-level", "debug"] if way == "flag" else []
    variables = {"HPCD4P_LOG_LEVEL": "debug"} if way == "variable" else {}
    (tmp_path / "hpcd4p.toml").write_text('[run]\nlog_level = "debug"\n' if way == "TOML" else "")
    ended = hpcd4p(
        "run", "-n", "2", *words, "w.py", workflow=SILENT.replace("TUPLES", "20"), variables=variables
    )
    assert ended.status == 0, ended.err
    assert {m[2] for m in map(LINE.fullmatch, ended.err.splitlines()) if m} == {
        "launcher",
        "rank 0",
        "rank 1",
    }


def test_nothing_is_logged_per_tuple(hpcd4p):
    words = ["run", "-n", "4", "-vv", "--no-record", "--max-task-tuples", "64", "w.py"]
    ended = hpcd4p(*words, workflow=SILENT.replace("TUPLES", "20_000"))
    assert ended.status == 0, ended.err
    assert 10 < len(ended.err.splitlines()) < 100, ended.err


def test_quiet_says_the_summary_only(hpcd4p):
    ended = hpcd4p("run", "-n", "4", "-q", "w.py", workflow=TALKS)
    assert (ended.status, ended.err) == (0, "")
    assert ended.out.startswith("w: completed in ")
    assert len(ended.record()["log"]) == SAID.total()


def test_a_level_that_there_is_not_is_one_message(hpcd4p):
    ended = hpcd4p("run", "-n", "2", "--log-level", "loud", "w.py", workflow=SILENT)
    assert ended.status == 2
    assert ended.err == (
        "hpcd4p: error: --log-level must be one of debug, info, warning, error; not 'loud'\n"
    )
    assert ended.out == ""


FLOOD = TALKS.replace("range(60)", "range(5000)").replace("if n % 20 == 0", "if n < 0")


@pytest.mark.parametrize("ranks", ["1", "4"])
def test_a_flood_is_bounded_in_the_record_and_what_is_left_out_is_said(hpcd4p, ranks):
    ended = hpcd4p("run", "-n", ranks, "w.py", workflow=FLOOD)
    assert ended.status == 0, ended.err
    assert len(shown(ended.out)) == 1 + 5000 + 5
    log = ended.record()["summary"]["log"]
    assert 0 < log["left_out"] == 1 + 5000 + 5 - log["kept"]
    assert f"{log['left_out']:,} lines were left out" in ended.out


def test_what_an_element_said_before_it_ended_the_run_is_in_the_record(hpcd4p):
    workflow = """
        from hpcd4p import IterativePE, ProducerPE, WorkflowGraph

        class Numbers(ProducerPE):
            def _process(self, inputs):
                return 1

        class Fails(IterativePE):
            def _preprocess(self):
                self.log("about to fail")
                raise ValueError("no")

            def _process(self, n):
                return n

        graph = WorkflowGraph()
        graph.connect(Numbers(), "output", Fails(), "input")
    """
    ended = hpcd4p("run", "-n", "3", "w.py", workflow=workflow)
    assert ended.status == 1
    assert [line["text"] for line in ended.record()["log"]] == ["about to fail"]


def test_what_runs_in_a_process_apart_says_it_with_its_rank(runs):
    run = runs.start("says_and_dies", 4, "-vv")
    ended = run.wait()
    assert ended.status == 1, ended.err
    assert len(ended.letters) == 1
    assert "the process apart ended by SIGKILL" in ended.err
    (path,) = run.folder.glob("results/*.h5")
    with read_record(path) as record:
        said = {(line.element, line.text) for line in record.log()}
    # some that ran before it in the rank that died may be lost, none that ran after it
    assert ("Says1", f"got {LAST}") in said


def test_threads_and_forked_processes_of_elements_do_no_harm(hpcd4p):
    workflow = """
        import logging, os, threading
        from hpcd4p import IterativePE, ProducerPE, WorkflowGraph

        class Numbers(ProducerPE):
            def _process(self, inputs):
                return 1

        class Busy(IterativePE):
            def _process(self, n):
                each = [threading.Thread(target=self.log, args=(f"thread {i}",)) for i in range(8)]
                each.append(threading.Thread(target=logging.warning, args=("of a thread",)))
                [t.start() for t in each]
                [t.join() for t in each]
                if not os.fork():
                    logging.warning("of a child")
                    os._exit(0)
                os.wait()
                return n

        graph = WorkflowGraph()
        graph.connect(Numbers(), "output", Busy(), "input")
    """
    ended = hpcd4p("run", "-n", "3", "w.py", workflow=workflow)
    assert ended.status == 0, ended.err
    assert sorted(line["text"] for line in ended.record()["log"]) == [f"thread {i}" for i in range(8)]
    assert "of a thread" in ended.err
    assert re.search(r"Busy1 \(rank \d\): WARNING of a child", ended.err)


@pytest.mark.parametrize("ranks", [1, 3])
def test_lines_and_the_progress_line_do_not_mix_on_a_terminal(tmp_path, environment, ranks):
    workflow = textwrap.dedent(TALKS).replace("range(60)", "range(8)").replace("% 20 == 0", ">= 0")
    # the last of them waits until the test has seen a progress line
    slow = workflow.replace(
        'LOG.info("not important")', "time.sleep(0.1 if n < 7 or Path('go-on').exists() else 3)"
    )
    slow = "import time\nfrom pathlib import Path\n" + slow
    (tmp_path / "w.py").write_text(slow)
    words = [sys.executable, "-m", "hpcd4p", "run", "-n", str(ranks), "-v", "--no-record", "w.py"]
    seen, _ = on_a_terminal(words, tmp_path, lambda parts: "tuples done" in "".join(parts), env=environment)
    assert (tmp_path / "go-on").exists(), "there was no progress line"
    lines = [line.rpartition("\r")[2].rstrip() for line in seen.replace("\r\n", "\n").split("\n")]
    warned = [line for line in lines if "WARNING" in line]
    assert len(warned) == 8
    assert all(re.fullmatch(r"Look1 \(rank \d\): WARNING about \d", line) for line in warned), warned
    assert all("tuples done" not in line for line in lines[:-1]), lines
