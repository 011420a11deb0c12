"""What somebody else may do to the keys of a run on a shared Redis, and how the run must end then.

A deed is done in one script, so that nothing comes between its parts; it says whether it found what it needs.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any, NamedTuple

from hpcd4p.wire.codec import TASK, Codec, about

ENDS = "status 3 and a word"
"""The run cannot be right any more, or it cannot be known."""

COSTS = "the right answer, or status 3 and a word"
"""What was changed is only believed as to when to look; where it is noticed the run may end."""


class Deed(NamedTuple):
    """`words` of Lua; KEYS[1] is the prefix of the run. Returns 1 once it is done."""

    words: str
    wanted: str = ENDS


_FIRST_TASK = """
local found = redis.call('KEYS', KEYS[1] .. 'queue:*')
table.sort(found)
local key, task
for _, name in ipairs(found) do
  if redis.call('TYPE', name).ok == 'list' then
    key, task = name, redis.call('LINDEX', name, 0)
    if task then break end
  end
end
if not task then return 0 end
"""
_LAST_TASK = _FIRST_TASK.replace("'LINDEX', name, 0", "'LINDEX', name, -1")

_NEW = "redis.call('RPUSH', key, task) "
_ELSEWHERE = """
redis.call('RPUSH', KEYS[1] .. 'queue:' .. string.match(key, '%d+$') + 1, task)
return 1
"""
_MOVED = "redis.call('LMOVE', key, key .. 'x', 'LEFT', 'RIGHT') return 1"
_SWAP = """
for _, name in ipairs(redis.call('KEYS', KEYS[1] .. 'queue:*')) do
  if redis.call('LLEN', name) > 1 then
    redis.call('LSET', name, -2, redis.call('LINDEX', name, -1))
    return 1
  end
end
return 0
"""
_GONE = "redis.call('RPOP', key) "
_TRIED = "redis.call('LSET', key, -1, (string.gsub(task, '^(%d+ %d+) %d+', '%1 9'))) return 1"
_RENUMBERED = "redis.call('LSET', key, -1, (string.gsub(task, '^%d+', '77'))) return 1"
_NOT_A_TASK = "redis.call('LSET', key, -1, 'x') return 1"


def _all(command: str, pattern: str = "queue:*") -> str:
    """`command` on every list of a pattern; `name` is its key."""
    return f"""
local done = 0
for _, name in ipairs(redis.call('KEYS', KEYS[1] .. '{pattern}')) do
  local got = redis.call('LLEN', name) > 0 and redis.call({command})
  if got and got ~= 0 then done = 1 end
end
return done
"""


def _there(key: str, command: str) -> str:
    """`command`, if the key is there; `name` is it."""
    return (
        f"local name = KEYS[1] .. '{key}' if redis.call('EXISTS', name) == 0 then return 0 end "
        f"redis.call({command}) return 1"
    )


def _any(pattern: str, command: str) -> str:
    """`command`, on every key of a pattern."""
    return (
        f"local found = redis.call('KEYS', KEYS[1] .. '{pattern}') "
        f"for _, name in ipairs(found) do redis.call({command}) end return math.min(1, #found)"
    )


def _always(*commands: str) -> str:
    return " ".join(f"redis.call({command})" for command in commands) + " return 1"


def _wrong(key: str) -> str:
    return _always(f"'DEL', KEYS[1] .. '{key}'", f"'SET', KEYS[1] .. '{key}', 'x'")


def _state(first: str) -> str:
    """The state of the run with other numbers at its front."""
    return (
        "local s = redis.call('HGET', KEYS[1] .. 'state', 's') "
        "local tasks, bytes, idle, at = struct.unpack('<i8i8i8', s) "
        f"s = struct.pack('<i8i8i8', {first}) .. string.sub(s, at) "
        "redis.call('HSET', KEYS[1] .. 'state', 's', s) return 1"
    )


def _order(text: str) -> str:
    # rank 1 may not be told anything; whoever reads it, rank 1 has a list of orders
    return _always(f"'RPUSH', KEYS[1] .. 'orders:1', '{text}'", "'RPUSH', KEYS[1] .. 'bell:1', '1'")


DEEDS: dict[str, Deed] = {
    "a task copied": Deed(_FIRST_TASK + _NEW + "return 1"),
    "a task copied into another stream": Deed(_FIRST_TASK + _ELSEWHERE),
    "a task deleted": Deed(_LAST_TASK + _GONE + "return 1"),
    "a task in the place of another": Deed(_SWAP),
    "a task that looks as if it had killed ranks": Deed(_LAST_TASK + _TRIED),
    "a task of an element that there is not": Deed(_LAST_TASK + _RENUMBERED),
    "a task that is none": Deed(_LAST_TASK + _NOT_A_TASK),
    "a task taken by somebody": Deed(_FIRST_TASK + _MOVED),
    "the queues trimmed": Deed(_all("'LTRIM', name, 1, 0")),
    "the queues deleted": Deed(_all("'DEL', name")),
    "the queues renamed": Deed(_all("'RENAME', name, name .. 'x'")),
    "the queues of another type": Deed(
        "for e = 0, 9 do redis.call('SET', KEYS[1] .. 'queue:' .. e, 1) end return 1"
    ),
    # only the task that comes next or none: a list is what it was where it is turned round by one
    "the queues turned round": Deed(_all("'LMOVE', name, name, 'LEFT', 'RIGHT'"), COSTS),
    "the tasks in hand deleted": Deed(_all("'DEL', name", "lease:*")),
    "the tasks in hand turned round": Deed(_all("'LMOVE', name, name, 'LEFT', 'RIGHT'", "lease:*"), COSTS),
    "a task more in hand": Deed(_all("'RPUSH', name, redis.call('LINDEX', name, 0)", "lease:*")),
    "the tasks in hand of another type": Deed(_wrong("lease:1")),
    "what waits deleted": Deed(_there("waiting", "'DEL', name"), COSTS),
    "what waits of another type": Deed(_wrong("waiting"), COSTS),
    "more unfinished tuples": Deed(_always("'HINCRBY', KEYS[1] .. 'pending', 1, 1000")),
    "fewer unfinished tuples": Deed(_always("'HINCRBY', KEYS[1] .. 'pending', 1, -7")),
    "no unfinished tuples": Deed(
        "for _, e in ipairs(redis.call('HKEYS', KEYS[1] .. 'pending')) do "
        "redis.call('HSET', KEYS[1] .. 'pending', e, 0) end return 1"
    ),
    "the counts deleted": Deed(_there("pending", "'DEL', name")),
    "the counts not numbers": Deed(_always("'HSET', KEYS[1] .. 'pending', 1, 'x'")),
    "the counts of another type": Deed(_wrong("pending")),
    "more that waits": Deed(_state("100000, bytes, idle")),
    "more bytes that wait": Deed(_state("tasks, bytes + 1000000000000, idle")),
    "fewer bytes that wait": Deed(_state("tasks, bytes - 1000000000000, idle")),
    "more idle": Deed(_state("tasks, bytes, 9"), COSTS),
    "a state that is none": Deed(_always("'HSET', KEYS[1] .. 'state', 's', 'x'")),
    "the state deleted": Deed(_there("state", "'DEL', name")),
    "the state of another type": Deed(_wrong("state")),
    "commits of the future": Deed(_always("'HINCRBY', KEYS[1] .. 'state', 1, 100"), COSTS),
    "failures that were none": Deed(_always("'HINCRBY', KEYS[1] .. 'stats', 'f:1', 3")),
    "work that was none": Deed(_always("'HINCRBY', KEYS[1] .. 'stats', 'n:1', 3")),
    "the statistics deleted": Deed(_there("stats", "'DEL', name")),
    "the statistics of another type": Deed(_wrong("stats")),
    "an owner that never asked": Deed(_always("'HSET', KEYS[1] .. 'owners', '1', '1'")),
    "an owner that is nobody": Deed(_always("'HSET', KEYS[1] .. 'owners', '1', '77'")),
    "owners of another type": Deed(_wrong("owners")),
    "finality": Deed(_always("'SADD', KEYS[1] .. 'firm', '1'"), COSTS),
    "a fill": Deed(_always("'HSET', KEYS[1] .. 'fills', '1', '1 x'")),
    "congestion": Deed(_always("'SADD', KEYS[1] .. 'congested', '3:1', '4:1', '1:1'")),
    "congestion of another type": Deed(_wrong("congested")),
    "a rank declared lost": Deed(_always("'SADD', KEYS[1] .. 'lost', '1'")),
    "all ranks idle": Deed(_always("'ZADD', KEYS[1] .. 'idle', 1, 1, 2, 2, 3, 3, 9, 9"), COSTS),
    "nobody idle": Deed(_there("idle", "'DEL', name"), COSTS),
    "the idle of another type": Deed(_wrong("idle")),
    "all ranks parked": Deed(_always("'SADD', KEYS[1] .. 'parked', 1, 2, 3, 9"), COSTS),
    "parking of another type": Deed(_wrong("parked")),
    "progress of every task": Deed(
        _LAST_TASK
        + "for _, name in ipairs(found) do for i, each in ipairs(redis.call('LRANGE', name, 0, -1)) do "
        "redis.call('LSET', name, i - 1, (string.gsub(each, '\\n', ' 0 1\\n', 1))) "
        "end end return 1",
        COSTS,  # where all of them are in hand already
    ),
    "an order to stop": Deed(_order("stop 0 0")),
    "an order to park": Deed(_order("park")),
    "an order to finish": Deed(_order("finish 3")),
    "an order that is none": Deed(_order("x y")),
    "orders of another type": Deed(_wrong("orders:1")),
    "every bell taken away": Deed(_any("bell:*", "'DEL', name"), COSTS),
    "every bell rung": Deed(
        "for rank = 0, 3 do for _ = 1, 999 do redis.call('RPUSH', KEYS[1] .. 'bell:' .. rank, 1) end end "
        "return 1",
        COSTS,
    ),
    "bells that say that the head is gone": Deed(
        "for rank = 0, 3 do redis.call('RPUSH', KEYS[1] .. 'bell:' .. rank, 'g') end return 1", COSTS
    ),
    "bells of another type": Deed(
        "for rank = 0, 3 do redis.call('DEL', KEYS[1] .. 'bell:' .. rank) "
        "redis.call('SET', KEYS[1] .. 'bell:' .. rank, 'x') end return 1"
    ),
    "a letter that is none": Deed(_always("'RPUSH', KEYS[1] .. 'dead', 'x'")),
    "letters of another type": Deed(_wrong("dead")),
    "a report that is none": Deed(_always("'RPUSH', KEYS[1] .. 'reports', 'x'")),
    "reports of another type": Deed(_wrong("reports")),
    "the head deleted": Deed(_there("head", "'DEL', name")),
    "all keys of the run deleted": Deed(_any("*", "'DEL', name")),
    "all keys of the run renamed": Deed(_any("*", "'RENAME', name, 'x' .. name")),
    "the database flushed": Deed(_always("'FLUSHDB'")),
    "the server flushed": Deed(_always("'FLUSHALL'")),
    # a rank that goes on writes its account again, and then nothing is amiss
    "the accounts deleted": Deed(_there("accounts", "'DEL', name"), COSTS),
    "an account in the place of another": Deed(
        "local name = KEYS[1] .. 'accounts' local found = redis.call('HGETALL', name) "
        "if #found < 4 then return 0 end redis.call('HSET', name, found[1], found[4]) return 1",
        COSTS,  # where its rank writes it again before the head looks
    ),
    "accounts that are none": Deed(_there("accounts", "'HSET', name, 0, 'x', 1, 'x'"), COSTS),
    "the orders taken deleted": Deed(_there("ordered", "'DEL', name"), COSTS),
    "more orders taken": Deed(_always("'HINCRBY', KEYS[1] .. 'ordered', 1, 3")),
}


def of_another_run(call: Callable[..., Any], prefix: str) -> None:
    """Add a task that an earlier run has sealed."""
    payload = Codec(b"the secret of another run").seal(("input", [1]), about(TASK, 1, 1))
    call("RPUSH", f"{prefix}queue:1", b"1 1 0\n" + payload)


def prefixes(call: Callable[..., Any]) -> Iterator[str]:
    """Prefix of each run that has begun."""
    for found in call("KEYS", "hpcd4p:*:pending"):
        yield (found.decode() if isinstance(found, bytes) else found).removesuffix("pending")


def do(call: Callable[..., Any], deed: Deed) -> bool:
    """Do it to the run that there is; whether it could be done."""
    return any(call("EVAL", deed.words, 1, prefix) for prefix in prefixes(call))
