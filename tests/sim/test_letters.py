"""A sample of what `tests.sim.letters` runs for thousands of seeds."""

from __future__ import annotations

import pytest

from tests.sim import letters


@pytest.mark.parametrize("first", range(0, 200, 50))
def test_every_tuple_is_delivered_or_a_dead_letter_in_any_place_for_any_cause(first):
    assert not [told for seed in range(first, first + 50) if (told := letters.run(seed))]


def test_the_sample_has_every_fault_in_every_place():
    met = set()
    for seed in range(200):
        scene = letters.Scene(seed)
        ((source, inputs),) = scene.inputs.items()
        for item in [*getattr(source, "late", []), *(each["item"] for each in inputs)]:
            if item.fault:
                met.add((scene.kinds[item.at], scene.kinds[item.at + 1], item.fault, item.is_held))
    for here in ("root", "pool", "state"):
        for after, faults in letters.HOPS.items():
            if (here, after) != ("root", "sink"):
                wanted = {
                    (here, after, fault, held) for fault in ("raises", *faults) for held in (False, True)
                }
                assert wanted <= met
