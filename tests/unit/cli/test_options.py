from __future__ import annotations

import pytest

from hpcd4p.cli.options import split
from hpcd4p.cli.run import parser
from hpcd4p.errors import SettingsError
from hpcd4p.plan.settings import MAX_RANKS

ARITY = parser(explain=False).arity


@pytest.mark.parametrize(
    ("words", "own", "workflow", "rest"),
    [
        ("", [], None, []),
        ("w.py", [], "w.py", []),
        ("-n 4 w.py -i 3", ["-n", "4", "-i", "3"], "w.py", []),
        ("-n4 w.py", ["-n=4"], "w.py", []),
        ("--ranks=4 w.py --top 5 -i 2", ["--ranks=4", "-i", "2"], "w.py", ["--top", "5"]),
        ("--top 5 --no-record", ["--no-record"], None, ["--top", "5"]),
        ("w.py -i -5", ["-i", "-5"], "w.py", []),
        ("w.py -- -i 5", [], "w.py", ["-i", "5"]),
        ("--ordered-outputs w.py data", ["--ordered-outputs"], "w.py", ["data"]),
        ("--no-ordered-outputs w.py", ["--no-ordered-outputs"], "w.py", []),
        ("-d [] w.py data", ["-d", "[]"], "w.py", ["data"]),
    ],
)
def test_a_command_line_is_parted(words, own, workflow, rest):
    assert split(words.split(), ARITY) == (own, workflow, rest)


def test_an_option_without_its_value_says_so():
    with pytest.raises(SettingsError, match="option -n needs a value"):
        split(["w.py", "-n"], ARITY)


@pytest.mark.parametrize("word", ["--ordered-outputs=3", "--no-ordered-outputs=", "--no-record=yes"])
def test_a_value_that_an_option_does_not_take_is_named(word):
    name, _, value = word.partition("=")
    with pytest.raises(SettingsError, match=f"{name}.* takes no value; leave out ={value}\n"):
        parser(explain=False).parse([word])


def test_what_split_gives_can_be_parsed():
    parts = split(["-n8", "w.py", "-i", "-5", "--task-s=0.5"], ARITY)
    found = parser(explain=False).parse(parts.own)
    assert (found.ranks, found.iterations, found.task_s) == ("8", "-5", "0.5")
    assert MAX_RANKS > 10_000


@pytest.mark.parametrize(
    ("words", "level"),
    [
        ("w.py", None),
        ("-v w.py", "info"),
        ("w.py --verbose", "info"),
        ("-vv w.py", "debug"),
        ("-q w.py", "error"),
        ("--quiet w.py", "error"),
        ("--log-level=warning w.py", "warning"),
        ("-q w.py -vv", "debug"),
    ],
)
def test_short_words_for_a_level_and_the_last_counts(words, level):
    parts = split(words.split(), ARITY)
    assert parts.workflow == "w.py"
    assert parser(explain=False).parse(parts.own).log_level == level


def test_the_help_says_every_engine_setting():
    assert "Most tuples in a task" in parser(explain=True).format_help()


@pytest.mark.parametrize(
    ("words", "name", "value"),
    [
        ("", "ordered_outputs", None),
        ("--ordered-outputs", "ordered_outputs", True),
        ("--no-ordered-outputs", "ordered_outputs", False),
        ("--ordered-outputs --no-ordered-outputs", "ordered_outputs", False),
        ("--no-record", "record", False),
    ],
)
def test_a_switch_has_no_value(words, name, value):
    assert getattr(parser(explain=False).parse(words.split()), name) is value


def test_the_help_says_what_a_switch_is_for():
    text = " ".join(parser(explain=True).format_help().split())
    assert "--ordered-outputs, --no-ordered-outputs The outputs of the run come in the order of one" in text
