"""How long tuples take: distributions, and draws from them."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from hpcd4p.errors import SettingsError

if TYPE_CHECKING:
    import numpy as np

    Draw = Callable[[np.random.Generator, int], np.ndarray]

BLOCK = 1 << 16
"""Service times are drawn so many at a time: one by one costs 1 µs each."""

FORMS = "constant:S, exponential:MEAN, lognormal:MEAN,SIGMA, beta:A,B,SCALE, or empirical:FILE"


class Service(NamedTuple):
    """Service times of tuples, in seconds."""

    text: str
    mean_s: float
    draw: Draw


def read_service(text: str) -> Service:
    """Make the distribution of ``--service TEXT``.

    ``lognormal:MEAN,SIGMA``: SIGMA is the standard deviation of the logarithm. ``beta:A,B,SCALE`` lies
    between 0 and SCALE. ``empirical:FILE`` draws from the numbers in FILE, one on a line.

    Raises
    ------
    SettingsError
        No such distribution, or numbers that make none.
    """
    name, _, rest = text.partition(":")
    if name == "empirical":
        return _empirical(text, rest)
    if name not in _MAKERS:
        raise SettingsError(f"--service {text}: no distribution {name!r}; give {FORMS}")
    many, make = _MAKERS[name]
    given = _numbers(text, rest, many)
    mean, draw = make(*given)
    return Service(text, mean, draw)


def _numbers(text: str, rest: str, many: int) -> list[float]:
    try:
        given = [float(word) for word in rest.split(",")]
    except ValueError:
        given = []
    if len(given) != many or not all(0 < n < 1e9 for n in given):
        noun = "a number" if many == 1 else f"{many} numbers with commas between them"
        raise SettingsError(f"--service {text}: expected {noun} above 0 (seconds) after the colon; {FORMS}")
    return given


def _constant(s: float) -> tuple[float, Draw]:
    import numpy as np

    return s, lambda _, n: np.full(n, s)


def _exponential(mean: float) -> tuple[float, Draw]:
    return mean, lambda dice, n: dice.exponential(mean, n)


def _lognormal(mean: float, sigma: float) -> tuple[float, Draw]:
    from math import log

    middle = log(mean) - sigma * sigma / 2
    return mean, lambda dice, n: dice.lognormal(middle, sigma, n)


def _beta(a: float, b: float, scale: float) -> tuple[float, Draw]:
    return scale * a / (a + b), lambda dice, n: scale * dice.beta(a, b, n)


_MAKERS: dict[str, tuple[int, Callable[..., tuple[float, Draw]]]] = {
    "constant": (1, _constant),
    "exponential": (1, _exponential),
    "lognormal": (2, _lognormal),
    "beta": (3, _beta),
}
"""(how many numbers it takes, what it makes of them: mean and draw)."""


def _empirical(text: str, name: str) -> Service:
    import numpy as np

    rows = read_rows("--service", text, name, 1)
    times = np.array([row[0] for row in rows])
    if not (times >= 0).all() or not times.any():
        raise SettingsError(f"--service {text}: service times must be 0 or more, and not all 0")
    return Service(text, float(times.mean()), lambda dice, n: dice.choice(times, n))


def read_rows(flag: str, text: str, name: str, many: int) -> list[list[float]]:
    """Numbers of a text file, `many` on each line; lines that begin with # are left out."""
    where = f"{flag} {text}"
    try:
        lines = Path(name).read_text(encoding="utf-8").splitlines()
    except OSError as error:
        raise SettingsError(f"{where}: cannot read {name!r}: {error.strerror}") from error
    except UnicodeDecodeError as error:
        raise SettingsError(f"{where}: {name} is not UTF-8 text") from error
    rows = []
    for i, line in enumerate(lines, 1):
        if not line.strip() or line.startswith("#"):
            continue
        try:
            row = [float(word) for word in line.replace(",", " ").split()]
        except ValueError:
            row = []
        if len(row) != many or not all(abs(n) < 1e12 for n in row):
            raise SettingsError(f"{where}: line {i} of {name} is {line!r}; expected {many} numbers")
        rows.append(row)
    if not rows:
        raise SettingsError(f"{where}: {name} holds no numbers")
    return rows


class Draws:
    """Service times, drawn in blocks and handed out as sums."""

    def __init__(self, service: Service, dice: np.random.Generator) -> None:
        self._service = service
        self._dice = dice
        self._sums: np.ndarray | None = None  # running sums of the block
        self._at = 0
        self._size = 0

    def take(self, tuples: int, most_s: float, worth_s: float) -> tuple[int, float]:
        """(tuples that are run, seconds that they take) of the next `tuples`.

        Stops after the one that passes `most_s`, if what is left would take more than `worth_s`.
        """
        done, seconds = 0, 0.0
        while done < tuples:
            if self._at == self._size:
                self._fill()
            assert self._sums is not None
            sums, at = self._sums, self._at
            before = float(sums[at - 1]) if at else 0.0
            end = min(self._size, at + tuples - done)
            part = float(sums[end - 1]) - before
            if seconds + part > most_s:
                stop = min(end, at + 1 + int(sums[at:end].searchsorted(before + most_s - seconds)))
                left = tuples - done - (stop - at)
                if left * self._service.mean_s > worth_s:
                    self._at = stop
                    return done + stop - at, seconds + float(sums[stop - 1]) - before
            self._at = end
            done += end - at
            seconds += part
        return done, seconds

    def _fill(self) -> None:
        block = self._service.draw(self._dice, BLOCK)
        self._sums, self._at, self._size = block.cumsum(), 0, len(block)
