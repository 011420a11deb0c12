"""An unpickler that goes on where making an object raises: a stand-in takes the place of that object.

Whatever would be made from a stand-in becomes a stand-in as well, so user code never sees one. Imported only
after a failure.
"""

from __future__ import annotations

import io
import pickle
from collections.abc import Callable, Mapping
from gc import get_referents
from types import BuiltinFunctionType, CodeType, FrameType, FunctionType, ModuleType, TracebackType
from typing import Any, ClassVar

from hpcd4p.runtime.execute.loops import Leave
from hpcd4p.wire.messages import Segment

_NOT_OF_A_TUPLE = (type, ModuleType, FunctionType, BuiltinFunctionType, CodeType, FrameType, TracebackType)
"""Types of objects that every process has itself: they hold nothing that came with the batch."""

_PLAIN = (list, dict, set)
"""Containers that may hold a stand-in: none of their code is the user's."""

NOTHING: Mapping[int, str] = {}

Step = Callable[["Reader"], None]


class EndedProcess(Exception):  # nobody raises it
    """In place of an error: the object ended the process that was making it."""


class StandIn:
    """In place of an object that could not be made."""

    def __init__(self, name: str, error: BaseException) -> None:
        self.name = name
        self.error = error


class Reader(pickle._Unpickler):
    """Unpickles `frames` with stand-ins. Python's unpickler in Python, for its steps can be replaced."""

    dispatch: ClassVar[Any] = dict(pickle._Unpickler.dispatch)
    stack: list[Any]
    metastack: list[list[Any]]
    append: Callable[[Any], None]
    pop_mark: Callable[[], list[Any]]

    def __init__(
        self,
        frames: list[Any],
        note: Callable[[int], None] | None = None,
        fatal: Mapping[int, str] = NOTHING,
    ) -> None:
        super().__init__(io.BytesIO(frames[0]), buffers=frames[1:])
        self._steps = 0
        self._note = note
        self._fatal = fatal
        # by id; they are held, or another object would get it
        self._broken: dict[int, tuple[Any, StandIn]] = {}
        self._whole: dict[int, Any] = {}

    def load(self) -> Any:
        """See `pickle.Unpickler.load`."""
        thing = super().load()
        self._whole.clear()  # a list that was checked may have got a stand-in since
        return thing

    # ---- objects with stand-ins

    def fault(self, thing: Any) -> StandIn | None:
        """Give a stand-in in `thing`, however deep; None if it has none."""
        if not self._broken:
            return None
        seen: dict[int, Any] = {}
        todo = [thing]
        while todo:
            each = todo.pop()
            if id(each) in self._broken:
                return self._broken[id(each)][1]
            if id(each) not in seen and id(each) not in self._whole:
                seen[id(each)] = each
                todo += [x for x in get_referents(each) if not issubclass(type(x), _NOT_OF_A_TUPLE)]
        self._whole |= seen
        return None

    def _break(self, thing: Any, stand_in: StandIn) -> None:
        for each in (thing, stand_in):  # which may come to stand for something else
            self._broken[id(each)] = each, stand_in
        self._whole.clear()

    def _stand_in(self, made_by: Any, error: BaseException) -> StandIn:
        name = (
            made_by.__name__
            if isinstance(made_by, type | FunctionType | BuiltinFunctionType)
            else str(made_by)
        )
        stand_in = StandIn(name, error)
        self._break(stand_in, stand_in)
        return stand_in

    # ---- steps in which user code runs

    def _begin(self) -> EndedProcess | None:
        """Begin the next step; whether it is known to end the process."""
        self._steps += 1
        if self._steps in self._fatal:
            return EndedProcess(self._fatal[self._steps])
        if self._note is not None:
            self._note(self._steps)
        return None

    def find_class(self, module: str, name: str) -> Any:
        """See `pickle.Unpickler.find_class`."""
        ends = self._begin()
        if ends is not None:
            return self._stand_in(name, ends)
        try:
            return super().find_class(module, name)
        except BaseException as error:  # noqa: BLE001  # importing it may raise anything
            return self._stand_in(name, _failure(error))

    def _made(self, make: Any, arguments: Any, named: Any, call: Callable[[], Any]) -> Any:
        """The result of `call`, which makes something with the class or function `make`."""
        ends = self._begin()
        # a Segment is ours, and holds many tuples
        fault = None if make is Segment else self.fault([make, arguments, named])
        if fault is not None:
            return fault
        if ends is not None:
            return self._stand_in(make, ends)
        try:
            return call()
        except BaseException as error:  # noqa: BLE001  # user code: anything may come, sys.exit too
            return self._stand_in(make, _failure(error))

    def _load_reduce(self) -> None:
        arguments = self.stack.pop()
        make = self.stack.pop()
        self.append(self._made(make, arguments, None, lambda: make(*arguments)))

    def _load_newobj(self) -> None:
        arguments = self.stack.pop()
        kind = self.stack.pop()
        self.append(self._made(kind, arguments, None, lambda: kind.__new__(kind, *arguments)))

    def _load_newobj_ex(self) -> None:
        named = self.stack.pop()
        arguments = self.stack.pop()
        kind = self.stack.pop()
        self.append(self._made(kind, arguments, named, lambda: kind.__new__(kind, *arguments, **named)))

    def _load_frozenset(self) -> None:
        items = self.pop_mark()
        self.append(self._made(frozenset, items, None, lambda: frozenset(items)))

    def fill(self, step: Step, count: int) -> None:
        """Do `step`, which puts `count` things (0: all since the mark) into the one below them."""
        thing = self.stack[-count - 1] if count else self.metastack[-1][-1]
        parts = self.stack[-count:] if count else self.stack
        ends = self._begin()
        fault = None if type(thing) in _PLAIN else self.fault([thing, parts])
        if fault is None and ends is not None:
            fault = StandIn(type(thing).__name__, ends)
        if fault is None:
            try:
                step(self)  # it takes the parts off the stack before it calls anything
            except BaseException as error:  # noqa: BLE001  # user code: anything may come, sys.exit too
                self._break(thing, StandIn(type(thing).__name__, _failure(error)))
            return
        if count:
            del self.stack[-count:]
        else:
            self.pop_mark()
        self._break(thing, fault)

    dispatch[pickle.REDUCE[0]] = _load_reduce
    dispatch[pickle.NEWOBJ[0]] = _load_newobj
    dispatch[pickle.NEWOBJ_EX[0]] = _load_newobj_ex
    dispatch[pickle.FROZENSET[0]] = _load_frozenset


def _filling(count: int, step: Step) -> Step:
    return lambda reader: reader.fill(step, count)


for _code, _count in (
    (pickle.BUILD, 1),
    (pickle.APPEND, 1),
    (pickle.SETITEM, 2),
    (pickle.APPENDS, 0),
    (pickle.SETITEMS, 0),
    (pickle.ADDITEMS, 0),
):
    Reader.dispatch[_code[0]] = _filling(_count, Reader.dispatch[_code[0]])


def _failure(error: BaseException) -> BaseException:
    """`error`, unless somebody wants the process to end."""
    if isinstance(error, KeyboardInterrupt | Leave):
        raise error
    return error
