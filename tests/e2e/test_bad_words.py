"""Words that hpcd4p cannot take: one message each, status 2, and nothing was started."""

from __future__ import annotations

import pytest

GOOD = """
    from hpcd4p import IterativePE, ProducerPE, WorkflowGraph

    class Numbers(ProducerPE):
        def _process(self, inputs):
            return 1

    class Double(IterativePE):
        def _process(self, data):
            return 2 * data

    numbers, double = Numbers(), Double()
    graph = WorkflowGraph()
    graph.connect(numbers, "output", double, "input")
"""


@pytest.mark.parametrize(
    ("words", "messages"),
    [
        (["rnu"], ["no command 'rnu'", "did you mean run?"]),
        (["w.py"], ["to run a workflow: hpcd4p run w.py"]),
        (["frobnicate"], ["there are run, resume, plan, simulate, status, top, show, explain, plot, export"]),
        (["run", "w.py", "--iteratons", "3"], ["unknown option --iteratons", "did you mean --iterations?"]),
        (["run", "w.py", "extra"], ["unexpected argument 'extra'", "has no options of its own"]),
        (["run", "w.py", "-n"], ["option -n needs a value"]),
        (["run", "w.py", "-n", "0"], ["-n must be from 1"]),
        (["run", "w.py", "-n", "many"], ["-n must be a whole number", "'many'"]),
        (["run", "w.py", "-i", "-1"], ["-i must be from 0", "-1"]),
        (["run", "w.py", "-i", "ten"], ["-i must be a whole number", "'ten'"]),
        (["run", "w.py", "-i", "1" + "0" * 30], ["-i must be from 0 to"]),
        (["run", "w.py", "-d", "{nope"], ["-d are no JSON", "line 1, column 2", "expected {"]),
        (["run", "w.py", "-d", "[" * 100_000], ["the inputs -d cannot be read", "recursion", "expected {"]),
        (["run", "w.py", "-d", "1" * 5000], ["the inputs -d cannot be read", "digits", "expected {"]),
        (["run", "w.py", "-d", '{"Numbers": 1' + "0" * 22 + "}"], ["Numbers0", "above 1,000,000,000,000"]),
        (["run", "w.py", "-d", '"text"'], ["-d must be an object", '"text"']),
        (["run", "w.py", "-d", '{"Nmbers": [{}]}'], ["Nmbers", "Numbers"]),
        (["run", "w.py", "-d", '{"Numbers": -3}'], ["Numbers", "-3"]),
        (["run", "w.py", "-f", "none.json"], ["cannot read the inputs -f none.json", "No such file"]),
        (["run", "w.py", "--window", "0"], ["--window must be from 1 to 1,024, not 0"]),
        (["run", "w.py", "--config", "none.toml"], ["cannot read the configuration none.toml"]),
        (["run", "none.py"], ["none.py"]),
        (["run", "x" * 300], ["File name too long"]),
        (["run", "~nobody-is-called-so/w.py"], ["~nobody-is-called-so/w.py", "no such file"]),
        (["run", "no.such.module"], ["no.such.module"]),
        (["plan", "w.py", "--jsno"], ["unknown option --jsno", "did you mean --json?"]),
        (["run", "--folder", "x", "w.py"], ["--folder is no option of hpcd4p", "hpcd4p run w.py --folder x"]),
        (["run", "--folder=x", "w.py", "-n", "4"], ["hpcd4p run w.py --folder=x"]),
        (["show", "none.h5"], ["none.h5"]),
        (["show"], ["FILE"]),
    ],
)  # fmt: skip
def test_a_wrong_word_gives_one_message_and_status_2(hpcd4p, words, messages):
    ended = hpcd4p(*words, workflow=GOOD)
    assert ended.status == 2, ended.err
    for message in messages:
        assert message in ended.error
    assert not (ended.folder / "results").exists() or not list((ended.folder / "results").iterdir())


@pytest.mark.parametrize(
    ("workflow", "messages"),
    [
        ("this is no Python\n", ["w.py", "line 1"]),
        ("import a_module_that_is_not_there\n", ["w.py", "a_module_that_is_not_there"]),
        ("1 / 0\n", ["w.py", "ZeroDivisionError"]),
        ("x = 1\n", ["w.py", "WorkflowGraph"]),
        (
            GOOD.replace(
                "class Double(IterativePE):",
                """class Double(IterativePE):
        def __init__(self):
            self._add_input("more")
""",
            ),
            ["w.py", "at line 10", "Double.__init__ must call super().__init__() before it declares ports"],
        ),
        (
            GOOD.replace("_process(self, data)", "process(self, data)"),
            ["'Double' defines process", "_process"],
        ),
        (GOOD + "\n    other = WorkflowGraph()\n    other.add(Numbers())\n", ["graph", "other", "-a"]),
    ],
)
def test_a_file_that_is_no_workflow_says_why(hpcd4p, workflow, messages):
    ended = hpcd4p("run", "w.py", workflow=workflow)
    assert ended.status == 2, ended.err
    for message in messages:
        assert message in ended.error


ORDERED = GOOD.replace("class Double(IterativePE):", "class Double(IterativePE):\n        ordered = True")


@pytest.mark.parametrize(
    ("workflow", "message"),
    [
        (
            ORDERED,
            "Double1 says ordered = True, and holds no state, so the order of its tuples changes nothing",
        ),
        (
            ORDERED.replace("ordered = True", "ordered = True; stateful = False"),
            "leave out the one that is wrong",
        ),
        (
            ORDERED.replace("ordered = True", "ordered = 'yes'"),
            "Double1 says ordered = 'yes'; expected True, ",
        ),
        (
            ORDERED.replace("ordered = True", "ordered = True; stateful = True; numprocesses = 3"),
            "no grouping",
        ),
        (
            GOOD.replace("class Numbers(ProducerPE):", "class Numbers(ProducerPE):\n        ordered = True"),
            "Numbers0 says ordered = True, and is a source",
        ),
    ],
)
@pytest.mark.parametrize("words", [(), ("-n", "3"), ("-n", "3", "--mapping", "static")])
def test_an_order_that_means_nothing_is_one_message(hpcd4p, workflow, message, words):
    ended = hpcd4p("run", "w.py", *words, workflow=workflow)
    assert ended.status == 2, ended.err
    assert message in ended.error
    assert ended.err.count("\n") == 1, ended.err
    assert not (ended.folder / "results").exists() or not list((ended.folder / "results").iterdir())


OWN_OPTIONS = (
    GOOD
    + """
    def add_options(parser):
        parser.add_argument("--way", default="")
        if FAILS:
            raise RuntimeError("no options today")

    del graph

    def build(options):
        if options.way == "exit":
            raise SystemExit("I do not like it")
        if options.way == "nothing":
            return None
        return {}["missing"]
"""
)


@pytest.mark.parametrize(
    ("words", "fails", "messages"),
    [
        ([], True, ["add_options(parser) of w", "RuntimeError: no options today"]),
        (["--way", "exit"], False, ["build(options) of w", "SystemExit: I do not like it"]),
        (["--way", "nothing"], False, ["expected a WorkflowGraph from build(options), got NoneType"]),
        ([], False, ["build(options) of w", "KeyError: 'missing'"]),
    ],
)
def test_a_function_of_the_workflow_that_fails_says_so(hpcd4p, words, fails, messages):
    ended = hpcd4p("run", "w.py", *words, workflow=OWN_OPTIONS.replace("FAILS", str(fails)))
    assert ended.status == 2, ended.err
    assert "Traceback" not in ended.err
    for message in messages:
        assert message in ended.error


@pytest.mark.parametrize(
    ("body", "message"),
    [
        ("return 3", "present() gave a int"),
        ("raise SystemExit(4)", "present() raised SystemExit: 4"),
        ("raise KeyboardInterrupt", "present() raised KeyboardInterrupt"),
    ],
)
def test_words_of_the_workflow_that_fail_do_not_end_the_run(hpcd4p, body, message):
    ended = hpcd4p("run", "w.py", workflow=GOOD + f"\n    def present(summary, outputs): {body}\n")
    assert ended.status == 0, ended.err
    assert message in ended.out
    assert "Failures: none" in ended.out


def test_an_attribute_chooses_between_two_graphs(hpcd4p):
    two = GOOD + "\n    other = WorkflowGraph()\n    other.add(Numbers())\n"
    ended = hpcd4p("run", "w.py", "-a", "other", "-i", "3", workflow=two)
    assert ended.status == 0, ended.err
    assert ended.record()["summary"]["outputs"] == {"Numbers0.output": 3}


def test_a_wrong_variable_lists_the_valid_ones(hpcd4p):
    ended = hpcd4p("run", "w.py", workflow=GOOD, variables={"HPCD4P_WINDWO": "2"})
    assert ended.status == 2
    assert "did you mean HPCD4P_WINDOW?" in ended.error


def test_show_config_prints_and_does_not_run(hpcd4p):
    ended = hpcd4p("run", "w.py", "--window", "3", "--show-config", workflow=GOOD)
    assert ended.status == 0
    assert "window = 3" in ended.out
    assert "# --window" in ended.out
    assert not (ended.folder / "results").exists()


def test_options_from_a_file_come_before_those_of_the_command_line_and_reach_present(hpcd4p, tmp_path):
    own = (
        GOOD
        + """
    def add_options(parser): parser.add_argument("--colour", default="white")
    def build(options, made=graph): return made
    del graph
    def present(summary, outputs, options): return f"colour is {options.colour}"
"""
    )
    config = tmp_path / "own.toml"
    config.write_text('[options]\ncolour = "red"\n')
    assert "colour is red" in hpcd4p("run", "--config", str(config), "w.py", workflow=own).out
    ended = hpcd4p("run", "--config", str(config), "w.py", "--colour", "blue", workflow=own)
    assert ended.status == 0, ended.err
    assert "colour is blue" in ended.out


@pytest.mark.parametrize("flag", ["--window", "--ranks", "-i"])
def test_an_option_of_the_workflow_that_would_never_reach_it_is_refused(hpcd4p, flag):
    own = (
        GOOD
        + f"""
    def add_options(parser): parser.add_argument("{flag}", default="3")
    def build(options, made=graph): return made
    del graph
"""
    )
    ended = hpcd4p("run", "w.py", flag, "5", workflow=own)
    assert ended.status == 2
    assert f"its option {flag} is one of hpcd4p's own" in ended.err
