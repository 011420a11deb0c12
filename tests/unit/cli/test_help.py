"""Every help can be asked for; the commands are taken from the program, so a new one is tested as well."""

from __future__ import annotations

import pkgutil
from importlib import import_module

import pytest

import hpcd4p.bench.__main__ as bench
import hpcd4p.cli
import hpcd4p.workflows
from hpcd4p.cli.main import COMMANDS, main
from hpcd4p.cli.options import Parser
from hpcd4p.launch.crew import Crew


def modules_with_a_command() -> set[str]:
    names = [m.name for m in pkgutil.iter_modules(hpcd4p.cli.__path__)]
    return {n for n in names if hasattr(import_module(f"hpcd4p.cli.{n}"), "command")}


def shipped() -> list[str]:
    found = [f"hpcd4p.workflows.{m.name}" for m in pkgutil.iter_modules(hpcd4p.workflows.__path__)]
    return [name for name in found if hasattr(import_module(name), "add_options")]


def test_every_command_is_in_the_list_of_the_help():
    assert modules_with_a_command() - {"_call"} == COMMANDS.keys()


@pytest.mark.parametrize("word", ["-h", "--help"])
@pytest.mark.parametrize("command", COMMANDS)
def test_every_command_explains_itself(command, word, capsys):
    assert main([command, word]) == 0
    said = capsys.readouterr()
    assert said.out.startswith(f"usage: hpcd4p {command}")
    assert said.err == ""


@pytest.mark.parametrize("workflow", shipped())
def test_every_shipped_workflow_explains_its_options(workflow, capsys):
    assert main(["run", workflow, "--help"]) == 0
    assert f"options of the workflow {workflow}" in capsys.readouterr().out


def test_the_bench_explains_itself(capsys):
    with pytest.raises(SystemExit) as left:
        bench.main(["--help"])
    assert left.value.code == 0
    assert "usage: python -m hpcd4p.bench" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("help_text", "shown"),
    [
        ("name (default %x-%j.out)", "name (default %x-%j.out)"),
        ("at most 5 % slower", "at most 5 % slower"),
        ("as a share, 100%", "as a share, 100%"),
        ("%(default)s of them", "7 of them"),
        ("%(default)s %%", "7 %"),
        ("%(default)s of 100 %", "%(default)s of 100 %"),
        ("%(nothing)s", "%(nothing)s"),
    ],
)
def test_a_percent_sign_in_a_help_is_what_it_looks_like(help_text, shown):
    parser = Parser(prog="hpcd4p x")
    parser.add_argument("--name", help=help_text, default=7)
    assert parser.format_help().endswith(f"{shown}\n")


def test_a_percent_sign_in_the_help_of_a_workflow_does_no_harm(tmp_path, monkeypatch, capsys):
    (tmp_path / "shares.py").write_text(
        "from hpcd4p import ProducerPE, WorkflowGraph\n"
        "def add_options(parser):\n"
        "    parser.add_argument('--share', help='how much, 50% say')\n"
        "def build(options):\n"
        "    graph = WorkflowGraph()\n"
        "    graph.add(ProducerPE())\n"
        "    return graph\n"
    )
    monkeypatch.chdir(tmp_path)
    assert main(["run", "shares.py", "--help"]) == 0
    assert "how much, 50% say" in capsys.readouterr().out


def test_without_a_word_it_shows_what_there_is(capsys):
    assert main([]) == 0
    said = capsys.readouterr().out
    assert said.startswith("usage: hpcd4p COMMAND")
    assert all(f"  {name} " in said for name in COMMANDS)


def test_without_a_word_a_job_of_ranks_runs_the_default_workflow(monkeypatch):
    monkeypatch.setenv("OMPI_COMM_WORLD_SIZE", "64")
    begun = []
    monkeypatch.setattr("hpcd4p.cli.run.command", lambda argv, ranks: begun.append((argv, ranks.size)) or 0)
    monkeypatch.setattr(Crew, "dismiss", lambda self: None)
    monkeypatch.setattr(Crew, "leave", lambda self, status: None)
    assert main([]) == 0
    assert begun == [([], 64)]
