"""Ranks that share a line of the page, and what they did, a cell for each moment. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from itertools import groupby
from typing import NamedTuple

from hpcd4p.live.ranks import State, ranges
from hpcd4p.top.history import Look, Sample, Unit
from hpcd4p.top.lines import Span
from hpcd4p.top.states import LEVELS, level, sign_of

_MOST_LABEL = 30


class Band(NamedTuple):
    """Units on one line."""

    label: str
    role: str
    units: tuple[Unit, ...]


def bands(units: Mapping[Unit, Look], room: int) -> list[Band]:
    """The units on at most `room` lines, if that can be: those with the same role, side by side.

    Units of one rank each go together by twos, by threes, and so on; a unit of several ranks goes with all
    of its role.
    """
    many = list(units)
    if len(many) <= room:
        return [_band([unit], units) for unit in many]
    if any(unit.rank < 0 for unit in many):
        return [_band(list(group), units) for _, group in _by_role(sorted(many, key=_role))]
    runs = [list(group) for _, group in _by_role(many)]
    size = 2
    while sum(-(-len(run) // size) for run in runs) > room and size < len(many):
        size += 1
    made = [_band(run[at : at + size], units) for run in runs for at in range(0, len(run), size)]
    if len(made) <= room:
        return made
    return [_band(list(group), units) for _, group in _by_role(sorted(many, key=_role))]


def _role(unit: Unit) -> str:
    return unit.role


def _by_role(units: Iterable[Unit]) -> Iterable[tuple[str, Iterable[Unit]]]:
    return groupby(units, key=_role)


def _band(those: Sequence[Unit], units: Mapping[Unit, Look]) -> Band:
    if those[0].rank >= 0:
        label = ranges([unit.rank for unit in those], _MOST_LABEL)
    else:
        number = sum(sum(units[unit].states.values()) for unit in those)
        label = f"{number:,} {'rank' if number == 1 else 'ranks'}"
        label += f" {those[0].host}" if len(those) == 1 and those[0].host else ""
    return Band(label, those[0].role, tuple(those))


def look_of(band: Band, units: Mapping[Unit, Look]) -> Look:
    """What all units of a band do together."""
    states: dict[str, int] = {}
    seen = [units[unit] for unit in band.units if unit in units]
    for look in seen:
        for state, number in look.states.items():
            states[state] = states.get(state, 0) + number
    return Look(states, seen[0].load if len(seen) == 1 else None)


def strip(band: Band, samples: Sequence[Sample]) -> list[Span]:
    """A cell for each sample, as one span for each style in a row."""
    made: list[Span] = []
    lost = 0
    for place, sample in enumerate(samples):
        look = look_of(band, sample.units)
        now = look.states.get(State.LOST, 0)
        char, style = _cell(look, died=place > 0 and now > lost)
        lost = now
        if made and made[-1].style == style:
            made[-1] = Span(made[-1].text + char, style)
        else:
            made.append(Span(char, style))
    return made


def _cell(look: Look, died: bool) -> tuple[str, str]:
    """A sign for the ranks of a band at one moment.

    ==================================  ============================================
    one of several has just died        the sign for that
    all that live do the same, or one   its sign
    some work                           a block as high as the part that does
    none works                          the sign of what most of them do
    ==================================  ============================================

    A rank that is known to rest in part of its time works that much.
    """
    alive = {s: n for s, n in look.states.items() if s not in (State.LOST, State.LEFT)}
    number = sum(look.states.values())
    if not number:
        return " ", ""
    if (died and number > 1) or not alive:
        most = State.LOST if died else max(look.states, key=look.states.__getitem__)
        sign = sign_of(most)
        return sign.char, sign.style
    works = alive.get(State.WORKING, 0)
    if works:
        part = works / sum(alive.values())
        if look.load is not None:
            part = max(look.load, 1 / len(LEVELS))
        return level(part), "working"
    sign = sign_of(max(alive, key=alive.__getitem__))
    return sign.char, sign.style
