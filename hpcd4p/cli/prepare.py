"""From words to a planned workflow: load it, give it its options, plan it, read its inputs.

Everything here happens before the run, so that mistakes are reported before anything starts.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Mapping
from pathlib import Path
from types import ModuleType
from typing import TYPE_CHECKING, Any, NamedTuple

from hpcd4p.cli.options import Parser, unknown_argument
from hpcd4p.cli.words import mention
from hpcd4p.errors import InputError, SettingsError, UsageError, WorkflowError
from hpcd4p.workflow.dispel4py.names import dispel4py_names, real_package
from hpcd4p.workflow.graph import WorkflowGraph

if TYPE_CHECKING:
    import argparse

    from hpcd4p.cli.settings import Resolved
    from hpcd4p.plan.model import Plan
    from hpcd4p.record.summary import Summary
    from hpcd4p.workflow.elements import GenericPE
    from hpcd4p.workflow.load import Loaded


OPTIONS_OF_COMMANDS = frozenset(
    {
        "-n",
        "--ranks",
        "-i",
        "--iterations",
        "-d",
        "--data",
        "-f",
        "--file",
        "--config",
        "--show-config",
        "--json",
    }
)
"""Those of ``run`` and ``plan`` that are no settings; -h and --help are common to all."""

Present = Callable[["Summary", dict[str, list[Any]]], Any]
"""Puts the results in words."""


class Planned(NamedTuple):
    """A workflow that can run."""

    loaded: Loaded
    plan: Plan
    elements: list[GenericPE]
    options: argparse.Namespace | None
    """Its own options; None if it has no ``build(options)``."""
    by_value: bool
    """Its elements have functions or classes without a name of their own."""


def workflow_module(loaded: Loaded) -> ModuleType | None:
    """Give the module that a workflow was loaded from."""
    return sys.modules.get(loaded.module_name)


def built_graph(
    loaded: Loaded, rest: list[str], valid: list[str]
) -> tuple[WorkflowGraph, argparse.Namespace | None]:
    """Give the graph, and the options that the module's ``build(options)`` made it from, if it has one.

    Parameters
    ----------
    rest
        Words of the command line that are no options of hpcd4p.
    valid
        Options of hpcd4p, for a suggestion.

    Raises
    ------
    SettingsError
        A word that neither hpcd4p nor the workflow knows, or a value that the workflow refuses.
    """
    module = workflow_module(loaded)
    if loaded.graph is not None:
        if rest:
            raise SettingsError(
                f"{unknown_argument(rest[0], valid)}\n"
                f"the workflow {loaded.module_name} has no options of its own; "
                "hpcd4p run --help lists the others"
            )
        return loaded.graph, None
    build = getattr(module, "build")  # noqa: B009 - load_workflow has seen it
    parser = options_of(module)
    options, unknown = parser.parse_known_args(rest)
    if unknown:
        own = sorted(parser.arity)
        known = f"; its own options: {', '.join(own)}" if own else ""
        raise SettingsError(
            f"{unknown_argument(unknown[0], [*own, *valid])}\n"
            f"neither hpcd4p nor the workflow {loaded.module_name} knows it{known}"
        )
    try:
        graph = build(options)
    except UsageError:
        raise
    except (Exception, SystemExit) as error:  # user code: anything may come
        raise _raised("build(options)", loaded.module_name, error) from error
    if not isinstance(graph, WorkflowGraph):
        raise WorkflowError(
            [f"expected a WorkflowGraph from build(options), got {type(graph).__name__}"], loaded.module_name
        )
    return graph, options


def options_of(module: ModuleType | None) -> Parser:
    """Give the parser of a workflow's own options; one without any if it has none."""
    parser = Parser(prog="workflow", add_help=False)
    add_options = getattr(module, "add_options", None)
    if module is not None and add_options is not None:
        try:
            add_options(parser)
        except (Exception, SystemExit) as error:  # user code: anything may come
            raise _raised("add_options(parser)", module.__name__, error) from error
        _refuse_clash(parser, module.__name__)
        parser.hint = f"hpcd4p run {module.__name__} --help lists the options of the workflow"
    return parser


def _refuse_clash(own: Parser, module: str) -> None:
    """Raise `WorkflowError` if the workflow has an option that would never reach it."""
    from hpcd4p.cli.options import add_settings

    ours = Parser(prog="hpcd4p", add_help=False)
    add_settings(ours, explain=False)
    taken = sorted({*ours.arity, *OPTIONS_OF_COMMANDS} & own.arity.keys())
    if taken:
        raise WorkflowError(
            [f"its option {taken[0]} is one of hpcd4p's own, and would never reach it; give it another name"],
            f"add_options(parser) of {module}",
        )


def _raised(function: str, module: str, error: BaseException) -> WorkflowError:
    """The error for what a function of the workflow's module raised, including a `sys.exit`."""
    return WorkflowError([f"it raised {type(error).__name__}: {error}"], f"{function} of {module}")


def words_of(options: Mapping[str, str | int | float | bool]) -> list[str]:
    """Give options from a TOML file as words of the command line.

    Examples
    --------
    >>> words_of({"time_scale": 0.1, "heavy": True, "plot": False})
    ['--time-scale=0.1', '--heavy']
    """
    flags = {"--" + name.replace("_", "-"): value for name, value in options.items()}
    return [f if value is True else f"{f}={value}" for f, value in flags.items() if value is not False]


def presenter(module: ModuleType | None, options: argparse.Namespace | None) -> Present | None:
    """Give the module's ``present``, bound to the options of the workflow if it asks for them."""
    present = getattr(module, "present", None)
    if present is None:
        return None
    from inspect import signature

    try:
        signature(present).bind(None, {}, options)
    except (TypeError, ValueError):
        return present  # type: ignore[no-any-return]
    return lambda summary, outputs: present(summary, outputs, options)


def help_of(settings: Resolved) -> str:
    """Give the help of the workflow's own options; empty if it cannot be loaded."""
    from hpcd4p.workflow.load import load_workflow

    try:
        loaded = load_workflow(settings.values["workflow"], settings.values["attr"])
        parser = options_of(workflow_module(loaded))
    except UsageError:
        return ""
    if not parser.arity:
        return ""
    text = parser.format_help()
    return f"\noptions of the workflow {loaded.module_name}:\n" + text[text.index("options:") + 9 :]


def read_inputs(iterations: int | None, data: str | None, file: str | None) -> Any:
    """Give the inputs of -f, else of -d, else of -i; None without any.

    Raises
    ------
    InputError
        A file that cannot be read, or text that is no JSON, with the place.
    """
    if file is not None:
        try:
            text = Path(file).read_text(encoding="utf-8")
        except OSError as error:
            raise InputError(f"cannot read the inputs -f {file}: {error.strerror}") from error
        except UnicodeDecodeError as error:
            raise InputError(f"the inputs -f {file} are not UTF-8 text") from error
        return _json(text, f"the inputs -f {file}")
    if data is not None:
        return _json(data, "the inputs -d")
    return iterations


_FORM = 'expected {"ELEMENT": [{"INPUT": value}, ...]} or {"ELEMENT": number}'


def _json(text: str, what: str) -> Any:
    try:
        given = json.loads(text)
    except json.JSONDecodeError as error:
        near = text[max(0, error.pos - 10) : error.pos + 20]
        raise InputError(
            f"{what} are no JSON: {error.msg} at line {error.lineno}, column {error.colno}, near {near!r}; "
            f"{_FORM}"
        ) from error
    except (RecursionError, ValueError) as error:  # lists in lists in lists; a number of thousands of digits
        raise InputError(f"{what} cannot be read: {error}; {_FORM}") from error
    if not isinstance(given, dict | list | int) or isinstance(given, bool):
        raise InputError(
            f"{what} must be an object of lists by element, a list or a number, "
            f"not {json.dumps(given)[:40]}; {_FORM}"
        )
    return given


def planned(settings: Resolved, rest: list[str], size: int, valid: list[str]) -> Planned:
    """Load the workflow of `settings`, give it its options `rest`, and plan it for `size` ranks."""
    from hpcd4p.workflow.load import load_workflow

    with dispel4py_names():
        loaded = load_workflow(settings.values["workflow"], settings.values["attr"])
        where = real_package() if loaded.dispel4py else None
        if where is not None:
            mention(f"dispel4py is installed here ({where}); this run uses the same names of hpcd4p")
        graph, options = built_graph(loaded, [*words_of(settings.options), *rest], valid)
        plan, elements, by_value = _plan(graph, size, settings, loaded.by_value)
    if not graph.name:
        plan = plan._replace(name=loaded.module_name.rpartition(".")[2])
    return Planned(loaded, plan, elements, options, by_value)


def _plan(
    graph: WorkflowGraph, size: int, settings: Resolved, by_value: bool
) -> tuple[Plan, list[GenericPE], bool]:
    from hpcd4p.plan.make import make_plan

    def plan(*, by_value: bool) -> tuple[Plan, list[GenericPE], bool]:
        mapping = settings.values["mapping"]
        made = make_plan(graph, size, settings.engine(), by_value=by_value, mapping=mapping)
        return *made, by_value

    try:
        return plan(by_value=False)
    except WorkflowError as error:
        if not by_value:
            raise
        try:  # dispel4py never pickles an element: functions in functions, and lambdas, are in many workflows
            return plan(by_value=True)
        except WorkflowError:
            raise error from None
