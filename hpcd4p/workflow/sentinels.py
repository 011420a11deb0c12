"""Tuples that hold a sentinel: it goes by its name, or its number.

Costs other tuples nothing: as long as the modules of the elements have no sentinel, this is `pickle.dumps`.
"""

from __future__ import annotations

import copyreg
import io
import pickle
from collections.abc import Callable
from functools import cache
from typing import Any

from hpcd4p.workflow import kept
from hpcd4p.workflow.kept import named
from hpcd4p.workflow.singles import state_of


def tuple_dumper(by_value: bool) -> Callable[..., bytes]:
    """Function like `pickle.dumps`, for tuples of elements that are kept.

    Parameters
    ----------
    by_value
        Take along classes and functions that no module has.
    """
    if by_value:
        return _dumps_by_value
    return dumps if kept.here.kinds else pickle.dumps


def dumps(thing: Any, **options: Any) -> bytes:
    """`pickle.dumps`, but for sentinels."""
    if not kept.here.kinds:
        return pickle.dumps(thing, **options)
    file = io.BytesIO()
    pickler = pickle.Pickler(file, **options)
    pickler.dispatch_table = {**copyreg.dispatch_table, **dict.fromkeys(kept.here.kinds, _reduced)}
    pickler.dump(thing)
    return file.getvalue()


def _dumps_by_value(thing: Any, **options: Any) -> bytes:
    file = io.BytesIO()
    _by_value_pickler()(file, **options).dump(thing)
    return file.getvalue()


@cache
def _by_value_pickler() -> Any:
    import cloudpickle

    class Pickler(cloudpickle.Pickler):  # type: ignore[misc,name-defined,unused-ignore]
        def reducer_override(self, thing: Any) -> Any:
            key = kept.here.keys.get(id(thing))
            if type(key) is int or id(thing) in kept.here.sentinels:
                return _reduced(thing)
            return super().reducer_override(thing)

    return Pickler


def _reduced(thing: Any) -> Any:
    """How to pickle an object of a class of which one is a sentinel."""
    key = kept.here.sentinels.get(id(thing), kept.here.keys.get(id(thing)))
    if type(key) is int:
        return numbered_again, (key,)
    if id(thing) not in kept.here.sentinels:
        return thing.__reduce_ex__(4)
    return named_again, (key, type(thing), state_of(thing))


def numbered_again(number: int) -> Any:
    """Find the object that has this number."""
    return kept.here.common[number]


def named_again(name: str, kind: type, labels: dict[str, str]) -> Any:
    """Find the object of this name; make one if it is another one here."""
    here = named(name)
    if type(here) is kind and state_of(here) == labels:
        return here
    made: Any = object.__new__(kind)
    for label, value in labels.items():
        object.__setattr__(made, label, value)
    return made
