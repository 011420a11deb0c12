"""What an incarnation of a run has sent comes late, once more, in the next one, and nobody heeds it.

The next one has the same ranks, the same network, and other transactions under the same numbers.
"""

from __future__ import annotations

import pytest

from tests.sim.compare import answer, of_one_process, seeds
from tests.sim.gallery import GALLERY, SHORT_BURSTS
from tests.sim.test_checkpoints import SMALL, go, short  # noqa: F401  # its fixture is used here as well

SIZE = 5


def dies_and_goes_on(case, seed, deaths=2):
    """Its broker dies, again and again; gives how many messages have come from before."""
    settings, checkpoint, before, refused = (None, SMALL)[seed % 2], None, None, 0
    for death in range(deaths + 1):
        doomed = ("broker",) if death < deaths else ()
        before = go(case, SIZE, 10 * seed + death, checkpoint, 0, doomed, settings, before=before)
        refused += before.net.refused
        if before.summary is not None:
            assert answer(before.sink) == of_one_process(case), f"seed {seed}, after {death} deaths"
            break
        checkpoint = [checkpoint, *before.keeper.complete_ones][-1]
    return refused


@pytest.mark.parametrize("case", (ALL := {**GALLERY, **SHORT_BURSTS}).values(), ids=list(ALL))
def test_a_run_whose_broker_dies_goes_on_and_hears_nothing_of_before(case):
    for seed in seeds(3):
        dies_and_goes_on(case, seed)


def test_something_does_come_of_before():
    assert sum(dies_and_goes_on(GALLERY["state, pool, state"], seed) for seed in range(20)) > 100
