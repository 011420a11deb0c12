"""A workflow from a pickle of its graph, ours or one that dispel4py itself has made. Rank 0 only.

Whoever unpickles runs what is in it: a pickle that is named on the command line is the user's code, as a
script is. Owns the reading; what the state of a graph of dispel4py means, `dispel4py.adopted` knows.
"""

from __future__ import annotations

import io
import pickle
from typing import TYPE_CHECKING, Any

from hpcd4p.errors import WorkflowError
from hpcd4p.workflow.dispel4py.names import what_is_lacking
from hpcd4p.workflow.graph import WorkflowGraph

if TYPE_CHECKING:
    from pathlib import Path

SUFFIXES = (".pickle", ".pkl", ".p")

_PROTOCOL = b"\x80"
"""First byte of a pickle since protocol 2; no text in UTF-8 begins with it."""


def is_pickled(path: Path, data: bytes) -> bool:
    """Whether `data`, of the file `path`, is a pickle and not the text of a workflow."""
    return path.suffix in SUFFIXES or data.startswith(_PROTOCOL)


class _Networkx:
    """In place of networkx's classes, where it is not installed: only their attributes are looked at."""


class _Reader(pickle.Unpickler):
    def find_class(self, module: str, name: str) -> Any:
        """Give what a pickle names; see `pickle.Unpickler`."""
        if module == "__main__":
            raise WorkflowError(
                [
                    f"it names {name} of the script that wrote it, and that is not here: define {name} in a "
                    "module beside the pickle and import it in the script, or write the pickle with "
                    "cloudpickle.dump, which takes it along"
                ]
            )
        try:
            return super().find_class(module, name)
        except ModuleNotFoundError as error:
            if error.name == "networkx":
                return _Networkx
            raise


def read_graph(data: bytes, where: str) -> WorkflowGraph:
    """The graph in the pickle `data`; what it is made of is imported.

    Raises
    ------
    WorkflowError
        It cannot be unpickled here, or holds something else.
    """
    try:
        graph = _Reader(io.BytesIO(data)).load()
    except WorkflowError as error:
        raise WorkflowError(error.problems, where) from error
    except Exception as error:  # user code: anything may come
        raise WorkflowError([_in_words(error)], where) from error
    if not isinstance(graph, WorkflowGraph):
        raise WorkflowError(
            [f"it is the pickle of a {type(graph).__name__}; expected a WorkflowGraph"], where
        )
    return graph


def _in_words(error: Exception) -> str:
    lacking = what_is_lacking(error)
    if lacking:
        return f"it holds {lacking}"
    if isinstance(error, ModuleNotFoundError):
        return f"it holds something of {error.name!r}, which is not installed here, nor beside the pickle"
    return f"it cannot be unpickled: {type(error).__name__}: {error}"
