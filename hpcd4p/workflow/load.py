"""Loading a workflow: from a module or a file to its graph.

Owns the search for the graph in a module, and how a file becomes a module that pickle can name on every rank.
`install_module` runs on all ranks and must stay light; what only rank 0 needs is imported where it is used.
"""

from __future__ import annotations

import sys
from types import ModuleType
from typing import TYPE_CHECKING, Any, NamedTuple

from hpcd4p.errors import WorkflowError
from hpcd4p.workflow.composite import CompositePE
from hpcd4p.workflow.graph import WorkflowGraph

if TYPE_CHECKING:
    from pathlib import Path

CLASH_PREFIX = "hpcd4p_workflow_"
"""Prefix for a file with the name of a module: ``random.py`` must not hide `random`."""


class Loaded(NamedTuple):
    """A workflow that was loaded."""

    graph: WorkflowGraph | None
    """None where the module makes its graph with ``build(options)``."""
    module_name: str
    path: str | None
    """Of a file; None for a module that every rank can import."""
    source: str | None
    """Text of a file, so that other ranks need not read it; None for a module."""
    dispel4py: bool
    """Whether it imports dispel4py, so that other ranks need those names as well."""
    by_value: bool = False
    """Whether its definitions may lack an importable module: it is a pickle, or imports dispel4py."""


def load_workflow(spec: str, attr: str | None = None) -> Loaded:
    """Workflow named by `spec`. Rank 0.

    Parameters
    ----------
    spec
        A module (``package.module``), a file (``folder/workflow.py``), or a pickle of a graph.
    attr
        Name of the graph in the module; needed where there are several.

    Raises
    ------
    WorkflowError
        No such module or file; one that does not compile or that raises; no graph in it, or several.
    """
    from hpcd4p.workflow.dispel4py.names import dispel4py_names, were_asked_for

    path = _file_of(spec)
    with dispel4py_names():
        if path is None:
            module = _imported(spec)
            loaded = Loaded(_find_graph(module, attr, spec), module.__name__, None, None, False)
        else:
            loaded = _of_file(path, attr, spec)
    asked = were_asked_for()
    return loaded._replace(dispel4py=asked, by_value=loaded.by_value or asked)


def _of_file(path: Path, attr: str | None, spec: str) -> Loaded:
    from hpcd4p.workflow.pickled import is_pickled, read_graph

    data, place, name = _bytes(path), str(path), _module_name(path)
    if not is_pickled(path, data):
        source = _decoded(path, data)
        module = install_module(name, place, source)
        return Loaded(_find_graph(module, attr, spec), name, place, source, False)
    if attr is not None:
        raise WorkflowError([f"a pickle is one graph, without names; leave -a {attr} out"], spec)
    install_module(name, place, "")  # its neighbours can be imported, on every rank
    return Loaded(read_graph(data, place), name, place, "", False, by_value=True)


def install_module(module_name: str, path: str | None, source: str | None) -> ModuleType:
    """Make a module of `source` and register it, so that pickle finds the classes in it. All ranks.

    Raises
    ------
    WorkflowError
        When it does not compile, or raises while it runs.
    """
    where = path or module_name
    try:
        code = compile(source or "", where, "exec", dont_inherit=True)
    except SyntaxError as error:
        line = f", line {error.lineno}" if error.lineno else ""
        raise WorkflowError([f"it is no Python: {error.msg}{line}"], where) from error
    except ValueError as error:  # null bytes, in Python 3.11
        raise WorkflowError([f"it is no Python: {error}"], where) from error
    module = ModuleType(module_name)
    module.__file__ = path
    folder = path.rpartition("/")[0] if path else ""
    if folder and folder not in sys.path:
        sys.path.insert(0, folder)  # as Python does for a script: its neighbours can be imported
    sys.modules[module_name] = module
    try:
        exec(code, module.__dict__)
    except BaseException as error:
        del sys.modules[module_name]
        if isinstance(error, KeyboardInterrupt):
            raise
        raise WorkflowError([_what_raised(error, where)], where) from error
    return module


def _what_raised(error: BaseException, where: str) -> str:
    """One sentence on `error`, with the last line of the workflow's own file that led to it."""
    line = None
    at = error.__traceback__
    while at is not None:
        if at.tb_frame.f_code.co_filename == where:
            line = at.tb_lineno
        at = at.tb_next
    place = f" at line {line}" if line else ""
    lacking = _lacking(error)
    if lacking:
        return f"it imports{place} {lacking}"
    if isinstance(error, ModuleNotFoundError):
        return f"it imports {error.name!r}{place}, which is not installed here"
    if isinstance(error, SystemExit):
        return (
            f"it calls sys.exit{place} when it is loaded; put what runs it under `if __name__ == '__main__':`"
        )
    return f"it raises {type(error).__name__}{place} when it is loaded: {error}"


def _lacking(error: BaseException) -> str | None:
    """What of dispel4py it imports that is not carried, if that is what `error` says."""
    if not isinstance(error, ImportError):
        return None
    from hpcd4p.workflow.dispel4py.names import what_is_lacking

    return what_is_lacking(error)


def _file_of(spec: str) -> Path | None:
    """Absolute path of the file that `spec` names; None if it names a module."""
    from pathlib import Path

    try:
        path = Path(spec).expanduser()
    except RuntimeError:  # ~ somebody who is not known here: the name as it stands
        path = Path(spec)
    looks_like_file = spec.endswith(".py") or "/" in spec
    for candidate in (path, path.with_name(path.name + ".py")) if path.name else ():
        if _is_file(candidate) and (looks_like_file or candidate == path):
            return candidate.absolute()
    if not looks_like_file:
        return None
    what = "a folder" if path.is_dir() else "no such file"
    raise WorkflowError([f"expected the file of a workflow, found {what} (from {Path.cwd()})"], spec)


def _is_file(path: Path) -> bool:
    try:
        return path.is_file()
    except OSError as error:  # a name that is too long, a folder that may not be searched
        raise WorkflowError([f"it cannot be read: {error.strerror}"], str(path)) from error


def _bytes(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError as error:
        raise WorkflowError([f"it cannot be read: {error.strerror}"], str(path)) from error


def _decoded(path: Path, data: bytes) -> str:
    from importlib.util import decode_source

    try:
        return decode_source(data)
    except (SyntaxError, UnicodeDecodeError) as error:
        raise WorkflowError([f"it is no Python: {error}"], str(path)) from error


def _module_name(path: Path) -> str:
    """Name for the module of a file: its stem, unless that is the name of another module."""
    from importlib.util import find_spec

    stem = "".join(c if c.isalnum() or c == "_" else "_" for c in path.stem)
    loaded = sys.modules.get(stem)
    if loaded is not None:
        ours = getattr(loaded, "__file__", None) == str(path)
        return stem if ours else CLASH_PREFIX + stem
    try:
        other = find_spec(stem)
    except (ImportError, ValueError):
        other = None
    clash = other is not None and other.origin != str(path)
    return CLASH_PREFIX + stem if clash else stem


def _imported(spec: str) -> ModuleType:
    from importlib import import_module

    if not all(part.isidentifier() for part in spec.split(".")):
        raise WorkflowError(
            ["no such workflow: expected a module (package.module) or a file (folder/workflow.py)"], spec
        )
    try:
        return import_module(spec)
    except ModuleNotFoundError as error:
        if _lacking(error):
            raise WorkflowError([_what_raised(error, _origin(spec))], spec) from error
        if error.name is not None and (spec == error.name or spec.startswith(error.name + ".")):
            raise WorkflowError(
                ["no such workflow: it is neither a file nor a module that can be imported here"], spec
            ) from error
        raise WorkflowError([f"it imports {error.name!r}, which is not installed here"], spec) from error
    except SyntaxError as error:
        raise WorkflowError(
            [f"it is no Python: {error.msg}, {error.filename}:{error.lineno}"], spec
        ) from error
    except (Exception, SystemExit) as error:
        raise WorkflowError([_what_raised(error, _origin(spec))], spec) from error


def _origin(spec: str) -> str:
    from importlib.util import find_spec

    try:
        module = find_spec(spec)
    except (ImportError, ValueError):
        return spec
    return (module.origin or spec) if module else spec


def _find_graph(module: ModuleType, attr: str | None, spec: str) -> WorkflowGraph | None:
    graphs = {
        name: thing for name, thing in vars(module).items() if _is_graph(thing) and not name.startswith("__")
    }
    if attr is not None:
        return _named(module, attr, graphs, spec)
    whole = _whole_workflows(graphs)
    if len(whole) == 1:
        return next(iter(whole.values()))
    if len(whole) > 1:
        names = ", ".join(whole)
        raise WorkflowError(
            [f"it has {len(whole)} graphs: {names}; say which with -a, as in -a {next(iter(whole))}"], spec
        )
    if callable(getattr(module, "build", None)):
        return None
    raise WorkflowError(
        ["it has no graph; at the top of the module write graph = WorkflowGraph(), or define build(options)"],
        spec,
    )


def _is_graph(thing: Any) -> bool:
    return isinstance(thing, WorkflowGraph)


def _named(module: ModuleType, attr: str, graphs: dict[str, Any], spec: str) -> WorkflowGraph:
    graph = getattr(module, attr, None)
    if isinstance(graph, WorkflowGraph):
        return graph
    what = (
        f"{attr} is a {type(graph).__name__}, not a graph" if hasattr(module, attr) else f"it has no {attr}"
    )
    raise WorkflowError([f"{what}; its graphs are: {', '.join(graphs) or 'none'}"], spec)


def _whole_workflows(graphs: dict[str, WorkflowGraph]) -> dict[str, WorkflowGraph]:
    """Graphs that are no part of others: no composites, and each under its first name only."""
    parts = {id(m) for g in graphs.values() for m in g.get_contained_objects()}
    whole: dict[int, tuple[str, WorkflowGraph]] = {}
    for name, graph in graphs.items():
        is_part = id(graph) in parts or isinstance(graph, CompositePE)
        if not is_part and not graph.inputmappings and not graph.outputmappings:
            whole.setdefault(id(graph), (name, graph))
    return dict(whole.values())
