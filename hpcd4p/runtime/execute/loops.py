"""The hottest loops of the engine: one Python call per tuple, and as little as possible beside it.

Plain functions whose every name is local; an exception leaves the loop, and the next turn of `while`
goes on behind the tuple that raised.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any


class Leave(BaseException):
    """Raised through a call of an element to end it: the run is over, and nobody listens any more."""


def call_with_output(
    call: Callable[[Any], Any],
    port: str,
    values: Iterator[Any],
    append: Callable[[Any], None],
    failed: Callable[[str, Any, BaseException], None],
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


def call_without_output(
    call: Callable[[Any], Any],
    port: str,
    values: Iterator[Any],
    failed: Callable[[str, Any, BaseException], None],
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


def call_with_inputs(
    call: Callable[[Any], Any],
    values: Iterator[Any],
    out: list[Any] | None,
    failed: Callable[[str, Any, BaseException], None],
) -> None:
    """Calls of a root: `values` are its inputs, or numbers of calls that get none."""
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
