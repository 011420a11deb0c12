"""What can be wrong with a workflow: every check, each problem a sentence that says what to do.

Owns validation. It must never stop at the first problem, and never change the graph.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator
from operator import index
from typing import Any

from hpcd4p.plan.bare_datum import misnamed
from hpcd4p.plan.ordering import find_cycles
from hpcd4p.workflow.dispel4py.names import advice_if_real
from hpcd4p.workflow.elements import BatchPE, GenericPE, KeyedPE
from hpcd4p.workflow.generic import GROUPING, NAME
from hpcd4p.workflow.graph import Connection
from hpcd4p.workflow.groupings import read_columns, read_grouping
from hpcd4p.workflow.identity import dumper
from hpcd4p.workflow.kept import Kept

MOST_OF_CYCLE = 20
"""Members of a cycle that are named."""

MAX_INSTANCES = 1 << 20
"""Most instances or partitions of an element: more is a slip, and each costs memory."""


def problems_of_members(members: list[Any]) -> list[str]:
    """Say which members are no elements, or are elements that were not initialised, or come twice."""
    if not members:
        return ["the workflow is empty; add elements with graph.add(...) or graph.connect(...)"]
    problems = []
    for member in members:
        if isinstance(member, type) and issubclass(member, GenericPE):
            problems.append(f"{member.__name__} is a class; add an instance of it: {member.__name__}()")
        elif not isinstance(member, GenericPE):
            what_to_do = advice_if_real(member) or "wrap a function in SimpleFunctionPE"
            problems.append(f"{member!r} is not an element (a GenericPE); {what_to_do}")
        elif not hasattr(member, "inputconnections") or not hasattr(member, "outputconnections"):
            kind = type(member).__name__
            problems.append(f"element {kind} was not initialised; call super().__init__() in {kind}.__init__")
    for count, member in _repeated(members):
        problems.append(
            f"element {_called(member)} is in the workflow {count} times; make an instance for each place"
        )
    return problems


def _repeated(members: list[Any]) -> list[tuple[int, Any]]:
    counts = Counter(id(m) for m in members)
    by_id = {id(m): m for m in members}
    return [(count, by_id[i]) for i, count in counts.items() if count > 1]


def problems_of_elements(
    elements: list[GenericPE], connections: list[Connection], dumps: Callable[[Any], Any]
) -> list[str]:
    """Every problem of the elements themselves and of the connections between them."""
    problems: list[str] = []
    problems += _names(elements)
    for pe in elements:
        problems += _ports(pe)
        problems += _settings(pe)
        problems += _methods(pe)
        problems += _pickle(pe, dumps)
    problems += _connections(elements, connections)
    problems += _unconnected(elements, connections)
    problems += _positions(elements, connections)
    problems += _cycles(elements, connections)
    return problems


def _called(pe: Any) -> str:
    return repr(getattr(pe, "name", None) or type(pe).__name__)


def _names(elements: list[GenericPE]) -> Iterator[str]:
    # two may have one name, as in dispel4py: their ids differ, and inputs by such a name are refused
    for pe in elements:
        name = pe.__dict__.get("_given_name")
        if name is None:
            continue
        if not isinstance(name, str) or not name.strip() or not name.isprintable():
            yield f"element {type(pe).__name__} has the name {name!r}; a name is a printable string"


def _ports(pe: GenericPE) -> Iterator[str]:
    for name, port in pe.inputconnections.items():
        if not isinstance(port, dict) or NAME not in port:
            declared = [n for n, p in pe.inputconnections.items() if isinstance(p, dict) and NAME in p]
            yield (
                f"element {_called(pe)} has a grouping on {name!r}, which is not an input of it; "
                f"{_valid('input', declared)}"
            )
            continue
        if isinstance(pe, KeyedPE):
            continue  # grouped by its `key`, where a bare name is a name: see _settings
        try:
            read_grouping(port.get(GROUPING))
        except ValueError as error:
            yield f"element {_called(pe)}, input {name!r}: {error}"
    for name, port in pe.outputconnections.items():
        if isinstance(port, dict) and port.get(GROUPING) is not None:
            yield f"element {_called(pe)} has a grouping on its output {name!r}; groupings belong to inputs"


def _valid(side: str, names: list[str]) -> str:
    return f"its {side}s are: {', '.join(map(repr, names))}" if names else f"it has no {side}s"


def _count(value: Any) -> int | None:
    """`value` as a number of instances, or None where it is none."""
    try:
        number = index(value)
    except TypeError:
        return None
    return number if 1 <= number <= MAX_INSTANCES and not isinstance(value, bool) else None


def _settings(pe: GenericPE) -> Iterator[str]:
    if _count(pe.numprocesses) is None:
        yield (
            f"element {_called(pe)}: numprocesses is {pe.numprocesses!r}; expected a whole number from 1 to "
            f"{MAX_INSTANCES:,}"
        )
    if pe.stateful not in (None, True, False, "nature"):
        try:
            read_grouping(pe.stateful)
        except ValueError as error:
            yield f"element {_called(pe)}: stateful: {error} (or None, True, False, 'nature')"
        else:
            if not pe.inputconnections:
                yield f"element {_called(pe)}: stateful={pe.stateful!r} is a grouping, but it has no inputs"
    if isinstance(pe, KeyedPE):
        try:
            read_columns(pe.key)
        except ValueError as error:
            yield f"element {_called(pe)}: key: {error}"
        if _count(pe.partitions) is None:
            yield f"element {_called(pe)}: partitions is {pe.partitions!r}; expected a whole number above 0"
        if isinstance(pe.value, bool) or not isinstance(pe.value, (int, str, type(None))):
            yield f"element {_called(pe)}: value is {pe.value!r}; expected a position, a name, or None"
    if isinstance(pe, BatchPE) and pe.max_batch is not None and _count(pe.max_batch) is None:
        yield f"element {_called(pe)}: max_batch is {pe.max_batch!r}; expected None or a whole number above 0"


def _methods(pe: GenericPE) -> Iterator[str]:
    if isinstance(pe, KeyedPE):
        if not pe._overrides("process_key", KeyedPE):
            yield f"element {_called(pe)} does not define process_key(key, value, state)"
    elif isinstance(pe, BatchPE):
        if not pe._overrides("process_batch", BatchPE):
            yield f"element {_called(pe)} does not define process_batch(items)"
    elif not pe._does_something():
        yield f"element {_called(pe)} does nothing: it defines neither process nor _process"
    elif wrong := misnamed(pe):
        yield (
            f"element {_called(pe)} defines process, which {wrong}; for the bare datum define _process "
            "instead, with an underscore"
        )


def _pickle(pe: GenericPE, dumps: Callable[[Any], Any]) -> Iterator[str]:
    try:
        dumps(pe)
    except Exception as error:  # noqa: BLE001 - pickling calls user code: anything may come
        culprits = [k for k, v in _state(pe).items() if not _pickles(v, dumps)]
        where = f" (attribute {', '.join(map(repr, culprits))})" if culprits else ""
        yield (
            f"element {_called(pe)} cannot be pickled{where}, so it cannot travel to other ranks: "
            f"{type(error).__name__}: {error}; define functions and classes at the top of a module, and open "
            "files and connections in preprocess"
        )


def _state(pe: GenericPE) -> dict[str, Any]:
    try:
        state = pe.__getstate__()
    except Exception:  # noqa: BLE001 - user code: anything may come
        return {}
    return state if isinstance(state, dict) else {}


def _pickles(value: Any, dumps: Callable[[Any], Any]) -> bool:
    try:
        dumps(value)
    except Exception:  # noqa: BLE001 - user code: anything may come
        return False
    return True


def dumps_as_sent(elements: list[GenericPE], by_value: bool) -> Callable[[Any], Any]:
    """Function that pickles what is of `elements` as for other ranks: only whether it can be done counts."""
    kept = Kept()
    kept.keep(elements, by_value)
    dumps = dumper(by_value, kept)
    return lambda thing: dumps(thing, buffer_callback=lambda buffer: None)  # the data of arrays apart


def _connections(elements: list[GenericPE], connections: list[Connection]) -> Iterator[str]:
    known = {id(pe) for pe in elements}
    for source, output, target, input_name in connections:
        if id(source) in known and output not in source.outputconnections:
            yield (
                f"element {_called(source)} has no output {output!r}, connected to {input_name!r} of "
                f"{_called(target)}; {_valid('output', list(source.outputconnections))}"
            )
        if id(target) in known and input_name not in target.inputconnections:
            yield (
                f"element {_called(target)} has no input {input_name!r}, connected to {output!r} of "
                f"{_called(source)}; {_valid('input', list(target.inputconnections))}"
            )


def _unconnected(elements: list[GenericPE], connections: list[Connection]) -> Iterator[str]:
    reached: dict[int, set[str]] = {}
    for c in connections:
        reached.setdefault(id(c.target), set()).add(c.input)
    for pe in elements:
        connected = reached.get(id(pe))
        if connected is None:
            continue  # no input is connected: a root, which is given its inputs
        for name, port in pe.inputconnections.items():
            if name not in connected and isinstance(port, dict) and NAME in port:
                yield (
                    f"input {name!r} of element {_called(pe)} is not connected, but others of its inputs "
                    "are; connect it, or remove it"
                )


def _positions(elements: list[GenericPE], connections: list[Connection]) -> Iterator[str]:
    fed = {id(c.target) for c in connections}
    both = ("position", "seek")
    for pe in elements:
        has = [name for name in both if callable(getattr(pe, name, None))]
        if id(pe) not in fed and len(has) == 1:
            (lacks,) = {*both} - {*has}
            yield (
                f"source {_called(pe)} has {has[0]}() and no {lacks}(), but one is of no use without the "
                "other. Add the other, or give this one another name"
            )


def _cycles(elements: list[GenericPE], connections: list[Connection]) -> Iterator[str]:
    number = {id(pe): i for i, pe in enumerate(elements)}
    edges = [
        (number[id(c.source)], number[id(c.target)])
        for c in connections
        if id(c.source) in number and id(c.target) in number
    ]
    for cycle in find_cycles(len(elements), edges):
        names = [elements[n].name for n in [*cycle, cycle[0]]]
        if len(cycle) > MOST_OF_CYCLE:
            half = MOST_OF_CYCLE // 2
            names[half:-half] = [f"... ({len(cycle)} elements in all) ..."]
        yield f"elements form a cycle: {' -> '.join(names)}; a workflow must have a direction"
