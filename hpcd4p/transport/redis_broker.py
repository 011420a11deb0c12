"""The broker on a Redis: one call of a script for each change that must be atomic.

Owns the calls and their replies; decides nothing. The keys are documented in `wire.keys`, the scripts in
``lua/``.
"""

from __future__ import annotations

import select
import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from typing import TYPE_CHECKING, Any, TypeVar

from hpcd4p import descriptors
from hpcd4p.errors import BrokerLost, BrokerRefused, ForeignBytesError, HeadLost, foreign
from hpcd4p.transport import redis_runs
from hpcd4p.transport.broker import Claim, Heard
from hpcd4p.transport.redis_replies import connected, is_step, observation, reply_of, snapshot, task_of
from hpcd4p.transport.resp import HEAD_PATIENCE_S, LAST_WORD_S, PATIENCE_S, RespConnection, hears
from hpcd4p.transport.step_words import StepWords
from hpcd4p.wire.ask import NOTHING_ASKED, Ask, Awaited
from hpcd4p.wire.endpoint import Endpoint
from hpcd4p.wire.keys import Keys
from hpcd4p.wire.messages import Commit, Entry, Observation, Reply, Snapshot, Task
from hpcd4p.wire.orders import Order, UnknownOrderError, text

if TYPE_CHECKING:
    from hpcd4p.wire.nodes import Nodes

Read = TypeVar("Read")

SHARED_TTL_S = 600
"""On a shared Redis, keys that a killed head leaves behind expire after this time."""

GONE = f"is gone, or the run was stopped for more than {redis_runs.HEAD_LIVES_S:.0f} s"

HEAD_LOST = "the head of the run is gone; its Redis, which is shared, is not"

LOOK_S = 1.0
"""On a shared Redis, waiting ranks with low numbers look this often whether the head is alive; a rank that
finds it gone tells all others."""

RANKS_PER_LOOK = 8
"""Other ranks look less often, so that many ranks together ask little more than a few do."""

_SERVERS_OWN = ("OOM", "NOPERM", "NOAUTH", "READONLY", "MISCONF", "BUSY ", "LOADING", "MASTERDOWN")
"""Errors that come from the server itself; any other error of a script means that the keys are not as they
should be."""


class RedisBroker:
    """See `transport.broker.Broker`."""

    def __init__(
        self,
        endpoint: Endpoint,
        run_id: str,
        rank: int,
        shas: dict[str, str],
        streams: Sequence[int],
        low: tuple[int, int],
        max_attempts: int,
        shared: bool = False,
        size: int = 0,
        nodes: Nodes = (),
    ) -> None:
        self.keys = Keys(run_id)
        self.rank = rank
        self._endpoint = endpoint
        self._shas = shas
        self._streams = list(streams)
        self._nodes, self._many = nodes, len(set(nodes)) or 1
        self._words = StepWords(rank, streams, low, shared, nodes)
        self._max_attempts = max_attempts
        self._ttl = SHARED_TTL_S if shared else 0
        self._shared, self._size = shared, size
        self._looked = time.monotonic()
        patience = PATIENCE_S if rank else HEAD_PATIENCE_S
        self._calls = RespConnection(endpoint, self.keys.client(rank), patience)
        self._calls.on_late = self._take_late
        # from now on the head notices if this rank is gone
        self._calls.call("HSETNX", self.keys.state, rank, 0)
        if shared and not rank:
            client = int(self._calls.call("CLIENT", "ID"))
            redis_runs.enter(self._calls, self.keys, size, streams, client, self._many)
        # the bell has its own connection, so that a wait can be left and resumed at no cost; it has the
        # same name: a rank is alive as long as one of its connections is
        self._bell = RespConnection(endpoint, self.keys.client(rank), patience)
        self._bell.send("BLPOP", self.keys.bell(rank), 0)
        self._waker = descriptors.Waker()
        self._poll = select.poll()
        self._ears = [self._bell.fileno(), self._waker.end]
        for each in self._ears:
            self._poll.register(each, select.POLLIN)
        self._ear: int | None = None

    def _script(self, name: str, *args: Any) -> Any:
        try:
            return self._calls.call("EVALSHA", self._shas[name], 1, self.keys.prefix, *args)
        except BrokerRefused as error:
            if "NOSCRIPT" in str(error):  # somebody has flushed the scripts, which does no harm
                from hpcd4p.transport.redis_scripts import script_text

                return self._ask(self._calls.call, "EVAL", script_text(name), 1, self.keys.prefix, *args)
            raise self._suspect(error) from error

    def _ask(self, ask: Callable[..., Read], *args: Any) -> Read:
        try:
            return ask(*args)
        except BrokerRefused as error:
            raise self._suspect(error) from error

    def _suspect(self, error: BrokerRefused) -> BrokerLost | ForeignBytesError | HeadLost:
        """The exception for `error`: on a shared Redis the keys may not hold what they should."""
        if not self._shared or any(word in str(error) for word in _SERVERS_OWN):
            return error
        with suppress(BrokerRefused):  # another rank may have erased them, for the head is gone
            if self.rank and not redis_runs.head_lives(self._calls, self.keys):
                return self._mourn()
        for key, kind in self.keys.types(self._streams, self._size, self._many).items():
            actual = self._calls.call("TYPE", key)
            if actual.decode() not in (kind, "none"):
                return foreign(key, f"is a {actual.decode()} and not a {kind}")
            if key == self.keys.state and actual == b"none":
                return foreign(key, "is gone")
        return foreign(self.keys.all, f"do not hold what they did ({error})")

    def _read(self, read: Callable[..., Read], *said: Any) -> Read:
        """The result of `read` for the contents of the keys."""
        try:
            return read(*said)
        except UnknownOrderError as error:
            raise foreign(self.keys.orders(self.rank), str(error)) from error
        except (ValueError, IndexError) as error:
            if not self._shared:
                raise
            raise foreign(self.keys.all, f"hold what the run has not written ({error})") from error

    def step(self, commit: Commit, ask: Ask = NOTHING_ASKED, entry: Entry | None = None) -> Reply:
        """See `Broker.step`."""
        self._calls.catch_up()  # a task in an answer that was not read is this rank's
        raw = self._script("step", *self._words.of(commit, ask, entry))
        reply = self._read(reply_of, raw, self._words.held, self._words.watch)
        if self._shared and not (reply.accepted or reply.spoiled):
            if not self.rank:  # this rank is the head
                raise foreign(self.keys.head, GONE)
            self._see_head()
        return reply

    def _take_late(self, raw: Any) -> None:
        """Note what the answer of a step says of the tasks of this rank, when an alarm has kept it unread."""
        if is_step(raw):
            self._read(reply_of, raw, self._words.held, self._words.watch)

    def claim(
        self, element: int, claim: Claim = Claim.REAL, digest: str = "", entry: Entry | None = None
    ) -> bool:
        """See `Broker.claim`."""
        account = b"" if entry is None else entry.account
        return bool(self._script("claim", self.rank, element, claim, digest, account))

    def wait(self, seconds: float | None) -> Heard:
        """See `Broker.wait`."""
        if self._shared and self.rank:
            look_s = min(max(LOOK_S, self.rank / RANKS_PER_LOOK), redis_runs.HEAD_LIVES_S / 3)
            seconds = look_s if seconds is None else min(seconds, look_s)
            if time.monotonic() - self._looked >= look_s:
                self._looked = time.monotonic()
                self._see_head()
                return Heard.BELL  # its bell may have been taken by somebody else
        if seconds is not None and seconds < 0.001:  # poll() counts in milliseconds, select() not so far
            if not hears(self._ears, seconds):
                return Heard.SILENT
            seconds = 0
        heard = Heard.SILENT
        for descriptor, _ in self._poll.poll(None if seconds is None else seconds * 1000):
            if descriptor == self._waker.end:
                self._waker.empty()
                heard = Heard.BELL
            elif descriptor == self._ear:
                heard = max(heard, Heard.MAIL)  # nothing to fetch from here
            else:
                _, token = self._ask(self._bell.receive)
                self._bell.send("BLPOP", self.keys.bell(self.rank), 0)
                if token == redis_runs.GONE.encode() and self.rank:
                    self._see_head()
                heard = max(heard, Heard.MAIL if token == b"m" else Heard.BELL)
        return heard

    def _see_head(self) -> None:
        if not self._ask(redis_runs.head_lives, self._calls, self.keys):
            raise self._mourn()

    def _mourn(self) -> HeadLost:
        self.erase()
        redis_runs.tell_head_is_gone(self._calls, self.keys, self._size)
        return HeadLost(HEAD_LOST)

    def wake(self) -> None:
        """See `Broker.wake`."""
        self._waker.wake()

    def listen(self, ear: int | None) -> None:
        """See `Broker.listen`."""
        if ear == self._ear:
            return
        if self._ear is not None:
            self._ears.remove(self._ear)
            self._poll.unregister(self._ear)
        self._ear = ear
        if ear is not None:
            self._ears.append(ear)
            self._poll.register(ear, select.POLLIN)

    def order(self, ranks: Sequence[int], order: Order, mark: int = 0) -> None:
        """See `Broker.order`."""
        if ranks:
            self._script("order", text(order, mark), *ranks)

    def observe(
        self, alive: bool, fetch: bool = True, stats: bool = True, orders: Sequence[int] | None = None
    ) -> Observation:
        """See `Broker.observe`."""
        if self._shared and time.monotonic() - self._looked > redis_runs.HEAD_LIVES_S / 6:
            self._looked = time.monotonic()
            self._ask(redis_runs.say_head_lives, self._calls, self.keys)
        refresh = self.keys.lasting(self._streams, self._many) if self._ttl else []
        args: list[Any] = [self._ttl, int(fetch), int(stats), int(orders is not None)]
        for each in (self._streams, orders or [], refresh):
            args += [len(each), *each]
        said = self._script("observe", *args, self._size, self._many)
        here = self._alive() if alive else None
        return self._read(observation, said, here, self._streams, orders or ())

    def _alive(self) -> frozenset[int]:
        """Ranks that have a connection: the kernel closes a dead rank's sockets at once."""
        return connected(self._calls.call("CLIENT", "LIST", "TYPE", "NORMAL"), self.keys.prefix)

    def fence(self, rank: int) -> tuple[int, list[Task]]:
        """See `Broker.fence`."""
        from hpcd4p.wire.nodes import node_of  # the head alone needs it

        words = rank, self._max_attempts, node_of(rank, self._nodes) if self._nodes else ""
        committed, given_up = self._script("fence", *words)
        # they are in the lease of the head from now on
        return committed, [self._read(task_of, entry, self._words.held) for entry in given_up]

    def carry(self) -> list[Task]:
        """See `Broker.carry`."""
        carried = self._script("carry", self.rank, self._words.node or 0)
        return [self._read(task_of, entry, self._words.held) for entry in carried]

    def fetch(self, porter: int, wanted: bytes) -> bytes | None:
        """See `Broker.fetch`."""
        from hpcd4p.transport import redis_porters  # most runs have none

        return self._ask(redis_porters.fetch, self._calls, self.keys, porter, wanted, self._alive)

    def serve(self, answer: Callable[[bytes], bytes]) -> None:
        """See `Broker.serve`."""
        from hpcd4p.transport import redis_porters

        self._ask(redis_porters.serve, self._calls, self.keys, self.rank, answer)

    def snapshot(self) -> Snapshot:
        """See `Broker.snapshot`."""
        return self._read(snapshot, self._script("snapshot", self._size, self._many, *self._streams))

    def awaited(self) -> list[Awaited]:
        """See `Broker.awaited`."""
        from hpcd4p.transport.place_words import awaited  # few runs have places

        return self._read(awaited, *self._script("awaited", self._size))

    def report(self, sealed: bytes) -> None:
        """See `Broker.report`."""
        try:
            self._push(self._calls, sealed)
        except BrokerLost:
            # the head may have read it and ended before the answer came; or this connection was closed
            with suppress(BrokerLost):
                self._push(RespConnection(self._endpoint, self.keys.client(self.rank), LAST_WORD_S), sealed)

    def _push(self, connection: RespConnection, sealed: bytes) -> None:
        connection.call_all([("RPUSH", self.keys.reports, sealed), ("RPUSH", self.keys.bell(0), 1)])

    def erase(self) -> None:
        """Remove every key of the run, on a Redis that others share.

        Called by the head, last of all, or by a rank that finds the head gone.
        """
        redis_runs.erase(self._calls, self.keys, self._size, self._streams, self._many)

    def close(self) -> None:
        """See `Broker.close`."""
        self._calls.close()
        self._bell.close()
        self._waker.close()
