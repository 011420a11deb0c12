"""From words to a planned workflow: load it, give it its options, plan it, read its inputs.

Everything here happens before the run, so that what can be wrong is said before anything starts.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path
from types import ModuleType
from typing import TYPE_CHECKING, Any

from hpcd4p.cli.options import Parser, unknown_argument
from hpcd4p.errors import InputError, SettingsError

if TYPE_CHECKING:
    from hpcd4p.workflow.graph import WorkflowGraph
    from hpcd4p.workflow.load import Loaded

MAX_ITERATIONS = 10**12
"""More calls than this would take years: a typing error."""


def workflow_module(loaded: Loaded) -> ModuleType | None:
    """Give the module that a workflow was loaded from."""
    return sys.modules.get(loaded.module_name)


def built_graph(loaded: Loaded, rest: list[str], valid: list[str]) -> WorkflowGraph:
    """Give the graph, made by the module's ``build(options)`` if it has one.

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
    build = getattr(module, "build", None)
    if build is None or loaded.graph is not None:
        if rest:
            raise SettingsError(
                f"{unknown_argument(rest[0], valid)}\n"
                f"the workflow {loaded.module_name} has no options of its own; "
                "hpcd4p run --help lists the others"
            )
        return loaded.graph
    parser = Parser(prog=f"workflow {loaded.module_name}", add_help=False, usage="options of the workflow")
    add_options = getattr(module, "add_options", None)
    if add_options is not None:
        add_options(parser)
    options, unknown = parser.parse_known_args(rest)
    if unknown:
        own = [flag for action in parser._actions for flag in action.option_strings]
        known = f"; its own options: {', '.join(own)}" if own else ""
        raise SettingsError(
            f"{unknown_argument(unknown[0], [*own, *valid])}\n"
            f"neither hpcd4p run nor the workflow {loaded.module_name} knows it{known}"
        )
    graph: WorkflowGraph = build(options)
    return graph


def read_inputs(iterations: int | None, data: str | None, file: str | None) -> Any:
    """Give what -f, else -d, else -i says; None if nothing is said.

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
    if not isinstance(given, dict | list | int) or isinstance(given, bool):
        raise InputError(
            f"{what} must be an object of lists by element, a list or a number, "
            f"not {json.dumps(given)[:40]}; {_FORM}"
        )
    return given
