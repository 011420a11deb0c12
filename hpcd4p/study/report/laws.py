"""Laws of scaling, fitted to run times: Amdahl's, the universal scalability law, Gustafson's. Pure.

With N ranks a run takes T(N) = T(1) (1 + σ(N-1) + κN(N-1)) / N seconds. σ is the part that is done one
after the other (contention), κ what every pair of ranks costs (coherency). Amdahl's law is κ = 0. The law
is linear in N T(N), so numpy's least squares fit it, with σ and κ kept at 0 or above.

N. Gunther, "Guerrilla Capacity Planning", Springer 2007, chapter 4; J. Gustafson, "Reevaluating Amdahl's
law", CACM 31 (1988) 532.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import combinations
from typing import TYPE_CHECKING, Any

from hpcd4p.study.report.compare import LEVEL, Interval, resampled_medians

if TYPE_CHECKING:
    import numpy as np

    Table = np.ndarray[Any, np.dtype[Any]]

AMDAHL, USL, GUSTAFSON = "Amdahl", "USL", "Gustafson"

FEWEST = {AMDAHL: 3, USL: 4, GUSTAFSON: 3}
"""Different numbers of ranks that a law needs: one more than it has unknowns, so that it could be wrong."""

FAR = 2.0
"""A knee at more than so many times the most ranks that were measured is an extrapolation."""

POOR = 0.10
"""A law that misses the run times by more than this (root of the mean square) does not describe them."""

TINY = 1e-9
"""Parameters below this are 0: rounding left them."""


@dataclass(frozen=True)
class Fit:
    """A law with its parameters.

    Attributes
    ----------
    law : str
        One of `AMDAHL`, `USL`, `GUSTAFSON`.
    base_s : float
        T(1), seconds.
    sigma, kappa : float
        See the head of this file; for `GUSTAFSON`, sigma is the serial part of the time, and kappa is 0.
    error : float
        Root of the mean square of what T(N) is off, as a part of T(N).
    most : float
        The largest N that was measured.
    knee : float | None
        N with the shortest run time; None if there is none (see `doubt`).
    knee_interval : Interval | None
        From resampling the repeats; None with fewer than three of any point, or where it has no end.
    doubt : str
        Why the law does not fit, or the data do not determine the knee, in words; empty if all is well.
    """

    law: str
    base_s: float
    sigma: float
    kappa: float
    error: float
    most: float
    knee: float | None = None
    knee_interval: Interval | None = None
    doubt: str = ""

    @property
    def fits(self) -> bool:
        """Whether the law describes the run times; if not, its parameters mean nothing."""
        return not _misfit(self)

    def run_time(self, n: Any) -> Any:
        """Give T(n) in seconds; `n` is a number or an array."""
        return self.base_s * (1 + self.sigma * (n - 1) + self.kappa * n * (n - 1)) / n


def fit_amdahl(samples: Mapping[float, Sequence[float]]) -> Fit | None:
    """Fit Amdahl's law to run times.

    Parameters
    ----------
    samples
        N → run times in seconds of every repeat.

    Returns
    -------
    Fit | None
        None if there are fewer than `FEWEST` N.
    """
    return _fit(AMDAHL, samples)


def fit_usl(samples: Mapping[float, Sequence[float]]) -> Fit | None:
    """Fit the universal scalability law; as `fit_amdahl`, with a knee or the reason why there is none.

    Examples
    --------
    >>> times = {n: [10 * (1 + 0.02 * (n - 1) + 0.001 * n * (n - 1)) / n] for n in (1, 2, 4, 8, 16, 32, 64)}
    >>> law = fit_usl(times)
    >>> round(law.sigma, 6), round(law.kappa, 6), round(law.knee, 2)
    (0.02, 0.001, 31.3)
    """
    return _fit(USL, samples)


def fit_gustafson(samples: Mapping[float, Sequence[float]]) -> Fit | None:
    """Fit Gustafson's law to run times of a study whose work grows with N.

    The scaled speed-up m T(base) / T(N) is m - s(m - 1) with m = N / base; s (`Fit.sigma`), from 0 to 1, is
    the part of the time that is serial. `Fit.run_time` does not apply: its times are of equal work.
    """
    import numpy as np

    if len(samples) < FEWEST[GUSTAFSON]:
        return None
    n, medians = _medians(samples)
    m = n / n[0]
    scaled = m * medians[0] / medians
    top = float(((m - 1) * (m - scaled)).sum() / ((m - 1) ** 2).sum())
    s = min(1.0, max(0.0, top))
    error = float(np.sqrt(np.mean((scaled / (m - s * (m - 1)) - 1) ** 2)))
    return _judged(Fit(GUSTAFSON, float(medians[0]), s, 0.0, error, float(n[-1])))


def _fit(law: str, samples: Mapping[float, Sequence[float]]) -> Fit | None:
    import numpy as np

    if len(samples) < FEWEST[law]:
        return None
    n, medians = _medians(samples)
    a, sigma, kappa = (float(x) for x in _parameters(n, medians[None, :], law)[0])
    fit = Fit(law, a, sigma, kappa, 0.0, float(n[-1]))
    error = float(np.sqrt(np.mean((fit.run_time(n) / medians - 1) ** 2)))
    fit = Fit(law, a, sigma, kappa, error, float(n[-1]))
    return _with_knee(fit, n, samples) if law == USL else _judged(fit)


def _misfit(fit: Fit) -> str:
    """Why the law does not describe the run times; empty if it does."""
    if fit.law != GUSTAFSON and fit.sigma >= 1:
        return (
            f"the law does not fit: σ would be {fit.sigma:.3g}, and from 1 on more ranks do not help at all"
        )
    if fit.error > POOR:
        return (
            f"the law does not fit: it misses the run times by {fit.error:.0%}, so it does not describe them"
        )
    return ""


def _judged(fit: Fit) -> Fit:
    return replace(fit, doubt=_misfit(fit))


def _medians(samples: Mapping[float, Sequence[float]]) -> tuple[Table, Table]:
    import numpy as np

    n = np.array(sorted(samples), float)
    return n, np.array([np.median(np.asarray(samples[x], float)) for x in n])


def _parameters(n: Table, times: Table, law: str) -> Table:
    """T(1), σ, κ (one row for each row of `times`, which has a column for each of `n`)."""
    import numpy as np

    columns = [n - 1, n * (n - 1)][: 2 if law == USL else 1]
    if n[0] == 1:  # T(1) was measured: N/C - 1 = σ(N-1) + κN(N-1) goes through 0
        base = times[:, 0]
        coefficients = _least_squares(np.array(columns).T, n * times / base[:, None] - 1, ())
        sigma, kappa = coefficients[:, 0], coefficients[:, 1] if law == USL else np.zeros(len(coefficients))
    else:  # it is one more unknown
        coefficients = _least_squares(np.array([np.ones_like(n), *columns]).T, n * times, (0,))
        base = coefficients[:, 0]
        sigma = coefficients[:, 1] / base
        kappa = coefficients[:, 2] / base if law == USL else np.zeros(len(coefficients))
    return np.array([base, np.where(sigma < TINY, 0, sigma), np.where(kappa < TINY, 0, kappa)]).T


def _least_squares(design: Table, wanted: Table, needed: tuple[int, ...]) -> Table:
    """Coefficients at or above 0 with the least squares, for every row of `wanted`.

    With three columns at most, every set of them that is not 0 can be tried. Those in `needed` are never 0.
    """
    import numpy as np

    width = design.shape[1]
    scale = np.abs(design).max(axis=0)
    best = np.full(len(wanted), np.inf)
    coefficients = np.zeros((len(wanted), width))
    free = [i for i in range(width) if i not in needed]
    for size in range(len(free), -1, -1):
        for chosen in combinations(free, size):
            used = sorted({*needed, *chosen})
            part = design[:, used] / scale[used]
            values = wanted @ np.linalg.pinv(part).T if used else np.zeros((len(wanted), 0))
            missed = ((wanted - values @ part.T) ** 2).sum(axis=1)
            better = (values >= 0).all(axis=1) & (missed < best * (1 - 1e-12))
            best = np.where(better, missed, best)
            whole = np.zeros((len(wanted), width))
            whole[:, used] = values / scale[used]
            coefficients = np.where(better[:, None], whole, coefficients)
    return coefficients


def knee_of(sigma: float, kappa: float) -> float | None:
    """Give N* = √((1-σ)/κ), where the run time is shortest; None if it falls for ever."""
    if kappa <= 0:
        return None
    return math.sqrt(max(0.0, 1 - sigma) / kappa)


def _with_knee(fit: Fit, n: Table, samples: Mapping[float, Sequence[float]]) -> Fit:
    knee = knee_of(fit.sigma, fit.kappa)
    interval, endless = _knee_interval(n, samples)
    doubt = _misfit(fit)
    if doubt:
        knee = None
    elif knee is None:
        doubt = "κ = 0: within these data the run time only flattens, and there is no knee"
    elif knee > FAR * fit.most:
        doubt = (
            f"at more than {FAR:g} times the most ranks that were measured it is an extrapolation; "
            "measure more ranks to see it"
        )
    elif endless:
        doubt = "in some resamples of the repeats κ is 0: the knee could lie at any larger number"
    return replace(fit, knee=knee, knee_interval=interval if knee is not None else None, doubt=doubt)


def _knee_interval(n: Table, samples: Mapping[float, Sequence[float]]) -> tuple[Interval | None, bool]:
    """(interval of the knee, whether its upper end cannot be given)."""
    import numpy as np

    drawn = [resampled_medians(samples[x], i) for i, x in enumerate(n)]
    if any(d is None for d in drawn):
        return None, False
    parameters = _parameters(n, np.array(drawn).T, USL)
    sigma, kappa = parameters[:, 1], parameters[:, 2]
    knees = np.full(len(kappa), np.inf)
    bent = kappa > 0
    knees[bent] = np.sqrt(np.maximum(0, 1 - sigma[bent]) / kappa[bent])
    tail = 100 * (1 - LEVEL) / 2
    low, high = (float(np.percentile(knees, p, method="inverted_cdf")) for p in (tail, 100 - tail))
    return (Interval(low, high), False) if math.isfinite(high) else (None, True)
