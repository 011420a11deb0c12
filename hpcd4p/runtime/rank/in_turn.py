"""Parts of a large image are written by copies of the copy, one after the other.

Whoever reads an object of Python writes to it (its count of references), and the kernel copies its page. What
a process has copied goes when it ends: so of a state that is written by eight processes in turn, an eighth is
there twice, and not all of it.
"""

from __future__ import annotations

import os
import pickle
from collections.abc import Callable, Iterator, Mapping
from contextlib import suppress
from typing import TYPE_CHECKING, NoReturn

from hpcd4p.errors import CheckpointError
from hpcd4p.runtime.rank.changes import Saved, Since
from hpcd4p.runtime.rank.unsavable import Unsavable

if TYPE_CHECKING:
    from hpcd4p.runtime.execute.instance import Instance
    from hpcd4p.runtime.rank.image_file import Written
    from hpcd4p.wire.resumption import Key

Part = Callable[["Written"], Saved]
"""Writes a part into a file."""

TURNS = 8

LEAST_KEYS = 200_000
"""Below, a copy of everything is small."""

PIECE_BYTES = 1 << 18


def turns(instances: Mapping[Key, Instance], since: Mapping[Key, Since]) -> Iterator[list[Key]]:
    """Instances that are written by one process: of all keys about as many in each turn.

    Where changes are enough these are few keys, and so few turns: each costs as much as it takes to copy the
    tables of all pages, twice.
    """
    weights = {key: _weight(each, since.get(key)) for key, each in sorted(instances.items())}
    most = max(LEAST_KEYS, sum(len(each.table) for each in instances.values())) // TURNS
    keys: list[Key] = []
    weight = 0
    for key, each in weights.items():
        keys.append(key)
        weight += each
        if weight >= most:
            yield keys
            keys, weight = [], 0
    if keys:
        yield keys


def _weight(instance: Instance, since: Since | None) -> int:
    return len(instance.table) if since is None else sum(map(len, since.called))


def in_turn(part: Part, file: Written) -> Saved:
    """Have a copy of this process write a part, and pass on to `file` what it writes.

    Raises
    ------
    Unsavable
        It could not; in its words.
    """
    data, words = os.pipe(), os.pipe()
    pid = os.fork()
    if not pid:
        os.close(data[0])  # or it would wait for ever for who is to read, when that has failed
        os.close(words[0])
        _be_copy(part, data[1], words[1])
    os.close(data[1])
    os.close(words[1])
    try:
        while piece := os.read(data[0], PIECE_BYTES):
            file.write(piece)
        with os.fdopen(os.dup(words[0]), "rb") as said:
            told = said.read()
    finally:
        os.close(data[0])
        os.close(words[0])
        os.waitpid(pid, 0)
    if not told:
        raise Unsavable("a process that saved a part of it was ended")
    saved: Saved | str = pickle.loads(told)
    if isinstance(saved, str):
        raise Unsavable(saved)
    return saved


class _Pipe:
    """The writing end, as a file."""

    def __init__(self, descriptor: int) -> None:
        self._descriptor = descriptor

    def write(self, data: bytes | bytearray | memoryview) -> int:
        with memoryview(data).cast("B") as view:
            done = 0
            while done < len(view):
                done += os.write(self._descriptor, view[done:])
            return done


def _be_copy(part: Part, data: int, words: int) -> NoReturn:
    told: Saved | str = "it was ended"
    try:
        told = part(_Pipe(data))
    except (CheckpointError, Unsavable) as error:
        told = str(error)
    except BaseException as error:  # noqa: BLE001  # user classes: pickling them may raise anything
        told = f"{type(error).__name__}: {error}"
    finally:
        with suppress(BaseException):
            os.close(data)
            _Pipe(words).write(pickle.dumps(told))
        os._exit(0)
