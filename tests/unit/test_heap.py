"""Memory that arrays had is used again for the next ones."""

from __future__ import annotations

import platform
import subprocess
import sys

import pytest

PROGRAM = """
import resource, sys
from hpcd4p import heap
import numpy as np

def faults():
    return resource.getrusage(resource.RUSAGE_SELF).ru_minflt

def batch():
    arrays = [np.ones(1 << 17) for _ in range(9)]

if {kept}:
    heap.keep()
batch()
before = faults()
for _ in range(10):
    batch()
print(faults() - before)
"""


def faults(kept: bool) -> int:
    """Pages that are mapped anew while 90 MiB of arrays come and go."""
    program = PROGRAM.format(kept=kept)
    said = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    return int(said.stdout)


@pytest.mark.skipif(platform.libc_ver()[0] != "glibc", reason="it is glibc that gives memory back")
def test_arrays_of_a_batch_come_from_the_memory_of_the_batch_before():
    assert faults(kept=True) < 500
    assert faults(kept=False) > 5_000, "then it is of no use any more"


def test_without_numpy_nothing_is_loaded_for_it():
    program = "import sys\nfrom hpcd4p import heap\nheap.keep()\nprint('ctypes' in sys.modules)"
    said = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert said.stdout == "False\n"
