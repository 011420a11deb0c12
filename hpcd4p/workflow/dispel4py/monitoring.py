"""`dispel4py.new.monitoring`: wraps an element into one that does the same and is timed.

The engine times every element anyway. So `ProcessTimingPE` costs nothing and changes nothing: its element
runs where it would run without it, and the summary has its average.
"""

from __future__ import annotations

import time
from typing import Any, Self

from hpcd4p.workflow.generic import GenericPE


class Timer:
    """Measures a block: ``with Timer() as t: ...``, then ``t.secs``."""

    secs = 0.0

    def __init__(self, verbose: bool = False) -> None:
        self.verbose = verbose
        self.start = self.end = 0.0

    def __enter__(self) -> Timer:
        self.start = time.time()
        return self

    def __exit__(self, *_: object) -> None:
        self.end = time.time()
        self.secs = self.end - self.start


class MonitoringWrapper:
    """Base: `baseObject` wrapped, with the methods of a subclass of this one before its own.

    The wrapped object is of both classes, and has the attributes of `baseObject`.

    Examples
    --------
    >>> from hpcd4p.workflow.elements import SimpleFunctionPE
    >>> class Noted(MonitoringWrapper):
    ...     def process(self, inputs):
    ...         return [self.baseObject.process(inputs)]
    >>> Noted(SimpleFunctionPE(abs)).process({"input": -3})
    [{'output': 3}]
    """

    def __new__(cls, baseObject: GenericPE) -> Self:
        """Make an object of both classes."""
        made: Self = object.__new__(_mixed(cls, type(baseObject)))
        made.__dict__ = baseObject.__dict__
        return made

    def __init__(self, baseObject: GenericPE) -> None:
        """Wrap `baseObject`, whose attributes are there already."""

    @property
    def baseObject(self) -> Any:
        """The element as if it were not wrapped."""
        return super()

    def __reduce__(self) -> tuple[Any, ...]:
        wrapper, element = type(self).__bases__
        return _remade, (wrapper, element), self.__getstate__()


_MIXED: dict[tuple[type, type], type] = {}


def _mixed(wrapper: type, element: type) -> type:
    """The class that inherits both; the same one each time."""
    if issubclass(element, wrapper):
        return element
    if (wrapper, element) not in _MIXED:
        names = {"__module__": element.__module__, "__new__": object.__new__}
        _MIXED[wrapper, element] = type(element.__name__, (wrapper, element), names)
    return _MIXED[wrapper, element]


def _remade(wrapper: type, element: type) -> Any:
    return object.__new__(_mixed(wrapper, element))


class ProcessTimingPE(MonitoringWrapper):
    """The wrapped element; the summary of the run has its average time for a tuple."""

    _timed = True
