"""Reads a batch that cannot be unpickled: all of it but the tuples that are to blame.

It goes through the pickle once more, slowly. Where making an object raises, a stand-in takes its place and
the reading goes on; what would be made of a stand-in is a stand-in as well. So no code of the user sees one,
and a tuple that has none in it is as whole as if it had come alone. Imported only after a failure.

In the same way a batch is read of which some object ends the process that makes it: whoever reads is told
of each step before it, and those that have ended a process are left out the next time.
"""

from __future__ import annotations

import io
import pickle
from collections.abc import Callable, Mapping
from gc import get_referents
from types import BuiltinFunctionType, CodeType, FrameType, FunctionType, ModuleType, TracebackType
from typing import Any, ClassVar, NamedTuple

from hpcd4p.runtime.execute.loops import Leave
from hpcd4p.wire.codec import Codec, Unreadable
from hpcd4p.wire.messages import Segment, Task

_NOT_OF_A_TUPLE = (type, ModuleType, FunctionType, BuiltinFunctionType, CodeType, FrameType, TracebackType)
"""What every process has of its own: behind it is nothing that came with the batch."""

_PLAIN = (list, dict, set)
"""Containers that may hold a stand-in: none of their code is the user's."""

NOTHING: Mapping[int, str] = {}

Step = Callable[["_Reader"], None]


class Unseen(str):
    """Text that stands in a letter for a tuple that nobody has seen."""

    __slots__ = ()

    def __repr__(self) -> str:
        return str(self)


class EndedProcess(Exception):  # nobody raises it
    """In place of an error: the object ended the process that was making it."""


class Lost(NamedTuple):
    """Tuples for an element that cannot be read."""

    element: int
    port: str
    tuples: int
    shown: Unseen
    error: BaseException
    words: str = ""
    """What to say; '': what `error` says."""


def read_task(found: Unreadable, task: Task) -> tuple[str, list[Any], list[Lost]]:
    """Port and tuples of `task`, as far as they can be read, and what cannot be."""
    return _read_task(_Reader(found.frames), task, found.__cause__ or found)


def _read_task(reader: _Reader, task: Task, error: BaseException | None) -> tuple[str, list[Any], list[Lost]]:
    try:
        port, values = reader.load()
    except Exception as another:  # noqa: BLE001  # it is no pickle, as far as this goes
        return "", [], [whole_batch(task.element, "a task", task.tuples, error or another)]
    good, lost = reader.sift(task.element, port, values)
    return port, good, lost


def read_body(body: memoryview, element: int, tuples: int) -> tuple[str, Any, list[Lost]]:
    """Port and tuples of a task that `Codec.check` has passed, whether all of them can be read or not."""
    try:
        port, values = Codec.unseal(body)
    except Unreadable as found:
        return read_task(found, Task(element, "", tuples, b"", 0, ()))
    return port, values, []


def read_closely(
    body: memoryview, element: int, tuples: int, note: Callable[[int], None], fatal: Mapping[int, str]
) -> tuple[str, Any, list[Lost]]:
    """The same, of a task that has ended a process that read it.

    Parameters
    ----------
    note
        Called with the number of each step, before it: a step may run code of the user's.
    fatal
        Steps that are not to be done, and what to say of them. The numbers of those before are the same in
        each process.
    """
    task = Task(element, "", tuples, b"", 0, ())
    return _read_task(_Reader(Codec.split(body), note, fatal), task, None)


def read_segments(found: Unreadable, counts: dict[int, int]) -> tuple[list[Segment], list[Lost]]:
    """Segments of a message, as far as they can be read, and what cannot be; `counts`: tuples by element."""
    reader = _Reader(found.frames)
    try:
        whole = reader.load()
    except Exception:  # noqa: BLE001  # it is no pickle, as far as this goes
        error = found.__cause__ or found
        return [], [whole_batch(e, "a message", count, error) for e, count in counts.items()]
    segments, lost = [], []
    for segment in whole:
        good, bad = reader.sift(segment.element, segment.port, segment.values)
        segments.append(segment._replace(values=good))
        lost += bad
    return segments, lost


def whole_batch(element: int, what: str, tuples: int, error: BaseException) -> Lost:
    """Tuples of which nothing can be read."""
    return Lost(element, "", tuples, Unseen(f"<{what} of {tuples} tuples>"), error)


class _StandIn:
    """In place of an object that could not be made."""

    def __init__(self, name: str, error: BaseException) -> None:
        self.name = name
        self.error = error


class _Reader(pickle._Unpickler):
    """Unpickles `frames` with stand-ins. Of Python's two unpicklers this one has steps to replace."""

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
        self._broken: dict[int, tuple[Any, _StandIn]] = {}
        self._whole: dict[int, Any] = {}

    def load(self) -> Any:
        """See `pickle.Unpickler.load`."""
        thing = super().load()
        self._whole.clear()  # a list that was looked at may have got a stand-in since
        return thing

    def sift(self, element: int, port: str, values: list[Any]) -> tuple[list[Any], list[Lost]]:
        """The tuples that are whole, and those that are not."""
        good, lost = [], []
        for value in values:
            found = self._fault(value)
            if found is None:
                good.append(value)
            else:
                words = str(found.error) if isinstance(found.error, EndedProcess) else ""
                shown = Unseen(f"<cannot be read: {found.name}>")
                lost.append(Lost(element, port, 1, shown, found.error, words))
        return good, lost

    # ---- what is not whole

    def _fault(self, thing: Any) -> _StandIn | None:
        """A stand-in in `thing`, however deep; None if it is whole."""
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

    def _break(self, thing: Any, found: _StandIn) -> None:
        for each in (thing, found):  # which may come to stand for something else
            self._broken[id(each)] = each, found
        self._whole.clear()

    def _stand_in(self, made_by: Any, error: BaseException) -> _StandIn:
        name = (
            made_by.__name__
            if isinstance(made_by, type | FunctionType | BuiltinFunctionType)
            else str(made_by)
        )
        found = _StandIn(name, error)
        self._break(found, found)
        return found

    # ---- the steps in which code of the user runs

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
        """What `call` gives, which makes something with the class or function `make`."""
        ends = self._begin()
        # a Segment is ours, and holds many tuples
        found = None if make is Segment else self._fault([make, arguments, named])
        if found is not None:
            return found
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

    def _fill(self, step: Step, count: int) -> None:
        """Do `step`, which puts `count` things (0: all since the mark) into the one below them."""
        thing = self.stack[-count - 1] if count else self.metastack[-1][-1]
        parts = self.stack[-count:] if count else self.stack
        ends = self._begin()
        found = None if type(thing) in _PLAIN else self._fault([thing, parts])
        if found is None and ends is not None:
            found = _StandIn(type(thing).__name__, ends)
        if found is None:
            try:
                step(self)  # it takes the parts off the stack before it calls anything
            except BaseException as error:  # noqa: BLE001  # user code: anything may come, sys.exit too
                self._break(thing, _StandIn(type(thing).__name__, _failure(error)))
            return
        if count:
            del self.stack[-count:]
        else:
            self.pop_mark()
        self._break(thing, found)

    dispatch[pickle.REDUCE[0]] = _load_reduce
    dispatch[pickle.NEWOBJ[0]] = _load_newobj
    dispatch[pickle.NEWOBJ_EX[0]] = _load_newobj_ex
    dispatch[pickle.FROZENSET[0]] = _load_frozenset


def _filling(count: int, step: Step) -> Step:
    return lambda reader: reader._fill(step, count)


for _code, _count in (
    (pickle.BUILD, 1),
    (pickle.APPEND, 1),
    (pickle.SETITEM, 2),
    (pickle.APPENDS, 0),
    (pickle.SETITEMS, 0),
    (pickle.ADDITEMS, 0),
):
    _Reader.dispatch[_code[0]] = _filling(_count, _Reader.dispatch[_code[0]])


def _failure(error: BaseException) -> BaseException:
    """`error`, unless somebody wants the process to end."""
    if isinstance(error, KeyboardInterrupt | Leave):
        raise error
    return error
