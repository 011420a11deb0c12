"""Laws of scaling, fitted to times that follow them, and to times that do not."""

from __future__ import annotations

import math

import numpy as np
import pytest

from hpcd4p.study.report.laws import fit_amdahl, fit_gustafson, fit_usl, knee_of
from tests.unit.study.studies import usl

RANKS = (1, 2, 4, 8, 16, 32, 64)


def times(ns, repeats=1, noise=0.0, seed=1, **law):
    dice = np.random.default_rng(seed)
    return {
        float(n): [usl(n, **law) * math.exp(noise * dice.standard_normal()) for _ in range(repeats)]
        for n in ns
    }


@pytest.mark.parametrize(("sigma", "kappa"), [(0.02, 0.0004), (0.0, 0.01), (0.3, 1e-6), (0.05, 0.05)])
@pytest.mark.parametrize("ns", [RANKS, (2, 3, 5, 9, 17), (4, 8, 16, 32)])
def test_exact_times_give_the_law_they_were_made_with(sigma, kappa, ns):
    found = fit_usl(times(ns, base_s=50.0, sigma=sigma, kappa=kappa))
    assert found.base_s == pytest.approx(50.0, rel=1e-6)
    assert found.sigma == pytest.approx(sigma, abs=1e-6)
    assert found.kappa == pytest.approx(kappa, rel=1e-4)
    assert found.knee == pytest.approx(math.sqrt((1 - sigma) / kappa), rel=1e-3)
    assert found.error < 1e-6


def test_the_knee_is_where_the_run_time_is_shortest():
    found = fit_usl(times(RANKS))
    ns = np.arange(1, 400)
    assert abs(ns[np.argmin(found.run_time(ns))] - found.knee) <= 1


def test_a_known_case_gunthers_ray_tracer():
    # throughput from "Guerrilla Capacity Planning"; so does R's package usl
    ns = (1, 4, 8, 12, 16, 20, 24, 28, 32, 48, 64)
    done = (20, 78, 130, 170, 190, 200, 210, 230, 260, 280, 310)
    found = fit_usl({float(n): [1000 / x] for n, x in zip(ns, done, strict=True)})
    assert found.sigma == pytest.approx(0.05002, abs=1e-5)
    assert found.kappa == pytest.approx(4.71e-6, abs=1e-8)
    assert found.knee == pytest.approx(449, abs=1)
    assert "extrapolation" in found.doubt


def test_times_by_amdahls_law_have_no_knee():
    made = times(RANKS, sigma=0.1, kappa=0.0)
    found = fit_usl(made)
    assert found.kappa == 0
    assert found.knee is None
    assert "no knee" in found.doubt
    amdahl = fit_amdahl(made)
    assert amdahl.sigma == pytest.approx(0.1)
    assert amdahl.kappa == 0


def test_amdahls_law_without_a_run_on_one_rank():
    found = fit_amdahl(times((4, 8, 16), base_s=80.0, sigma=0.2, kappa=0.0))
    assert (found.base_s, found.sigma) == pytest.approx((80.0, 0.2))


def test_more_than_ideal_speed_up_leaves_both_parameters_at_zero():
    found = fit_usl({1.0: [10.0], 2.0: [4.0], 4.0: [1.9], 8.0: [0.9]})
    assert (found.sigma, found.kappa) == (0, 0)
    assert found.knee is None


def test_ranks_that_do_not_help_at_all_are_said():
    found = fit_usl({n: [10.0 + n] for n in (1.0, 2.0, 4.0, 8.0)})
    assert found.knee is None
    assert "do not help" in found.doubt


def test_too_few_points_give_no_law():
    assert fit_usl(times((1, 2, 4))) is None
    assert fit_amdahl(times((1, 2))) is None
    assert fit_gustafson(times((1, 2))) is None
    assert fit_amdahl(times((1, 2, 4))) is not None


def test_times_that_no_law_describes_are_doubted():
    found = fit_usl({1.0: [10.0], 2.0: [9.0], 4.0: [1.0], 8.0: [5.0], 16.0: [2.0]})
    assert "does not describe" in found.doubt or found.knee is None


def test_the_interval_of_the_knee_holds_the_truth():
    truth = knee_of(0.02, 0.0004)
    held = 0
    for seed in range(60):
        found = fit_usl(times(RANKS, repeats=5, noise=0.03, seed=seed))
        if found.knee_interval is not None:
            held += found.knee_interval.low <= truth <= found.knee_interval.high
    assert held >= 51  # of 57 that are expected


def test_one_repeat_gives_a_knee_without_an_interval():
    found = fit_usl(times(RANKS))
    assert found.knee is not None
    assert found.knee_interval is None
    assert found.doubt == ""


def test_a_knee_that_only_some_resamples_have_is_doubted():
    found = fit_usl(times((1, 2, 4, 8), repeats=5, noise=0.1, sigma=0.1, kappa=0.004, seed=2))
    assert found.knee_interval is None
    assert found.doubt


def test_gustafsons_law_gives_the_serial_part():
    made = {float(n): [20.0 * n / (n - 0.25 * (n - 1))] for n in RANKS}
    found = fit_gustafson(made)
    assert found.sigma == pytest.approx(0.25)
    assert found.error < 1e-9


def test_gustafsons_law_starts_at_the_fewest_ranks():
    made = {4.0 * m: [20.0 * m / (m - 0.1 * (m - 1))] for m in (1, 2, 4)}
    assert fit_gustafson(made).sigma == pytest.approx(0.1)


def test_amdahls_law_does_not_fit_times_that_grow_however_near_it_comes():
    found = fit_amdahl({2.0: [1.9], 3.0: [2.0], 4.0: [2.2]})
    assert found.sigma > 1
    assert found.error < 0.05
    assert not found.fits
    assert "the law does not fit: σ would be 2.08" in found.doubt


def test_amdahls_law_beside_times_that_rise_again_does_not_fit():
    found = fit_amdahl(times(RANKS, sigma=0.02, kappa=0.01))
    assert found.sigma < 1
    assert not found.fits
    assert "misses the run times" in found.doubt


def test_gustafsons_law_that_does_not_fit_says_so():
    found = fit_gustafson({1.0: [10.0], 2.0: [30.0], 4.0: [11.0], 8.0: [70.0]})
    assert not found.fits
    assert "does not fit" in found.doubt


def test_a_law_that_fits_has_no_doubt():
    found = fit_amdahl(times(RANKS, sigma=0.1, kappa=0.0))
    assert (found.fits, found.doubt) == (True, "")
