"""Hashes: equal in Python means equal here, in every process."""

from __future__ import annotations

import datetime as dt
import enum
import json
import os
import subprocess
import sys
import uuid
from collections import OrderedDict, deque, namedtuple
from dataclasses import dataclass, field
from decimal import Decimal
from fractions import Fraction
from pathlib import Path, PurePosixPath

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from hpcd4p.errors import KeyHashError
from hpcd4p.plan.content import content_hash
from hpcd4p.plan.hashing import stable_hash

Pair = namedtuple("Pair", "a b")


class Number(enum.IntEnum):
    ONE = 1


class Text(enum.StrEnum):
    A = "a"


class Mixed(str, enum.Enum):  # noqa: UP042 - differs from StrEnum, and is common
    A = "a"


class Plain(enum.Enum):
    ONE = 1
    TWO = 2


class Bits(enum.Flag):
    A = 1
    B = 2


class Shout(str):
    def __eq__(self, other):
        return self.upper() == str(other).upper()

    def __hash__(self):
        return hash(self.upper())


class Quiet(str):
    pass


@dataclass(frozen=True)
class Station:
    name: str
    number: float
    note: str = field(default="", compare=False)


@dataclass(frozen=True)
class OwnEquality:
    name: str

    def __eq__(self, other):
        return True

    def __hash__(self):
        return 1


@dataclass
class Mutable:
    x: int


UTC = dt.UTC
EQUAL = [
    [
        1,
        1.0,
        True,
        1 + 0j,
        Decimal(1),
        Fraction(1),
        np.int8(1),
        np.float32(1),
        np.True_,
        np.uint64(1),
        Number.ONE,
    ],
    [0, -0.0, 0.0, False, np.float64(-0.0), Decimal("-0")],
    [10**30, Decimal(10) ** 30, Fraction(10**30)],
    [0.5, Fraction(1, 2), Decimal("0.5"), np.float16(0.5)],
    [float("inf"), Decimal("inf"), np.float32("inf")],
    ["a", np.str_("a"), Text.A, Mixed.A, Quiet("a")],
    [b"a", np.bytes_(b"a"), memoryview(b"a")],
    [(1, "a"), (1.0, np.str_("a")), Pair(np.int64(1), "a")],
    [frozenset([1, "x"]), frozenset(["x", 1.0])],
    [range(0), range(5, 5), range(3, 0)],
    [range(0, 3, 2), range(0, 4, 2)],
    [dt.date(2020, 1, 1), np.datetime64("2020-01-01")],
    [dt.datetime(2020, 1, 1, 3), np.datetime64("2020-01-01T03:00:00")],
    [np.datetime64("2020-01-01T03"), np.datetime64("2020-01-01T03:00:00.000000000")],
    [np.datetime64("2020"), np.datetime64("2020-01-01T00:00")],
    [np.timedelta64(1, "m"), np.timedelta64(60, "s")],
    [
        dt.datetime(2020, 1, 1, 3, tzinfo=UTC),
        dt.datetime(2020, 1, 1, 1, tzinfo=dt.timezone(dt.timedelta(hours=-2))),
        dt.datetime(2020, 1, 1, 23, tzinfo=dt.timezone(dt.timedelta(hours=20))),
    ],
    [dt.time(3, tzinfo=UTC), dt.time(5, tzinfo=dt.timezone(dt.timedelta(hours=2)))],
    [dt.timedelta(seconds=60), dt.timedelta(minutes=1)],
    [Path("/a/b"), PurePosixPath("/a/b")],
    [Station("x", 1), Station("x", 1.0, note="else")],
    [uuid.UUID(int=7), uuid.UUID("00000000-0000-0000-0000-000000000007")],
]
UNEQUAL = [
    1,
    2,
    1.5,
    "1",
    b"1",
    None,
    (1,),
    ((1,),),
    ("1",),
    (1, 2),
    (2, 1),
    frozenset([1]),
    frozenset(),
    (),
    "",
    b"",
    Plain.ONE,
    Plain.TWO,
    Bits.A,
    Bits.B,
    Bits.A | Bits.B,
    dt.date(2020, 1, 1),
    dt.time(1),
    dt.timedelta(1),
    dt.datetime(2020, 1, 1, 1),
    dt.datetime(2020, 1, 1, tzinfo=UTC),
    Station("x", 1),
    Station("x", 2),
    int,
    str,
    range(3),
    Path("1"),
    uuid.UUID(int=1),
    ("ab", "c"),
    ("a", "bc"),
]


@pytest.mark.parametrize("keys", EQUAL, ids=lambda keys: repr(keys[0]))
def test_equal_keys_have_equal_hashes(keys):
    assert all(key == keys[0] for key in keys)
    assert len({stable_hash(key) for key in keys}) == 1


def test_unequal_keys_have_unequal_hashes():
    assert len({stable_hash(key) for key in UNEQUAL}) == len(UNEQUAL)


def test_hash_has_64_bits():
    hashes = [stable_hash(n) for n in range(1000)]
    assert all(0 <= h < 1 << 64 for h in hashes)
    assert max(hashes) > 1 << 63


@pytest.mark.parametrize(
    ("key", "named"),
    [
        (float("nan"), "nan"),
        (np.float32("nan"), "nan"),
        (Decimal("nan"), "nan"),
        ((1, (float("nan"),)), "nan"),
        (np.datetime64("NaT"), "NaT"),
        ([1], "list"),
        ((1, [2]), "list"),
        ({}, "dict"),
        ({1}, "set"),
        (bytearray(b"a"), "bytearray"),
        (np.zeros(2), "numpy.ndarray"),
        (np.array(3), "numpy.ndarray"),
        (object(), "object"),
        (lambda: 0, "function"),
        (Shout("a"), "Shout"),
        (OwnEquality("a"), "OwnEquality"),
        (Mutable(1), "Mutable"),
        (memoryview(bytearray(b"a")), "memoryview"),
    ],
    ids=lambda thing: None,
)
def test_key_that_has_no_stable_hash_is_refused_and_its_type_named(key, named):
    with pytest.raises(KeyHashError, match=named):
        stable_hash(key)


def test_key_nested_too_deeply_is_refused():
    key = 1
    for _ in range(5000):
        key = (key,)
    with pytest.raises(KeyHashError, match="deep"):
        stable_hash(key)
    with pytest.raises(KeyHashError, match="deep"):
        content_hash(key)


@given(st.integers() | st.floats(allow_nan=False) | st.fractions() | st.booleans(), st.integers(0, 3))
def test_numbers_of_every_type_agree(number, kind):
    twins = [number, Fraction(number) if abs(number) != float("inf") else number]
    if float(number if abs(number) < 1e300 else 0) == number:
        twins += [float(number), np.float64(number), complex(number)]
    assert len({stable_hash(twin) for twin in twins}) == 1


KEYS = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats(allow_nan=False)
    | st.text()
    | st.binary()
    | st.dates()
    | st.datetimes()
    | st.datetimes(timezones=st.timezones())
    | st.timedeltas()
    | st.uuids(),
    lambda inner: st.tuples(inner, inner) | st.frozensets(inner, max_size=3),
    max_leaves=5,
)


@given(KEYS, KEYS)
def test_hashes_are_equal_just_when_keys_are(a, b):
    assert (stable_hash(a) == stable_hash(b)) == (a == b)


# ---- in other processes

ACROSS = r"""
import datetime as dt, enum, json, uuid
from decimal import Decimal
from fractions import Fraction
from pathlib import Path
import numpy as np
from hpcd4p.plan.content import content_hash
from hpcd4p.plan.hashing import stable_hash
class Plain(enum.Enum):
    ONE = 1
class Thing:
    def __init__(self, x): self.x = x
keys = [
    0, 1, -1, True, 2.5, 10**40, 1j, Decimal("1.1"), Fraction(1, 3), np.int16(4), np.float32(0.1),
    "", "word", "\u00e9", "\ud800", np.str_("word"), b"word", None, (), ("a", 1, None),
    frozenset(["a", "b", "c", 1]), dt.date(2024, 2, 29), dt.datetime(2024, 2, 29, 1, 2, 3, 4),
    dt.datetime(2024, 1, 1, tzinfo=dt.timezone.utc), dt.time(1, 2), dt.timedelta(3),
    np.datetime64("2024-01"), np.timedelta64(3, "M"), Plain.ONE, Path("/x"), uuid.UUID(int=3), range(3), dict,
]
values = [
    [1, "a"], {"b": 1, "a": {2}}, {"x", "y", "z", "w"}, np.arange(4.0), Thing({"q", "r", "s"}), float("nan"),
]
print(json.dumps([stable_hash(k) for k in keys] + [content_hash(v) for v in values]))
"""


def test_hashes_are_the_same_in_processes_with_other_seeds():
    answers = []
    for seed in ("0", "1", "4294967295"):
        done = subprocess.run(
            [sys.executable, "-c", ACROSS],
            capture_output=True,
            text=True,
            timeout=60,
            check=True,
            env={**os.environ, "PYTHONHASHSEED": seed},
        )
        answers.append(json.loads(done.stdout))
    assert answers[0] == answers[1] == answers[2]
    assert len(set(answers[0])) == len(answers[0]) - 2  # 1 and True, 'word' and its numpy twin


def test_hashes_do_not_change_between_versions():
    """A checkpoint holds partitions by key: a change here makes old ones unreadable."""
    assert [stable_hash(k) % 64 for k in ("word", 1, 2.5, b"x", ("a", 1), None)] == [6, 42, 50, 42, 5, 4]


# ---- content


class Thing:
    def __init__(self, x):
        self.x = x


class Slotted:
    __slots__ = ("x",)

    def __init__(self, x):
        self.x = x


class Stubborn:
    def __reduce_ex__(self, protocol):
        raise TypeError("no")


@pytest.mark.parametrize(
    "make",
    [
        lambda: [1, "a", [2.5]],
        lambda: {"a": 1, "b": [2]},
        lambda: {"x", "y"},
        lambda: np.arange(6.0).reshape(2, 3),
        lambda: np.array(["a", None], dtype=object),
        lambda: Thing({"a": Thing(2)}),
        lambda: Slotted([1]),
        lambda: deque([1, 2]),
        lambda: OrderedDict(a=1),
        lambda: bytearray(b"a"),
        lambda: (float("nan"), None),
        lambda: dt.datetime(2020, 1, 1),
        lambda: len,
        lambda: Thing,
        lambda: complex("nan"),
    ],
)
def test_copies_have_equal_content(make):
    assert content_hash(make()) == content_hash(make())


def test_content_tells_values_apart():
    values = [
        [1],
        [2],
        [[1]],
        {"a": 1},
        {"a": 2},
        {"b": 1},
        {1},
        np.zeros(2),
        np.zeros(3),
        np.zeros((2, 1)),
        Thing(1),
        Thing(2),
        Slotted(1),
        None,
        "a",
        b"a",
        [],
        {},
        set(),
    ]
    assert len({content_hash(v) for v in values}) == len(values)


def test_content_does_not_depend_on_which_parts_are_one_object():
    shared = ["part"]
    assert content_hash([shared, shared]) == content_hash([["part"], ["part"]])
    assert content_hash(Thing([shared, shared])) == content_hash(Thing([["part"], ["part"]]))


def test_order_of_a_dict_does_not_count():
    assert content_hash({"a": 1, "b": 2}) == content_hash({"b": 2, "a": 1})


def test_value_that_cannot_be_taken_apart_is_refused():
    with pytest.raises(KeyHashError, match="Stubborn"):
        content_hash(Stubborn())
    loop = []
    loop.append(loop)
    with pytest.raises(KeyHashError, match="nested"):
        content_hash(loop)
