"""What tuples are taken to hold."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
import pytest

from hpcd4p.weight import weigh

ARRAY = np.zeros(125_000)


class Named(NamedTuple):
    name: str
    data: Any


@dataclass
class Plain:
    data: Any


@dataclass(slots=True)
class Slotted:
    name: str
    data: Any


class Below(Slotted):
    __slots__ = ()


class Unset:
    __slots__ = ("data",)


@pytest.mark.parametrize(
    "value",
    [ARRAY, (1, ARRAY), [ARRAY], {"a": ARRAY}, Named("a", ARRAY), Plain(ARRAY), Slotted("a", ARRAY),
     Below("a", ARRAY), (Named("a", ARRAY),), bytes(1_000_000), "x" * 1_000_000],
    ids=lambda value: type(value).__name__,
)  # fmt: skip
def test_what_holds_a_megabyte_weighs_about_that(value):
    assert 900_000 < weigh([value]) < 1_100_000


@pytest.mark.parametrize("value", [1, 2.5, None, (), "a", Unset(), object()])
def test_what_holds_little_weighs_little(value):
    assert weigh([value]) < 200
