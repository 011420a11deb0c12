"""The hottest loops of the engine, one for each kind of element.

One Python call per tuple, and as little as possible beside it. Plain functions in which every name is local;
an exception leaves the inner loop, and the next turn of `while` goes on after the tuple that raised.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from operator import itemgetter
from typing import TYPE_CHECKING, Any, Protocol

from hpcd4p.errors import RecordError, RunStopped
from hpcd4p.runtime.execute.signals import Alarmed, Asked
from hpcd4p.workflow.elements import ConsumerPE

if TYPE_CHECKING:
    from hpcd4p.runtime.execute.touched import Touched
    from hpcd4p.workflow.elements import BatchPE, GenericPE, KeyedPE

Loop = Callable[[str, Iterable[Any]], None]
"""Takes a port and the values that have arrived there; for a root, the inputs of its calls."""

Sink = Callable[[str, Any], None]
"""Takes an output and what is written on it."""

Failed = Callable[[str, Any, BaseException], None]
"""Takes port, value and error of a tuple that raised."""


class Leave(BaseException):
    """Raised through a call of an element to end it, because the run is over."""


OURS = (RunStopped, RecordError, Leave, Asked, Alarmed)
"""Exceptions that pass through a call of an element without being a failure of it."""


def is_plain(pe: GenericPE, is_root: bool, outputs: Collection[str]) -> bool:
    """Whether bare tuples go in and results come out on the one output, if it has any."""
    if is_root and pe.inputconnections:
        return False
    return pe.OUTPUT_NAME in outputs or isinstance(pe, ConsumerPE)


def item_loop(call: Callable[[Any], Any], out: list[Any] | None, failed: Failed) -> Loop:
    """A loop that calls with bare tuples; results go to `out`, or are dropped without it."""
    if out is None:

        def run(port: str, values: Iterable[Any]) -> None:
            _call_without_output(call, port, iter(values), failed)

    else:

        def run(port: str, values: Iterable[Any]) -> None:
            _call_with_output(call, port, iter(values), out.append, failed)

    return run


def _call_with_output(
    call: Callable[[Any], Any],
    port: str,
    values: Iterator[Any],
    append: Callable[[Any], None],
    failed: Failed,
) -> None:
    """Append what `call` returns for each value, None left out."""
    while True:
        value = None
        try:
            for value in values:
                result = call(value)
                if result is not None:
                    append(result)
            return
        except BaseException as error:  # noqa: BLE001  # user code: anything may come, sys.exit too
            failed(port, value, error)


def _call_without_output(
    call: Callable[[Any], Any], port: str, values: Iterator[Any], failed: Failed
) -> None:
    """Call for each value; what is returned is dropped."""
    while True:
        value = None
        try:
            for value in values:
                call(value)
            return
        except BaseException as error:  # noqa: BLE001  # user code: anything may come, sys.exit too
            failed(port, value, error)


def root_loop(call: Callable[[Any], Any], out: list[Any] | None, failed: Failed) -> Loop:
    """A loop that calls a source; its values are inputs, or numbers of calls without input."""

    def run(port: str, values: Iterable[Any]) -> None:
        _call_with_inputs(call, iter(values), out, failed)

    return run


def _call_with_inputs(
    call: Callable[[Any], Any], values: Iterator[Any], out: list[Any] | None, failed: Failed
) -> None:
    while True:
        value = None
        try:
            for value in values:
                result = call({} if type(value) is int else value)
                if result is not None and out is not None:
                    out.append(result)
            return
        except BaseException as error:  # noqa: BLE001  # user code: anything may come, sys.exit too
            failed("", value, error)


def dict_loop(pe: GenericPE, is_root: bool, write: Callable[[str, Any], None], failed: Failed) -> Loop:
    """A loop that calls `process` with dicts, port to datum, and takes such dicts as results."""

    def run(port: str, values: Iterable[Any]) -> None:
        process = pe.process
        values = iter({} for _ in values) if isinstance(values, range) else iter(values)
        while True:
            value = result = None
            try:
                for value in values:
                    result = process(value if is_root else {port: value})
                    if result is not None:
                        for name, each in result.items():
                            write(name, each)
                return
            except BaseException as error:  # noqa: BLE001  # user code: anything may come, sys.exit too
                failed(port, value, _no_dict(result) or error)

    return run


def _no_dict(result: Any) -> TypeError | None:
    """The error for a result that is not a dict; None if it is one, or None."""
    if result is None or hasattr(result, "items"):
        return None
    kind = type(result).__name__
    return TypeError(
        f"process gave a {kind}; expected a dict, output to datum, or None (a bare datum is for _process)"
    )


def batch_loop(
    attempt: Callable[[list[Any]], BaseException | None], most: int | None, find: bool, failed: Failed
) -> Loop:
    """A loop that gives batches of a limited size to `attempt`, which gives the exception of a failed one.

    `find`: the tuples of a failed batch are tried one by one, so that only those fail that fail alone. An
    element that holds state cannot be called again: there the whole batch fails.
    """

    def run(port: str, values: Iterable[Any]) -> None:
        values = list(values)
        size = most or len(values)
        for start in range(0, len(values), size):
            part = values[start : start + size]
            error = attempt(part)
            if error is None:
                continue
            alone = find and len(part) > 1 and not isinstance(error, OURS)
            for value in part:
                own = attempt([value]) if alone else error
                if own is not None:
                    failed(port, value, own)

    return run


class Writes(Protocol):
    """What has the outputs of an element: an instance."""

    out: dict[str, list[Any]]
    overflow_at: int
    on_overflow: Callable[[Any], None] | None

    @property
    def sink(self) -> Sink:
        """Takes what is written on an output."""

    def take_back(self, before: Mapping[str, int]) -> None:
        """Forget what is written since each output held so much."""


def attempt(writes: Writes, pe: BatchPE, part: list[Any]) -> BaseException | None:
    """Run one batch; if it raises, what it had written is taken back."""
    sink, before = writes.sink, {name: len(values) for name, values in writes.out.items()}
    overflow, writes.on_overflow = writes.on_overflow, None  # nothing moves on before the batch is done
    try:
        result = pe.process_batch(part)
        if result is not None:
            for each in result:
                sink(pe.OUTPUT_NAME, each)
    except BaseException as error:  # noqa: BLE001  # user code: anything may come, sys.exit too
        writes.take_back(before)
        return error
    finally:
        writes.on_overflow = overflow
    if overflow is not None and any(len(v) >= writes.overflow_at for v in writes.out.values()):
        overflow(writes)
    return None


def key_loop(pe: KeyedPE, table: dict[Any, Any], touched: Touched, failed: Failed) -> Loop:
    """A loop that calls with a key, a tuple and the key's state in `table`; the result is the new state.

    As long as somebody asks for it, the keys are noted in `touched`.
    """
    key_of = itemgetter(*pe._key_columns())
    value_of = itemgetter(pe.value) if pe.value is not None else None
    call = pe.process_key

    def run(port: str, values: Iterable[Any]) -> None:
        if touched.keys is not None:
            _call_and_note(call, port, iter(values), table, key_of, value_of, failed, touched.keys.add)
            touched.bound(len(table))
            return
        get = table.get
        values = iter(values)
        while True:
            item = None
            try:
                if value_of is None:
                    for item in values:
                        key = key_of(item)
                        table[key] = call(key, item, get(key))
                else:
                    for item in values:
                        key = key_of(item)
                        table[key] = call(key, value_of(item), get(key))
                return
            except BaseException as error:  # noqa: BLE001  # user code: anything may come, sys.exit too
                failed(port, item, error)

    return run


def end_keys(pe: KeyedPE, table: dict[Any, Any], failed: Failed) -> None:
    """Call with each key and its state, at the end."""
    for key, state in table.items():
        try:
            pe.end_key(key, state)
        except BaseException as error:  # noqa: BLE001  # user code: anything may come, sys.exit too
            failed("<end_key>", (key, state), error)


def _call_and_note(
    call: Callable[[Any, Any, Any], Any],
    port: str,
    values: Iterator[Any],
    table: dict[Any, Any],
    key_of: Callable[[Any], Any],
    value_of: Callable[[Any], Any] | None,
    failed: Failed,
    note: Callable[[Any], None],
) -> None:
    """The same; a key is noted before its call, for one that raises may have changed the state as well."""
    get = table.get
    while True:
        item = None
        try:
            for item in values:
                key = key_of(item)
                state = get(key)  # what cannot be a key is told as without notes
                note(key)
                table[key] = call(key, item if value_of is None else value_of(item), state)
            return
        except BaseException as error:  # noqa: BLE001  # user code: anything may come, sys.exit too
            failed(port, item, error)
